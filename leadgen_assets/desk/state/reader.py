"""Puts the state of a sprint together from what Redis and MongoDB say; see `docs` of the parts beside this module."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

from leadgen_assets.desk.state.alerts import OpenAlerts
from leadgen_assets.desk.state.live_reader import LiveReader
from leadgen_assets.desk.state.machine import Machine
from leadgen_assets.desk.state.money import cost
from leadgen_assets.desk.state.mongo_link import MongoLink
from leadgen_assets.desk.state.on_record import OnRecord, RecordReader
from leadgen_assets.desk.state.progress import LiveCounts, deadline, ended_at, progress, rates, started_at
from leadgen_assets.desk.state.quality import enrichment, quality
from leadgen_assets.desk.state.segments import segment_rows
from leadgen_assets.desk.state.servers import MongoServer, redis_server, steps
from leadgen_assets.desk.state.times import iso
from leadgen_assets.desk.state.vendors import recent_totals, totals, vendor_rows, vendors_of
from leadgen_assets.desk.state.verdict import verdict
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.vendors.limits import load_limits

_NO_PROGRESS: dict[str, Any] = {
    "delivered": 0, "collected": 0, "leads": 0, "duplicates": 0, "suppressed": 0, "quarantined": 0,
    "counts_add_up": True, "remaining": 0, "share": 0.0, "eta": None, "leads_per_hour": None,
    "leads_per_hour_now": None, "required_per_hour": None, "qualified": None, "crm_waits": None, "crm_synced": 0,
    "crm_failed": 0, "last_progress_at": None, "stage": None,
}  # fmt: skip


class StateReader:
    """Reads the state as often as once a second: one Redis pipeline a look, MongoDB every few seconds.

    Safe between threads. Keeps what it saw last, so that an outage shows as an outage and not as zeros.
    """

    def __init__(self, stores: OpenStores, dagster_url: str | None = None, settings: Settings | None = None) -> None:
        settings = settings or Settings()
        self._dagster_url = dagster_url.rstrip("/") if dagster_url else None
        self._link = MongoLink()
        self._records = RecordReader(stores, self._link)
        self._live = LiveReader(stores.redis, load_limits(settings.leadgen_limits))
        self._mongo = MongoServer(stores.db, self._link)
        self._machine = Machine(settings.home)
        self._alerts = OpenAlerts(stores.alerts, self._link)
        self._counts: dict[str, LiveCounts] = {}
        self._lock = threading.Lock()

    def read(self, sprint: str | None = None) -> dict[str, Any]:
        """The state of that sprint, or of the latest one. Raises `StoreMissing` (a `LookupError`) when MongoDB answers
        and there is no such sprint; never for a store that is away."""
        with self._lock:
            return self._read(sprint)

    def _read(self, sprint: str | None) -> dict[str, Any]:
        found = self._records.read(sprint, lambda key: self._live.marks(key).get("stage"))
        key = found.opened.key if found else ""
        vendors = vendors_of(found.opened.sprint) if found else []
        says = self._live.read(key, [each.id for each in found.opened.sprint.segments] if found else [], vendors)
        now = datetime.now(UTC)
        counts = self._counts.setdefault(key, LiveCounts()).settle(found, says) if found else {}
        part = progress(found, counts, says, now) if found else dict(_NO_PROGRESS)
        rows = vendor_rows(vendors, says, found.cost if found else None)
        alerts, mongo = self._alerts.read(key), self._mongo.read()
        state = {
            "at": iso(now),
            "sprint": _sprint(found) if found else None,
            "verdict": None,
            "progress": part,
            "rates": rates(part, totals(rows), recent_totals(says)),
            "quality": quality(found, says),
            "enrichment": enrichment(says),
            "vendors": rows,
            "segments": segment_rows(found, counts, says, now, self._dagster_url) if found else [],
            "stores": {"mongo": mongo, "redis": redis_server(says), **steps(says)},
            "machine": self._machine.read(),
            "cost": cost(found.cost if found else None, found.status if found else None),
            "gates": found.opened.result.get("gates", {}) if found else {},
            "alerts": alerts,
            "links": _links(found, self._dagster_url),
        }
        return state | {"verdict": verdict(state)._asdict()}


def _sprint(found: OnRecord) -> dict[str, Any]:
    opened, target = found.opened, found.opened.sprint.target
    return {
        "key": opened.key,
        "name": opened.sprint.name,
        "state": opened.state.value,
        "opened_at": iso(opened.opened_at),
        "started_at": iso(started_at(found)),
        "deadline": iso(deadline(found)),
        "ended_at": iso(ended_at(found)),
        "target": target.collected,
        "unique_target": target.unique,
        "hours": target.hours,
        "rate_target": target.leads_per_hour,
        "crm": opened.sprint.crm.target,
        "gates": opened.sprint.gates.model_dump(),
        "is_delivered": found.status.is_delivered if found.status else False,
        "left_over": list(found.status.left_over) if found.status else [],
    }


def _links(found: OnRecord | None, dagster_url: str | None) -> dict[str, Any]:
    return {"dagster": dagster_url, "report": found.opened.result.get("report") if found else None}
