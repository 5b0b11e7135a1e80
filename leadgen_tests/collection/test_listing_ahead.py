"""The next listing page is looked up while this one's people are bought, and never one that is not needed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from leadgen_assets.bench.ground import SPRINT_FILE
from leadgen_assets.collection.listed import collect_listed
from leadgen_assets.collection.sources import mapper
from leadgen_assets.collection.workbench import Assignment, Intake, Progress
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import load_sprint
from leadgen_assets.stores.opened import OpenStores, open_stores
from leadgen_assets.stores.purse import Purse
from leadgen_assets.vendors.contracts import Listing, Purchase, SearchQuery, VendorUnavailable
from leadgen_assets.vendors.prices import load_prices
from leadgen_assets.vendors.width import Widths


class Shop:
    """Lists twenty people a page, sells ten at a time, and notes in which order it is asked."""

    name, paid_operation, page_size, batch_size, reach, repeat_is_free = "apollo", "bulk_match", 20, 10, 100, False

    def __init__(self, missing: int = 0, fails_at: int = 0, *, is_long: bool = True) -> None:
        """`is_long`: nobody of the first page is sold before the second one is asked for."""
        self.asked: list[str] = []
        self._missing = missing
        self._fails_at = fails_at
        self._ahead = asyncio.Event()
        if not is_long:
            self._ahead.set()

    async def count(self, _: SearchQuery) -> int:
        return 100

    async def listing(self, _: SearchQuery, page: int) -> Listing:
        self.asked.append(f"list {page}")
        if page == 2:
            self._ahead.set()
        if page == self._fails_at:
            raise VendorUnavailable(self.name, "search", "not today")
        return Listing(100, {f"p{page}-{each}": {} for each in range(20)})

    async def buy(self, ids: Sequence[str]) -> Purchase:
        page = ids[0].partition("-")[0].removeprefix("p")
        await asyncio.wait_for(self._ahead.wait(), 30)
        self.asked.append(f"buy {page}")
        sold = list(ids)[self._missing :]
        return Purchase({each: {"id": each} for each in sold}, missing=tuple(ids[: self._missing]))


async def collected(stores: OpenStores, shop: Shop, leads: int) -> Intake:
    sprint = load_sprint(SPRINT_FILE)
    segment = sprint.segment("apollo-1").model_copy(update={"leads": leads})
    sprint = sprint.model_copy(update={"segments": (segment,)})
    at = Assignment("autumn", sprint, segment)
    stores.book.open(at.key, sprint)
    purse = Purse(stores.ledger, stores.controls, at.key, sprint.budget)
    intake = Intake(stores, at, mapper("apollo"), Progress(), frozenset(), purse, load_prices(), has_ingest_ended=True)
    await collect_listed(shop, intake, Widths())  # type: ignore[arg-type]
    return intake


@pytest.mark.parametrize(("leads", "missing", "listed"), [(40, 0, 2), (15, 0, 1), (41, 0, 3), (40, 2, 3)])
def test_pages_are_listed_ahead_and_only_while_they_are_needed(
    settings: Settings, leads: int, missing: int, listed: int
) -> None:
    """Issue 5, collection at the limit: purchases do not wait for a listing, and no allowed request is wasted on one."""
    shop = Shop(missing, is_long=leads > Shop.page_size)
    with open_stores(settings) as stores:
        intake = asyncio.run(collected(stores, shop, leads))
    assert [each for each in shop.asked if each.startswith("list")] == [f"list {page + 1}" for page in range(listed)]
    assert intake.progress.delivered >= leads


def test_a_listing_that_fails_costs_no_purchase_that_was_under_way(settings: Settings) -> None:
    """NFR-007: what was listed before is bought, landed and settled; then the vendor's error is told."""
    shop = Shop(fails_at=2)
    with open_stores(settings) as stores:
        with pytest.raises(VendorUnavailable, match="not today"):
            asyncio.run(collected(stores, shop, 100))
        assert stores.raw_pages.landed("autumn", "apollo-1") == [1, 2]
        assert stores.ledger.by("autumn", "segment")["apollo-1"].calls == 2
