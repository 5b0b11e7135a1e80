"""PHX-09: a collector has as many purchases under way as the vendor's latency asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from leadgen_assets.bench.ground import SPRINT_FILE
from leadgen_assets.collection.listed import IN_FLIGHT, _buy
from leadgen_assets.collection.sources import mapper
from leadgen_assets.collection.workbench import Assignment, Intake, Progress
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import load_sprint
from leadgen_assets.stores.opened import OpenStores, open_stores
from leadgen_assets.stores.purse import Purse
from leadgen_assets.vendors.contracts import CallRecord, Purchase, Verdict
from leadgen_assets.vendors.limits import load_limits
from leadgen_assets.vendors.prices import load_prices
from leadgen_assets.vendors.width import LEAST, Widths


class Shop:
    """Sells ten at a time, and notes how many purchases were under way at once."""

    name, paid_operation, page_size, batch_size, repeat_is_free = "apollo", "bulk_match", 200, 10, False

    def __init__(self) -> None:
        self.under_way = self.most = 0

    async def buy(self, ids: Sequence[str]) -> Purchase:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0.05)
        self.under_way -= 1
        return Purchase({each: {"id": each} for each in ids})


async def most_at_once(stores: OpenStores, key: str, widths: Widths) -> int:
    sprint = load_sprint(SPRINT_FILE)
    at, shop = Assignment(key, sprint, sprint.segment("apollo-1")), Shop()
    stores.book.open(key, sprint)
    purse = Purse(stores.ledger, stores.controls, key, sprint.budget)
    intake = Intake(stores, at, mapper("apollo"), Progress(), frozenset(), purse, load_prices(), has_ingest_ended=True)
    await _buy(shop, intake, 1, [f"p{number}" for number in range(200)], widths)
    assert len(stores.raw_pages.landed(key, "apollo-1")) == 20
    return shop.most


def test_purchases_under_way_follow_the_latency(settings: Settings) -> None:
    """PHX-09, Little's law: ten calls a second of 20 ms each keep few under way; off, the number is fixed."""
    follows = Widths(load_limits())
    for _ in range(50):
        follows.observe(CallRecord("apollo", "bulk_match", Verdict.OK, 0.02, 200))
    with open_stores(settings) as stores:
        assert asyncio.run(most_at_once(stores, "autumn", follows)) == LEAST
        assert asyncio.run(most_at_once(stores, "winter", Widths())) == IN_FLIGHT
