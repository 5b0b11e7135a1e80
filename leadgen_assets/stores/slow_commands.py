"""Slow commands on record (DE-07): which command, on which collection, by which fields, how long. Never with values.

MongoDB's own profiler would keep whole commands, addresses included; hence a listener in the client.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import monitoring
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

log = logging.getLogger(__name__)

_WATCHED = frozenset(
    {"find", "aggregate", "count", "distinct", "insert", "update", "delete", "findAndModify", "getMore"}
)
RETENTION = timedelta(days=30)


class SlowCommandRecorder(monitoring.CommandListener):
    """Keeps commands slower than a threshold, written by a thread of its own so that no caller waits for it."""

    def __init__(self, threshold_ms: float = 100) -> None:
        self._threshold = threshold_ms * 1000
        self._shapes: dict[tuple[int, int | None], tuple[str, list[str]]] = {}
        self._queue: queue.Queue[dict[str, Any]] = queue.Queue(maxsize=10_000)
        self._target: Collection[dict[str, Any]] | None = None
        self._writer: threading.Thread | None = None
        self._lock = threading.Lock()

    def keep_in(self, collection: Collection[dict[str, Any]]) -> None:
        """Where slow commands are written to."""
        self._target = collection

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in _WATCHED:
            name = str(event.command.get("collection" if event.command_name == "getMore" else event.command_name))
            self._shapes[event.request_id, event.operation_id] = (name, _fields(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self._ended(event)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        self._ended(event)

    def _ended(self, event: monitoring.CommandSucceededEvent | monitoring.CommandFailedEvent) -> None:
        shape = self._shapes.pop((event.request_id, event.operation_id), None)
        if shape is None or event.duration_micros < self._threshold or shape[0] == "slow_commands":
            return
        entry = {
            "at": datetime.now(UTC),
            "expires_at": datetime.now(UTC) + RETENTION,
            "command": event.command_name,
            "collection": shape[0],
            "fields": shape[1],
            "ms": event.duration_micros / 1000,
        }
        log.info("slow %s on %s by %s: %.0f ms", entry["command"], shape[0], ",".join(shape[1]) or "-", entry["ms"])
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            return
        self._start_writer()

    def _start_writer(self) -> None:
        with self._lock:
            if self._target is not None and (self._writer is None or not self._writer.is_alive()):
                self._writer = threading.Thread(target=self._write, name="slow-commands", daemon=True)
                self._writer.start()

    def _write(self) -> None:
        """Write until nothing more comes for a second, then end; the next slow command starts a new thread."""
        target = self._target
        while target is not None:
            try:
                entry = self._queue.get(timeout=1)
            except queue.Empty:
                return
            try:
                target.insert_one(entry)
            except (PyMongoError, RuntimeError):
                # a closed client or an absent server: the log line has been written already
                log.debug("a slow command could not be stored")


def _fields(command: Mapping[str, Any]) -> list[str]:
    """Names of the fields that the first statement of a command filters by."""
    found: Any = command.get("filter") or command.get("query")
    pipeline = command.get("pipeline")
    if isinstance(pipeline, list) and pipeline and "$match" in pipeline[0]:
        found = pipeline[0]["$match"]
    for key in ("updates", "deletes"):
        statements = command.get(key)
        if isinstance(statements, list) and statements:
            found = statements[0].get("q")
    return sorted(found) if isinstance(found, Mapping) else []


def slow_commands(collection: Collection[dict[str, Any]], since: datetime, limit: int = 50) -> list[dict[str, Any]]:
    """The slowest shapes since a time: [{command, collection, fields, times, ms_max, ms_mean}], slowest first."""
    group = {
        "_id": {"command": "$command", "collection": "$collection", "fields": "$fields"},
        "times": {"$sum": 1},
        "ms_max": {"$max": "$ms"},
        "ms_mean": {"$avg": "$ms"},
    }
    steps: list[dict[str, Any]] = [
        {"$match": {"at": {"$gte": since}}},
        {"$group": group},
        {"$sort": {"ms_max": -1}},
        {"$limit": limit},
    ]
    return [{**row.pop("_id"), **row} for row in collection.aggregate(steps)]
