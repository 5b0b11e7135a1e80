"""The connection to MongoDB: pool, durability, and how a store gets its collection (DE-03, decision 3)."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from bson.codec_options import CodecOptions
from pymongo import MongoClient, WriteConcern, monitoring
from pymongo.collection import Collection
from pymongo.database import Database

from leadgen_assets.stores.measured import MongoMeter
from leadgen_assets.stores.presence import Presence
from leadgen_assets.stores.slow_commands import SlowCommandRecorder

Document = dict[str, Any]
MongoDatabase = Database[Document]
MongoCollection = Collection[Document]

LEADS = "performance_marketers"

DURABLE = WriteConcern("majority", j=True, wtimeout=10_000)
"""Acknowledged and journaled; after 10 s without that the write is reported as unconfirmed, never ignored."""

_CONNECT_MS = 30_000
POOL_SIZE = 100
"""Connections a process may have (DE-03)."""

_UTC_TIMES: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)


def connect(uri: str, database: str, *, slow_ms: float = 100, patience: float | None = None) -> MongoDatabase:
    """A database handle with a pool of 5 to 100 connections and 30 s to connect; nothing is sent yet.

    Commands slower than `slow_ms` are kept in the collection `slow_commands` (DE-07).

    With `patience` (seconds) an operation that meets an absent server (killed, frozen, restarted, electing) waits for it
    that long and is then done, exactly once: the driver sends it again under the same transaction number, and the server
    knows what it has done, also after a crash. Without, it fails after 30 s. What the driver does not repeat (reading on in a
    long answer, writes to many documents) is for `presence.repeated`.
    """
    _hush_driver()
    gauge = PoolGauge()
    recorder = SlowCommandRecorder(slow_ms)
    meter = MongoMeter()
    presence = Presence(patience)
    client: MongoClient[Document] = MongoClient(
        uri,
        minPoolSize=5,
        maxPoolSize=POOL_SIZE,
        connectTimeoutMS=_CONNECT_MS,
        serverSelectionTimeoutMS=_CONNECT_MS if patience is None else int(patience * 1000),
        timeoutMS=None if patience is None else int(patience * 1000),
        retryWrites=True,
        retryReads=True,
        tz_aware=True,
        appname="leadgen",
        event_listeners=[gauge, recorder, meter, presence],
    )
    handle = client[database]
    recorder.keep_in(collection(handle, "slow_commands"))
    _GAUGES[id(client)] = gauge
    _METERS[id(client)] = meter
    _PRESENCES[id(client)] = presence
    return handle


def disconnect(db: MongoDatabase) -> None:
    """Close the client behind a handle from `connect`, and forget what measured it."""
    known = id(db.client)
    _GAUGES.pop(known, None)
    _METERS.pop(known, None)
    if (follower := _PRESENCES.pop(known, None)) is not None:
        follower.leave()
    db.client.close()


def _hush_driver() -> None:
    """The driver logs whole commands at DEBUG, documents included: never, whatever level somebody has set (NFR-011)."""
    logging.getLogger("pymongo.command").setLevel(logging.WARNING)


def collection(db: MongoDatabase, name: str) -> MongoCollection:
    """A collection with durable writes and UTC times, whatever the handle's own options are."""
    return db.get_collection(name, codec_options=_UTC_TIMES, write_concern=DURABLE)


def now() -> datetime:
    """The time in UTC, to the millisecond that MongoDB keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def server_name(uri: str) -> str:
    """Host and port of a connection string, without credentials, for messages."""
    return urlsplit(uri).netloc.rpartition("@")[2] or uri.partition(":")[0]


@dataclass(frozen=True)
class PoolUse:
    """Connections of one client: open, in use, and how long the last check-outs waited (seconds)."""

    open: int
    in_use: int
    wait_p50: float
    wait_p95: float
    wait_max: float


class PoolGauge(monitoring.ConnectionPoolListener):
    """Counts a client's connections as they open, leave and come back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._in_use = 0
        self._waits: deque[float] = deque(maxlen=1000)

    def read(self) -> PoolUse:
        """The figures of this moment."""
        with self._lock:
            waits = sorted(self._waits) or [0.0]
            return PoolUse(self._open, self._in_use, waits[len(waits) // 2], waits[int(len(waits) * 0.95)], waits[-1])

    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None:  # noqa: ARG002
        with self._lock:
            self._open += 1

    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:  # noqa: ARG002
        with self._lock:
            self._open -= 1

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:
        with self._lock:
            self._in_use += 1
            self._waits.append(event.duration or 0.0)

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:  # noqa: ARG002
        with self._lock:
            self._in_use -= 1

    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None: ...
    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None: ...
    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None: ...
    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None: ...
    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None: ...
    def connection_check_out_started(self, event: monitoring.ConnectionCheckOutStartedEvent) -> None: ...
    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None: ...


_GAUGES: dict[int, PoolGauge] = {}
_METERS: dict[int, MongoMeter] = {}
_PRESENCES: dict[int, Presence] = {}


def pool_use(db: MongoDatabase) -> PoolUse | None:
    """Connections of the client behind a handle from `connect`; None for a handle made elsewhere."""
    gauge = _GAUGES.get(id(db.client))
    return gauge.read() if gauge else None


def meters(db: MongoDatabase) -> tuple[MongoMeter, ...]:
    """What measures the client behind a handle from `connect`; nothing for a handle made elsewhere."""
    found = _METERS.get(id(db.client))
    return (found,) if found else ()


def presence(db: MongoDatabase) -> Presence:
    """Whether the server behind a handle from `connect` is there; one that never goes for a handle made elsewhere."""
    return _PRESENCES.get(id(db.client)) or Presence()
