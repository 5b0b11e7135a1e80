"""What enrichment vendors answered, so that nobody asks or pays twice: misses for 30 days, answers for 90.

Keys (addresses, names) are stored as SHA-256 only; the answers themselves expire.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from pymongo import UpdateOne

from leadgen_assets.stores import bulk
from leadgen_assets.stores.errors import StoreError, told_without_values
from leadgen_assets.stores.mongo import MongoDatabase, collection, now

ANSWER_LIFETIME = timedelta(days=90)
MISS_LIFETIME = timedelta(days=30)
_CHUNK = 5000


@dataclass(frozen=True)
class CachedAnswer:
    """A remembered answer; `fields` is None when the vendor did not know (or `suppressed`: must not say)."""

    fields: dict[str, Any] | None
    asked_at: datetime
    suppressed: bool = False


class EnrichmentCache:
    """Answers by vendor, operation and key."""

    def __init__(
        self, db: MongoDatabase, answer_lifetime: timedelta = ANSWER_LIFETIME, miss_lifetime: timedelta = MISS_LIFETIME
    ) -> None:
        self._answers = collection(db, "enrichment_cache")
        self._answer_lifetime = answer_lifetime
        self._miss_lifetime = miss_lifetime

    def get(self, vendor: str, operation: str, keys: Iterable[str]) -> dict[str, CachedAnswer]:
        """{key: answer} of those keys that were asked before and have not expired."""
        by_id = {_id(vendor, operation, key): key for key in keys}
        ids, moment, found = list(by_id), now(), {}
        with told_without_values(f"reading cached answers of {vendor}"):
            for start in range(0, len(ids), _CHUNK):
                for each in self._answers.find({"_id": {"$in": ids[start : start + _CHUNK]}}):
                    if each["expires_at"] > moment:
                        answer = CachedAnswer(each["fields"], each["asked_at"], each["suppressed"])
                        found[by_id[each["_id"]]] = answer
        return found

    def put(
        self,
        vendor: str,
        operation: str,
        answers: Mapping[str, Mapping[str, Any] | None],
        suppressed: Collection[str] = (),
    ) -> None:
        """Remember {key: fields, or None for a miss}; `suppressed` names the misses that are refusals for good."""
        moment = now()
        writes = []
        for key, fields in answers.items():
            lifetime = self._miss_lifetime if fields is None else self._answer_lifetime
            body = {
                "vendor": vendor,
                "operation": operation,
                "key_hash": _hash(key),
                "fields": None if fields is None else dict(fields),
                "suppressed": key in suppressed,
                "asked_at": moment,
                "expires_at": moment + lifetime,
            }
            writes.append(UpdateOne({"_id": _id(vendor, operation, key)}, {"$set": body}, upsert=True))
        outcome = bulk.write(self._answers, writes)
        if outcome.refused:
            raise StoreError(f"{len(outcome.refused)} answers of {vendor} could not be cached; put them again")

    def forget(self, keys: Iterable[str]) -> int:
        """Delete what any vendor answered about some keys (erasure). Returns how many answers there were."""
        with told_without_values("forgetting cached answers"):
            return self._answers.delete_many({"key_hash": {"$in": [_hash(key) for key in keys]}}).deleted_count


def _hash(key: str) -> str:
    return sha256(key.encode("utf-8", "replace")).hexdigest()


def _id(vendor: str, operation: str, key: str) -> str:
    return f"{vendor}/{operation}/{_hash(key)}"
