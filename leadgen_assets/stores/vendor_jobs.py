"""Jobs that run at a vendor (snapshots, verifications, uploads): found again after a crash, so that none is paid twice.

The intent is stored before the order is sent, the id as soon as the vendor tells it. An intent without an id may have been
carried out: whoever finds one looks for the job at the vendor before ordering anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from pymongo import ReturnDocument

from leadgen_assets.stores.errors import StoreMissing, told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now

RUNNING = "running"
INTENDED = "intended"


@dataclass(frozen=True)
class VendorJob:
    """A remembered job. `state` is `intended` until its id is known, then `running` until `finish` says otherwise; `earlier`
    are replaced job ids."""

    key: str
    vendor: str
    operation: str
    job_id: str
    """Empty while the job is only intended."""
    request: dict[str, Any]
    state: str
    remembered_at: datetime
    finished_at: datetime | None = None
    earlier: tuple[str, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether nobody has said yet how it ended."""
        return self.state == RUNNING

    @property
    def is_intended(self) -> bool:
        """Whether the order may have been sent without anybody knowing the job's id."""
        return self.state == INTENDED

    @property
    def seconds_old(self) -> float:
        """Since it was intended, or remembered."""
        return (now() - self.remembered_at).total_seconds()

    @property
    def label(self) -> str:
        """What the job is called at a vendor that lets us name it: the same before and after a crash, another one for
        the job that replaces it."""
        return sha256(f"{self.key}/{len(self.earlier)}".encode()).hexdigest()[:20]


class VendorJobs:
    """Intend, remember, find, finish. The key is ours (for example "sprint/segment/filter")."""

    def __init__(self, db: MongoDatabase) -> None:
        self._jobs = collection(db, "vendor_jobs")

    def intend(self, key: str, vendor: str, operation: str, request: dict[str, Any]) -> VendorJob:
        """Say that a job is about to be ordered. An id under the same key is kept in `earlier`."""
        fresh = {
            "vendor": vendor,
            "operation": operation,
            "request": request,
            "state": INTENDED,
            "remembered_at": now(),
            "finished_at": None,
        }
        change = [{"$set": {name: {"$literal": value} for name, value in fresh.items()}}]
        with told_without_values(f"intending job {key}"):
            stored = self._jobs.find_one_and_update(
                {"_id": key},
                [{"$set": {"earlier": {"$concatArrays": [_EARLIER, _KNOWN]}}}, {"$unset": "job_id"}, *change],
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        if stored is None:
            raise StoreMissing(f"vendor job {key} vanished while it was stored; intend it again")
        return _job(stored)

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
        earlier = {"$concatArrays": [_EARLIER, _KNOWN]}
        replaced = {name: {"$cond": [is_same, f"${name}", {"$literal": value}]} for name, value in fresh.items()}
        kept = {"earlier": {"$cond": [is_same, _EARLIER, earlier]}}
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

    def taken(self, vendor: str, job_ids: Iterable[str]) -> set[str]:
        """Those of the vendor's jobs that are on record under some key, as its job or as one that was replaced."""
        wanted = list(job_ids)
        query = {"vendor": vendor, "$or": [{"job_id": {"$in": wanted}}, {"earlier": {"$in": wanted}}]}
        with told_without_values(f"looking up jobs of {vendor}"):
            found = list(self._jobs.find(query, {"job_id": 1, "earlier": 1}))
        known = {each.get("job_id", "") for each in found}.union(*(each.get("earlier", ()) for each in found))
        return known.intersection(wanted)

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
        return self._in_state(RUNNING, vendor)

    def intended(self, vendor: str) -> list[VendorJob]:
        """Orders of a vendor that may have been sent, and whose job nobody has found."""
        return self._in_state(INTENDED, vendor)

    def _in_state(self, state: str, vendor: str | None) -> list[VendorJob]:
        query = {"state": state} | ({"vendor": vendor} if vendor else {})
        with told_without_values(f"listing {state} vendor jobs"):
            return [_job(each) for each in self._jobs.find(query)]


_EARLIER = {"$ifNull": ["$earlier", []]}
_KNOWN = {"$cond": [{"$ne": [{"$type": "$job_id"}, "missing"]}, ["$job_id"], []]}


def _job(stored: Document) -> VendorJob:
    names = ("vendor", "operation", "request", "state", "remembered_at", "finished_at")
    return VendorJob(
        stored["_id"],
        **{name: stored[name] for name in names},
        job_id=stored.get("job_id", ""),
        earlier=tuple(stored.get("earlier", ())),
    )
