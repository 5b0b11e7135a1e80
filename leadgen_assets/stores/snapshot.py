"""All stores as they were at one moment: every read of a report sees the same data (OPS-02).

MongoDB keeps the moment (read concern "snapshot"), so nothing is copied and no writer waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, cast

from pymongo.client_session import ClientSession

from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import MongoDatabase, now
from leadgen_assets.stores.opened import OpenStores

_READS = frozenset({"find", "find_one", "aggregate", "count_documents", "distinct"})


@dataclass(frozen=True)
class Moment:
    """Stores to read from, and the time their figures are of."""

    stores: OpenStores
    at: datetime
    is_exact: bool
    """False where MongoDB has no snapshots (no replica set): figures were then read one after the other."""


@contextmanager
def moment(stores: OpenStores) -> Iterator[Moment]:
    """The stores as of now. MongoDB keeps a moment for five minutes; Redis and the lake are read as they are."""
    with told_without_values("reading the state of MongoDB"):
        has_snapshots = "setName" in (hello := stores.db.command("hello")) or hello.get("msg") == "isdbgrid"
    if not has_snapshots:
        yield Moment(stores, now(), is_exact=False)
        return
    with stores.db.client.start_session(snapshot=True) as session:
        frozen = cast(MongoDatabase, _Database(stores.db, session))
        with told_without_values("taking a moment of MongoDB"):
            # the first read decides which moment it is
            frozen.get_collection("sprints").find_one({}, {"_id": 1})
        yield Moment(replace(stores, db=frozen), now(), is_exact=True)


class _Database:
    """A database whose collections can be read only, all at the session's moment."""

    def __init__(self, db: MongoDatabase, session: ClientSession) -> None:
        self._db = db
        self._session = session
        self.name = db.name
        self.client = db.client

    def get_collection(self, name: str, **options: Any) -> _Collection:
        """As `Database.get_collection`."""
        return _Collection(self._db.get_collection(name, **options), self._session)

    def command(self, *args: Any, **options: Any) -> Any:
        """As `Database.command`: what the server says of itself is of now."""
        return self._db.command(*args, **options)

    def __getitem__(self, name: str) -> _Collection:
        return self.get_collection(name)


class _Collection:
    def __init__(self, collection: Any, session: ClientSession) -> None:
        self._collection = collection
        self._session = session
        self.name = collection.name

    def __getattr__(self, name: str) -> Any:
        if name not in _READS:
            raise AttributeError(f"{name}: stores of a moment can be read only")
        return partial(getattr(self._collection, name), session=self._session)
