"""Records that cannot be leads, each with its reason (REQ-011, NFR-007). They expire like raw pages."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from leadgen_assets.stores import bulk
from leadgen_assets.stores.errors import StoreError, told_without_values
from leadgen_assets.stores.mongo import MongoDatabase, collection, now
from leadgen_assets.stores.raw_pages import RETENTION


@dataclass(frozen=True)
class Quarantined:
    """One record and why it was set aside. `field` is the field at fault, `raw` the record as delivered."""

    lead_id: str
    sprint: str
    segment: str
    data_source: str
    page: int
    position: int
    reason: str
    field: str | None = None
    raw: dict[str, Any] = dataclasses.field(default_factory=dict, repr=False)
    at: datetime | None = None
    """Set by the store."""


class Quarantine:
    """Put, count, list, release."""

    def __init__(self, db: MongoDatabase, retention: timedelta = RETENTION) -> None:
        self._records = collection(db, "quarantine")
        self._retention = retention

    def put(self, records: Iterable[Quarantined]) -> int:
        """Store records under their lead ids; again is harmless. Returns how many are new. Raises `StoreError` if any
        could not be stored."""
        moment = now()
        writes = [
            UpdateOne(
                {"_id": each.lead_id},
                {
                    "$set": {
                        "sprint": each.sprint,
                        "segment": each.segment,
                        "data_source": each.data_source,
                        "page": each.page,
                        "position": each.position,
                        "reason": each.reason,
                        "field": each.field,
                        "raw": json.dumps(each.raw, default=str),
                    },
                    "$setOnInsert": {"at": moment, "expires_at": moment + self._retention},
                },
                upsert=True,
            )
            for each in records
        ]
        outcome = bulk.write(self._records, writes)
        if outcome.refused:
            raise StoreError(f"{len(outcome.refused)} records could not be quarantined; repeat the page")
        return outcome.upserted

    def counts(self, sprint: str) -> dict[str, dict[str, int]]:
        """{segment: {reason: records}}."""
        group = {"_id": {"segment": "$segment", "reason": "$reason"}, "records": {"$sum": 1}}
        found: dict[str, dict[str, int]] = {}
        with told_without_values(f"counting the quarantine of {sprint}"):
            for each in self._records.aggregate([{"$match": {"sprint": sprint}}, {"$group": group}]):
                found.setdefault(each["_id"]["segment"], {})[each["_id"]["reason"]] = each["records"]
        return found

    def list(self, sprint: str, segment: str | None = None, limit: int = 0) -> Iterator[Quarantined]:
        """The records of a sprint or one of its segments, by segment and reason; 0 means all."""
        query = {"sprint": sprint} | ({"segment": segment} if segment else {})
        with told_without_values(f"listing the quarantine of {sprint}"):
            for each in self._records.find(query).sort([("segment", 1), ("reason", 1)]).limit(limit):
                yield _quarantined(each)

    def get(self, lead_ids: Iterable[str]) -> dict[str, Quarantined]:
        """{lead_id: record} of those that are here."""
        found: dict[str, Quarantined] = {}
        with told_without_values("reading quarantined records"):
            for each in self._records.find({"_id": {"$in": sorted(lead_ids)}}):
                found[each["_id"]] = _quarantined(each)
        return found

    def release(self, lead_ids: Iterable[str]) -> int:
        """Delete records (erased, or leads after all). Returns how many were there."""
        with told_without_values("releasing quarantined records"):
            return self._records.delete_many({"_id": {"$in": sorted(lead_ids)}}).deleted_count


def _quarantined(stored: dict[str, Any]) -> Quarantined:
    body = {name: value for name, value in stored.items() if name not in ("_id", "expires_at")}
    return Quarantined(lead_id=stored["_id"], **{**body, "raw": json.loads(stored["raw"])})
