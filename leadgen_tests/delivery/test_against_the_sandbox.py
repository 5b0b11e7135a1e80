"""The real clients against the sandbox vendors, which are written from the same page but not from this code."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pandas as pd
import pytest
from pydantic import SecretStr

from leadgen_assets.delivery.mapping import load_mapping
from leadgen_assets.delivery.report import SyncReport
from leadgen_assets.delivery.sync import Ledgers, sync
from leadgen_assets.delivery.validation import validate
from leadgen_assets.enrichment.desk import Desk
from leadgen_assets.enrichment.enrich import Toolbox, enrich
from leadgen_assets.enrichment.report import Enriched
from leadgen_assets.leads.companies import name as company_name
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Enrichment
from leadgen_assets.stores.controls import Controls
from leadgen_assets.stores.crm_outcomes import CrmOutcomes
from leadgen_assets.stores.documents import frame_documents
from leadgen_assets.stores.enrichment_cache import EnrichmentCache
from leadgen_assets.stores.leads import LeadStore
from leadgen_assets.stores.ledger import CostLedger
from leadgen_assets.stores.suppressions import Suppressions
from leadgen_assets.stores.vendor_jobs import VendorJobs
from leadgen_assets.vendors.clearbit import ClearbitClient
from leadgen_assets.vendors.governor import Unlimited
from leadgen_assets.vendors.hubspot import HubSpotClient
from leadgen_assets.vendors.hunter import HunterClient, HunterVerifier
from leadgen_assets.vendors.neverbounce import NeverBounceClient
from leadgen_assets.vendors.pdl import PdlClient
from leadgen_assets.vendors.salesforce import SalesforceClient
from leadgen_assets.vendors.slack import SlackClient, SlackMessage
from leadgen_tests.enrichment.conftest import SPRINT, frame, lead

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import World

SETTINGS = Settings(_env_file=None, leadgen_mode="sandbox", leadgen_sandbox_url="http://127.0.0.1:9")


class Clock:
    """The sandbox's time: sleeping clients move it, so nobody waits."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture(scope="module")
def world() -> World:
    from leadgen_assets.sandbox.world import World

    return World.generate(seed=7, people=600)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(world: World, clock: Clock) -> Any:
    from leadgen_assets.sandbox.frame import FrameOptions
    from leadgen_assets.sandbox.server import build_app

    return build_app(world, options=FrameOptions(clock=clock))


def client(kind: Any, app: Any, clock: Clock) -> Any:
    access = SETTINGS.vendor(kind.name)
    assert access
    return kind(access, Unlimited(), sleep=clock.sleep, transport=httpx.ASGITransport(app=app))


def golden(world: World, count: int) -> pd.DataFrame:
    """People of the sandbox's world as leads without addresses and company data."""
    rows = [
        lead(
            number,
            vendor_id=each.truth_id,
            linkedin_url=each.linkedin_url,
            full_name=each.full_name,
            first_name=each.first_name,
            last_name=each.last_name,
            company_name=each.company.name,
            company_key=company_name(each.company.name).key,
            company_domain=each.company.domain,
            location_city="Boston",
        )
        for number, each in enumerate(world.people[:count])
    ]
    return frame(*rows).drop_duplicates("linkedin_url", ignore_index=True)


def enriched(world: World, app: Any, clock: Clock, database: Any, plan: Enrichment) -> Enriched:
    desk = Desk(
        SPRINT,
        Decimal(1000),
        EnrichmentCache(database),
        CostLedger(database),
        Suppressions(database),
        VendorJobs(database),
        LeadStore(database),
        Controls(database),
        sleep=clock.sleep,
    )

    async def run() -> Enriched:
        async with (
            client(HunterClient, app, clock) as hunter,
            client(PdlClient, app, clock) as pdl,
            client(ClearbitClient, app, clock) as clearbit,
            client(NeverBounceClient, app, clock) as neverbounce,
        ):
            tools = Toolbox(
                {"hunter": hunter, "pdl": pdl},
                {"clearbit": clearbit, "hunter": hunter},
                {"neverbounce": neverbounce, "hunter": HunterVerifier(hunter)},
            )
            return await enrich(golden(world, 300), plan, tools, desk)

    return asyncio.run(run())


PLAN = Enrichment(email=("hunter", "pdl"), company=("clearbit", "hunter"), verify=("neverbounce",))


def charged(app: Any, vendor: str) -> Decimal:
    return app.state.sims[vendor].credits_used


def test_the_waterfall_finds_pays_and_remembers(world: World, app: Any, clock: Clock, database: Any) -> None:
    """REQ-012, REQ-014, REQ-015: what the ledger says was paid is what the vendors charged."""
    first = enriched(world, app, clock, database, PLAN)
    assert first.leads.email.notna().mean() > 0.4
    assert first.leads[["company_website", "company_industry", "company_size"]].notna().all(axis=1).mean() > 0.8
    assert first.leads.email_verified.notna().sum() > 50
    ledger = CostLedger(database).by(SPRINT, "vendor")
    for vendor in ("hunter", "pdl", "clearbit", "neverbounce"):
        assert ledger[vendor].credits == charged(app, vendor) > 0
    assert first.report.problems == []
    paid = CostLedger(database).spent(SPRINT)
    calls = {name: sim.calls() for name, sim in app.state.sims.items()}
    second = enriched(world, app, clock, database, PLAN)
    assert CostLedger(database).spent(SPRINT) == paid == CostLedger(database).committed(SPRINT)
    assert {name: sim.calls() for name, sim in app.state.sims.items()} == calls
    # Whoever asked to be removed in the first run is not even told what colleagues know in the second.
    kept = ~second.leads.is_suppressed
    pd.testing.assert_frame_equal(
        second.leads[kept].drop(columns="provenance"), first.leads[kept].drop(columns="provenance")
    )


def test_people_who_opted_out_are_suppressed(world: World, app: Any, clock: Clock, database: Any) -> None:
    """NFR-011: Hunter's 451."""
    wanted_out = {each.linkedin_url for each in world.people[:300] if each.opted_out}
    result = enriched(world, app, clock, database, Enrichment(email=("hunter",)))
    refused = set(result.leads.linkedin_url[result.leads.is_suppressed])
    assert refused
    assert refused <= wanted_out
    barred = Suppressions(database).mask(golden(world, 300))
    assert barred.sum() == len(refused)


def test_faults_of_the_vendors_lose_no_lead_and_no_answer(world: World, app: Any, clock: Clock, database: Any) -> None:
    """TL-05, NFR-006: one call in twenty fails."""
    for sim in app.state.sims.values():
        sim.faults.error_rate = 0.05
    assert len(enriched(world, app, clock, database, PLAN).leads) == len(golden(world, 300))
    for sim in app.state.sims.values():
        sim.faults.error_rate = 0.0
    report = enriched(world, app, clock, database, PLAN).report
    assert sum(line.failed + line.skipped for line in report.lines) == 0


def test_hunter_verifies_too(world: World, app: Any, clock: Clock, database: Any) -> None:
    """REQ-012: either verifier."""
    plan = Enrichment(email=("pdl",), verify=("hunter",))
    result = enriched(world, app, clock, database, plan)
    assert result.leads.email_verified.notna().sum() > 20
    assert CostLedger(database).by(SPRINT, "vendor")["hunter"].credits == charged(app, "hunter")


def delivered(kind: Any, leads: pd.DataFrame, app: Any, clock: Clock, database: Any) -> SyncReport:
    ledgers = Ledgers(CrmOutcomes(database), LeadStore(database), Suppressions(database), VendorJobs(database))

    async def run() -> SyncReport:
        async with client(kind, app, clock) as crm:
            return await sync(leads, crm, load_mapping(kind.name), ledgers, SPRINT, sleep=clock.sleep)

    return asyncio.run(run())


def qualified(world: World, database: Any) -> pd.DataFrame:
    """300 leads with company data and an address each, stored as published ones are."""
    leads = golden(world, 300)
    number = leads.index.astype(str)
    leads = leads.assign(is_qualified=True, data_quality_score=90.0, email="p" + number + "@acme.example")
    leads["company_website"] = "https://" + leads["company_domain"]
    leads["company_size"] = "51-200"
    LeadStore(database).insert_provisional(frame_documents(leads))
    return leads


@pytest.mark.parametrize("kind", [HubSpotClient, SalesforceClient])
def test_a_crm_takes_every_lead_once(kind: Any, world: World, app: Any, clock: Clock, database: Any) -> None:
    """REQ-019, REQ-020, TL-06: in bulk, with outcomes, unchanged ones are not sent again."""
    leads = qualified(world, database)
    report = delivered(kind, leads, app, clock, database)
    assert (report.created, report.failed, report.refused) == (len(leads), 0, 0), report.reasons
    assert app.state.sims[kind.name].inspect()["count"] == len(leads)
    assert LeadStore(database).count(SPRINT, crm_synced=True) == len(leads)
    again = delivered(kind, leads, app, clock, database)
    assert (again.unchanged, again.batches) == (len(leads), 0)


@pytest.mark.parametrize("kind", [HubSpotClient, SalesforceClient])
def test_one_bad_record_fails_alone(kind: Any, world: World, app: Any, clock: Clock, database: Any) -> None:
    """TL-06: per-record results."""
    leads = qualified(world, database)
    leads.loc[7, "email"] = "not an address"
    report = delivered(kind, leads, app, clock, database)
    assert (report.created, report.failed) == (len(leads) - 1, 1)
    assert "address" not in str(dict(report.reasons))


@pytest.mark.parametrize("kind", [HubSpotClient, SalesforceClient])
def test_the_mapping_that_ships_fits_the_account(kind: Any, app: Any, clock: Clock) -> None:
    """REQ-020."""

    async def describe() -> dict[str, Any]:
        async with client(kind, app, clock) as crm:
            return dict(await crm.describe())

    assert validate(load_mapping(kind.name), asyncio.run(describe())) == []


KINDS = [HunterClient, ClearbitClient, NeverBounceClient, PdlClient, HubSpotClient, SalesforceClient, SlackClient]


@pytest.mark.parametrize("kind", KINDS)
def test_the_check_costs_nothing_and_tells_a_wrong_key(kind: Any, app: Any, clock: Clock) -> None:
    """TL-07."""

    async def check(is_right: bool) -> bool:
        async with client(kind, app, clock) as vendor:
            if not is_right:
                secret = "http://127.0.0.1:9/slack/services/T000/B000/wrong" if kind is SlackClient else "wrong"
                wrong = {name: SecretStr(secret) for name in vendor.access.credentials}
                vendor.access = type(vendor.access)(vendor.vendor, vendor.access.base_url, wrong)
            return bool((await vendor.check()).ok)

    assert asyncio.run(check(True))
    assert not asyncio.run(check(False))
    assert charged(app, kind.name) == 0


def test_slack_gets_the_message(app: Any, clock: Clock) -> None:
    """REQ-022."""

    async def post() -> bool:
        async with client(SlackClient, app, clock) as slack:
            return bool((await slack.post(SlackMessage("Sprint", "done", {"Leads": "18,204"}, "run 1"))).ok)

    assert asyncio.run(post())
    assert app.state.sims["slack"].messages[0]["text"] == "Sprint: done"
