"""What a process measures of its own MongoDB client, for every command and connection: drained by the live counters."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections import defaultdict

from pymongo import monitoring

from leadgen_assets.stores.live_buckets import bucket

_QUERIES = frozenset(
    {"find", "aggregate", "count", "distinct", "getMore", "findAndModify", "update", "delete", "insert"}
)


class MongoMeter(monitoring.CommandListener, monitoring.ConnectionPoolListener):
    """Bucket counts of command times (`query`) and of waits for a connection (`pool_wait`), and the pool's use.

    A command costs it a logarithm and an addition under a lock, about two microseconds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        self._in_use = 0
        self._peak = 0

    def drain(self) -> dict[str, dict[int, int]]:
        """{what: {bucket: times}} since the last call."""
        with self._lock:
            counts, self._counts = self._counts, defaultdict(lambda: defaultdict(int))
        return {what: dict(buckets) for what, buckets in counts.items()}

    def gauges(self) -> dict[str, str]:
        """`pool:{host}:{pid}`: the most connections that were in use at once since the last call, and when."""
        with self._lock:
            peak, self._peak = self._peak, self._in_use
        told = {"in_use": peak, "at": round(time.time(), 3)}
        return {f"pool:{socket.gethostname()}:{os.getpid()}": json.dumps(told)}

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self._command(event)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        self._command(event)

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:
        number = bucket(event.duration or 0.0)
        with self._lock:
            self._counts["pool_wait"][number] += 1
            self._in_use += 1
            self._peak = max(self._peak, self._in_use)

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:  # noqa: ARG002
        with self._lock:
            self._in_use -= 1

    def _command(self, event: monitoring.CommandSucceededEvent | monitoring.CommandFailedEvent) -> None:
        if event.command_name in _QUERIES:
            number = bucket(event.duration_micros / 1_000_000)
            with self._lock:
                self._counts["query"][number] += 1

    def started(self, event: monitoring.CommandStartedEvent) -> None: ...
    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None: ...
    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None: ...
    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None: ...
    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None: ...
    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None: ...
    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None: ...
    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None: ...
    def connection_check_out_started(self, event: monitoring.ConnectionCheckOutStartedEvent) -> None: ...
    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None: ...
