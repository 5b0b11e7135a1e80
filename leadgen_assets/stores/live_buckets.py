"""Latencies as counts in buckets, so that those of many processes can be added up; p50 and p95 come out to within √2."""

from __future__ import annotations

import math
from collections.abc import Mapping

_SHORTEST = 0.0005


def bucket(seconds: float) -> int:
    """The latency bucket of a duration; each is √2 times as wide as the one before, from half a millisecond up."""
    return max(0, math.ceil(2 * math.log2(max(seconds, _SHORTEST) / _SHORTEST) - 1e-9))


def bucket_seconds(number: int) -> float:
    """The upper end of a bucket."""
    return float(_SHORTEST * 2 ** (number / 2))


def quantile(buckets: Mapping[int, int], share: float) -> float | None:
    """Seconds below which that share of a bucket count lies, to within √2; None when nothing was counted."""
    total = sum(buckets.values())
    seen = 0
    for number in sorted(buckets):
        seen += buckets[number]
        if seen >= share * total:
            return bucket_seconds(number)
    return None


def added(*parts: Mapping[int, int]) -> dict[int, int]:
    """The sum of some bucket counts."""
    total: dict[int, int] = {}
    for part in parts:
        for number, times in part.items():
            total[number] = total.get(number, 0) + times
    return total
