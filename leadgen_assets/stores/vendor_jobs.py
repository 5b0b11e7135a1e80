"""Jobs that run at a vendor (snapshots, verifications): the id is stored first, so that none is paid twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument

from leadgen_assets.stores.errors import StoreMissing, told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now

RUNNING = "running"


@dataclass(frozen=True)
class VendorJob:
    """A remembered job. `state` is `running` until `finish` says otherwise; `earlier` are replaced job ids."""

    key: str
    vendor: str
    operation: str
    job_id: str
    request: dict[str, Any]
    state: str
    remembered_at: datetime
    finished_at: datetime | None = None
    earlier: tuple[str, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether nobody has said yet how it ended."""
        return self.state == RUNNING


class VendorJobs:
    """Remember, find, finish. The key is ours (for example "sprint/segment/filter")."""

    def __init__(self, db: MongoDatabase) -> None:
        self._jobs = collection(db, "vendor_jobs")

    def remember(self, key: str, vendor: str, operation: str, job_id: str, request: dict[str, Any]) -> VendorJob:
        """Store a job that was just started. The same job again changes nothing; another one under the same key
        becomes the current one, and the former id is kept in `earlier`, because it may have cost money."""
        fresh = {
            "vendor": vendor,
            "operation": operation,
            "job_id": job_id,
            "request": request,
            "state": RUNNING,
            "remembered_at": now(),
            "finished_at": None,
        }
        is_same = {"$eq": ["$job_id", {"$literal": job_id}]}
        known = {"$cond": [{"$ne": [{"$type": "$job_id"}, "missing"]}, ["$job_id"], []]}
        earlier = {"$concatArrays": [{"$ifNull": ["$earlier", []]}, known]}
        replaced = {name: {"$cond": [is_same, f"${name}", {"$literal": value}]} for name, value in fresh.items()}
        kept = {"earlier": {"$cond": [is_same, {"$ifNull": ["$earlier", []]}, earlier]}}
        with told_without_values(f"remembering job {key}"):
            stored = self._jobs.find_one_and_update(
                {"_id": key}, [{"$set": replaced | kept}], upsert=True, return_document=ReturnDocument.AFTER
            )
        if stored is None:
            raise StoreMissing(f"vendor job {key} vanished while it was stored; remember it again")
        return _job(stored)

    def find(self, key: str) -> VendorJob | None:
        """The current job under a key."""
        with told_without_values(f"looking up job {key}"):
            stored = self._jobs.find_one({"_id": key})
        return _job(stored) if stored else None

    def finish(self, key: str, state: str) -> VendorJob:
        """Say how a job ended (ready, empty, expired, failed, collected …). `StoreMissing` for an unknown key."""
        with told_without_values(f"finishing job {key}"):
            stored = self._jobs.find_one_and_update(
                {"_id": key}, {"$set": {"state": state, "finished_at": now()}}, return_document=ReturnDocument.AFTER
            )
        if stored is None:
            raise StoreMissing(f"no vendor job is remembered under {key}")
        return _job(stored)

    def running(self, vendor: str | None = None) -> list[VendorJob]:
        """Jobs that nobody has finished, of one vendor or all."""
        query = {"state": RUNNING} | ({"vendor": vendor} if vendor else {})
        with told_without_values("listing running vendor jobs"):
            return [_job(each) for each in self._jobs.find(query)]


def _job(stored: Document) -> VendorJob:
    names = ("vendor", "operation", "job_id", "request", "state", "remembered_at", "finished_at")
    return VendorJob(stored["_id"], **{name: stored[name] for name in names}, earlier=tuple(stored.get("earlier", ())))
