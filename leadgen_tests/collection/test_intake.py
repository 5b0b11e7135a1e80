"""Fetching waits for the ingest: what a collector holds in memory does not grow with its segment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from leadgen_assets.bench.ground import SPRINT_FILE
from leadgen_assets.collection import ingest
from leadgen_assets.collection.sources import mapper
from leadgen_assets.collection.workbench import MOST_WAITING, Assignment, Intake, Progress
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import load_sprint
from leadgen_assets.stores.batch_size import FIRST, BatchSize
from leadgen_assets.stores.errors import StoreUnavailable
from leadgen_assets.stores.ledger import Paid
from leadgen_assets.stores.opened import OpenStores, open_stores
from leadgen_assets.stores.purse import Purse
from leadgen_assets.stores.raw_pages import RawPage
from leadgen_assets.vendors.prices import load_prices

PAGES, RECORDS = 30, 100


async def collected(
    stores: OpenStores,
    on_page: Any = lambda intake: None,
    pages: int = PAGES,
    records: int = RECORDS,
    until: Callable[[], bool] = lambda: True,
    **options: Any,
) -> Intake:
    """Everything landed and ingested; `on_page` looks at the intake after each page. Fetching ends when `until` says so."""
    sprint = load_sprint(SPRINT_FILE)
    at = Assignment("autumn", sprint, sprint.segment("apollo-1"))
    purse = Purse(stores.ledger, stores.controls, at.key, sprint.budget)
    intake = Intake(stores, at, mapper("apollo"), Progress(), frozenset(), purse, load_prices(), **options)
    finished = asyncio.Event()
    ingesting = asyncio.create_task(ingest.ingest_as_they_land(intake, finished))
    for number in range(pages):
        await intake.land(number, [{"id": f"{number}-{each}"} for each in range(records)], {}, Decimal(0))
        on_page(intake)
    while not until():  # noqa: ASYNC110 - nothing tells when a batch is made
        await asyncio.sleep(0.01)
    finished.set()
    await ingesting
    return intake


def test_what_waits_for_the_ingest_is_bounded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 5: memory is flat whatever the segment's size; nothing that landed is left out."""
    waited: list[int] = []
    ingested: list[int] = []

    def slow(bench: OpenStores, pages: Sequence[RawPage], *rest: object) -> None:
        time.sleep(0.3)  # slower than pages land
        ingested.extend(page.number for page in pages)

    def look(intake: Intake) -> None:
        waited.append(sum(len(each.records) for each in intake.waiting))

    monkeypatch.setattr(ingest, "ingest_pages", slow)
    with open_stores(settings) as stores:
        intake = asyncio.run(collected(stores, look))
        stores.live.flush()
        marks = stores.live.read("autumn").marks

    assert sorted(ingested) == list(range(PAGES))
    assert max(waited) <= MOST_WAITING
    # PHX-09: a batch takes 0.3 s whatever its size, so larger ones are cheaper
    assert intake.batch.records > FIRST
    assert marks["batch:apollo-1"] == str(intake.batch.records)


def test_pages_wait_a_moment_for_each_other(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 5: a batch costs as much for ten records as for a hundred, so small pages are made into leads together; but
    none waits for ever."""
    batches: list[list[int]] = []
    monkeypatch.setattr(ingest, "ingest_pages", lambda _, pages, *rest: batches.append([each.number for each in pages]))
    monkeypatch.setattr(ingest, "LINGER_SECONDS", 600.0)
    with open_stores(settings) as stores:
        asyncio.run(collected(stores, pages=12, records=10))
        assert batches == [list(range(12))]
        batches.clear()
        monkeypatch.setattr(ingest, "LINGER_SECONDS", 0.05)
        asyncio.run(collected(stores, pages=1, records=10, until=lambda: batches != []))
    assert batches == [[0]]


def test_nothing_is_settled_whose_page_did_not_land(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFR-007, PHX-03: a settled purchase without its page would never be fetched again."""

    def away(pages: Sequence[RawPage]) -> None:
        raise StoreUnavailable("not now")

    async def landed_and_settled(stores: OpenStores) -> None:
        sprint = load_sprint(SPRINT_FILE)
        at = Assignment("autumn", sprint, sprint.segment("apollo-1"))
        purse = Purse(stores.ledger, stores.controls, at.key, sprint.budget)
        intake = Intake(stores, at, mapper("apollo"), Progress(), frozenset(), purse, load_prices())
        assert await intake.reserve("autumn/call", "bulk_match", 10)
        await intake.land(1, [{"id": "1"}], {}, Decimal(1), Paid("autumn/call", Decimal(1), Decimal(1)))

    with open_stores(settings) as stores:
        monkeypatch.setattr(stores.raw_pages, "land_all", away)
        with pytest.raises(StoreUnavailable):
            asyncio.run(landed_and_settled(stores))
        assert [each.state for each in stores.ledger.entries("autumn")] == ["reserved"]


def test_a_batch_that_must_not_adapt_keeps_its_size(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """PHX-09: off by a switch."""
    monkeypatch.setattr(ingest, "ingest_pages", lambda *given: None)
    with open_stores(settings) as stores:
        intake = asyncio.run(collected(stores, batch=BatchSize(200), is_adaptive=False))
    assert intake.batch == BatchSize(200)


def test_an_ingest_that_fails_stops_nobody_for_ever(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFR-007: the pages are on record, the error is told, and fetching does not wait for an ingest that is over."""

    def broken(*given: object) -> None:
        raise RuntimeError("no ingest today")

    monkeypatch.setattr(ingest, "ingest_pages", broken)
    with open_stores(settings) as stores:
        with pytest.raises(RuntimeError, match="no ingest today"):
            asyncio.run(asyncio.wait_for(collected(stores), 60))
        assert stores.raw_pages.landed("autumn", "apollo-1") == list(range(PAGES))
