"""How full the rate windows are: reads what the governor has granted, without granting anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from leadgen_assets.vendors.limits import TOGETHER, Limits, Window

QUOTA_SECONDS = 60.0
"""Shorter windows are the pace that the governor itself keeps; from here on a full one is news."""

_USE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local found = {}
for i = 1, #KEYS, 2 do
  local since = now - tonumber(ARGV[(i + 1) / 2])
  local low, high = 0, redis.call('LLEN', KEYS[i])
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tonumber(redis.call('LINDEX', KEYS[i], middle) or '0') > since then low = middle + 1 else high = middle end
  end
  local till = tonumber(redis.call('GET', KEYS[i + 1]) or '0')
  found[i] = low
  found[i + 1] = math.max(0, till - now)
end
return found
"""


@dataclass(frozen=True)
class WindowUse:
    """One documented window of a vendor at this moment. `operation` is "*" where all count together."""

    operation: str
    window: Window
    used: int
    """Calls granted within the window."""
    blocked_seconds: float = 0.0
    """How much longer nobody may call, because the vendor said so."""

    @property
    def share(self) -> float:
        """Of what is documented, 0..1."""
        return self.used / self.window.requests

    @property
    def text(self) -> str:
        """In words: "246 of 600 calls a minute"."""
        what = "calls" if self.operation == TOGETHER else f"{self.operation.replace('_', ' ')} calls"
        return f"{self.used:,} of {self.window.requests:,} {what} {_span(self.window.seconds)}"


class WindowQuery:
    """Asks for some vendors' windows as a part of somebody's pipeline: `queue`, then `parse` its one answer."""

    def __init__(self, limits: Limits, vendors: Iterable[str], prefix: str = "leadgen:rate") -> None:
        self._prefix = prefix
        self._asked = [
            (vendor, operation, window)
            for vendor in vendors
            for operation, windows in limits.windows.get(vendor, {}).items()
            for window in windows
            if window.seconds >= QUOTA_SECONDS
        ]

    def queue(self, pipeline: redis.client.Pipeline) -> None:
        """Add the command."""
        keys = []
        for vendor, operation, window in self._asked:
            place = f"{self._prefix}:{vendor}:{operation}"
            keys += [f"{place}:{window.seconds:g}", f"{place}:blocked"]
        spans = [int(window.seconds * 1_000_000) for _, _, window in self._asked]
        pipeline.eval(_USE, len(keys), *keys, *spans)

    def parse(self, answers: Sequence[Any]) -> dict[str, list[WindowUse]]:
        """{vendor: its windows}"""
        (numbers,) = answers
        found: dict[str, list[WindowUse]] = {}
        for at, (vendor, operation, window) in enumerate(self._asked):
            used, blocked = int(numbers[2 * at]), int(numbers[2 * at + 1]) / 1_000_000
            found.setdefault(vendor, []).append(WindowUse(operation, window, used, blocked))
        return found


def _span(seconds: float) -> str:
    named = {60: "a minute", 3600: "an hour", 86400: "a day"}
    return named.get(int(seconds), f"in {seconds:g} s")
