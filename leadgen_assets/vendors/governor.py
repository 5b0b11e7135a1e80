"""Rate governor: keeps the calls of all processes and machines together under every documented window, slows down after
rejections, and lets a vendor rest that does not answer.

The windows live in Redis as lists of grant times, newest first, trimmed to the window's allowance, so that one script
call decides over circuit, pace and all windows of a call at once in constant time, by the server's clock. A call whose
answer came late may have been counted late: its time is put right afterwards (`arrivals`). Nothing about HTTP here.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from weakref import WeakKeyDictionary

from redis.exceptions import RedisError

from leadgen_assets.vendors.arrivals import Arrivals, Grant, Late, LateCalls, disturbed, guarded
from leadgen_assets.vendors.limits import Limits, Window
from leadgen_assets.vendors.lone_windows import LoneWindows
from leadgen_assets.vendors.pacing import Decision, Pacing, Word
from leadgen_assets.vendors.shared_windows import SharedWindows

Sleep = Callable[[float], Awaitable[None]]

LONE_SHARE = 0.2
"""Share a process allows itself while it cannot see what the others do."""
REST_PATIENCE = 10.0
"""Seconds for which a call waits for a vendor that rests, about as long as its retries take; then it fails."""
PROBE_LOOK = 1.0
"""Seconds after which a call that waits for a probe looks again: most probes are answered at once."""

_REDIS_REST = 15.0
_log = logging.getLogger(__name__)


class RateWindowClosed(Exception):
    """The next call is allowed only after `seconds`, longer than the governor is willing to wait."""

    def __init__(self, vendor: str, operation: str, seconds: float) -> None:
        super().__init__(f"{vendor} {operation}: rate window closed for another {seconds:.0f} s")
        self.seconds = seconds


class CircuitOpen(Exception):
    """The vendor has not answered many calls in a row; nobody calls it for another `seconds`."""

    def __init__(self, vendor: str, seconds: float) -> None:
        super().__init__(f"{vendor} does not answer: nobody calls it for another {seconds:.0f} s")
        self.seconds = seconds


class Governor(Protocol):
    """What a vendor client needs of a rate governor."""

    async def acquire(self, vendor: str, operation: str) -> Grant:
        """Wait until the call may be made. Raises `RateWindowClosed` or `CircuitOpen`."""
        ...

    async def report(self, vendor: str, *, answered: bool, grant: Grant | None = None) -> None:
        """Say of every granted call whether the vendor answered it, whatever the answer was. With its grant, a call
        that may have arrived late is counted from then on."""
        ...

    async def penalise(self, vendor: str, operation: str, seconds: float) -> int:
        """The vendor said "slow down": everybody waits that long. Returns the vendor's rejections in 5 minutes."""
        ...


class Unlimited:
    """A governor that never waits, for calls to servers nobody has to protect."""

    async def acquire(self, vendor: str, operation: str) -> Grant:
        """At once."""
        return Grant(vendor, operation)

    async def report(self, vendor: str, *, answered: bool, grant: Grant | None = None) -> None:
        """Nothing is remembered."""

    async def penalise(self, vendor: str, operation: str, seconds: float) -> int:  # noqa: ARG002
        """Zero: nothing is remembered."""
        return 0


class RateGovernor:
    """Grants calls under the windows of `limits`, shared through Redis.

    Without Redis (no URL, or it does not answer) a process limits itself to `lone_share` of each window, says so once
    per outage, and looks for Redis again after a while. `patience` is the longest wait in seconds for one call.
    """

    def __init__(
        self,
        limits: Limits,
        redis_url: str | None,
        *,
        patience: float = 3600.0,
        rest_patience: float | None = None,
        lone_share: float = LONE_SHARE,
        pacing: Pacing | None = None,
        sleep: Sleep = asyncio.sleep,
        prefix: str = "leadgen:rate",
    ) -> None:
        pacing = pacing or Pacing()
        self._limits = limits
        self._patience = patience
        self._rest_patience = REST_PATIENCE if rest_patience is None else rest_patience
        self._lone_share = lone_share
        self._sleep = sleep
        self._prefix = prefix
        self._shared = SharedWindows(redis_url, prefix, pacing) if redis_url else None
        self._alone = LoneWindows(pacing)
        self._arrivals = Arrivals()
        self._late: WeakKeyDictionary[asyncio.AbstractEventLoop, LateCalls] = WeakKeyDictionary()
        self._queues: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()
        self._ailing: set[str] = set()
        self._away_until = 0.0
        self._is_away_known = False

    async def acquire(self, vendor: str, operation: str) -> Grant:
        """Wait for a slot in every window the call counts against.

        Callers of one process are served in order. Raises `CircuitOpen` for a vendor that rests for longer than
        `rest_patience`, `RateWindowClosed` when a slot is further away than `patience`, `LimitsError` for a vendor or
        operation without documented limits.
        """
        scopes = self._limits.scopes(vendor, operation)
        began = time.monotonic()
        slept = rested = 0.0
        async with self._queue(vendor, operation):
            while (decision := await self._ask(vendor, scopes)).wait > 0:
                wait = decision.wait
                if decision.word is Word.RESTING:
                    wait = min(wait, PROBE_LOOK)
                    if rested + wait > self._rest_patience:
                        raise CircuitOpen(vendor, decision.wait)
                    rested += wait
                elif slept + wait > self._patience:
                    raise RateWindowClosed(vendor, operation, wait)
                slept += wait
                await self._sleep(wait)
        if decision.word is Word.AILING:
            self._ailing.add(vendor)
        waited = max(slept, time.monotonic() - began) if slept else 0.0
        return Grant(vendor, operation, waited, decision.slot)

    async def report(self, vendor: str, *, answered: bool, grant: Grant | None = None) -> None:
        """Take down whether a call was answered. An answer costs a round trip only after failures; late ones are
        told to the shared windows together."""
        if grant is not None:
            self._note_arrival(grant)
        if answered and vendor not in self._ailing:
            return
        if answered:
            self._ailing.discard(vendor)
        else:
            self._ailing.add(vendor)
        resting = self._alone.report(vendor, time.monotonic(), answered=answered)
        if (shared := self._reachable()) is not None:
            try:
                resting = await shared.report(vendor, answered=answered)
            except (RedisError, OSError) as error:
                self._note_outage(error)
        if resting:
            _log.warning("%s does not answer: nobody calls it for %.0f s", vendor, resting)

    async def penalise(self, vendor: str, operation: str, seconds: float) -> int:
        """Close the operation (or the whole vendor, where it counts calls together) for everybody, and go slower.

        Returns how often the vendor rejected a call in the last 5 minutes, this one included.
        """
        scope = self._limits.penalty_scope(vendor, operation)
        block, strikes = self._key(vendor, scope, "blocked"), f"{self._prefix}:{vendor}:rejections"
        if (shared := self._reachable()) is not None:
            try:
                return await shared.penalise(vendor, block, strikes, seconds)
            except (RedisError, OSError) as error:
                self._note_outage(error)
        return self._alone.penalise(vendor, block, strikes, seconds, time.monotonic())

    def _note_arrival(self, grant: Grant) -> None:
        lateness = self._arrivals.latest(grant, time.monotonic())
        scopes = self._limits.scopes(grant.vendor, grant.operation)
        if grant.slot is not None and any(disturbed(each, lateness) for windows in scopes.values() for each in windows):
            loop = asyncio.get_running_loop()
            late = self._late.get(loop) or self._late.setdefault(loop, LateCalls(self._tell_late))
            late.add(grant.vendor, grant.operation, grant.slot, lateness)

    async def _tell_late(self, vendor: str, operation: str, calls: Sequence[Late]) -> None:
        most = max(lateness for _, lateness in calls)
        windows = self._windows(vendor, self._limits.scopes(vendor, operation))
        concerned = [(key, guarded(window)) for key, window in windows if disturbed(window, most)]
        if (shared := self._reachable()) is not None:
            try:
                await shared.late(calls, concerned)
            except (RedisError, OSError) as error:
                self._note_outage(error)

    async def aclose(self) -> None:
        """Give the connections of this event loop back."""
        self._queues.pop(asyncio.get_running_loop(), None)
        if (late := self._late.pop(asyncio.get_running_loop(), None)) is not None:
            await late.aclose()
        if self._shared is not None:
            await self._shared.aclose()

    async def _ask(self, vendor: str, scopes: dict[str, tuple[Window, ...]]) -> Decision:
        blocks = [self._key(vendor, scope, "blocked") for scope in scopes]
        windows = self._windows(vendor, scopes)
        if (shared := self._reachable()) is not None:
            try:
                kept = [(key, guarded(window)) for key, window in windows]
                decision = await shared.grant(vendor, blocks, kept)
                self._note_return()
                return decision
            except (RedisError, OSError) as error:
                self._note_outage(error)
        lone = [(key, window.kept(self._lone_share)) for key, window in windows]
        return self._alone.grant(vendor, blocks, lone, time.monotonic())

    def _windows(self, vendor: str, scopes: dict[str, tuple[Window, ...]]) -> list[tuple[str, Window]]:
        return [(self._key(vendor, scope, f"{w.seconds:g}"), w) for scope in scopes for w in scopes[scope]]

    def _key(self, vendor: str, operation: str, window: str) -> str:
        return f"{self._prefix}:{vendor}:{operation}:{window}"

    def _queue(self, vendor: str, operation: str) -> asyncio.Lock:
        queues = self._queues.setdefault(asyncio.get_running_loop(), {})
        return queues.setdefault(f"{vendor}:{operation}", asyncio.Lock())

    def _reachable(self) -> SharedWindows | None:
        """The shared windows, unless there are none or Redis was away a moment ago."""
        return self._shared if time.monotonic() >= self._away_until else None

    def _note_outage(self, error: Exception) -> None:
        self._away_until = time.monotonic() + _REDIS_REST
        if not self._is_away_known:
            self._is_away_known = True
            share = f"{self._lone_share:.0%}"
            _log.warning(
                "Redis is away (%s): this process keeps to %s of each rate window", type(error).__name__, share
            )

    def _note_return(self) -> None:
        if self._is_away_known:
            self._is_away_known = False
            _log.warning("Redis is back: rate windows are shared again")
