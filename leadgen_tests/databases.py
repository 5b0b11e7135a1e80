"""Databases for tests, used again and again: making one with its forty indexes takes longer than most tests do."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg2

from leadgen_assets.stores.lead_schema import SIDE_INDEXES
from leadgen_assets.stores.migrations import migrate, problems
from leadgen_assets.stores.mongo import LEADS

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.database import Database

_free: dict[tuple[str, int] | None, list[str]] = {}
"""Names of empty databases by server."""


@contextmanager
def lent_database(client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """An empty database with validator and indexes for one user at a time."""
    free = _free.setdefault(client.address, [])
    db = client[free.pop() if free else f"test_{uuid.uuid4().hex[:12]}"]
    migrate(db)
    yield db
    if _is_as_it_was_made(db):
        for name in (LEADS, *SIDE_INDEXES):
            db[name].delete_many({})
        free.append(db.name)
    else:
        client.drop_database(db.name)


def _is_as_it_was_made(db: Database[dict[str, Any]]) -> bool:
    """Whether the test has left collections and indexes alone."""
    names = {each for each in db.list_collection_names() if not each.startswith("system.")}
    return names == {LEADS, *SIDE_INDEXES} and not problems(db)


@contextmanager
def asking(pg_url: str) -> Iterator[Callable[..., Any]]:
    """Statements to a PostgreSQL, each done at once."""
    connection = psycopg2.connect(pg_url.replace("+psycopg2", ""))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor.execute
    finally:
        connection.close()


def own_names(*names: str) -> Callable[[str], str]:
    """Puts a mark of this test behind each of these words in a statement, so that tests share a PostgreSQL server."""
    mark = uuid.uuid4().hex[:8]
    words = re.compile(rf"\b({'|'.join(names)})(\w*)\b")
    return lambda statement: words.sub(rf"\1\2_{mark}", statement)
