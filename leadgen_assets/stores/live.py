"""Counters the desk reads while a sprint runs: added up in the process, sent to Redis twice a second, never in the way.

Nothing here raises for want of Redis: what cannot be sent is kept and sent later, with one line in the log.
Keys: `leadgen:live:{sprint}:{segment}` counts, `leadgen:calls:{sprint}:{vendor}` "operation:verdict",
`leadgen:latency:{sprint}:{vendor}` and `leadgen:timing:{sprint}` "operation:bucket", `leadgen:pace:{sprint}` leads by
minute.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_FLUSH_SECONDS = 0.5
_KEPT_SECONDS = 14 * 24 * 3600
_SHORTEST = 0.0005


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


class LiveCounters:
    """Adds up and sends. One object a process; safe between threads."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._pending: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._timer: threading.Timer | None = None
        self._is_away = False

    def add(self, sprint: str, segment: str, counts: Mapping[str, int]) -> None:
        """Add to a segment's counts; `leads` also goes into the pace."""
        changes = {(f"leadgen:live:{sprint}:{segment}", name): value for name, value in counts.items()}
        changes[f"leadgen:segments:{sprint}", segment] = 1
        if counts.get("leads"):
            changes[f"leadgen:pace:{sprint}", str(int(time.time() // 60))] = counts["leads"]
        self._add(changes)

    def call(self, sprint: str, vendor: str, operation: str, verdict: str, seconds: float) -> None:
        """Count one HTTP attempt and its latency."""
        self._add(
            {
                (f"leadgen:calls:{sprint}:{vendor}", f"{operation}:{verdict}"): 1,
                (f"leadgen:latency:{sprint}:{vendor}", f"{operation}:{bucket(seconds)}"): 1,
                (f"leadgen:vendors:{sprint}", vendor): 1,
            }
        )

    def timing(self, sprint: str, what: str, seconds: float) -> None:
        """Count how long one of our own steps took."""
        self._add({(f"leadgen:timing:{sprint}", f"{what}:{bucket(seconds)}"): 1})

    @contextmanager
    def timed(self, sprint: str, what: str) -> Iterator[None]:
        """Time what happens inside."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.timing(sprint, what, time.perf_counter() - began)

    def flush(self) -> bool:
        """Send what is pending now. False while Redis is away; it is kept then."""
        with self._sending:
            with self._lock:
                pending, self._pending, self._timer = self._pending, defaultdict(int), None
            if not pending:
                return True
            try:
                pipeline = self._redis.pipeline(transaction=True)
                for (key, name), value in pending.items():
                    pipeline.hincrby(key, name, value)
                for key in {key for key, _ in pending}:
                    pipeline.expire(key, _KEPT_SECONDS)
                pipeline.execute()
            except (RedisError, OSError) as error:
                self._keep(pending)
                if not self._is_away:
                    log.warning("live counters wait: Redis is away (%s)", type(error).__name__)
                self._is_away = True
                return False
            self._is_away = False
            return True

    def read(self, sprint: str) -> LiveFigures:
        """All figures of a sprint; empty ones while Redis is away."""
        try:
            return self._read(sprint)
        except (RedisError, OSError):
            return LiveFigures()

    def reset(self, sprint: str, segments: Mapping[str, Mapping[str, int]]) -> None:
        """Put a sprint's segment counts to what the database says, after a crash or a flush."""
        try:
            pipeline = self._redis.pipeline(transaction=True)
            for segment, counts in segments.items():
                pipeline.delete(f"leadgen:live:{sprint}:{segment}")
                pipeline.hincrby(f"leadgen:segments:{sprint}", segment, 1)
                for name, value in counts.items():
                    pipeline.hincrby(f"leadgen:live:{sprint}:{segment}", name, value)
                pipeline.expire(f"leadgen:live:{sprint}:{segment}", _KEPT_SECONDS)
            pipeline.execute()
        except (RedisError, OSError) as error:
            log.warning("live counters could not be reset: Redis is away (%s)", type(error).__name__)

    def _read(self, sprint: str) -> LiveFigures:
        pipeline = self._redis.pipeline(transaction=False)
        for name in ("segments", "vendors", "timing", "pace"):
            pipeline.hgetall(f"leadgen:{name}:{sprint}")
        segments, vendors, timing, pace = map(_numbers, pipeline.execute())
        for segment in segments:
            pipeline.hgetall(f"leadgen:live:{sprint}:{segment}")
        for vendor in vendors:
            pipeline.hgetall(f"leadgen:calls:{sprint}:{vendor}")
            pipeline.hgetall(f"leadgen:latency:{sprint}:{vendor}")
        answers = [_numbers(each) for each in pipeline.execute()] if segments or vendors else []
        of_vendors = answers[len(segments) :]
        return LiveFigures(
            dict(zip(segments, answers, strict=False)),
            dict(zip(vendors, of_vendors[0::2], strict=True)),
            {vendor: _by_operation(each) for vendor, each in zip(vendors, of_vendors[1::2], strict=True)},
            _by_operation(timing),
            {int(minute): leads for minute, leads in sorted(pace.items())},
        )

    def _add(self, changes: Mapping[tuple[str, str], int]) -> None:
        with self._lock:
            for key, value in changes.items():
                self._pending[key] += value
            if self._timer is None:
                self._schedule()

    def _keep(self, unsent: Mapping[tuple[str, str], int]) -> None:
        with self._lock:
            for key, value in unsent.items():
                self._pending[key] += value
            if self._timer is None:
                self._schedule(5.0)

    def _schedule(self, seconds: float = _FLUSH_SECONDS) -> None:
        self._timer = threading.Timer(seconds, self.flush)
        self._timer.daemon = True
        self._timer.start()


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


def _numbers(answer: Any) -> dict[str, int]:
    found = cast(dict[Any, Any], answer)
    return {(key.decode() if isinstance(key, bytes) else str(key)): int(value) for key, value in found.items()}


def _by_operation(counts: Mapping[str, int]) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for name, times in counts.items():
        operation, _, number = name.rpartition(":")
        found.setdefault(operation, {})[int(number)] = times
    return found
