"""Redis goes away while a sprint is collected, and comes back empty: the same leads, duplicates and counts as with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from redis import Redis

from leadgen_assets.collection.ingest import ingest_pages
from leadgen_assets.collection.sources import mapper
from leadgen_assets.leads.counting import Counts
from leadgen_assets.leads.normalise import TargetProfile
from leadgen_assets.sandbox import apollo_records, zoominfo_records
from leadgen_assets.stores import claims
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.raw_pages import RawPage
from leadgen_assets.stores.redis_connection import connect_redis
from leadgen_tests.databases import lent_database
from leadgen_tests.lossy_link import LossyLink, link_to_redis
from leadgen_tests.sprint.plans import EAST, TITLES, WEST
from leadgen_tests.sprint.vendors import world

PROFILE = TargetProfile(titles=tuple(TITLES), countries=("US",), metros=(*EAST, *WEST))
A_PAGE = 20


@pytest.fixture(scope="module")
def pages() -> list[RawPage]:
    """Two vendors' records in turn, many of them of the same people."""
    people = world()
    fields = zoominfo_records.CONTACT_FIELDS
    apollo = [apollo_records.person(each) for each in people.pool("apollo-1", 80)]
    zoominfo = [
        {"id": each.vendor_id, "attributes": zoominfo_records.contact(each, fields)}
        for each in people.pool("zoominfo", 80)
    ]
    moment = datetime(2026, 11, 22, 8, tzinfo=UTC)
    made: list[RawPage] = []
    for start in range(0, 80, A_PAGE):
        for source, records in (("apollo", apollo), ("zoominfo", zoominfo), ("apollo", apollo[::-1])):
            number = len(made) + 1
            made.append(RawPage("autumn", f"{source}-1", source, number, records[start : start + A_PAGE], {}, moment))
    return made


@contextmanager
def somewhere(mongo: MongoClient[dict[str, Any]], redis: Redis, tmp_path: Path) -> Iterator[OpenStores]:
    """Stores with nothing in them."""
    with lent_database(mongo) as database:
        redis.flushdb()
        yield OpenStores(database, redis, tmp_path.as_uri())


Picture = tuple[list[Counts], set[str], dict[str, str]]


def collected(stores: OpenStores, pages: list[RawPage], before: Callable[[int], None] = lambda _: None) -> Picture:
    """Counts by page, the leads, and who holds which key."""
    counts = []
    for at, page in enumerate(pages):
        before(at)
        stores.raw_pages.land(page)
        counts.append(ingest_pages(stores, [page], mapper(page.source), PROFILE))
    held = {each["_id"]: each["lead_id"] for each in stores.db["lead_keys"].find()}
    return counts, stores.leads.ids("autumn"), held


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_a_sprint_without_redis_comes_to_the_same(
    pages: list[RawPage],
    mongo_client: MongoClient[dict[str, Any]],
    redis_url: str,
    redis_client: Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    """TL-03, issue 4: away from the fourth page to the seventh, then there again and empty."""
    monkeypatch.setattr(claims, "REST", 0.0)
    with connect_redis(redis_url) as whole, somewhere(mongo_client, whole, tmp_path) as stores:
        expected = collected(stores, pages)
    assert sum(each.duplicates for each in expected[0]) > 50

    with link_to_redis(redis_url) as (link, url), connect_redis(url) as redis:
        redis.connection_pool.connection_kwargs["socket_timeout"] = 0.1
        with somewhere(mongo_client, redis, tmp_path) as stores:
            assert collected(stores, pages, _outage(link, redis_client, how)) == expected

            for page in pages:  # a run that starts over finds itself, and every claim of the outage is in Redis again
                ingest_pages(stores, [page], mapper(page.source), PROFILE)
            in_redis = {key: redis_client.get(key) for key in redis_client.keys("lead:*")}
            assert in_redis == expected[2]
            assert stores.leads.ids("autumn") == expected[1]


def _outage(link: LossyLink, server: Redis, how: str) -> Callable[[int], None]:
    def happens(page: int) -> None:
        if page == 3:
            link.cut() if how == "killed" else link.freeze()
        elif page == 7:
            server.flushdb()
            link.mend()

    return happens
