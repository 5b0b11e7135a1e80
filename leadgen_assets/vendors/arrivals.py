"""When a call can have reached its vendor at the latest: what a rate window must remember instead of when it was granted.

A vendor counts a call when it arrives. Between our grant and that lie a stalled process, a new connection, a login, a
busy server. Two calls that were granted a window apart may therefore arrive closer together. The answer tells how late
a call can have been; with that known, no window needs to be left unused for fear of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from leadgen_assets.vendors.limits import Window

GUARD = 0.005
"""By this share every window is taken to be longer than documented: clocks run at slightly different rates, and lateness
below it need not be told."""
KNOWN_AFTER = 10.0
"""Seconds of calling after which the fastest answer so far tells what every call takes. Sooner, all of them may have been
slow on their way."""
TRUSTED = 0.5
"""Share of the fastest answer that is taken to be what every call takes: one may still be faster than all before."""
TOLD_AFTER = 0.02
"""Seconds in which late calls are gathered before they are told: a slot is not used again before its window is over."""

Late = tuple[int, float]
"""A slot, and how late its call can have been (seconds)."""


@dataclass(frozen=True)
class Grant:
    """Leave to make one call."""

    vendor: str = ""
    operation: str = ""
    waited: float = 0.0
    """Seconds the call waited for it."""
    slot: int | None = None
    """When it was granted, in microseconds of the shared clock; None where nobody else is concerned."""
    at: float = field(default_factory=time.monotonic)
    """When this process got it, in its own seconds."""


class Arrivals:
    """The fastest answers so far, by vendor and operation, and what they tell about the others."""

    def __init__(self) -> None:
        self._fastest: dict[tuple[str, str], float] = {}
        self._since: dict[tuple[str, str], float] = {}

    def latest(self, grant: Grant, now: float) -> float:
        """Seconds after its grant at which an answered call can have arrived at most, beyond what every call takes.

        A call takes at least half as long as the fastest so far; what it took longer may all have been on the way there.
        """
        call, seconds = (grant.vendor, grant.operation), now - grant.at
        since = self._since.setdefault(call, now)
        self._fastest[call] = fastest = min(seconds, self._fastest.get(call, seconds))
        return seconds - fastest * TRUSTED if now - since >= KNOWN_AFTER else seconds


class LateCalls:
    """Late calls of one event loop on their way to the shared windows: gathered, so that they cost few round trips."""

    def __init__(self, tell: Callable[[str, str, Sequence[Late]], Awaitable[None]]) -> None:
        self._tell = tell
        self._waiting: dict[tuple[str, str], list[Late]] = {}
        self._telling: asyncio.Task[None] | None = None

    def add(self, vendor: str, operation: str, slot: int, lateness: float) -> None:
        """To be told soon."""
        self._waiting.setdefault((vendor, operation), []).append((slot, lateness))
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell_soon())

    async def aclose(self) -> None:
        """Tell what waits, now, and end."""
        await self._flush()
        if self._telling is not None:
            await self._telling

    async def _tell_soon(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(TOLD_AFTER)
                await self._flush()
        finally:
            self._telling = None

    async def _flush(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for (vendor, operation), calls in waiting.items():
            await self._tell(vendor, operation, calls)


def guarded(window: Window) -> Window:
    """The window as it is kept: all of its calls, in a slightly longer span."""
    return Window(requests=window.requests, seconds=window.seconds * (1 + GUARD))


def disturbed(window: Window, lateness: float) -> bool:
    """Whether a call that late can lead to one too many in the window."""
    return lateness > window.seconds * GUARD
