"""People and companies that must not be contacted (NFR-011): keyed hashes only, so the list holds no personal data.

Collections `suppressions` and, in the same form, `do_not_sell`. The key is made once per database (`privacy_keys`), so
that a table of hashes of known addresses, or another database's list, matches nothing here.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import pandas as pd
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from leadgen_assets.stores import bulk
from leadgen_assets.stores.errors import StoreError, told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now

KINDS: tuple[str, ...] = ("email", "linkedin", "member", "vendor", "domain")
ERASED_REASON = "erased on request"
_CHUNK = 10_000
_ROWS = 20_000
"""Leads whose keys are held at a time."""
_SHORT = 500_000
"""Entries of a list that is read as a whole."""
_UNKEYED = {"keyed": {"$exists": False}}

Key = tuple[str, str]
"""(kind, canonical key of design.md)."""


@dataclass(frozen=True)
class Listed:
    """Why and since when a key is on the list; `is_erased` when its person was erased and must leave no new trace."""

    reason: str
    added_at: datetime
    is_erased: bool = False


def digest(kind: str, key: str) -> str:
    """SHA-256 of `kind:key`, the inner part of a hash. `ValueError` for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"cannot suppress by {kind!r}; use one of {', '.join(KINDS)}")
    return sha256(f"{kind}:{key}".encode("utf-8", "replace")).hexdigest()


class Suppressions:
    """The suppression list, or another list of the same form."""

    def __init__(self, db: MongoDatabase, name: str = "suppressions") -> None:
        self._hashes = collection(db, name)
        self._keys = collection(db, "privacy_keys")
        self._key: bytes | None = None

    def make_key(self) -> None:
        """Make the key of the database's lists, unless it has one."""
        self._known_key()

    def hash(self, kind: str, key: str) -> str:
        """HMAC-SHA-256 under the list's own key: what is stored. `ValueError` for an unknown kind."""
        return self._outer(digest(kind, key))

    def add(self, kind: str, key: str, reason: str) -> bool:
        """Suppress one canonical key. False when it was on the list already (its first reason stays)."""
        return self.add_many([(kind, key)], reason) == 1

    def add_many(self, keys: Iterable[Key], reason: str, *, erased: bool = False) -> int:
        """Suppress many (kind, canonical key); returns how many are new. `erased` says that the person was erased."""
        entry: Document = {"reason": reason, "added_at": now(), "keyed": 1}
        change: Document = {"$set": {"erased": True}} if erased else {}
        writes = [
            UpdateOne({"_id": self.hash(kind, key)}, {"$setOnInsert": {"kind": kind, **entry}, **change}, upsert=True)
            for kind, key in dict.fromkeys(keys)
        ]
        outcome = bulk.write(self._hashes, writes)
        if outcome.of_kind("validation", "unencodable", "other"):
            raise StoreError(f"{len(outcome.refused)} suppressions could not be stored; add them again")
        return outcome.upserted

    def add_hashes(self, hashes: Mapping[str, str], reason: str) -> int:
        """Put back {hash: kind} of erased people, from a record outside of the database. Returns how many are new."""
        entry: Document = {"reason": reason, "added_at": now(), "keyed": 1, "erased": True}
        writes = [
            UpdateOne({"_id": each}, {"$setOnInsert": {"kind": kind, **entry}}, upsert=True)
            for each, kind in hashes.items()
        ]
        return bulk.write(self._hashes, writes).upserted

    def look_up(self, keys: Iterable[Key], among: Collection[str] | None = None) -> dict[Key, Listed]:
        """Those of the (kind, canonical key) that are on the list, with what is known about it.

        `among`: all hashes of the list, where the caller has them; then only hits are asked for.
        """
        by_hash = self._hashed(keys, among)
        hashes, found = list(by_hash), {}
        with told_without_values("asking the suppression list"):
            for start in range(0, len(hashes), _CHUNK):
                for each in self._hashes.find({"_id": {"$in": hashes[start : start + _CHUNK]}}):
                    listed = Listed(each["reason"], each["added_at"], bool(each.get("erased")))
                    found[by_hash[each["_id"]]] = listed
        return found

    def suppressed(self, keys: Iterable[Key]) -> set[Key]:
        """Those of the (kind, canonical key) that are on the list."""
        return set(self.look_up(keys))

    def mask(self, leads: pd.DataFrame) -> pd.Series:
        """True for every lead that must not be contacted; index as given.

        Looks at those of the columns linkedin_url, linkedin_member, email (and its domain), company_domain, vendor_id
        with data_source that the frame has.
        """
        return self._mask(leads, self._listed_of(leads))

    def masks(self, leads: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
        """`mask`, and who of them was erased: of those nothing may be kept, raw records included."""
        listed = self._listed_of(leads)
        erased = {key: each for key, each in listed.items() if each.is_erased}
        return self._mask(leads, listed), self._mask(leads, erased)

    def count(self) -> int:
        """How many entries the list has; a go/no-go check wants more than none (TL-08)."""
        with told_without_values("counting the suppression list"):
            return self._hashes.estimated_document_count()

    def _listed_of(self, leads: pd.DataFrame) -> dict[Key, Listed]:
        """Keys of some leads that are on the list. Large frames are looked at in parts, and where the list is short
        enough, it is read once instead of being asked about millions of keys."""
        if not self._hashes_up_to(1):
            return {}
        everything = self._hashes_up_to(_SHORT + 1) if len(leads) > _ROWS else set()
        among = everything if 0 < len(everything) <= _SHORT else None
        found: dict[Key, Listed] = {}
        for part in _parts(leads):
            found |= self.look_up(_all_keys(part), among)
        return found

    def _hashes_up_to(self, number: int) -> set[str]:
        with told_without_values("reading the suppression list"):
            return {each["_id"] for each in self._hashes.find({}, {"_id": 1}).hint([("_id", 1)]).limit(number)}

    @staticmethod
    def _mask(leads: pd.DataFrame, listed: Mapping[Key, Any]) -> pd.Series:
        hits: list[bool] = []
        for part in _parts(leads) if listed else ():
            hits += [any(key in listed for key in row) for row in zip(*_lead_keys(part), strict=True)]
        return pd.Series(hits or [False] * len(leads), index=leads.index, dtype=bool)

    def _outer(self, inner: str) -> str:
        return hmac.digest(self._known_key(), inner.encode(), "sha256").hex()

    def _hashed(self, keys: Iterable[Key], among: Collection[str] | None) -> dict[str, Key]:
        """{hash: key}, as `hash` makes them, of those in `among`; a third of the time of deduplication was spent here.

        HMAC spelled out: both of its hashes go on from where the key has brought them, which takes half of the time.
        """
        inner, outer = _keyed(self._known_key())
        found: dict[str, Key] = {}
        for each in keys:
            first, second = inner.copy(), outer.copy()
            first.update(digest(*each).encode())
            second.update(first.digest())
            sealed = second.hexdigest()
            if among is None or sealed in among:
                found[sealed] = each
        return found

    def _known_key(self) -> bytes:
        if self._key is None:
            self._key = self._own_key()
        return self._key

    def _own_key(self) -> bytes:
        """The list's key; the first one to ask makes it. All lists of a database share one."""
        with told_without_values("reading the key of the suppression list"):
            stored = self._keys.find_one({"_id": "suppressions"}) or self._made_key()
            key = bytes(stored["key"])
            if not stored.get("is_keyed_everywhere"):
                self._take_over_unkeyed(key)
        return key

    def _made_key(self) -> Document:
        fresh = {"$setOnInsert": {"key": secrets.token_bytes(32), "made_at": now()}}
        is_own = {"_id": "suppressions"}
        try:
            stored = self._keys.find_one_and_update(is_own, fresh, upsert=True, return_document=ReturnDocument.AFTER)
        except DuplicateKeyError:  # somebody else was faster
            stored = self._keys.find_one(is_own)
        if stored is None:
            raise StoreError("the key of the suppression list vanished while it was made; repeat")
        return stored

    def _take_over_unkeyed(self, key: bytes) -> None:
        """Entries of earlier versions are plain SHA-256; their keyed form is made from that, without the value."""
        lists = self._hashes.database
        for name in ("suppressions", "do_not_sell"):
            entries = collection(lists, name)
            for each in list(entries.find(_UNKEYED).hint([("added_at", 1)]) if _has_entries(entries) else ()):
                former = each.pop("_id")
                keyed = hmac.digest(key, former.encode(), "sha256").hex()
                entries.update_one({"_id": keyed}, {"$setOnInsert": {**each, "keyed": 1}}, upsert=True)
                entries.delete_one({"_id": former})
        self._keys.update_one({"_id": "suppressions"}, {"$set": {"is_keyed_everywhere": True}})


def _keyed(key: bytes) -> tuple[Any, Any]:
    """The inner and the outer hash of HMAC-SHA-256 after a key of at most a block (RFC 2104)."""
    block = key.ljust(sha256().block_size, b"\0")
    return sha256(bytes(each ^ 0x36 for each in block)), sha256(bytes(each ^ 0x5C for each in block))


def _has_entries(entries: Any) -> bool:
    return bool(entries.estimated_document_count())


def _parts(leads: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(leads), _ROWS):
        yield leads.iloc[start : start + _ROWS]


def _all_keys(leads: pd.DataFrame) -> set[Key]:
    return {key for keys in _lead_keys(leads) for key in keys if key is not None}


def _lead_keys(leads: pd.DataFrame) -> Iterable[list[Key | None]]:
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
