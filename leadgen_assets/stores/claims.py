"""Who got to a person first (REQ-008, REQ-010, TL-03): a page of leads claims all its keys in one atomic call.

Redis decides as long as it is there; every claim is written to MongoDB as well, so that an eviction, a flush or an
outage changes how long the answer takes, never the answer.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, cast

import redis
from redis.exceptions import RedisError

from leadgen_assets.stores.claim_page import Claim, Group, LeadKey, unite
from leadgen_assets.stores.lead_keys import LeadKeys
from leadgen_assets.stores.mongo import MongoDatabase, now
from leadgen_assets.stores.resource_text import packaged_text

log = logging.getLogger(__name__)

LIFETIME = timedelta(days=7)
REST = 5.0
"""Seconds for which an absent Redis is left alone: a frozen one would make every page wait for it."""

__all__ = ["Claim", "ClaimIndex", "ClaimResult", "LeadKey"]


@dataclass(frozen=True)
class ClaimResult:
    """{lead_id: lead_id of the owner} for every lead of the page, and which server answered."""

    owners: dict[str, str]
    via: Literal["redis", "mongo"]

    def is_duplicate(self, lead_id: str) -> bool:
        """Whether somebody else came first."""
        return self.owners[lead_id] != lead_id

    @property
    def duplicates(self) -> dict[str, str]:
        """{lead_id: owner} of the duplicates only."""
        return {lead: owner for lead, owner in self.owners.items() if lead != owner}


@dataclass(frozen=True)
class _Answer:
    """What the script said: owner of each group, holder of each key, the keys it set."""

    owners: list[str]
    holders: dict[str, str]
    fresh: set[str]


class ClaimIndex:
    """Claims over Redis with MongoDB behind it. `redis` may be None: then MongoDB alone answers."""

    def __init__(self, redis: redis.Redis | None, db: MongoDatabase, lifetime: timedelta = LIFETIME) -> None:
        self._redis = redis
        self._lifetime_ms = int(lifetime.total_seconds() * 1000)
        self._memory = LeadKeys(db, lifetime)
        self._script = redis.register_script(packaged_text("claim_page.lua")) if redis is not None else None
        self._is_away = False
        self._away_until = 0.0

    def claim(self, claims: Sequence[Claim]) -> ClaimResult:
        """Claim every key of a page of leads, all or nothing, and say who owns each lead.

        Leads that share a key within the page are one person, owned by the smallest lead id. Free keys of a duplicate
        go to the owner of the person. Claiming the same page again gives the same answer. Raises `StoreUnavailable`
        when MongoDB is away; repeating the page is then safe.
        """
        groups = unite(claims)
        keyed = [group for group in groups if group.keys]
        owners = {member: group.members[0] for group in groups if not group.keys for member in group.members}
        via: Literal["redis", "mongo"] = "redis"
        found = self._in_redis(keyed)
        if found is None:
            via, found = "mongo", self._owners_of(keyed, self._memory.claim(keyed) if keyed else {})
        for group, owner in zip(keyed, found, strict=True):
            owners.update(dict.fromkeys(group.members, owner))
        return ClaimResult({claim.lead_id: owners[claim.lead_id] for claim in claims}, via)

    def forget(self, lead_ids: Sequence[str]) -> None:
        """Give up the claims of some leads, here and there (erasure, a discarded rehearsal)."""
        keys = self._memory.forget(lead_ids)
        if self._redis is not None and keys:
            self._redis.delete(*keys)

    def _in_redis(self, groups: list[Group]) -> list[str] | None:
        """Owner of each group by Redis; None while it is away."""
        if self._redis is None or time.monotonic() < self._away_until:
            return None
        keys = [key for group in groups for key in group.keys]
        try:
            if not keys:
                self._redis.ping()
                return []
            lost = [
                key for key, value in zip(keys, cast(list[Any], self._redis.mget(keys)), strict=True) if value is None
            ]
            answer = self._run_script(groups, keys, lost)
        except RedisError as error:
            self._tell_once(error)
            return None
        self._note_return()
        # MongoDB has the last word: somebody may claim there who does not see this Redis.
        old = {key: holder for key, holder in answer.holders.items() if key not in answer.fresh}
        fresh = {key: answer.holders[key] for key in answer.fresh}
        if self._memory.confirm(old) and self._memory.remember(fresh):
            return answer.owners
        return self._settled_by_mongo(groups, keys, fresh)

    def _run_script(self, groups: list[Group], keys: list[str], lost: list[str]) -> _Answer:
        position = {key: at for at, key in enumerate(keys, start=1)}
        moment = now()
        known = {
            str(position[key]): [owner, max(1, int((until - moment).total_seconds() * 1000))]
            for key, (owner, until) in (self._memory.holders(lost) if lost else {}).items()
        }
        page = {"groups": [[group.members, [position[key] for key in group.keys]] for group in groups], "known": known}
        assert self._script is not None  # noqa: S101 - there is a script when there is a client
        owners, holders, fresh = cast(
            tuple[list[Any], list[Any], list[int]],
            self._script(keys=keys, args=[self._lifetime_ms, json.dumps(page, ensure_ascii=False)]),
        )
        held = dict(zip(keys, map(_text, holders), strict=True))
        return _Answer([_text(owner) for owner in owners], held, {keys[at - 1] for at in fresh})

    def _settled_by_mongo(self, groups: list[Group], keys: list[str], tentative: dict[str, str]) -> list[str]:
        """Somebody claimed in MongoDB while Redis was away from them: MongoDB's answer holds, Redis is put right."""
        by_key = self._memory.claim(groups, tentative)
        until = {key: ends for key, (_, ends) in self._memory.holders(keys).items()}
        try:
            assert self._redis is not None  # noqa: S101 - only called after Redis has answered
            pipeline = self._redis.pipeline(transaction=False)
            for key, owner in by_key.items():
                if key in until:
                    pipeline.set(key, owner, px=max(1, int((until[key] - now()).total_seconds() * 1000)))
            pipeline.execute()
        except RedisError as error:
            self._tell_once(error)
        return self._owners_of(groups, by_key)

    @staticmethod
    def _owners_of(groups: list[Group], by_key: dict[str, str]) -> list[str]:
        return [group.owner(by_key) for group in groups]

    def _tell_once(self, error: RedisError) -> None:
        if not self._is_away:
            log.warning("Redis is away (%s); MongoDB answers duplicate checks until it is back", type(error).__name__)
        self._is_away = True
        self._away_until = time.monotonic() + REST

    def _note_return(self) -> None:
        """What was claimed meanwhile needs no copying: a key that Redis lacks is looked up in MongoDB, one that it has is
        confirmed there."""
        if self._is_away:
            log.warning("Redis is back and answers duplicate checks again")
        self._is_away = False


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
