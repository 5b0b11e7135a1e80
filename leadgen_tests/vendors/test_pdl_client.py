"""People Data Labs: a 200 outside hides misses inside, and a boolean is not an address."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from leadgen_assets.vendors.contracts import Found, Missed, PersonQuery, VendorOutcomeUnknown
from leadgen_assets.vendors.pdl import PdlClient
from leadgen_tests.vendors.conftest import Script


def person(ref: str, profile: str | None = "https://www.linkedin.com/in/maya-okafor-x") -> PersonQuery:
    return PersonQuery(ref, "Maya", "Okafor", "Maya Okafor", "northwindrail.example", "Northwind Rail", profile)


def row(ref: str, status: int = 200, **data: Any) -> dict[str, Any]:
    if status != 200:
        return {"status": status, "error": {"type": "x"}, "metadata": {"lead_id": ref}}
    return {"status": 200, "likelihood": 9, "data": data, "metadata": {"lead_id": ref}}


def ask(script: Script, *people: PersonQuery) -> Any:
    async def run() -> Any:
        async with script.client(PdlClient, "pdl") as client:
            return await client.find_emails(list(people))

    return asyncio.run(run())


def test_answers_are_joined_by_our_id_whatever_their_order(script: Script) -> None:
    """vendors.md §8.6: every person has exactly one answer."""
    rows = [row("L3", 404), row("L1", work_email="maya@northwindrail.example", linkedin_url="linkedin.com/in/maya")]
    reply = httpx.Response(200, json=rows, headers={"x-call-credits-spent": "1"})
    first, second, third = ask(script.answers(reply), person("L1"), person("L2"), person("L3"))
    assert isinstance(first, Found)
    assert first.fields == {"email": "maya@northwindrail.example", "linkedin_url": "https://www.linkedin.com/in/maya"}
    assert first.credits == 1
    assert second == Missed("L2", is_final=False)
    assert third == Missed("L3")


def test_booleans_are_not_data(script: Script) -> None:
    """vendors.md §5.4: free tiers answer contact fields with true."""
    data = {"work_email": True, "personal_emails": True, "mobile_phone": True, "job_company_size": "501-1000"}
    (answer,) = ask(script.answers(httpx.Response(200, json=[row("L1", **data)])), person("L1"))
    assert isinstance(answer, Found)
    assert answer.fields == {"company_size": "501-1000"}


def test_an_error_inside_a_bulk_is_not_a_miss(script: Script) -> None:
    """vendors.md §5.4: out of credits half-way must not be remembered as "unknown"."""
    (answer,) = ask(script.answers(httpx.Response(200, json=[row("L1", 402)])), person("L1"))
    assert answer == Missed("L1", is_final=False)


def test_a_bulk_that_may_have_been_billed_is_not_sent_again(script: Script) -> None:
    """vendors.md §8.9."""
    with pytest.raises(VendorOutcomeUnknown):
        ask(script.answers(httpx.ReadTimeout("")), person("L1"))
    assert len(script.requests) == 1


def test_the_rate_limit_ends_at_its_utc_time_stamp(script: Script) -> None:
    """vendors.md §8.1."""
    reset = (datetime.now(UTC) + timedelta(seconds=9)).isoformat()
    ask(
        script.answers(httpx.Response(429, headers={"x-ratelimit-reset": reset}), httpx.Response(200, json=[])),
        person("L1"),
    )
    assert 7 < script.slept[0] < 11


def test_people_without_a_profile_go_by_name_and_company(script: Script) -> None:
    """vendors.md §5.4: the least that a request must hold."""
    ask(script.answers(httpx.Response(200, json=[])), person("L1", None))
    params = script.sent()["requests"][0]["params"]
    assert (params["name"], params["company"]) == ("Maya Okafor", "northwindrail.example")
    client = script.client(PdlClient, "pdl")
    assert not client.can_find(PersonQuery("L2", "Maya", None, None, None, None, None))
