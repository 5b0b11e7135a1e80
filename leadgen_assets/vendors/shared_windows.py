"""The governor's decisions for all processes and machines together, made by scripts in Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from redis.asyncio import Redis

from leadgen_assets.vendors import rate_scripts
from leadgen_assets.vendors.limits import Window
from leadgen_assets.vendors.pacing import Decision, Pacing, Word

_MICRO = 1_000_000


@dataclass
class _Scripts:
    """Connections belong to an event loop, the governor may outlive several of them."""

    redis: Redis
    grant: Any
    penalise: Any
    report: Any
    late: Any


class SharedWindows:
    """Windows, pace and circuits in one Redis. Every method raises `RedisError` or `OSError` while it is away."""

    def __init__(self, url: str, prefix: str, pacing: Pacing) -> None:
        self._url = url
        self._prefix = prefix
        self._pacing = pacing
        self._opened: WeakKeyDictionary[asyncio.AbstractEventLoop, _Scripts] = WeakKeyDictionary()

    async def grant(self, vendor: str, blocks: Sequence[str], windows: Sequence[tuple[str, Window]]) -> Decision:
        """A slot in every window, or the seconds until there may be one."""
        pacing = self._pacing
        wait, word, *granted = await self._scripts().grant(
            keys=[self._circuit(vendor), self._pace(vendor), *blocks, *(key for key, _ in windows)],
            args=[
                len(blocks), _micros(pacing.probe), pacing.recovery,
                *(number for _, each in windows for number in (each.requests, _micros(each.seconds))),
            ],
        )  # fmt: skip
        return Decision(float(wait) / _MICRO, Word(word), int(granted[0]) if granted else None)

    async def late(self, calls: Sequence[tuple[int, float]], windows: Sequence[tuple[str, Window]]) -> None:
        """Calls by slot may have arrived so many seconds after they were granted: the windows remember them from then on."""
        arrived = [number for slot, seconds in calls for number in (slot, slot + _micros(seconds))]
        spans = [number for _, each in windows for number in (each.requests, _micros(each.seconds))]
        await self._scripts().late(keys=[key for key, _ in windows], args=[len(calls), *arrived, *spans])

    async def penalise(self, vendor: str, block: str, strikes: str, seconds: float) -> int:
        """Close the scope, halve the pace, and count the rejections that are still remembered."""
        pacing = self._pacing
        given = [
            _micros(seconds), _micros(pacing.memory), pacing.recovery, _micros(pacing.settle), pacing.slowest
        ]  # fmt: skip
        return int(await self._scripts().penalise(keys=[block, strikes, self._pace(vendor)], args=given))

    async def report(self, vendor: str, *, answered: bool) -> float:
        """Take down whether the vendor answered. Returns the seconds for which its circuit is open."""
        pacing = self._pacing
        given = [int(answered), pacing.failures, _micros(pacing.rest), _micros(pacing.longest_rest)]
        return float(await self._scripts().report(keys=[self._circuit(vendor)], args=given)) / _MICRO

    async def aclose(self) -> None:
        """Give the connections of this event loop back."""
        opened = self._opened.pop(asyncio.get_running_loop(), None)
        if opened is not None:
            await opened.redis.aclose()

    def _circuit(self, vendor: str) -> str:
        return f"{self._prefix}:{vendor}:circuit"

    def _pace(self, vendor: str) -> str:
        return f"{self._prefix}:{vendor}:pace"

    def _scripts(self) -> _Scripts:
        loop = asyncio.get_running_loop()
        if loop not in self._opened:
            redis = Redis.from_url(self._url, socket_timeout=2.0, socket_connect_timeout=2.0, decode_responses=True)
            scripts = (rate_scripts.GRANT, rate_scripts.PENALISE, rate_scripts.REPORT, rate_scripts.LATE)
            self._opened[loop] = _Scripts(redis, *map(redis.register_script, scripts))
        return self._opened[loop]


def _micros(seconds: float) -> int:
    return int(seconds * _MICRO)
