"""Stores with a sprint on record, behind wires that can be cut."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pymongo
import pytest
from pymongo.uri_parser import parse_uri

from leadgen_assets.desk.state import StateReader, mongo_link, on_record, servers
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Sprint
from leadgen_assets.stores.migrations import migrate
from leadgen_assets.stores.mongo import connect, disconnect
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.raw_pages import RawPage, page_id
from leadgen_assets.stores.redis_connection import connect_redis
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_tests.lossy_link import LossyLink

KEY = "autumn"


def sprint(**changes: Any) -> Sprint:
    """Two segments at Apollo and one at ZoomInfo, 300 records."""
    content = {
        "name": KEY,
        "target": {"collected": 300, "unique": 200},
        "profile": {"titles": ["Media Buyer"]},
        "segments": [
            {"id": "apollo-1", "source": "apollo", "leads": 100},
            {"id": "apollo-2", "source": "apollo", "leads": 100},
            {"id": "zoominfo-1", "source": "zoominfo", "leads": 100},
        ],
        "enrichment": {"email": ["hunter"], "company": ["clearbit"], "verify": ["neverbounce"]},
        "budget": {"usd": 100},
        **changes,
    }
    return Sprint.model_validate(content)


@dataclass
class Office:
    """Stores, and what happens in a sprint, done as collectors do it."""

    stores: OpenStores
    settings: Settings
    mongo: LossyLink
    redis: LossyLink

    def open(self, *, running: bool = True, **changes: Any) -> str:
        """Put the sprint on record."""
        self.stores.book.open(KEY, sprint(**changes))
        if running:
            self.stores.book.set_state(KEY, SprintState.RUNNING)
        return KEY

    def page(self, segment: str, number: int, *, leads: int = 10, live: bool = True, **others: int) -> None:
        """A page landed and was accounted for; `live` says whether the counters have heard of it yet."""
        counts = {"delivered": leads + sum(others.values()), "leads": leads, "duplicates": 0, "suppressed": 0}
        counts |= {"quarantined": 0, **others}
        source = segment.partition("-")[0]
        records = [{"id": each} for each in range(counts["delivered"])]
        self.stores.raw_pages.land(RawPage(KEY, segment, source, number, records, {}, datetime.now(UTC)))
        self.stores.raw_pages.record_outcome(page_id(KEY, segment, number), counts)
        if live:
            self.hear(segment, **counts)

    def hear(self, segment: str, **counts: int) -> None:
        """The live counters hear of records."""
        self.stores.live.add(KEY, segment, counts)
        self.stores.live.flush()

    def pay(self, segment: str, vendor: str, operation: str, usd: str, *, settle: bool = True) -> None:
        """A paid call."""
        entry = f"{KEY}/{segment}/{vendor}/{operation}/{usd}"
        amount = Decimal(usd)
        self.stores.ledger.reserve(entry, KEY, segment, vendor, operation, 1, amount, Decimal(100))
        if settle:
            self.stores.ledger.settle(entry, Decimal(1), amount)

    def reader(self, **others: Any) -> StateReader:
        """A reader that has seen nothing yet."""
        return StateReader(self.stores, settings=self.settings, **others)


@pytest.fixture(scope="module")
def room(mongo_client: Any) -> Iterator[Any]:
    """A migrated database for all tests of a module, because migrating takes longer than any of them."""
    database = mongo_client[f"desk_{uuid.uuid4().hex[:12]}"]
    migrate(database)
    yield database
    mongo_client.drop_database(database.name)


@pytest.fixture
def office(room: Any, mongo_uri: str, redis_url: str, redis_client: Any, tmp_path: Path) -> Iterator[Office]:
    """Real, empty stores, each behind a wire."""
    for each in room.list_collections(filter={"type": "collection"}):
        if not each["name"].startswith("system."):
            room[each["name"]].delete_many({})
    parsed, redis = parse_uri(mongo_uri), urlsplit(redis_url)
    host, port = parsed["nodelist"][0]
    wires = LossyLink(host, port), LossyLink(str(redis.hostname), int(redis.port or 0))
    login = f"{parsed['username']}:{parsed['password']}@" if parsed["username"] else ""
    uri = f"mongodb://{login}127.0.0.1:{wires[0].port}/?directConnection=true&authSource=admin"
    db = connect(uri, room.name)
    client = connect_redis(redis_url.replace(f":{redis.port}", f":{wires[1].port}"))
    settings = Settings(_env_file=None, leadgen_home=tmp_path)
    yield Office(OpenStores(db, client, (tmp_path / "lake").as_uri()), settings, *wires)
    client.close()
    with pymongo.timeout(0.1):
        disconnect(db)
    for each in wires:
        each.cut()


@pytest.fixture
def hasty() -> Iterator[None]:
    """What is cached for seconds is read anew at every look."""
    with (
        patch.object(on_record, "RECORD_SECONDS", 0.0),
        patch.object(on_record, "FIGURES_SECONDS", 0.0),
        patch.object(mongo_link, "PATIENCE_SECONDS", 0.3),
        patch.object(servers, "SECONDS", 0.0),
    ):
        yield
