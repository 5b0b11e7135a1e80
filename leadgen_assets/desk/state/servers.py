"""MongoDB and Redis as servers, and how long our own steps with them take (DE-03, DE-07, REQ-010, REQ-016)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from leadgen_assets.desk.state.live_reader import RedisSays
from leadgen_assets.desk.state.mongo_link import MongoLink
from leadgen_assets.desk.state.times import iso, ms
from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import POOL_SIZE, MongoDatabase, collection

SECONDS = 5.0
"""Age at which MongoDB's own figures are asked for again."""
SLOW_WINDOW = timedelta(hours=1)
"""How far back slow commands are counted."""
_GAUGE_SECONDS = 30
_MEGA = 1_000_000


class MongoServer:
    """What the database server says of itself, kept for some seconds and while it is away."""

    def __init__(self, db: MongoDatabase, link: MongoLink) -> None:
        self._db = db
        self._link = link
        self._read_at = -1e9
        self._figures: dict[str, Any] = {"connections": None, "slow_queries": None, "disk_mb": None, "as_of": None}

    def read(self) -> dict[str, Any]:
        """The state's part `stores.mongo`. Never raises."""
        if time.monotonic() - self._read_at >= SECONDS:
            self._figures = self._link.ask(self._asked, self._figures)
            self._read_at = time.monotonic()
        return {"up": not self._link.problem, "says": self._link.problem, **self._figures}

    def _asked(self) -> dict[str, Any]:
        moment = datetime.now(UTC)
        with told_without_values("asking for the server's figures"):
            slow = collection(self._db, "slow_commands").count_documents({"at": {"$gte": moment - SLOW_WINDOW}})
            stats = self._db.command("dbStats")
            server = self._db.client.admin.command("serverStatus", metrics=0, wiredTiger=0)
        size = stats.get("storageSize", 0) + stats.get("indexSize", 0)
        return {
            "connections": server["connections"]["current"],
            "slow_queries": slow,
            "disk_mb": round(size / _MEGA, 1),
            "as_of": iso(moment),
        }


def redis_server(says: RedisSays) -> dict[str, Any]:
    """The state's part `stores.redis`."""
    info = says.server
    part: dict[str, Any] = {"up": says.is_up, "says": says.problem, "as_of": iso(says.as_of)}
    if not info:
        names = ("memory_mb", "memory_share", "ops_per_second", "hit_rate", "keys")
        return part | dict.fromkeys(names)
    used, limit = info["used_memory"], info.get("maxmemory") or info.get("total_system_memory")
    looked_up = info.get("keyspace_hits", 0) + info.get("keyspace_misses", 0)
    return part | {
        "memory_mb": round(used / _MEGA, 1),
        "memory_share": round(used / limit, 4) if limit else None,
        "ops_per_second": info.get("instantaneous_ops_per_sec"),
        "hit_rate": round(info["keyspace_hits"] / looked_up, 4) if looked_up else None,
        "keys": says.keys,
    }


def steps(says: RedisSays) -> dict[str, Any]:
    """Inserts, queries, pool and duplicate checks: of the last minute where there were any, else of the whole sprint."""
    live = says.live
    recent = live.recent
    timings = {what: recent.timings.get(what) or live.timings.get(what, {}) for what in ("insert", "claim")}
    queries, waits = recent.timings.get("query", {}), recent.timings.get("pool_wait", {})
    pools = _pools(says.gauges)
    batches = [int(value) for mark, value in live.marks.items() if mark.startswith("batch:")]
    return {
        "batch": min(batches, default=None),
        "insert_per_second": _insert_rate(recent.counts) or _insert_rate(live.totals),
        "insert_p50_ms": ms(timings["insert"], 0.5),
        "insert_p95_ms": ms(timings["insert"], 0.95),
        "query_p50_ms": ms(queries, 0.5),
        "query_p95_ms": ms(queries, 0.95),
        "pool_in_use": max(pools) if pools else None,
        "pool_size": POOL_SIZE,
        "pool_wait_p95_ms": ms(waits, 0.95),
        "claim_p50_ms": ms(timings["claim"], 0.5),
        "claim_p95_ms": ms(timings["claim"], 0.95),
    }


def _insert_rate(counts: Mapping[str, int]) -> float | None:
    micros = counts.get("insert_micros", 0)
    return round(counts.get("inserted", 0) * 1_000_000 / micros, 1) if micros else None


def _pools(gauges: Mapping[str, str]) -> list[int]:
    """Connections in use by process, of those that have told it within the last half minute."""
    told = [json.loads(value) for name, value in gauges.items() if name.startswith("pool:")]
    return [each["in_use"] for each in told if time.time() - each["at"] < _GAUGE_SECONDS]
