"""The enrichment, CRM and alert clients against the sandbox: two readings of vendors.md that must agree."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from leadgen_assets.sandbox.frame import Faults, FrameOptions
from leadgen_assets.sandbox.hunter import KNOWN_PEOPLE
from leadgen_assets.sandbox.server import build_app
from leadgen_assets.settings import Settings
from leadgen_assets.vendors.clearbit import ClearbitClient
from leadgen_assets.vendors.contracts import (
    CompanyQuery,
    CrmOutcome,
    Found,
    JobState,
    Missed,
    PersonQuery,
    VendorOutOfCredits,
    VendorRejectedCredentials,
)
from leadgen_assets.vendors.governor import Unlimited
from leadgen_assets.vendors.hubspot import HubSpotClient
from leadgen_assets.vendors.hunter import HunterClient
from leadgen_assets.vendors.neverbounce import NeverBounceClient
from leadgen_assets.vendors.pdl import PdlClient
from leadgen_assets.vendors.salesforce import SalesforceClient

from .vendor_server import Clock, person_where, small_world

SETTINGS = Settings(_env_file=None, leadgen_mode="sandbox", leadgen_sandbox_url="http://127.0.0.1:9")


class Desk:
    """The whole sandbox without limits, and clients whose sleeping moves its clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.app = build_app(small_world(), options=FrameOptions(limits={}, clock=self.clock))

    def sim(self, name: str) -> Any:
        return self.app.state.sims[name]

    def run(self, kind: Any, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """What `work` returns, given an open client of that kind."""

        async def sleep(seconds: float) -> None:
            self.clock.advance(seconds)

        async def inside() -> Any:
            access = SETTINGS.vendor(kind.name)
            transport = httpx.ASGITransport(app=self.app)
            async with kind(access, Unlimited(), sleep=sleep, transport=transport) as client:
                return await work(client)

        return asyncio.run(inside())


@pytest.fixture
def desk() -> Desk:
    return Desk()


def question(person: Any) -> PersonQuery:
    return PersonQuery(
        ref=person.truth_id,
        first_name=person.first_name,
        last_name=person.last_name,
        full_name=person.full_name,
        company_domain=person.company.domain,
        company_name=person.company.name,
        linkedin_url=person.linkedin_url,
    )


@pytest.mark.parametrize("kind", [HunterClient, PdlClient])
def test_finders_answer_everybody_and_find_true_addresses(desk: Desk, kind: Any) -> None:
    """TL-05: one answer a person; credits as the vendor counts them."""
    people = [
        each
        for each in small_world().people[:100]
        if small_world().person_by_name_domain(each.first_name, each.last_name, each.company.domain) is each
    ]

    async def work(client: Any) -> list[Any]:
        size = client.batch_size
        asked = [question(each) for each in people]
        return [each for at in range(0, len(asked), size) for each in await client.find_emails(asked[at : at + size])]

    answers = desk.run(kind, work)
    assert [each.ref for each in answers] == [each.truth_id for each in people]
    found = {each.ref: each for each in answers if isinstance(each, Found)}
    assert 0.15 < len(found) / len(people) < 0.65
    for person in people:
        if person.truth_id in found:
            assert found[person.truth_id].fields["email"] in (person.email, person.private_email)
    assert sum((each.credits for each in found.values()), Decimal(0)) == desk.sim(kind.name).credits_used


def test_who_wants_out_is_reported_as_suppressed(desk: Desk) -> None:
    """vendors.md §5.2: 451."""
    person = person_where(lambda each: each.opted_out)
    answers = desk.run(HunterClient, lambda client: client.find_emails([question(person)]))
    assert answers == [Missed(person.truth_id, suppressed=True)]


def test_an_empty_purse_stops_the_finder(desk: Desk) -> None:
    """TL-05: 429 is not a rate limit at Hunter."""
    world = small_world()
    person = person_where(lambda each: not each.opted_out and world.share("hunter", each.truth_id) < KNOWN_PEOPLE)
    desk.sim("hunter").faults.credits_out = True
    with pytest.raises(VendorOutOfCredits):
        desk.run(HunterClient, lambda client: client.find_emails([question(person)]))


@pytest.mark.parametrize("kind", [ClearbitClient, HunterClient])
def test_companies_are_completed_for_most_domains(desk: Desk, kind: Any) -> None:
    """REQ-007: website, industry and size; queued answers are waited for."""
    companies = small_world().companies[:60]
    asked = [CompanyQuery(each.slug, each.domain, each.name, each.linkedin_slug) for each in companies]
    answers = desk.run(kind, lambda client: client.find_companies(asked))
    found = [each for each in answers if isinstance(each, Found)]
    assert 0.7 < len(found) / len(companies) < 0.97
    complete = [each for each in found if {"company_website", "company_industry", "company_size"} <= set(each.fields)]
    assert len(complete) >= 0.8 * len(found)
    assert all(getattr(each, "is_final", True) for each in answers)


def test_a_list_is_verified_in_one_job(desk: Desk) -> None:
    """TL-05: the answers are the world's."""
    world = small_world()
    addresses = {each.truth_id: each.email for each in world.people[:1500]}

    async def work(client: Any) -> dict[str, Any]:
        job_id = await client.start(addresses, "list")
        while (status := await client.status(job_id)).state is JobState.RUNNING:
            desk.clock.advance(0.1)
        assert (status.state, status.records) == (JobState.READY, len(set(addresses.values())))
        return dict(await client.results(job_id))

    results = desk.run(NeverBounceClient, work)
    assert {ref: result.value for ref, result in results.items()} == {
        ref: world.verification(address) for ref, address in addresses.items()
    }


def hubspot_row(number: int, **others: str) -> dict[str, str]:
    return {"lead_external_id": f"L{number}", "email": f"p{number}@one.example", "lifecyclestage": "lead", **others}


def salesforce_row(number: int, **others: str) -> dict[str, str]:
    return {"Lead_External_Id__c": f"L{number}", "LastName": "Okafor", "Company": "One", **others}


def test_hubspot_takes_a_batch_and_names_the_records_it_refuses(desk: Desk) -> None:
    """TL-06: created, updated, failed; one result a record."""
    rows = [hubspot_row(number) for number in range(100)]
    rows[7]["email"] = "not an address"
    for expected in (CrmOutcome.CREATED, CrmOutcome.UPDATED):
        results = desk.run(HubSpotClient, lambda client: client.upsert(rows, "lead_external_id"))
        assert [each.external_id for each in results] == [each["lead_external_id"] for each in rows]
        outcomes = {each.outcome for each in results if each.external_id != "L7"}
        assert outcomes == {expected}
        assert results[7].outcome is CrmOutcome.FAILED
    assert desk.sim("hubspot").inspect()["count"] == 99


def test_hubspot_is_retried_through_a_storm(desk: Desk) -> None:
    """NFR-006: 429 and all passing errors; every record gets there."""
    sim = desk.sim("hubspot")
    sim.faults = Faults(error_rate=0.2, storm_429=2)
    rows = [hubspot_row(number) for number in range(10)]
    results = desk.run(HubSpotClient, lambda client: client.upsert(rows, "lead_external_id"))
    assert {each.outcome for each in results} == {CrmOutcome.CREATED}
    assert sim.inspect()["count"] == 10


def test_salesforce_takes_a_job_and_names_the_rows_it_refuses(desk: Desk) -> None:
    """TL-06: outcomes are joined by external id; a locked row is for later."""
    rows = [salesforce_row(number, Title='Head of "Paid", Media') for number in range(500)]
    rows[3]["Company"] = ""
    results = desk.run(SalesforceClient, lambda client: client.upsert(rows, "Lead_External_Id__c"))
    assert [each.external_id for each in results] == [each["Lead_External_Id__c"] for each in rows]
    assert results[3].outcome is CrmOutcome.FAILED
    assert "Company" in results[3].reason
    others = {each.outcome for each in results if each is not results[3]}
    assert others <= {CrmOutcome.CREATED, CrmOutcome.RETRY}
    later = [row for row, each in zip(rows, results, strict=True) if each.outcome is CrmOutcome.RETRY]
    again = desk.run(SalesforceClient, lambda client: client.upsert(later, "Lead_External_Id__c"))
    assert {each.outcome for each in again} <= {CrmOutcome.CREATED}
    assert desk.sim("salesforce").inspect()["count"] == 499


def test_salesforce_logs_in_again_when_the_session_ends(desk: Desk) -> None:
    """TL-02: 401 once, a new token, and the same request again."""

    async def work(client: Any) -> dict[str, Any]:
        await client.describe()
        sim = desk.sim("salesforce")
        sim.faults = Faults(expired_token=True)
        sim.faults_changed()
        return dict(await client.describe())

    fields = desk.run(SalesforceClient, work)
    assert fields["Lead_External_Id__c"]["unique"]
    assert (fields["LastName"]["length"], fields["LastName"]["required"]) == (80, True)


ALL = [HunterClient, ClearbitClient, NeverBounceClient, PdlClient, HubSpotClient, SalesforceClient]


@pytest.mark.parametrize("kind", ALL)
def test_a_health_check_costs_nothing(desk: Desk, kind: Any) -> None:
    """TL-07: one call, a clear verdict, no credits."""
    verdict = desk.run(kind, lambda client: client.check())
    assert verdict.ok, verdict.detail
    assert desk.sim(kind.name).credits_used == 0


@pytest.mark.parametrize("kind", [HunterClient, ClearbitClient, NeverBounceClient, PdlClient, HubSpotClient])
def test_a_refused_key_is_a_clear_verdict(desk: Desk, kind: Any) -> None:
    """TL-07: and no retry storm."""
    desk.sim(kind.name).faults.expired_token = True
    verdict = desk.run(kind, lambda client: client.check())
    assert not verdict.ok
    assert desk.sim(kind.name).calls()["requests"] <= 2


def test_wrong_salesforce_credentials_are_rejected_at_login(desk: Desk) -> None:
    """TL-07: vendors.md §6.2."""

    async def work(client: Any) -> None:
        client.access.credentials["salesforce_client_secret"] = SecretStr("guess")
        await client.describe()

    with pytest.raises(VendorRejectedCredentials):
        desk.run(SalesforceClient, work)
