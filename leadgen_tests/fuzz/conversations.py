"""What each client says to its vendor, operation after operation, and what must be true of every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from leadgen_assets.vendors import apollo, brightdata, zoominfo
from leadgen_assets.vendors.brightdata_companies import BrightDataCompanies
from leadgen_assets.vendors.clearbit import ClearbitClient
from leadgen_assets.vendors.contracts import CompanyQuery, JobState, PersonQuery, SearchQuery
from leadgen_assets.vendors.hubspot import HubSpotClient
from leadgen_assets.vendors.hunter import HunterClient, HunterVerifier
from leadgen_assets.vendors.neverbounce import NeverBounceClient
from leadgen_assets.vendors.pdl import PdlClient
from leadgen_assets.vendors.salesforce import SalesforceClient
from leadgen_tests.fuzz import contract
from leadgen_tests.fuzz.contract import attempt
from leadgen_tests.sandbox.vendor_server import small_world

QUERY = SearchQuery(("Media Buyer", "PPC Manager"))
POLLS = 40
"""Polls after which a job is taken as never ending: the caller's deadline."""

Talk = Callable[[Any], Awaitable[Any]]


async def buys_people(client: Any) -> None:
    """Apollo, ZoomInfo: count, list, buy, check."""
    contract.is_verdict(await client.check())
    total = await attempt(client.count(QUERY))
    assert total is None or 0 <= total < 2**31
    listing = await attempt(client.listing(QUERY, 1))
    if listing is None:
        return
    contract.is_listing(listing)
    ids = list(listing.people)[: client.batch_size]
    purchase = await attempt(client.buy(ids))
    if purchase is not None:
        contract.is_purchase(purchase, ids)


async def awaits_a_snapshot(client: Any) -> None:
    """Bright Data: start, poll, download, past the end."""
    contract.is_verdict(await client.check())
    job = await attempt(client.start(SearchQuery(("PPC Manager", "Media Buyer")), 10))
    if job is None:
        return
    contract.is_id(job)
    for _ in range(POLLS):
        status = await attempt(client.status(job))
        if status is None:
            return
        contract.is_job(status)
        if status.state is not JobState.RUNNING:
            break
        await client._sleep(5)
    for part in (1, 2):
        for _ in range(POLLS):
            rows = await attempt(client.download(job, part))
            contract.are_rows(rows)
            if rows is not None:
                break
            await client._sleep(5)


async def finds_company_pages(client: Any) -> None:
    """Bright Data's company dataset."""
    await _find_companies(client)


async def finds_companies(client: Any) -> None:
    """Clearbit."""
    contract.is_verdict(await client.check())
    await _find_companies(client)


async def finds_and_verifies(client: Any) -> None:
    """Hunter: finder, company lookup, verifier."""
    contract.is_verdict(await client.check())
    await _find_people(client)
    await _find_companies(client)
    verifier = HunterVerifier(client)
    addresses = _addresses()
    job = await verifier.start(addresses, "addresses")
    contract.is_job(await verifier.status(job))
    results = await attempt(verifier.results(job), _private())
    if results is not None:
        contract.are_verifications(results)


async def finds_people(client: Any) -> None:
    """People Data Labs."""
    contract.is_verdict(await client.check())
    await _find_people(client)


async def verifies_a_list(client: Any) -> None:
    """NeverBounce: create, poll, results."""
    contract.is_verdict(await client.check())
    addresses = _addresses()
    job = await attempt(client.start(addresses, "addresses"), _private())
    if job is None:
        return
    contract.is_id(job)
    for _ in range(POLLS):
        status = await attempt(client.status(job), _private())
        if status is None:
            return
        contract.is_job(status)
        if status.state is not JobState.RUNNING:
            break
        await client._sleep(1)
    results = await attempt(client.results(job), _private())
    if results is not None:
        contract.are_verifications(results)


async def fills_hubspot(client: Any) -> None:
    """HubSpot: fields, batch upsert with a bad record, erasure."""
    rows = [
        {
            "lead_external_id": f"L{number}",
            "email": each.email,
            "firstname": each.first_name,
            "lastname": each.last_name,
        }
        for number, each in enumerate(small_world().people[:6])
    ]
    rows[2]["email"] = "not an address"
    await _fill(client, rows, "lead_external_id")


async def fills_salesforce(client: Any) -> None:
    """Salesforce: login, fields, job with results, the same job found again, erasure."""
    rows = [
        {
            "Lead_External_Id__c": f"L{number}",
            "LastName": each.last_name,
            "Company": each.company.name,
            "Email": each.email,
        }
        for number, each in enumerate(small_world().people[:6])
    ]
    rows[2]["Company"] = ""
    jobs: list[str] = []

    async def note(job: str) -> None:
        jobs.append(job)

    client.on_job = note
    await _fill(client, rows, "Lead_External_Id__c")
    for job in jobs[:1]:
        contract.is_id(job)
        results = await attempt(client.resume(job, rows, "Lead_External_Id__c"), _private())
        if results is not None:
            contract.are_outcomes(results, [each["Lead_External_Id__c"] for each in rows])


CONVERSATIONS: dict[str, tuple[Any, Talk]] = {
    "apollo": (apollo.ApolloClient, buys_people),
    "zoominfo": (zoominfo.ZoomInfoClient, buys_people),
    "brightdata": (brightdata.BrightDataClient, awaits_a_snapshot),
    "brightdata companies": (BrightDataCompanies, finds_company_pages),
    "clearbit": (ClearbitClient, finds_companies),
    "hunter": (HunterClient, finds_and_verifies),
    "pdl": (PdlClient, finds_people),
    "neverbounce": (NeverBounceClient, verifies_a_list),
    "hubspot": (HubSpotClient, fills_hubspot),
    "salesforce": (SalesforceClient, fills_salesforce),
}
"""Every vendor with every operation that the product uses."""


async def _fill(client: Any, rows: list[dict[str, str]], key: str) -> None:
    contract.is_verdict(await client.check())
    fields = await attempt(client.describe())
    if fields is not None:
        contract.is_description(fields)
    results = await attempt(client.upsert(rows, key), _private())
    if results is not None:
        contract.are_outcomes(results, [each[key] for each in rows])
    for crm_id in (None, next((each.crm_id for each in results or () if each.crm_id), "1")):
        was_there = await attempt(client.erase(crm_id, rows[0][key], key))
        assert was_there in (None, True, False)


async def _find_people(client: Any) -> None:
    asked = people()
    for at in range(0, len(asked), client.batch_size):
        part = asked[at : at + client.batch_size]
        answers = await attempt(client.find_emails(part), _private())
        if answers is not None:
            contract.are_answers(answers, [each.ref for each in part])


async def _find_companies(client: Any) -> None:
    asked = [
        CompanyQuery(each.slug, each.domain, each.name, each.linkedin_slug) for each in small_world().companies[:5]
    ]
    answers = await attempt(client.find_companies(asked))
    if answers is not None:
        contract.are_answers(answers, [each.ref for each in asked])


@cache
def people() -> list[PersonQuery]:
    """Somebody who opted out, and four others."""
    chosen = [*small_world().people[:4], next(each for each in small_world().people if each.opted_out)]
    return [
        PersonQuery(
            ref=each.truth_id, first_name=each.first_name, last_name=each.last_name, full_name=each.full_name,
            company_domain=each.company.domain, company_name=each.company.name, linkedin_url=each.linkedin_url,
        )
        for each in chosen
    ]  # fmt: skip


def _addresses() -> dict[str, str]:
    return {each.truth_id: each.email for each in small_world().people[:6]}


@cache
def _private() -> tuple[str, ...]:
    """What must not be in an error: of the people whom the calls are about."""
    named = {each.full_name for each in people() if each.full_name}
    found = {each.email for each in small_world().people[:12]}
    slugs = {each.linkedin_url.rpartition("/in/")[2] for each in people() if each.linkedin_url}
    return tuple(each for each in {*named, *found, *slugs} if len(each) > 7)
