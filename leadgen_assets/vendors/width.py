"""How many calls of an operation go out at once: as many as its allowed rate needs at the latency that is measured."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from types import TracebackType

from leadgen_assets.vendors.contracts import CallRecord
from leadgen_assets.vendors.limits import Limits, LimitsError

LEAST, MOST = 4, 20
"""Fewer would leave a fast vendor waiting while we write down; more than a client has connections would wait there."""
SPARE = 1.5
"""Half again as many as the average needs: answers come unevenly, and each is written down before the next call."""
_REMEMBERED = 200
_ENOUGH = 10


def width(rate: float | None, latency: float | None, fixed: int) -> int:
    """Calls at once for a rate (a second; None for unlimited) and a latency (seconds; None when nobody knows yet).

    Little's law: what is under way is what begins in a second, times the seconds it takes. `fixed` until both are known.
    """
    if rate is None or latency is None:
        return max(LEAST, min(MOST, fixed))
    return max(LEAST, min(MOST, math.ceil(rate * latency * SPARE)))


class Widths:
    """Widths by vendor and operation, following the answers of this process (PHX-09).

    Without `limits` nothing is followed: every width is the fixed one. `tell` hears of each change.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        tell: Callable[[str, str, int], None] | None = None,
    ) -> None:
        self._limits = limits
        self._tell = tell
        self._took: dict[tuple[str, str], deque[float]] = {}
        self._latency: dict[tuple[str, str], float] = {}
        """95th percentile of what is remembered, worked out once an answer: widths are asked for several times a call."""
        self._rates: dict[tuple[str, str], float | None] = {}
        self._told: dict[tuple[str, str], int] = {}

    def observe(self, call: CallRecord) -> None:
        """Take down how long an answered call took."""
        if self._limits is not None and call.status is not None:
            operation = call.vendor, call.operation
            took = self._took.setdefault(operation, deque(maxlen=_REMEMBERED))
            took.append(call.seconds)
            if len(took) >= _ENOUGH:
                self._latency[operation] = sorted(took)[int(len(took) * 0.95)]

    def of(self, vendor: str, operation: str, fixed: int) -> int:
        """How many calls of an operation may be under way at once now; `fixed` as long as too little is known."""
        if self._limits is None:
            return fixed
        if (vendor, operation) not in self._rates:
            self._rates[vendor, operation] = _rate(self._limits, vendor, operation)
        calls = width(self._rates[vendor, operation], self._latency.get((vendor, operation)), fixed)
        if self._told.get((vendor, operation)) != calls:
            self._told[vendor, operation] = calls
            if self._tell is not None:
                self._tell(vendor, operation, calls)
        return calls


class Turnstile:
    """Lets in as many at once as `most` says, which may change at any time. An async context manager."""

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._inside = 0
        self._left = asyncio.Condition()

    async def __aenter__(self) -> None:
        async with self._left:
            await self._left.wait_for(lambda: self._inside < self._most())
            self._inside += 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with self._left:
            self._inside -= 1
            # no more than may come in: thousands wait here, and each that is woken in vain costs as much as a call
            self._left.notify(max(1, self._most() - self._inside))


def _rate(limits: Limits, vendor: str, operation: str) -> float | None:
    """Calls a second that the tightest window allows; None where nothing limits them or nobody has documented it."""
    try:
        scopes = limits.scopes(vendor, operation)
    except LimitsError:
        return None
    return min((each.requests / each.seconds for windows in scopes.values() for each in windows), default=None)
