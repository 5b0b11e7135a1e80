"""The source clients against the sandbox vendors, which are written from the same page but not from this code."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from leadgen_assets.settings import Settings
from leadgen_assets.vendors import apollo, brightdata, contracts, sales_navigator, zoominfo
from leadgen_assets.vendors.brightdata_companies import BrightDataCompanies
from leadgen_assets.vendors.contracts import CompanyQuery, Found, JobState, SearchQuery
from leadgen_assets.vendors.governor import Unlimited

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import World

QUERY = SearchQuery(("Media Buyer", "PPC Manager"))
SETTINGS = Settings(_env_file=None, leadgen_mode="sandbox", leadgen_sandbox_url="http://127.0.0.1:9")


@pytest.fixture(scope="module")
def world() -> World:
    from leadgen_assets.sandbox.world import World

    return World.generate(seed=7, people=2000)


class Clock:
    """The sandbox's time: sleeping clients move it, so nobody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(world: World, clock: Clock) -> Any:
    from leadgen_assets.sandbox.frame import FrameOptions
    from leadgen_assets.sandbox.server import build_app

    return build_app(world, options=FrameOptions(clock=clock))


def client(kind: Any, vendor: str, app: Any, clock: Clock) -> Any:
    access = SETTINGS.vendor(vendor)
    assert access
    return kind(access, Unlimited(), sleep=clock.sleep, transport=httpx.ASGITransport(app=app))


@pytest.mark.parametrize(("kind", "module"), [(apollo.ApolloClient, apollo), (zoominfo.ZoomInfoClient, zoominfo)])
def test_a_listed_source_lists_and_sells_people(app: Any, clock: Clock, kind: Any, module: Any) -> None:
    """REQ-001, TL-02: search, page, buy; every id has one outcome and every record a name and an employer."""

    async def run() -> tuple[int, contracts.Listing, list[contracts.Purchase], contracts.HealthVerdict]:
        async with client(kind, kind.name, app, clock) as source:
            total = await source.count(QUERY)
            listing = await source.listing(QUERY, 1)
            ids = list(listing.people)
            batches = [ids[start : start + source.batch_size] for start in range(0, len(ids), source.batch_size)]
            purchases = []
            for batch in batches:
                purchases.append(await source.buy(batch))
                clock.now += 1
            for batch, purchase in zip(batches, purchases, strict=True):
                outcomes = [*purchase.records, *purchase.missing, *purchase.suppressed, *purchase.refused]
                assert sorted(outcomes) == sorted(batch)
            return total, listing, purchases, await source.check()

    total, listing, purchases, verdict = asyncio.run(run())
    records = [record for purchase in purchases for record in purchase.records.values()]
    drafts = [module.to_draft(record) for record in records]

    assert total == listing.total > 0
    assert verdict.ok
    assert sum(bool(draft["company_name"]) and bool(draft["last_name"]) for draft in drafts) > 0.8 * len(drafts) > 10
    assert sum(bool(draft["linkedin_url"]) for draft in drafts) > 0.5 * len(drafts)
    assert not any("not_unlocked" in (draft["email"] or "") for draft in drafts)
    assert module.drift(records).unexpected == ()


@pytest.mark.parametrize("kind", [apollo.ApolloClient, zoominfo.ZoomInfoClient])
def test_a_split_covers_the_whole_search(app: Any, clock: Clock, kind: Any) -> None:
    """vendors.md §8.3: the narrower searches together hold everybody."""

    async def people(source: Any, query: SearchQuery) -> set[str]:
        found: set[str] = set()
        for page in range(1, 2 + await source.count(query) // source.page_size):
            found |= (await source.listing(query, page)).people.keys()
            clock.now += 1
        return found

    async def run() -> tuple[set[str], set[str]]:
        async with client(kind, kind.name, app, clock) as source:
            parts: set[str] = set()
            for query in source.split(QUERY):
                parts |= await people(source, query)
            return await people(source, QUERY), parts

    whole, parts = asyncio.run(run())
    assert parts == whole != set()


def test_a_snapshot_is_started_awaited_and_downloaded(app: Any, clock: Clock) -> None:
    """TL-02, vendors.md §2.3: filter, poll, parts; 202 after "ready" is no record."""

    async def run() -> tuple[Any, list[dict[str, Any]], list[dict[str, Any]] | None, str | None]:
        async with client(brightdata.BrightDataClient, "brightdata", app, clock) as source:
            job = await source.start(SearchQuery(("PPC Manager",), ("Chicago, IL",)), 40)
            while (status := await source.status(job)).state is JobState.RUNNING:
                clock.now += 2
            while (rows := await source.download(job, 1)) is None:
                clock.now += 2
            clock.now += 2
            beyond = await source.download(job, 2)
            clock.now += 2
            return status, rows, beyond, await source.start(SearchQuery(("Lighthouse Keeper",)), 40)

    status, rows, beyond, nobody = asyncio.run(run())
    drafts = [brightdata.to_draft(row) for row in rows if not brightdata.is_error_row(row)]

    assert status.records == len(rows) > 0
    assert beyond == []
    assert nobody is None
    assert all("Chicago" in (draft["location"] or "Chicago") for draft in drafts)
    assert all(draft["email"] is None for draft in drafts)
    assert brightdata.drift(rows).unexpected == ()


def test_companies_are_found_by_page(app: Any, clock: Clock, world: World) -> None:
    """REQ-015: website, industry and size for most companies that have a page."""
    pages = [company.slug for company in world.companies[:40]]

    async def run() -> list[contracts.Answer]:
        async with client(BrightDataCompanies, "brightdata", app, clock) as finder:
            queries = [CompanyQuery(str(number), None, None, page) for number, page in enumerate(pages)]
            found: list[contracts.Answer] = await finder.find_companies(queries)
            return found

    answers = asyncio.run(run())
    assert [answer.ref for answer in answers] == [str(number) for number in range(len(pages))]
    assert sum(isinstance(answer, Found) for answer in answers) > 0.8 * len(pages)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"credits_out": True}, contracts.VendorOutOfCredits),
        ({"down": True}, contracts.VendorUnavailable),
        ({"truncate_rate": 1.0}, contracts.VendorUnavailable),
    ],
)
@pytest.mark.parametrize("kind", [apollo.ApolloClient, zoominfo.ZoomInfoClient])
def test_a_fault_at_the_vendor_becomes_its_own_error(
    app: Any, clock: Clock, kind: Any, fault: dict[str, Any], error: type[Exception]
) -> None:
    """vendors.md §8.2: told apart whatever the status code; PHX-04's breaker counts these."""
    from leadgen_assets.sandbox.faults import Faults

    async def run() -> contracts.Purchase:
        async with client(kind, kind.name, app, clock) as source:
            ids = list((await source.listing(QUERY, 1)).people)[: source.batch_size]
            app.state.sims[kind.name].faults = Faults(**fault)
            purchase: contracts.Purchase = await source.buy(ids)
            return purchase

    with pytest.raises(error):
        asyncio.run(run())


@pytest.mark.parametrize("kind", [apollo.ApolloClient, zoominfo.ZoomInfoClient])
def test_passing_trouble_is_not_noticed(app: Any, clock: Clock, kind: Any) -> None:
    """NFR-006: a short storm of rejections and a dead token are survived."""
    sim = app.state.sims[kind.name]

    async def run() -> int:
        async with client(kind, kind.name, app, clock) as source:
            before = await source.count(QUERY)
            sim.faults.storm_429 = 2
            if kind is zoominfo.ZoomInfoClient:
                sim.faults.expired_token = True
                sim.faults_changed()
            assert await source.count(QUERY) == before
            return int(before)

    assert asyncio.run(run()) > 0


@pytest.mark.parametrize("kind", [apollo.ApolloClient, zoominfo.ZoomInfoClient])
def test_drift_at_the_vendor_is_told(app: Any, clock: Clock, kind: Any) -> None:
    """design: an unknown field is a warning with its name."""
    app.state.sims[kind.name].faults.drift = True

    async def run() -> list[dict[str, Any]]:
        async with client(kind, kind.name, app, clock) as source:
            ids = list((await source.listing(QUERY, 1)).people)[: source.batch_size]
            return list((await source.buy(ids)).records.values())

    module = apollo if kind is apollo.ApolloClient else zoominfo
    assert len(module.drift(asyncio.run(run())).unexpected) == 1


def test_every_exported_file_is_read(world: World, tmp_path: Path) -> None:
    """vendors.md §4.2: each exporter's file, its columns known, its people named."""
    from leadgen_assets.sandbox.sales_navigator import write_exports

    files = write_exports(world, tmp_path)
    assert len(files) >= 4
    for path in files:
        records = sales_navigator.read_export(path)
        drafts = [sales_navigator.to_draft(record) for record in records]
        named = [draft for draft in drafts if draft["full_name"] or draft["last_name"]]
        with_page = [draft for draft in drafts if draft["linkedin_url"] or draft["linkedin_member_url"]]
        assert len(named) > 0.9 * len(drafts), path.name
        assert len(with_page) > 0.8 * len(drafts), path.name
        assert sum(bool(draft["job_title"]) for draft in drafts) > 0.8 * len(drafts), path.name
        assert all("/sales/" not in (draft["linkedin_url"] or "") for draft in drafts), path.name
        assert sales_navigator.drift(records).unexpected == (), path.name
