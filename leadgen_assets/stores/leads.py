"""The lead store `performance_marketers`: provisional leads while collecting, complete ones after refinement.

How complete leads replace provisional ones is in `publication`; what a document looks like, in `documents`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import pandas as pd
from pymongo import InsertOne

from leadgen_assets.stores import bulk
from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import LEADS, Document, MongoDatabase, collection, now
from leadgen_assets.stores.presence import repeated
from leadgen_assets.stores.publication import Published, publish

_CHUNK = 5000


@dataclass(frozen=True)
class DuplicateLead:
    """A lead that was not stored because another one holds its linkedin_url or email (`field`)."""

    lead_id: str
    field: str
    owner: str | None


@dataclass(frozen=True)
class RejectedLead:
    """A lead the database does not accept: the validator's first broken field, or `_id` when it cannot be encoded."""

    lead_id: str
    field: str
    reason: str


@dataclass
class Inserted:
    """What became of provisional leads: every given lead is in exactly one of the four."""

    inserted: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    """Stored by an earlier run of the same page; left as they are."""
    duplicates: list[DuplicateLead] = field(default_factory=list)
    rejected: list[RejectedLead] = field(default_factory=list)


class LeadStore:
    """Reads and writes leads. Every read goes through an index (DE-02)."""

    def __init__(self, db: MongoDatabase) -> None:
        self._leads = collection(db, LEADS)
        self._claims = collection(db, "lead_keys")

    def insert_provisional(self, documents: Sequence[Document]) -> Inserted:
        """Store leads (from `documents.to_document`) that are not there yet; never changes one that is.

        Duplicates and rejects are returned, not raised (REQ-011, DE-04). Raises `StoreUnavailable`; then repeat.
        """
        moment = now()
        fresh = {"crm_synced": False, "crm_sync_date": None, "created_at": moment, "updated_at": moment}
        outcome = bulk.write(self._leads, [InsertOne({**document, **fresh}) for document in documents])
        refused = {each.position: each for each in outcome.refused}
        result = Inserted([each["_id"] for at, each in enumerate(documents) if at not in refused])
        for position, each in sorted(refused.items()):
            document = documents[position]
            if each.kind == "duplicate_key" and each.field == "_id":
                result.present.append(document["_id"])
            elif each.kind == "duplicate_key":
                owner = self._owner(each.field, document[each.field])
                result.duplicates.append(DuplicateLead(document["_id"], each.field, owner))
            else:
                result.rejected.append(RejectedLead(document["_id"], each.field, each.kind))
        return result

    def publish(self, documents: Sequence[Document], sprint: str, removed_ids: Iterable[str] = ()) -> Published:
        """Make the sprint's complete leads the stored ones; see `publication.publish`."""
        return publish(self._leads, documents, sprint, removed_ids)

    def known_identities(self, excluding_sprint: str, keys: Iterable[str] | None = None) -> pd.DataFrame:
        """Exact keys of leads of all other sprints: DataFrame[lead_id, sprint, kind, key]; of some keys ("kind:key")
        only, when given."""
        wanted = None if keys is None else set(keys)
        others: Document = {"sprint": {"$ne": excluding_sprint}}
        queries = [others] if wanted is None else [others | {"identity_keys": {"$in": part}} for part in _parts(wanted)]
        rows = []
        with told_without_values("reading known identities"):
            for query in queries:
                for each in self._leads.find(query, {"sprint": 1, "identity_keys": 1}):
                    for text in each["identity_keys"]:
                        kind, _, key = text.partition(":")
                        rows.append((each["_id"], each["sprint"], kind, key))
        columns = ["lead_id", "sprint", "kind", "key"]
        return pd.DataFrame(rows, columns=columns, dtype="str").drop_duplicates(ignore_index=True)

    def owned(self, source: str, vendor_ids: Iterable[str]) -> set[str]:
        """Those of a source's ids whose people are leads, or claimed by one, in any sprint: they need not be bought."""
        ids = list(dict.fromkeys(vendor_ids))
        found: set[str] = set()
        with told_without_values(f"looking up owned people of {source}"):
            for part in _parts(ids):
                names = {f"vendor:{source}:{each}": each for each in part}
                for lead in self._leads.find({"identity_keys": {"$in": list(names)}}, {"identity_keys": 1, "_id": 0}):
                    found.update(names[key] for key in lead["identity_keys"] if key in names)
                claims = {f"lead:profile:{source}:{each}": each for each in part}
                live = {"_id": {"$in": list(claims)}, "expires_at": {"$gt": now()}}
                found.update(claims[each["_id"]] for each in self._claims.find(live, {"_id": 1}))
        return found

    def mark_synced(self, lead_ids: Iterable[str], at: datetime | None = None, *, synced: bool = True) -> int:
        """Say that the CRM holds these leads (or no longer does). Returns how many of them are stored."""
        wanted = list(lead_ids)
        change = {"$set": {"crm_synced": synced, "crm_sync_date": (at or now()) if synced else None}}

        def mark() -> int:
            with told_without_values("marking leads as synced"):
                parts = ({"_id": {"$in": part}} for part in _parts(wanted))
                return sum(self._leads.update_many(part, change).matched_count for part in parts)

        return repeated(mark)

    def iterate(
        self,
        sprint: str,
        projection: Mapping[str, Any] | Sequence[str] | None = None,
        *,
        is_qualified: bool | None = None,
        crm_synced: bool | None = None,
    ) -> Iterator[Document]:
        """The leads of a sprint, all or those in a state, by lead id."""
        query: Document = {"sprint": sprint}
        if is_qualified is not None:
            query["is_qualified"] = is_qualified
        if crm_synced is not None:
            query["crm_synced"] = crm_synced
        with told_without_values(f"reading the leads of {sprint}"):
            yield from self._leads.find(query, projection).sort("lead_id").hint([("sprint", 1), ("lead_id", 1)])

    def collected_between(self, start: datetime, end: datetime) -> Iterator[Document]:
        """Leads of all sprints collected in [start, end), oldest first (PHX-07)."""
        with told_without_values("reading leads by date"):
            query = {"data_collected_date": {"$gte": start, "$lt": end}}
            yield from self._leads.find(query).sort("data_collected_date")

    def get(self, lead_ids: Iterable[str]) -> dict[str, Document]:
        """{lead_id: document} of those that are stored."""
        found: dict[str, Document] = {}
        with told_without_values("reading leads"):
            for part in _parts(list(lead_ids)):
                found |= {each["_id"]: each for each in self._leads.find({"_id": {"$in": part}})}
        return found

    def with_keys(self, keys: Iterable[str]) -> list[Document]:
        """Leads that carry any of the exact keys ("kind:key"): how a person is found for access or erasure."""
        with told_without_values("finding leads by key"):
            return list(self._leads.find({"identity_keys": {"$in": list(keys)}}))

    def delete(self, lead_ids: Iterable[str]) -> int:
        """Erase leads. Returns how many there were."""
        with told_without_values("deleting leads"):
            return self._leads.delete_many({"_id": {"$in": list(lead_ids)}}).deleted_count

    def ids(self, sprint: str) -> set[str]:
        """Ids of the sprint's stored leads."""
        with told_without_values(f"reading the lead ids of {sprint}"):
            return {each["lead_id"] for each in self._leads.find({"sprint": sprint}, {"_id": 0, "lead_id": 1})}

    def count(self, sprint: str, *, is_qualified: bool | None = None, crm_synced: bool | None = None) -> int:
        """How many leads of a sprint are stored, of all or of those in a state."""
        query: Document = {"sprint": sprint, "is_qualified": {"$in": _either(is_qualified)}}
        with told_without_values(f"counting the leads of {sprint}"):
            return self._leads.count_documents(query | {"crm_synced": {"$in": _either(crm_synced)}})

    def counts_by(self, sprint: str, name: Literal["segment", "data_source"]) -> dict[str, int]:
        """{segment or source: stored leads}."""
        steps: list[Document] = [
            {"$match": {"sprint": sprint}},
            {"$group": {"_id": f"${name}", "leads": {"$sum": 1}}},
        ]
        hint = [("sprint", 1), ("segment", 1), ("data_source", 1)]
        with told_without_values(f"counting the leads of {sprint}"):
            return {each["_id"]: each["leads"] for each in self._leads.aggregate(steps, hint=dict(hint))}

    def scores(self, sprint: str, width: int = 10) -> dict[int, int]:
        """Histogram of quality scores, {lower end: leads}, read from the index alone; unscored leads are left out."""
        low = {"$multiply": [{"$floor": {"$divide": ["$data_quality_score", width]}}, width]}
        steps: list[Document] = [
            {
                "$match": {
                    "sprint": sprint,
                    "is_qualified": {"$in": [False, True]},
                    "crm_synced": {"$in": [False, True]},
                }
            },
            {"$match": {"data_quality_score": {"$gte": 0}}},
            {"$group": {"_id": {"$min": [low, 100 - width]}, "leads": {"$sum": 1}}},
        ]
        with told_without_values(f"reading the scores of {sprint}"):
            found = {int(each["_id"]): each["leads"] for each in self._leads.aggregate(steps)}
        return dict(sorted(found.items()))

    def _owner(self, name: str, value: Any) -> str | None:
        """Who holds a unique value. The type must be part of the query, or the partial index is not used."""
        query: Document = {name: {"$eq": value, "$type": "string"}}
        if name == "email":
            query["email_is_key"] = True
        with told_without_values("looking up the owner of a key"):
            found = self._leads.find_one(query, {"_id": 1})
        return str(found["_id"]) if found else None


def _either(value: bool | None) -> list[bool]:
    return [False, True] if value is None else [value]


def _parts(values: Iterable[str]) -> Iterator[list[str]]:
    given = list(values)
    for start in range(0, len(given), _CHUNK):
        yield given[start : start + _CHUNK]
