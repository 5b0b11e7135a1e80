"""What the live counters say, read back in one round trip: the other side of `live`.

Keys, all below `leadgen:`: `live:{sprint}:{segment}` counts, `calls:{sprint}:{vendor}` "operation:verdict",
`latency:{sprint}:{vendor}` and `timing:{sprint}` "operation:bucket", `pace:{sprint}` leads and `intake:{sprint}`
collected records by minute, `totals:{sprint}` further counts by name, `marks:{sprint}` last values by name, and
`recent:{sprint}:{slot}` the last minute's counts in slots of `SLOT` seconds (`recent:*:{slot}` for what a process does
for no sprint in particular). `segments:{sprint}` and `vendors:{sprint}` name those that were counted.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import redis

from leadgen_assets.stores.live_buckets import added

SLOT = 10
"""Seconds of a slot of recent counts."""
SLOTS = 6
"""Slots that make up "now": the one that is being filled and those before it."""
PROCESS = "*"
"""Stands for the sprint where a process counts what belongs to none."""


@dataclass(frozen=True)
class Recent:
    """Counts of about the last minute."""

    seconds: float = 0.0
    """How much time they cover."""
    counts: dict[str, int] = field(default_factory=dict)
    """{name: times}; `calls:{vendor}:{verdict}` are HTTP attempts."""
    timings: dict[str, dict[int, int]] = field(default_factory=dict)
    """{what: {bucket: times}}"""


@dataclass(frozen=True)
class LiveFigures:
    """Everything counted for a sprint so far."""

    segments: dict[str, dict[str, int]] = field(default_factory=dict)
    """{segment: {delivered, leads, …}}, whatever the collectors count."""
    calls: dict[str, dict[str, int]] = field(default_factory=dict)
    """{vendor: {"operation:verdict": attempts}}"""
    latencies: dict[str, dict[str, dict[int, int]]] = field(default_factory=dict)
    """{vendor: {operation: {bucket: attempts}}}; see `bucket_seconds`."""
    timings: dict[str, dict[int, int]] = field(default_factory=dict)
    """{what: {bucket: times}} of our own steps (duplicate check, insert …)."""
    pace: dict[int, int] = field(default_factory=dict)
    """{minute since 1970: leads}"""
    intake: dict[int, int] = field(default_factory=dict)
    """{minute since 1970: leads and duplicates}"""
    totals: dict[str, int] = field(default_factory=dict)
    """{name: times} of everything else."""
    marks: dict[str, str] = field(default_factory=dict)
    """{name: last value}"""
    recent: Recent = field(default_factory=Recent)


class LiveQuery:
    """Asks for a sprint's figures as a part of somebody's pipeline: `queue`, then `parse` the answers to it."""

    def __init__(self, sprint: str, segments: Iterable[str], vendors: Iterable[str], at: float | None = None) -> None:
        self._sprint = sprint
        self._segments = list(segments)
        self._vendors = list(vendors)
        self._at = time.time() if at is None else at

    def queue(self, pipeline: redis.client.Pipeline) -> int:
        """Add the commands; returns how many."""
        keys = [f"leadgen:{name}:{self._sprint}" for name in ("timing", "pace", "intake", "totals", "marks")]
        keys += [f"leadgen:live:{self._sprint}:{each}" for each in self._segments]
        keys += [f"leadgen:{name}:{self._sprint}:{each}" for each in self._vendors for name in ("calls", "latency")]
        keys += [
            f"leadgen:recent:{whose}:{slot}" for slot in recent_slots(self._at) for whose in (self._sprint, PROCESS)
        ]
        for key in keys:
            pipeline.hgetall(key)
        return len(keys)

    def parse(self, answers: Sequence[Any]) -> LiveFigures:
        """The figures from the answers to `queue`'s commands."""
        texts = [_texts(each) for each in answers]
        timing, pace, intake, totals, marks, *rest = texts
        counted, rest = rest[: len(self._segments)], rest[len(self._segments) :]
        of_vendors, slots = rest[: 2 * len(self._vendors)], rest[2 * len(self._vendors) :]
        calls = dict(zip(self._vendors, map(_numbers, of_vendors[0::2]), strict=True))
        latencies = dict(zip(self._vendors, of_vendors[1::2], strict=True))
        return LiveFigures(
            {name: _numbers(each) for name, each in zip(self._segments, counted, strict=True) if each},
            {vendor: each for vendor, each in calls.items() if each},
            {vendor: _by_operation(_numbers(each)) for vendor, each in latencies.items() if each},
            _by_operation(_numbers(timing)),
            _by_minute(pace),
            _by_minute(intake),
            _numbers(totals),
            marks,
            _recent([_numbers(each) for each in slots], covered(self._at)),
        )


def read_live(client: redis.Redis, sprint: str, at: float | None = None) -> LiveFigures:
    """All figures of a sprint, of every segment and vendor that was counted. Raises `RedisError` while Redis is away."""
    segments, vendors = (_texts(client.hgetall(f"leadgen:{kind}:{sprint}")) for kind in ("segments", "vendors"))
    query = LiveQuery(sprint, segments, vendors, at)
    pipeline = client.pipeline(transaction=False)
    query.queue(pipeline)
    found = query.parse(pipeline.execute())
    empty: dict[str, dict[str, int]] = {segment: {} for segment in segments}
    return LiveFigures(**{**vars(found), "segments": {**empty, **found.segments}})


def slot_of(at: float) -> int:
    """The slot that a moment (seconds since 1970) belongs to."""
    return int(at // SLOT)


def recent_slots(at: float) -> list[int]:
    """The slots of the last minute, oldest first."""
    return list(range(slot_of(at) - SLOTS + 1, slot_of(at) + 1))


def covered(at: float) -> float:
    """Seconds that `recent_slots` cover up to now."""
    return at - recent_slots(at)[0] * SLOT


def _recent(slots: Sequence[Mapping[str, int]], seconds: float) -> Recent:
    counts: dict[str, int] = {}
    timings: dict[str, dict[int, int]] = {}
    for slot in slots:
        for name, times in slot.items():
            kind, _, rest = name.partition(":")
            if kind == "t":
                what, _, number = rest.rpartition(":")
                timings[what] = added(timings.get(what, {}), {int(number): times})
            else:
                counts[rest] = counts.get(rest, 0) + times
    return Recent(seconds, counts, timings)


def _texts(answer: Any) -> dict[str, str]:
    return {_text(key): _text(value) for key, value in cast(dict[Any, Any], answer).items()}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _numbers(texts: Mapping[str, str]) -> dict[str, int]:
    return {name: int(value) for name, value in texts.items()}


def _by_minute(texts: Mapping[str, str]) -> dict[int, int]:
    return {int(minute): int(times) for minute, times in sorted(texts.items(), key=lambda each: int(each[0]))}


def _by_operation(counts: Mapping[str, int]) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for name, times in counts.items():
        operation, _, number = name.rpartition(":")
        found.setdefault(operation, {})[int(number)] = times
    return found
