"""How complete leads replace provisional ones, in bulk and repeatably.

The difficulty is that unique values move between leads when records are merged: a lead that takes over an address can
be written before the lead that gives it up. So whatever is refused as a duplicate first gives up its own stored
values and is then written again; what is refused once more is held by a lead that keeps it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from itertools import islice
from typing import Any

import bson
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import InsertOne, UpdateOne

from leadgen_assets.stores import bulk
from leadgen_assets.stores.documents import STORE_FIELDS, FrameDocuments, key_address
from leadgen_assets.stores.errors import StoreError, told_without_values
from leadgen_assets.stores.mongo import Document, MongoCollection, now
from leadgen_assets.stores.presence import repeated

CONFLICT = "identity_conflict"
_CHUNK = 1000
"""Leads that are made into documents, compared and written at a time."""
_WRITERS = 3
"""Chunks at once: while MongoDB writes one, the next is made."""


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

    def add(self, part: Published) -> None:
        """Count a part of the publication in; its leads are others than those counted so far."""
        self.inserted += part.inserted
        self.changed += part.changed
        self.unchanged += part.unchanged
        self.duplicates |= part.duplicates
        self.rejected |= part.rejected


def publish(
    leads: MongoCollection, documents: Sequence[Document], sprint: str, removed_ids: Iterable[str] = ()
) -> Published:
    """Remove the losers, then insert or replace the given leads by their ids.

    Keeps created_at and what the CRM sync wrote; leaves unchanged leads alone, so publishing again writes nothing.
    `documents` is read a chunk at a time, so it may make them as they are asked for (`FrameDocuments`).
    `removed_ids` that are among the documents or belong to another sprint are not removed. Raises `StoreError` when
    the database refuses for a reason that is not a document's.
    """
    result = Published()
    given = documents.addresses() if isinstance(documents, FrameDocuments) else _addresses(documents)
    _remove(leads, sprint, set(removed_ids) - {lead for lead, _ in given}, result)
    carriers = Counter(address for _, address in given if address is not None)
    # A key of none, whatever the order.
    shared = {address for address, times in carriers.items() if times > 1}
    refused, unkeyed = _write_all(leads, documents, shared, result)
    if refused:
        repeated(partial(_give_up_values, leads, sorted(refused)))
        rows = [row for row, (lead, _) in enumerate(given) if lead in refused]
        for start in range(0, len(rows), _CHUNK):
            _write_again(leads, _at(documents, rows[start : start + _CHUNK]), shared, result)
    doubtful = {*refused, *result.duplicates, *result.rejected}
    asked = [lead for lead, address in given if address is not None and (address in shared or lead in doubtful)]
    result.conflicts = sorted({*_stored_without_key(leads, asked), *unkeyed})
    return result


def _addresses(documents: Sequence[Document]) -> list[tuple[str, str | None]]:
    return [(each["_id"], key_address(each)) for each in documents]


def _at(documents: Sequence[Document], rows: list[int]) -> list[Document]:
    return documents.at(rows) if isinstance(documents, FrameDocuments) else [documents[row] for row in rows]


def _write_all(
    leads: MongoCollection, documents: Sequence[Document], shared: set[str], result: Published
) -> tuple[set[str], set[str]]:
    """Write every lead that differs from what is stored, several chunks at a time.

    Returns those refused as duplicates, and those that are stored as asked for before, but without their key.
    """
    refused: set[str] = set()
    unkeyed: set[str] = set()
    chunks = iter(range(0, len(documents), _CHUNK))

    def write(start: int) -> tuple[Published, set[str], set[str]]:
        return _write_chunk(leads, documents[start : start + _CHUNK], shared)

    with ThreadPoolExecutor(_WRITERS) as pool:
        # Never more chunks than writers: what waits in a queue would be held in memory.
        running = [pool.submit(write, start) for start in islice(chunks, _WRITERS)]
        while running:
            part, again, without = running.pop(0).result()
            running += [pool.submit(write, start) for start in islice(chunks, 1)]
            result.add(part)
            refused |= again
            unkeyed |= without
    return refused, unkeyed


def _write_chunk(
    leads: MongoCollection, documents: Sequence[Document], shared: set[str]
) -> tuple[Published, set[str], set[str]]:
    part = Published()
    wanted = _wanted(documents, shared, part)
    stored = _stored(leads, wanted)
    same = [lead for lead, each in stored.items() if each.get("content_hash") == wanted[lead].hash]
    unkeyed = {lead for lead in same if wanted[lead].has_key and stored[lead].get("email_is_key") is False}
    part.unchanged = len(same)
    for lead in same:
        del wanted[lead]
    refused = _write(leads, wanted, part, absent=wanted.keys() - stored.keys())
    return part, set(refused), unkeyed


def _write_again(leads: MongoCollection, documents: list[Document], shared: set[str], result: Published) -> None:
    """Leads that were refused, now that all of them have given up their values: what is refused again stays so."""
    wanted = _wanted(documents, shared, result)
    refused = _write(leads, wanted, result)
    if refused:
        result.duplicates |= {lead: name for lead, name in refused.items() if name != "email"}
        conflicting = [each for each in documents if refused.get(each["_id"]) == "email"]
        # the hash stays that of what was asked for: asking again must not rewrite it
        without = {
            each["_id"]: replace(_body(_without_key(each)), hash=wanted[each["_id"]].hash) for each in conflicting
        }
        result.duplicates |= _write(leads, without, result)


@dataclass(frozen=True)
class _Body:
    """A lead as it is to be stored, encoded once: for its hash and for the wire."""

    encoded: bytes
    hash: str
    has_key: bool

    def fields(self, **more: Any) -> RawBSONDocument:
        """The body with further fields, ready to be sent."""
        end = bson.encode(more)[4:]
        fields = self.encoded[4:-1] + end
        return RawBSONDocument((len(fields) + 4).to_bytes(4, "little") + fields)


def _wanted(documents: Sequence[Document], shared: set[str], result: Published) -> dict[str, _Body]:
    """Body by lead. Those that cannot be encoded are rejected."""
    wanted: dict[str, _Body] = {}
    for document in documents:
        try:
            is_shared = document.get("email") in shared
            wanted[document["_id"]] = _body(_without_key(document) if is_shared else document)
        except (BSONError, OverflowError, UnicodeEncodeError, TypeError):
            result.rejected[document["_id"]] = "_id"
    return wanted


def _body(document: Document) -> _Body:
    encoded = bson.encode({name: value for name, value in document.items() if name not in STORE_FIELDS})
    return _Body(encoded, blake2b(encoded, digest_size=16).hexdigest(), bool(document.get("email_is_key")))


def _stored(leads: MongoCollection, ids: Iterable[str]) -> dict[str, Document]:
    """What is needed to compare the leads that are there already."""
    with told_without_values("comparing stored leads"):
        found = leads.find({"_id": {"$in": list(ids)}}, {"content_hash": 1, "email_is_key": 1})
        return {each["_id"]: each for each in found}


def _remove(leads: MongoCollection, sprint: str, ids: set[str], result: Published) -> None:
    doomed = sorted(ids)
    for start in range(0, len(doomed), _CHUNK):
        query: Document = {"_id": {"$in": doomed[start : start + _CHUNK]}, "sprint": sprint}
        with told_without_values("reading merged leads"):
            result.removed_synced += [each["_id"] for each in leads.find(query | {"crm_synced": True}, {"_id": 1})]
        result.removed += repeated(partial(_delete, leads, query))


def _delete(leads: MongoCollection, query: Document) -> int:
    with told_without_values("removing merged leads"):
        return leads.delete_many(query).deleted_count


def _without_key(body: Document) -> Document:
    flags = list(body.get("flags") or [])
    return {**body, "email_is_key": False, "flags": flags if CONFLICT in flags else [*flags, CONFLICT]}


def _write(
    leads: MongoCollection, bodies: dict[str, _Body], result: Published, absent: Collection[str] = ()
) -> dict[str, str]:
    """Insert those bodies that are `absent`, upsert the others; returns {lead_id: field} of those refused as duplicates."""
    moment = now()
    fresh = {"created_at": moment, "crm_synced": False, "crm_sync_date": None}
    writes: list[InsertOne[Any] | UpdateOne] = []
    for lead, body in bodies.items():
        told = {"content_hash": body.hash, "updated_at": moment}
        if lead in absent:
            writes.append(InsertOne(body.fields(_id=lead, **told, **fresh)))
        else:
            writes.append(UpdateOne({"_id": lead}, {"$set": body.fields(**told), "$setOnInsert": fresh}, upsert=True))
    ids = list(bodies)
    outcome = bulk.write(leads, writes)
    result.inserted += outcome.upserted + outcome.inserted
    result.changed += outcome.matched
    if outcome.of_kind("other"):
        raise StoreError(f"{len(outcome.of_kind('other'))} leads could not be written; publish again")
    result.rejected |= {ids[each.position]: each.field for each in outcome.of_kind("validation", "unencodable")}
    return {ids[each.position]: each.field for each in outcome.of_kind("duplicate_key")}


def _give_up_values(leads: MongoCollection, ids: list[str]) -> None:
    with told_without_values("freeing the keys of leads"):
        freed = {"linkedin_url": None, "email_is_key": False, "content_hash": None}
        leads.update_many({"_id": {"$in": ids}}, {"$set": freed})


def _stored_without_key(leads: MongoCollection, ids: list[str]) -> set[str]:
    found: set[str] = set()
    with told_without_values("reading address conflicts"):
        for start in range(0, len(ids), _CHUNK):
            query = {"_id": {"$in": ids[start : start + _CHUNK]}, "email_is_key": False}
            found |= {each["_id"] for each in leads.find(query, {"_id": 1})}
    return found
