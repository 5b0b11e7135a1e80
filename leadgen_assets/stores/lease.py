"""Who does what only one may do: a lease in Redis, in MongoDB while Redis is away, on this machine while both are.

Keys: `leadgen:desk:lock:{what}` in Redis, documents of the collection `locks` in MongoDB.
"""

from __future__ import annotations

import logging
import os
import socket
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pymongo
import redis
from filelock import FileLock, Timeout
from pymongo.errors import DuplicateKeyError
from redis.exceptions import RedisError

from leadgen_assets.stores.errors import StoreError, told_without_values
from leadgen_assets.stores.mongo import MongoDatabase, collection, now

log = logging.getLogger(__name__)

PREFIX = "leadgen:desk:lock"
SECONDS = 15.0
_MONGO_PATIENCE = 3

_TAKE = """
if redis.call('GET', KEYS[1]) == ARGV[1] or redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1
end
return 0
"""
_GIVE_BACK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


def _holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@dataclass
class Lease:
    """The right to do `what` for some seconds, renewed each time it is asked for. One object a holder."""

    what: str
    client: redis.Redis
    db: MongoDatabase
    home: Path
    seconds: float = SECONDS
    holder: str = field(default_factory=_holder)
    _file: FileLock | None = field(default=None, init=False, repr=False)

    def take(self) -> bool:
        """Whether it is ours from now on for `seconds`; asking again in time keeps it. Never raises."""
        try:
            held = bool(self.client.eval(_TAKE, 1, f"{PREFIX}:{self.what}", self.holder, int(self.seconds * 1000)))
        except (RedisError, OSError):
            held = self._take_in_mongo()
        else:
            self._leave_file()
        return held

    def give_back(self) -> None:
        """Let another one have it at once."""
        self._leave_file()
        try:
            self.client.eval(_GIVE_BACK, 1, f"{PREFIX}:{self.what}", self.holder)
        except (RedisError, OSError):
            log.debug("the lease of %s ends by itself", self.what)

    def _take_in_mongo(self) -> bool:
        mine_or_over = {"$or": [{"holder": self.holder}, {"expires_at": {"$lte": now()}}]}
        until = now() + timedelta(seconds=self.seconds)
        try:
            with pymongo.timeout(_MONGO_PATIENCE), told_without_values(f"taking the lease of {self.what}"):
                try:
                    collection(self.db, "locks").find_one_and_update(
                        {"_id": f"desk:{self.what}", **mine_or_over},
                        {"$set": {"holder": self.holder, "expires_at": until}},
                        upsert=True,
                    )
                except DuplicateKeyError:
                    return False
        except StoreError:
            return self._take_on_this_machine()
        self._leave_file()
        return True

    def _take_on_this_machine(self) -> bool:
        """Both stores are away: one process of this machine goes on, until one of them is back."""
        if self._file is not None:
            return True
        file = FileLock(self.home / f"desk-{self.what}.lock")
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            file.acquire(timeout=0)
        except (Timeout, OSError):
            return False
        self._file = file
        return True

    def _leave_file(self) -> None:
        if self._file is not None:
            self._file.release()
            self._file = None
