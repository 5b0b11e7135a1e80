"""Orders whose job id never got on record: the job is found again at the vendor, and not paid for twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from leadgen_assets.collection.collector import SegmentReport, collect_segment
from leadgen_assets.collection.sources import fetcher, mapper
from leadgen_assets.collection.workbench import Assignment
from leadgen_assets.settings import Settings
from leadgen_assets.stores.ledger_sums import KILLED
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.vendor_jobs import VendorJobs
from leadgen_assets.vendors.brightdata_companies import BrightDataCompanies
from leadgen_assets.vendors.brightdata_lost import BrightDataPeople
from leadgen_assets.vendors.contracts import CompanyQuery, Found, VendorOutcomeUnknown, VendorUnavailable
from leadgen_assets.vendors.governor import Unlimited
from leadgen_tests.sprint.office import hurried
from leadgen_tests.sprint.plans import small_sprint

SETTINGS = Settings(_env_file=None, leadgen_mode="sandbox", leadgen_sandbox_url="http://127.0.0.1:9")
KEY = "autumn"


class Killed(BaseException):
    """The process ends here."""


@cache
def world() -> Any:
    from leadgen_assets.sandbox.world import World

    return World.generate(seed=7, people=2000)


@dataclass
class Desk:
    """A sprint with two Bright Data segments, its stores, and the vendor."""

    stores: OpenStores
    sim: Any
    app: Any

    def client(self, kind: Any) -> Any:
        access = SETTINGS.vendor("brightdata")
        assert access
        return kind(access, Unlimited(), sleep=self.sleep, transport=httpx.ASGITransport(app=self.app))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def collect(self, segment: str = "brightdata-1") -> SegmentReport:
        sprint = self.stores.book.get(KEY).sprint
        assignment = Assignment(KEY, sprint, sprint.segment(segment))

        async def run() -> SegmentReport:
            async with self.client(BrightDataPeople) as client:
                fetch = fetcher("brightdata", client, Path())
                return await collect_segment(self.stores, assignment, mapper("brightdata"), fetch)

        return asyncio.run(run())

    def killed_before_the_id_is_stored(self, segment: str = "brightdata-1") -> None:
        with patch.object(VendorJobs, "remember", side_effect=Killed), pytest.raises(Killed):
            self.collect(segment)

    @property
    def uncertain(self) -> list[str | None]:
        return [each.doubt for each in self.stores.ledger.uncertain(timedelta(days=1))]

    @property
    def paid(self) -> int:
        return int(self.sim.credits_used)


@pytest.fixture
def desk(database: Any, redis_client: Any, tmp_path: Path) -> Iterator[Desk]:
    from leadgen_assets.sandbox.frame import FrameOptions
    from leadgen_assets.sandbox.server import build_app

    stores = OpenStores(database, redis_client, (tmp_path / "lake").as_uri())
    stores.book.open(KEY, small_sprint(KEY, {"brightdata-1": 25, "brightdata-2": 20}))
    app = build_app(world(), options=FrameOptions(limits={}))
    with ExitStack() as stack:
        stack.enter_context(hurried())
        stack.enter_context(patch("leadgen_assets.sandbox.brightdata.BUILD_SECONDS", 0.0))
        yield Desk(stores, app.state.sims["brightdata"], app)


def test_a_snapshot_whose_id_was_lost_is_found_again_and_not_ordered_again(desk: Desk) -> None:
    """Issue 4, crash safety: the process dies between order and storing the id; two segments at once, each finds its own."""
    for each in ("brightdata-1", "brightdata-2"):
        desk.killed_before_the_id_is_stored(each)
    paid, ordered = desk.paid, len(desk.sim.snapshots)
    assert ordered == 2
    second, first = desk.collect("brightdata-2"), desk.collect("brightdata-1")
    assert (desk.paid, len(desk.sim.snapshots)) == (paid, ordered), "nothing was ordered twice"
    assert (first.progress.delivered + second.progress.delivered, first.counts.delivered) == (paid, 25)
    assert desk.stores.ledger.settled_of("brightdata").credits == paid
    assert desk.stores.ledger.open_of("brightdata") == []


def test_an_order_that_was_never_sent_is_sent(desk: Desk) -> None:
    """Issue 4: the process dies after the intent, before the call."""
    with patch.object(BrightDataPeople, "start", side_effect=Killed), pytest.raises(Killed):
        desk.collect()
    job = desk.stores.jobs.find(f"{KEY}/brightdata-1/brightdata/snapshot/1")
    assert job is not None
    assert job.is_intended
    assert desk.collect().counts.delivered == 25
    assert desk.paid == 25


def test_an_order_whose_answer_was_cut_off_is_uncertain_until_its_job_is_found(desk: Desk) -> None:
    """Issue 4, vendors.md §8.5: on record as uncertain, and settled once, at what the job cost."""
    desk.sim.faults.truncate_rate = 1.0
    with pytest.raises(VendorOutcomeUnknown):
        desk.collect()
    assert [bool(each) for each in desk.uncertain] == [True], "with its reason"
    assert desk.stores.ledger.committed(KEY) == Decimal("0.0625")
    desk.sim.faults.truncate_rate = 0.0
    assert desk.collect().counts.delivered == 25
    assert (desk.paid, desk.uncertain, desk.stores.ledger.spent(KEY)) == (25, [], Decimal("0.0625"))


def test_while_the_vendor_cannot_be_asked_nothing_is_ordered(desk: Desk) -> None:
    """Issue 4: not knowing whether the job exists is no reason to pay again."""
    desk.killed_before_the_id_is_stored()
    desk.sim.faults.down = True
    with pytest.raises(VendorUnavailable):
        desk.collect()
    with patch("leadgen_assets.stores.ledger_doubts.is_gone", return_value=True), pytest.raises(VendorUnavailable):
        desk.collect()
    assert desk.uncertain == [KILLED]
    assert len(desk.sim.snapshots) == 1


def test_a_company_snapshot_whose_id_was_lost_is_found_again(desk: Desk) -> None:
    """Issue 4: the same for enrichment, which orders a snapshot for a batch of companies."""
    queries = [CompanyQuery(each.slug, None, None, each.slug) for each in world().companies[:30]]
    others = [CompanyQuery(each.slug, None, None, each.slug) for each in world().companies[30:60]]

    def ask(wanted: list[CompanyQuery]) -> list[Any]:
        async def run() -> list[Any]:
            async with desk.client(BrightDataCompanies) as client:
                client.jobs = desk.stores.jobs
                return await client.find_companies(wanted)

        return asyncio.run(run())

    with patch.object(VendorJobs, "remember", side_effect=Killed):
        for wanted in (queries, others):
            with pytest.raises(Killed):
                ask(wanted)
    paid = desk.paid
    answers = ask(queries)
    assert (desk.paid, len(desk.sim.snapshots)) == (paid, 2)
    assert sum(isinstance(each, Found) for each in answers) > 20


def test_a_snapshot_that_is_collected_is_not_taken_for_a_lost_one(desk: Desk) -> None:
    """Issue 4: the target was raised, the process died before the second order was sent; the first job fits it, and is known."""
    assert desk.collect().counts.delivered == 25
    desk.stores.book.retarget(KEY, {"brightdata-1": 60})
    with patch.object(BrightDataPeople, "start", side_effect=Killed), pytest.raises(Killed):
        desk.collect()
    done = desk.collect()
    assert (len(desk.sim.snapshots), desk.paid, done.counts.delivered) == (2, done.counts.delivered, desk.paid)
    assert done.counts.delivered > 25
