"""MongoDB's side of the claim index: every claim is remembered here, and made here while Redis is away (TL-03).

Collection `lead_keys`: {_id: key name, lead_id, expires_at}.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from pymongo import InsertOne, UpdateOne
from pymongo.errors import DuplicateKeyError

from leadgen_assets.stores import bulk
from leadgen_assets.stores.claim_page import Group
from leadgen_assets.stores.errors import StoreUnavailable, told_without_values
from leadgen_assets.stores.mongo import MongoDatabase, collection, now

_LOCK = "lead_keys"
_LEASE = timedelta(seconds=10)
_LOCK_PATIENCE = 60.0
_LOCK_PAUSE = 0.005
_CHUNK = 5000
_ATTEMPTS = 5


class LeadKeys:
    """Owners of keys in MongoDB. A claim lives as long as its twin in Redis."""

    def __init__(self, db: MongoDatabase, lifetime: timedelta) -> None:
        self._keys = collection(db, "lead_keys")
        self._locks = collection(db, "locks")
        self._lifetime = lifetime

    def holders(self, keys: Sequence[str]) -> dict[str, tuple[str, datetime]]:
        """{key: (owner, when the claim ends)} of those keys that are claimed now."""
        found: dict[str, tuple[str, datetime]] = {}
        for start in range(0, len(keys), _CHUNK):
            wanted = {"_id": {"$in": list(keys[start : start + _CHUNK])}}
            with told_without_values("looking up lead keys"):
                for each in self._keys.find(wanted, {"lead_id": 1, "expires_at": 1}):
                    found[each["_id"]] = (each["lead_id"], each["expires_at"])
        moment = now()
        expired = [key for key, (_, until) in found.items() if until <= moment]
        if expired:
            # MongoDB deletes them within a minute; a claim in that minute must find them free.
            with told_without_values("forgetting expired lead keys"):
                self._keys.delete_many({"_id": {"$in": expired}, "expires_at": {"$lte": moment}})
        return {key: value for key, value in found.items() if value[1] > moment}

    def remember(self, owners: Mapping[str, str]) -> bool:
        """Write down who claimed which key. False when one of them belongs to somebody else here already."""
        if not owners:
            return True
        until = now() + self._lifetime
        # most keys are new, and inserting them costs MongoDB a quarter of what upserting does
        writes = [InsertOne({"_id": key, "lead_id": owner, "expires_at": until}) for key, owner in owners.items()]
        if bulk.write(self._keys, writes).inserted == len(owners):
            return True
        held = self.holders(list(owners))
        return all(held.get(key, ("", until))[0] == owner for key, owner in owners.items())

    def confirm(self, owners: Mapping[str, str]) -> bool:
        """Whether MongoDB agrees who holds these keys; what it does not know it learns."""
        held = self.holders(list(owners)) if owners else {}
        if any(held[key][0] != owner for key, owner in owners.items() if key in held):
            return False
        return self.remember({key: owner for key, owner in owners.items() if key not in held})

    def claim(self, groups: Sequence[Group], tentative: Mapping[str, str] | None = None) -> dict[str, str]:
        """Claim a page here, one page at a time over all processes. Returns the owner of every key of the page.

        `tentative` is what this page itself wrote a moment ago, {key: owner}; it gives way to an older claim.
        """
        keys = [key for group in groups for key in group.keys]
        written = dict(tentative or {})
        with self._alone():
            for _ in range(_ATTEMPTS):
                held = {key: owner for key, (owner, _) in self.holders(keys).items()}
                firm = {key: owner for key, owner in held.items() if written.get(key) != owner}
                owners = {key: firm.get(key, group.owner(firm)) for group in groups for key in group.keys}
                moved = {key: to for key, to in owners.items() if key in held and held[key] != to}
                bulk.write(self._keys, [UpdateOne({"_id": k}, {"$set": {"lead_id": to}}) for k, to in moved.items()])
                fresh = {key: owner for key, owner in owners.items() if key not in held}
                if not fresh or self.remember(fresh):
                    return owners
                # A page that still sees Redis needs no lock and was faster: decide again with what it wrote.
                written.update(fresh | moved)
        raise StoreUnavailable("the claims of this page keep changing; repeat the page")

    def forget(self, lead_ids: Sequence[str]) -> list[str]:
        """Delete the claims of some leads; returns the keys they held."""
        with told_without_values("forgetting the keys of leads"):
            keys = [each["_id"] for each in self._keys.find({"lead_id": {"$in": list(lead_ids)}}, {"_id": 1})]
            self._keys.delete_many({"lead_id": {"$in": list(lead_ids)}})
        return keys

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock for one page. A holder that died frees it by the lease."""
        token = uuid.uuid4().hex
        with told_without_values("locking the claim index"):
            # looks are counted, not seconds: one of them may have waited for MongoDB
            for _ in range(int(_LOCK_PATIENCE / _LOCK_PAUSE)):
                if self._take(token):
                    break
                time.sleep(_LOCK_PAUSE)
            else:
                raise StoreUnavailable(f"the claim index stayed locked for {_LOCK_PATIENCE:.0f} s; repeat the page")
        try:
            yield
        finally:
            with told_without_values("unlocking the claim index"):
                self._locks.delete_one({"_id": _LOCK, "holder": token})

    def _take(self, token: str) -> bool:
        moment = now()
        try:
            self._locks.update_one(
                {"_id": _LOCK, "until": {"$lte": moment}},
                {"$set": {"holder": token, "until": moment + _LEASE}},
                upsert=True,
            )
        except DuplicateKeyError:
            return False
        return True
