"""How complete leads replace provisional ones, in bulk and repeatably.

The difficulty is that unique values move between leads when records are merged: a lead that takes over an address can
be written before the lead that gives it up. So whatever is refused as a duplicate first gives up its own stored
values and is then written again; what is refused once more is held by a lead that keeps it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import bson
from bson.errors import BSONError
from pymongo import UpdateOne

from leadgen_assets.stores import bulk
from leadgen_assets.stores.documents import STORE_FIELDS
from leadgen_assets.stores.errors import StoreError, told_without_values
from leadgen_assets.stores.mongo import Document, MongoCollection, now

CONFLICT = "identity_conflict"
_CHUNK = 5000


@dataclass
class Published:
    """What a publication did. Every given lead is in exactly one of inserted, changed, unchanged, duplicates, rejected;
    `conflicts` are among the stored ones."""

    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    removed_synced: list[str] = field(default_factory=list)
    """Removed leads that the CRM holds: it must be told."""
    conflicts: list[str] = field(default_factory=list)
    """Stored with an address that another lead has too: it is no key of theirs now, and they carry the flag."""
    duplicates: dict[str, str] = field(default_factory=dict)
    """{lead_id: field}: not stored, a lead outside of this publication holds the value (the LinkedIn URL)."""
    rejected: dict[str, str] = field(default_factory=dict)
    """{lead_id: first field that the database does not accept}: not stored."""


def publish(
    leads: MongoCollection, documents: Sequence[Document], sprint: str, removed_ids: Iterable[str] = ()
) -> Published:
    """Remove the losers, then insert or replace the given leads by their ids.

    Keeps created_at and what the CRM sync wrote; leaves unchanged leads alone, so publishing again writes nothing.
    `removed_ids` that are among the documents or belong to another sprint are not removed. Raises `StoreError` when
    the database refuses for a reason that is not a document's.
    """
    result = Published()
    _remove(leads, sprint, set(removed_ids) - {each["_id"] for each in documents}, result)
    shared = _shared_addresses(documents)
    wanted = {}
    for document in documents:
        body = {name: value for name, value in document.items() if name not in STORE_FIELDS}
        wanted[document["_id"]] = _without_key(body) if body.get("email") in shared else body
    hashes, broken = _hashes(wanted)
    result.rejected |= broken
    result.unchanged = _drop_unchanged(leads, wanted, hashes)
    refused = _write(leads, wanted, hashes, result)
    if refused:
        _give_up_values(leads, list(refused))
        refused = _write(leads, {lead: wanted[lead] for lead in refused}, hashes, result)
    if refused:
        result.duplicates |= {lead: name for lead, name in refused.items() if name != "email"}
        conflicting = {lead: _without_key(wanted[lead]) for lead, name in refused.items() if name == "email"}
        # the hash stays that of what was asked for: asking again must not rewrite it
        result.duplicates |= _write(leads, conflicting, hashes, result)
    result.conflicts = sorted(_conflicts(leads, documents))
    return result


def _remove(leads: MongoCollection, sprint: str, ids: set[str], result: Published) -> None:
    doomed = sorted(ids)
    with told_without_values("removing merged leads"):
        for start in range(0, len(doomed), _CHUNK):
            query = {"_id": {"$in": doomed[start : start + _CHUNK]}, "sprint": sprint}
            result.removed_synced += [each["_id"] for each in leads.find(query | {"crm_synced": True}, {"_id": 1})]
            result.removed += leads.delete_many(query).deleted_count


def _shared_addresses(documents: Sequence[Document]) -> set[str]:
    """Addresses that more than one of the leads would have as a key: a key of none, whatever the order."""
    carried = Counter(each["email"] for each in documents if each.get("email_is_key") and each.get("email"))
    return {address for address, carriers in carried.items() if carriers > 1}


def _without_key(body: Document) -> Document:
    flags = list(body.get("flags") or [])
    return {**body, "email_is_key": False, "flags": flags if CONFLICT in flags else [*flags, CONFLICT]}


def _hashes(wanted: dict[str, Document]) -> tuple[dict[str, str], dict[str, str]]:
    """Content hash by lead, and the leads that cannot be encoded (taken out of `wanted`)."""
    hashes, broken = {}, {}
    for lead, body in wanted.items():
        try:
            hashes[lead] = blake2b(bson.encode(body), digest_size=16).hexdigest()
        except (BSONError, OverflowError, UnicodeEncodeError, TypeError):
            broken[lead] = "_id"
    for lead in broken:
        del wanted[lead]
    return hashes, broken


def _drop_unchanged(leads: MongoCollection, wanted: dict[str, Document], hashes: dict[str, str]) -> int:
    ids, unchanged = list(wanted), []
    with told_without_values("comparing stored leads"):
        for start in range(0, len(ids), _CHUNK):
            stored = leads.find({"_id": {"$in": ids[start : start + _CHUNK]}}, {"content_hash": 1})
            unchanged += [each["_id"] for each in stored if each.get("content_hash") == hashes[each["_id"]]]
    for lead in unchanged:
        del wanted[lead]
    return len(unchanged)


def _write(
    leads: MongoCollection, bodies: dict[str, Document], hashes: dict[str, str], result: Published
) -> dict[str, str]:
    """Upsert bodies by id; returns {lead_id: field} of those refused as duplicates."""
    moment = now()
    fresh = {"created_at": moment, "crm_synced": False, "crm_sync_date": None}
    ids = list(bodies)
    writes = [
        UpdateOne(
            {"_id": lead},
            {"$set": {**bodies[lead], "content_hash": hashes[lead], "updated_at": moment}, "$setOnInsert": fresh},
            upsert=True,
        )
        for lead in ids
    ]
    outcome = bulk.write(leads, writes)
    result.inserted += outcome.upserted
    result.changed += outcome.matched
    if outcome.of_kind("other"):
        raise StoreError(f"{len(outcome.of_kind('other'))} leads could not be written; publish again")
    result.rejected |= {ids[each.position]: each.field for each in outcome.of_kind("validation", "unencodable")}
    return {ids[each.position]: each.field for each in outcome.of_kind("duplicate_key")}


def _give_up_values(leads: MongoCollection, ids: list[str]) -> None:
    with told_without_values("freeing the keys of leads"):
        freed = {"linkedin_url": None, "email_is_key": False, "content_hash": None}
        leads.update_many({"_id": {"$in": ids}}, {"$set": freed})


def _conflicts(leads: MongoCollection, documents: Sequence[Document]) -> set[str]:
    """Leads that were to have their address as a key and are stored without."""
    wanted = [each["_id"] for each in documents if each.get("email_is_key")]
    found: set[str] = set()
    with told_without_values("reading address conflicts"):
        for start in range(0, len(wanted), _CHUNK):
            query = {"_id": {"$in": wanted[start : start + _CHUNK]}, "email_is_key": False}
            found |= {each["_id"] for each in leads.find(query, {"_id": 1})}
    return found
