"""Counters the desk reads while a sprint runs: added up in the process, sent to Redis twice a second, never in the way.

Nothing here raises for want of Redis: what cannot be sent is kept and sent later, with one line in the log. The keys
are told in `live_figures`, which reads them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

import redis
from redis.exceptions import RedisError

from leadgen_assets.stores.live_buckets import bucket, bucket_seconds, quantile
from leadgen_assets.stores.live_figures import PROCESS, SLOT, SLOTS, LiveFigures, read_live, slot_of

__all__ = ["LiveCounters", "LiveFigures", "Meter", "bucket", "bucket_seconds", "quantile"]

log = logging.getLogger(__name__)

_FLUSH_SECONDS = 0.5
_KEPT_SECONDS = 14 * 24 * 3600
_RECENT_SECONDS = (SLOTS + 2) * SLOT
FAILED = frozenset({"back_off", "auth", "entitlement", "out_of_credits", "bad_request"})
"""Verdicts of a call that yielded nothing; being told to slow down is counted apart."""
COLLECTING = "collecting"
"""The stage before the refinement's assets."""
_SETTLED = frozenset({"ok", "empty", "pending", "suppressed"})

Counted = dict[tuple[str, str], int]
Marked = dict[tuple[str, str], str]


class Meter(Protocol):
    """Measures in the process what belongs to no sprint, and is emptied whenever the counters are sent."""

    def drain(self) -> dict[str, dict[int, int]]:
        """{what: {bucket: times}} since the last call."""
        ...

    def gauges(self) -> dict[str, str]:
        """{name: value of this moment}."""
        ...


class LiveCounters:
    """Adds up and sends. One object a process; safe between threads."""

    def __init__(self, client: redis.Redis, meters: Sequence[Meter] = ()) -> None:
        self._redis = client
        self._meters = meters
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._pending: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._marks: Marked = {}
        self._timer: threading.Timer | None = None
        self._is_away = False

    def add(self, sprint: str, segment: str, counts: Mapping[str, int]) -> None:
        """Add to a segment's counts; `leads` and `duplicates` also go into the pace."""
        changes = {(f"leadgen:live:{sprint}:{segment}", name): value for name, value in counts.items()}
        changes[f"leadgen:segments:{sprint}", segment] = 1
        collected, moment = counts.get("leads", 0) + counts.get("duplicates", 0), time.time()
        if counts.get("leads"):
            changes[f"leadgen:pace:{sprint}", str(int(moment // 60))] = counts["leads"]
        if collected:
            changes[f"leadgen:intake:{sprint}", str(int(moment // 60))] = collected
        recent = {name: value for name, value in counts.items() if value} | (
            {"collected": collected} if collected else {}
        )
        changes |= {(_slot(sprint, moment), f"n:{name}"): value for name, value in recent.items()}
        self._add(changes, {(f"leadgen:marks:{sprint}", "progress"): _millis(moment)} if collected else {})

    def call(
        self, sprint: str, vendor: str, operation: str, verdict: str, seconds: float, segment: str | None = None
    ) -> None:
        """Count one HTTP attempt and its latency, for the vendor and, while collecting, for the segment."""
        moment = time.time()
        changes = {
            (f"leadgen:calls:{sprint}:{vendor}", f"{operation}:{verdict}"): 1,
            (f"leadgen:latency:{sprint}:{vendor}", f"{operation}:{bucket(seconds)}"): 1,
            (f"leadgen:vendors:{sprint}", vendor): 1,
            (_slot(sprint, moment), f"n:calls:{vendor}:{verdict}"): 1,
        }
        if segment is not None:
            names = ["calls"] if verdict not in FAILED else ["calls", "errors"]
            changes |= {(f"leadgen:live:{sprint}:{segment}", name): 1 for name in names}
            changes[f"leadgen:segments:{sprint}", segment] = 1
        marked, streak = f"leadgen:marks:{sprint}", f"streak:{vendor}"
        marks: Marked = {}
        if verdict in _SETTLED:
            marks = {(marked, f"answered:{vendor}"): _millis(moment), (marked, streak): "0"}
        elif verdict in FAILED:
            marks[marked, f"failed:{vendor}"] = _millis(moment)
            changes[marked, streak] = 1
        if verdict == "out_of_credits":
            marks[marked, f"no_credits:{vendor}"] = _millis(moment)
        self._add(changes, marks)

    def timing(self, sprint: str, what: str, seconds: float) -> None:
        """Count how long one of our own steps took."""
        name = f"{what}:{bucket(seconds)}"
        self._add({(f"leadgen:timing:{sprint}", name): 1, (_slot(sprint, time.time()), f"t:{name}"): 1})

    @contextmanager
    def timed(self, sprint: str, what: str) -> Iterator[None]:
        """Time what happens inside."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.timing(sprint, what, time.perf_counter() - began)

    @contextmanager
    def inserting(self, sprint: str, documents: int) -> Iterator[None]:
        """Time the insertion of so many documents; nothing is counted for none, or when it fails."""
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        if documents:
            self.timing(sprint, "insert", seconds)
            self.tally(sprint, {"inserted": documents, "insert_micros": int(seconds * 1_000_000)})

    def tally(self, sprint: str, counts: Mapping[str, int], *, is_progress: bool = False) -> None:
        """Add to counts of any name. `is_progress`: the sprint has come further by it."""
        given = {name: value for name, value in counts.items() if value}
        if not given:
            return
        moment = time.time()
        changes = {(f"leadgen:totals:{sprint}", name): value for name, value in given.items()}
        changes |= {(_slot(sprint, moment), f"n:{name}"): value for name, value in given.items()}
        self._add(changes, {(f"leadgen:marks:{sprint}", "progress"): _millis(moment)} if is_progress else {})

    def mark(self, sprint: str, values: Mapping[str, str]) -> None:
        """Remember last values by name: where the sprint is, which run collects a segment."""
        self._add({}, {(f"leadgen:marks:{sprint}", name): value for name, value in values.items()})

    def began(self, sprint: str, segment: str, run_id: str) -> None:
        """The collector of a segment has started."""
        moment = _millis(time.time())
        self.mark(sprint, {"stage": COLLECTING, f"started:{segment}": moment, f"run:{segment}": run_id})

    def stage(self, sprint: str, asset: str, run_id: str | None = None) -> None:
        """The sprint is at this asset now. That counts as progress."""
        moment = _millis(time.time())
        self.mark(sprint, {"stage": asset, "progress": moment} | ({f"run:{asset}": run_id} if run_id else {}))

    def flush(self) -> bool:
        """Send what is pending now. False while Redis is away; it is kept then."""
        with self._sending:
            with self._lock:
                pending, self._pending, self._timer = self._pending, defaultdict(int), None
                marks, self._marks = self._marks, {}
            if not pending and not marks:
                return True
            gauges = self._metered(pending)
            try:
                self._send(pending, {**gauges, **marks})
            except (RedisError, OSError) as error:
                self._keep(pending, marks)
                if not self._is_away:
                    log.warning("live counters wait: Redis is away (%s)", type(error).__name__)
                self._is_away = True
                return False
            self._is_away = False
            return True

    def read(self, sprint: str) -> LiveFigures:
        """All figures of a sprint; empty ones while Redis is away."""
        try:
            return read_live(self._redis, sprint)
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

    def _send(self, pending: Mapping[tuple[str, str], int], marks: Mapping[tuple[str, str], str]) -> None:
        pipeline = self._redis.pipeline(transaction=True)
        for (key, name), text in marks.items():
            pipeline.hset(key, name, text)
        for (key, name), value in pending.items():
            pipeline.hincrby(key, name, value)
        for key in {key for key, _ in (*pending, *marks)}:
            pipeline.expire(key, _RECENT_SECONDS if key.startswith("leadgen:recent:") else _KEPT_SECONDS)
        pipeline.execute()

    def _metered(self, pending: dict[tuple[str, str], int]) -> Marked:
        """Take over what the process has measured since; returns its gauges."""
        slot = _slot(PROCESS, time.time())
        gauges: Marked = {}
        for meter in self._meters:
            for what, buckets in meter.drain().items():
                for number, times in buckets.items():
                    pending[slot, f"t:{what}:{number}"] += times
            gauges |= {("leadgen:gauges", name): value for name, value in meter.gauges().items()}
        return gauges

    def _add(self, changes: Mapping[tuple[str, str], int], marks: Mapping[tuple[str, str], str] | None = None) -> None:
        with self._lock:
            for key, value in changes.items():
                self._pending[key] += value
            for key, text in (marks or {}).items():
                self._marks[key] = text
                if key not in changes:
                    self._pending.pop(key, None)  # what was added before a value was set is part of it
            if self._timer is None:
                self._schedule()

    def _keep(self, unsent: Mapping[tuple[str, str], int], marks: Mapping[tuple[str, str], str]) -> None:
        with self._lock:
            for key, value in unsent.items():
                if not key[0].startswith("leadgen:recent:"):  # it would not be recent any more
                    self._pending[key] += value
            self._marks = {**marks, **self._marks}
            if self._timer is None:
                self._schedule(5.0)

    def _schedule(self, seconds: float = _FLUSH_SECONDS) -> None:
        self._timer = threading.Timer(seconds, self.flush)
        self._timer.daemon = True
        self._timer.start()


def _slot(sprint: str, at: float) -> str:
    return f"leadgen:recent:{sprint}:{slot_of(at)}"


def _millis(at: float) -> str:
    return str(int(at * 1000))
