"""Whether MongoDB is there, as the driver's own monitor sees it, without asking: for those who must not buy while nothing
could be stored, and for telling people that work waits.

The waiting itself is the driver's (`mongo.connect`, `patience`): it repeats an operation, with the same transaction number,
until the server is back, so that a write is done exactly once however often it is sent.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from pymongo import monitoring

from leadgen_assets.stores.errors import StoreAwayTooLong, StoreUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

TELL_SECONDS = 2.0
"""A shorter absence (a connection that broke, an election) is nobody's business."""
_ATTEMPTS = 5


class Presence(monitoring.ServerHeartbeatListener):
    """Follows one client's view of its server. Safe between threads.

    `patience`: seconds for which operations of this client wait, for what is told; without it nothing is.

    It hears heartbeats and not changes of the topology, which would say the same: the driver tells those from a thread of
    their own, for which closing the client waits up to half a second, once a run, a sensor's tick and a command.
    """

    def __init__(self, patience: float | None = None) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._writable: dict[tuple[str, int | None], bool] = {}
        """By server: whether it was the one that writes at its last heartbeat."""
        self._away_since: float | None = None
        self._is_told = False
        self._is_closed = False
        self._timer: threading.Timer | None = None

    @property
    def is_away(self) -> bool:
        """Whether nothing can be written now. False before the first attempt to connect."""
        return self._away_since is not None

    def started(self, event: monitoring.ServerHeartbeatStartedEvent) -> None: ...

    def succeeded(self, event: monitoring.ServerHeartbeatSucceededEvent) -> None:
        """A server that answers may still be one that does not write, as while a primary is elected."""
        could_write, can_write = self._note(event.connection_id, event.reply.is_writable)
        if can_write:
            self._is_back()
        elif could_write:
            self._has_gone()

    def failed(self, event: monitoring.ServerHeartbeatFailedEvent) -> None:
        """A server does not answer."""
        _, can_write = self._note(event.connection_id, False)
        if not can_write:
            self._has_gone()

    def _note(self, server: tuple[str, int | None], is_writable: bool) -> tuple[bool, bool]:
        """Whether anybody could write before, and can now. Each server has a monitor, and each monitor its thread."""
        with self._lock:
            could_write = any(self._writable.values())
            self._writable[server] = is_writable
            return could_write, any(self._writable.values())

    def leave(self) -> None:
        """The client is about to close, which breaks its last heartbeat off: that says nothing of the server."""
        with self._lock:
            self._is_closed = True
            self._away_since = None
            self._stop_timer()

    def _has_gone(self) -> None:
        with self._lock:
            if self._is_closed or self._away_since is not None:
                return
            self._away_since = time.monotonic()
            if self._patience is None:
                return  # it fails soon and says so itself
            self._timer = threading.Timer(TELL_SECONDS, self._tell_absence)
            self._timer.daemon = True
            self._timer.start()

    def _is_back(self) -> None:
        with self._lock:
            since, self._away_since = self._away_since, None
            was_told, self._is_told = self._is_told, False
            self._stop_timer()
        if since is not None and was_told:
            log.warning("MongoDB is back after %.0f s: what waited goes on", time.monotonic() - since)

    def _tell_absence(self) -> None:
        with self._lock:
            since = self._away_since
            self._is_told = since is not None
        if since is not None:
            minutes = (self._patience or 0) / 60
            log.warning(
                "MongoDB is away: nothing is bought, what was bought waits to be stored, at most %.0f minutes", minutes
            )

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def repeated(work: Callable[[], T]) -> T:
    """Do what may be done twice again when MongoDB went away in its midst, once it is back.

    For what the driver does not repeat by itself: reading on in a long answer, writes to many documents at once. Raises
    `StoreAwayTooLong` when the client's patience is over, `StoreUnavailable` when it keeps breaking off.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return work()
        except StoreAwayTooLong:
            raise
        except StoreUnavailable:
            continue  # the next attempt waits for the server
    return work()
