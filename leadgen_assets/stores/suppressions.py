"""People and companies that must not be contacted (NFR-011): hashes only, so the list itself holds no personal data."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import pandas as pd
from pymongo import UpdateOne

from leadgen_assets.stores import bulk
from leadgen_assets.stores.errors import StoreError, told_without_values
from leadgen_assets.stores.mongo import MongoDatabase, collection, now

KINDS: tuple[str, ...] = ("email", "linkedin", "member", "vendor", "domain")
_CHUNK = 10_000


def suppression_hash(kind: str, key: str) -> str:
    """SHA-256 of `kind:key`; the key is in the canonical form of design.md. `ValueError` for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"cannot suppress by {kind!r}; use one of {', '.join(KINDS)}")
    return sha256(f"{kind}:{key}".encode("utf-8", "replace")).hexdigest()


class Suppressions:
    """The suppression list."""

    def __init__(self, db: MongoDatabase) -> None:
        self._hashes = collection(db, "suppressions")

    def add(self, kind: str, key: str, reason: str) -> bool:
        """Suppress one canonical key. False when it was on the list already (its first reason stays)."""
        return self.add_many([(kind, key)], reason) == 1

    def add_many(self, keys: Iterable[tuple[str, str]], reason: str) -> int:
        """Suppress many (kind, canonical key); returns how many are new."""
        entry = {"reason": reason, "added_at": now()}
        writes = [
            UpdateOne({"_id": suppression_hash(kind, key)}, {"$setOnInsert": {"kind": kind, **entry}}, upsert=True)
            for kind, key in dict.fromkeys(keys)
        ]
        outcome = bulk.write(self._hashes, writes)
        if outcome.of_kind("validation", "unencodable", "other"):
            raise StoreError(f"{len(outcome.refused)} suppressions could not be stored; add them again")
        return outcome.upserted

    def suppressed(self, keys: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of the (kind, canonical key) that are on the list."""
        by_hash = {suppression_hash(kind, key): (kind, key) for kind, key in keys}
        hashes, found = list(by_hash), set()
        with told_without_values("asking the suppression list"):
            for start in range(0, len(hashes), _CHUNK):
                wanted = {"_id": {"$in": hashes[start : start + _CHUNK]}}
                found |= {by_hash[each["_id"]] for each in self._hashes.find(wanted, {"_id": 1})}
        return found

    def mask(self, leads: pd.DataFrame) -> pd.Series:
        """True for every lead that must not be contacted; index as given.

        Looks at those of the columns linkedin_url, linkedin_member, email (and its domain), company_domain, vendor_id
        with data_source that the frame has.
        """
        columns = list(_lead_keys(leads))
        on_list = self.suppressed({key for keys in columns for key in keys if key is not None})
        hits = [any(key in on_list for key in row) for row in zip(*columns, strict=True)] if columns else []
        return pd.Series(hits or [False] * len(leads), index=leads.index, dtype=bool)

    def count(self) -> int:
        """How many entries the list has; a go/no-go check wants more than none (TL-08)."""
        with told_without_values("counting the suppression list"):
            return self._hashes.estimated_document_count()


def _lead_keys(leads: pd.DataFrame) -> Iterable[list[tuple[str, str] | None]]:
    """Per kind of key, one entry a row."""
    for column, kind in (
        ("linkedin_url", "linkedin"),
        ("linkedin_member", "member"),
        ("email", "email"),
        ("company_domain", "domain"),
    ):
        if column in leads:
            yield [(kind, value) if isinstance(value, str) and value else None for value in leads[column].tolist()]
    if "email" in leads:
        domains = (value.rpartition("@")[2] if isinstance(value, str) else "" for value in leads["email"].tolist())
        yield [("domain", domain) if domain else None for domain in domains]
    if "vendor_id" in leads and "data_source" in leads:
        pairs = zip(leads["data_source"].tolist(), leads["vendor_id"].tolist(), strict=True)
        yield [("vendor", f"{source}:{key}") if isinstance(key, str) and key else None for source, key in pairs]
