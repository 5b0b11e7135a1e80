"""Takes samples of the state: every few seconds while a sprint runs, every minute otherwise, by one process at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import pymongo

from leadgen_assets.desk.state.measures import Measures, measures
from leadgen_assets.stores.errors import StoreError
from leadgen_assets.stores.metrics import MetricSeries

log = logging.getLogger(__name__)

RUNNING_SECONDS = 5.0
RESTING_SECONDS = 60.0
PATIENCE_SECONDS = 2.0
"""How long writing a sample may take; a desk that shows things has no time to wait."""
LOCK = "recorder"
"""What the recorder's lease is called."""


class Reader(Protocol):
    """Reads the state (`StateReader`)."""

    def read(self, sprint: str | None = None) -> dict[str, Any]: ...


class Right(Protocol):
    """The right to write for some seconds (`stores.lease.Lease`)."""

    def take(self) -> bool: ...


class Recorder:
    """`tick` as often as you like, about once a second; it knows when a sample is due."""

    def __init__(
        self,
        reader: Reader,
        series: MetricSeries,
        lock: Right,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = reader
        self._series = series
        self._lock = lock
        self._clock = clock
        self._due_at = float("-inf")
        self._state = ""
        self._is_away = False

    def tick(self, state: Mapping[str, Any] | None = None) -> bool:
        """Take a sample if one is due and nobody else does. `state`: one that was just read, to save reading it again.

        True when a sample was written. Never raises for a store that is away; the sample is then left out.
        """
        if not self._lock.take():
            return False
        moment = self._clock()
        if state is None and moment < self._due_at:
            return False
        found = state or self._reader.read()
        # a change of the sprint's state is worth a sample of its own: the last one is the final one
        changed = self._state != _standing(found) and not self._is_away
        if not changed and moment < self._due_at:
            return False
        if not self._write(found, is_last=changed and self._state != ""):
            self._due_at = moment + RUNNING_SECONDS
            return False
        self._state = _standing(found)
        is_running = (found["sprint"] or {}).get("state") == "running"
        self._due_at = moment + (RUNNING_SECONDS if is_running else RESTING_SECONDS)
        return True

    def _write(self, state: Mapping[str, Any], *, is_last: bool) -> bool:
        """Samples belong to a sprint until it is over, the one that says so included; later ones to none."""
        sprint = state["sprint"] or {}
        key = sprint["key"] if sprint and (sprint["ended_at"] is None or is_last) else ""
        try:
            with pymongo.timeout(PATIENCE_SECONDS):
                self._series.append(datetime.now(UTC), key, flat(measures(state)))
        except StoreError as error:
            if not self._is_away:
                log.warning("metrics are not recorded: %s", error)
            self._is_away = True
            return False
        self._is_away = False
        return True


def flat(found: Measures) -> dict[str, float]:
    """Measures under the names of the time series: `name` or `name:instance`."""
    return {f"{name}:{instance}" if instance else name: value for (name, instance), value in found.items()}


def _standing(state: Mapping[str, Any]) -> str:
    sprint = state["sprint"] or {}
    return f"{sprint.get('key')}/{sprint.get('state')}"
