"""Erasures on record: who was erased (as hashes), which steps are done, and what is to be done after a kill (NFR-011).

Collection `erasures`. While an erasure is under way its document names the person, because half-erased data no longer
do; the last step takes that away and leaves hashes and lead ids.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leadgen_assets.stores.errors import StoreMissing, told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now

OPEN, DONE = "open", "done"


@dataclass(frozen=True)
class Erasure:
    """One person's erasure. `subject` is there only while it is open; `left` counts what the last scan still found."""

    erasure_id: str
    state: str
    requested_at: datetime
    hashes: tuple[str, ...]
    lead_ids: tuple[str, ...]
    steps: dict[str, dict[str, Any]]
    subject: dict[str, Any] = field(default_factory=dict, repr=False)
    done_at: datetime | None = None
    runs: int = 1
    left: dict[str, int] = field(default_factory=dict)

    def is_done(self, step: str) -> bool:
        """Whether a step of the present run is done."""
        return bool(self.steps.get(step, {}).get("is_done"))


class Erasures:
    """Begin, record, finish, find."""

    def __init__(self, db: MongoDatabase) -> None:
        self._erasures = collection(db, "erasures")

    def begin(self, hashes: Iterable[str], lead_ids: Iterable[str], subject: Mapping[str, Any]) -> Erasure:
        """Open an erasure, or open the person's former one again. All steps are to be done (again); hashes and lead ids
        of former runs stay."""
        wanted, ids = sorted(set(hashes)), sorted(set(lead_ids))
        known = self.of_hashes(wanted)
        moment = now()
        change: Document = {
            "$set": {"state": OPEN, "subject": dict(subject), "steps": {}, "done_at": None, "left": {}},
            "$addToSet": {"hashes": {"$each": wanted}, "lead_ids": {"$each": ids}},
            "$setOnInsert": {"requested_at": moment},
            "$inc": {"runs": 1},
        }
        erasure_id = known.erasure_id if known else uuid.uuid4().hex
        with told_without_values("opening an erasure"):
            self._erasures.update_one({"_id": erasure_id}, change, upsert=True)
        return self.get(erasure_id)

    def record_step(self, erasure_id: str, step: str, figures: Mapping[str, Any], *, is_done: bool = True) -> None:
        """Say what a step did; `figures` hold no personal data."""
        entry = {**figures, "is_done": is_done, "at": now()}
        with told_without_values(f"recording step {step} of erasure {erasure_id}"):
            self._erasures.update_one({"_id": erasure_id}, {"$set": {f"steps.{step}": entry}})

    def finish(
        self, erasure_id: str, left: Mapping[str, int], *, is_done: bool, subject: Mapping[str, Any] | None = None
    ) -> Erasure:
        """Close an erasure, which forgets who it was about, or leave it open with what was found still; then `subject`
        replaces what it notes about the person."""
        change: Document = {"$set": {"left": dict(left), "state": DONE if is_done else OPEN}}
        if is_done:
            change["$set"]["done_at"] = now()
            change["$unset"] = {"subject": ""}
        elif subject is not None:
            change["$set"]["subject"] = dict(subject)
        with told_without_values(f"closing erasure {erasure_id}"):
            self._erasures.update_one({"_id": erasure_id}, change)
        return self.get(erasure_id)

    def get(self, erasure_id: str) -> Erasure:
        """By id. `StoreMissing` when there is none."""
        with told_without_values(f"reading erasure {erasure_id}"):
            stored = self._erasures.find_one({"_id": erasure_id})
        if stored is None:
            raise StoreMissing(f"no erasure {erasure_id} is on record")
        return _erasure(stored)

    def of_hashes(self, hashes: Sequence[str]) -> Erasure | None:
        """The erasure of whoever has one of these hashes."""
        with told_without_values("looking up an erasure"):
            stored = self._erasures.find_one({"hashes": {"$in": list(hashes)}})
        return _erasure(stored) if stored else None

    def of_lead(self, lead_id: str) -> Erasure | None:
        """The erasure that a lead was part of."""
        with told_without_values("looking up an erasure"):
            stored = self._erasures.find_one({"lead_ids": lead_id})
        return _erasure(stored) if stored else None

    def open(self) -> list[Erasure]:
        """Erasures that are not done: interrupted, or waiting for a CRM."""
        with told_without_values("listing open erasures"):
            return [_erasure(each) for each in self._erasures.find({"state": OPEN})]


def _erasure(stored: Document) -> Erasure:
    return Erasure(
        stored["_id"],
        stored["state"],
        stored["requested_at"],
        tuple(stored.get("hashes", ())),
        tuple(stored.get("lead_ids", ())),
        dict(stored.get("steps", {})),
        dict(stored.get("subject", {})),
        stored.get("done_at"),
        int(stored.get("runs", 1)),
        dict(stored.get("left", {})),
    )
