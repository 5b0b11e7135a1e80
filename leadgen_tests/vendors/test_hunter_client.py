"""Hunter speaks its own status language: 403 is a rate limit, 429 an empty account, 451 a person's wish."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from leadgen_assets.vendors.contracts import (
    CompanyQuery,
    Found,
    JobState,
    Missed,
    PersonQuery,
    VendorOutOfCredits,
    VendorUnavailable,
    VerificationResult,
)
from leadgen_assets.vendors.hunter import HunterClient, HunterVerifier
from leadgen_tests.vendors.conftest import Script

MAYA = PersonQuery("L1", "Maya", "Okafor", "Maya Okafor", "northwindrail.example", "Northwind Rail", None)


def error(status: int, kind: str) -> httpx.Response:
    return httpx.Response(status, json={"errors": [{"id": kind, "code": status, "details": "because"}]})


def finder_answer(**changes: object) -> httpx.Response:
    data = {
        "first_name": "Maya", "last_name": "Okafor", "email": "maya.okafor@northwindrail.example", "score": 94,
        "linkedin_url": None, "phone_number": None, "verification": {"date": "2026-10-12", "status": "valid"},
    }  # fmt: skip
    return httpx.Response(200, json={"data": {**data, **changes}, "meta": {}})


def ask(script: Script, person: PersonQuery = MAYA) -> object:
    async def run() -> object:
        async with script.client(HunterClient, "hunter") as client:
            return (await client.find_emails([person]))[0]

    return asyncio.run(run())


def test_a_found_address_comes_with_its_status_and_confidence(script: Script) -> None:
    """REQ-014: the finder's answer in lead fields."""
    answer = ask(script.answers(finder_answer()))
    assert isinstance(answer, Found)
    assert answer.fields == {"email": "maya.okafor@northwindrail.example", "email_status": "valid"}
    assert answer.credits == 1
    assert answer.confidence == 0.94
    request = script.requests[0]
    assert request.headers["x-api-key"] == "opensesame"
    assert "api_key" not in request.url.params


@pytest.mark.parametrize("reply", [finder_answer(email=None), error(404, "not_found"), error(422, "invalid_domain")])
def test_every_way_of_not_knowing_is_a_miss_that_costs_nothing(script: Script, reply: httpx.Response) -> None:
    """vendors.md §5.2: 404, 200 without an address and 422 are all misses."""
    assert ask(script.answers(reply)) == Missed("L1")


def test_403_is_a_rate_limit_and_is_tried_again(script: Script) -> None:
    """NFR-006, vendors.md §5.2."""
    assert isinstance(ask(script.answers(error(403, "too_many_requests"), finder_answer())), Found)
    assert len(script.slept) == 1


def test_403_for_ever_is_unavailable_not_forbidden(script: Script) -> None:
    """NFR-006: three retries."""
    with pytest.raises(VendorUnavailable):
        ask(script.answers(error(403, "too_many_requests")))
    assert len(script.requests) == 4


def test_429_is_an_empty_account_and_is_never_tried_again(script: Script) -> None:
    """vendors.md §5.2."""
    with pytest.raises(VendorOutOfCredits):
        ask(script.answers(error(429, "usage_limit")))
    assert len(script.requests) == 1


def test_451_is_a_miss_that_suppresses(script: Script) -> None:
    """NFR-011: the person asked for removal."""
    assert ask(script.answers(error(451, "claimed_email"))) == Missed("L1", suppressed=True)


def test_a_person_is_asked_for_by_profile_only_without_name_or_company(script: Script) -> None:
    """vendors.md §5.2: the parameters of the finder."""
    by_profile = PersonQuery("L2", None, None, "Maya", None, None, "https://www.linkedin.com/in/maya-okafor-x")
    nothing = PersonQuery("L3", "Maya", "Okafor", "Maya Okafor", None, None, None)
    ask(script.answers(finder_answer()), by_profile)
    assert dict(script.requests[0].url.params) == {"linkedin_handle": "maya-okafor-x"}
    client = script.client(HunterClient, "hunter")
    assert client.can_find(by_profile)
    assert not client.can_find(nothing)


def test_a_company_is_read_from_the_clearbit_shape_with_or_without_envelope(script: Script) -> None:
    """REQ-015."""
    record = {
        "name": "Northwind Rail", "domain": "northwindrail.example", "category": {"industry": "Rail"},
        "metrics": {"employees": 640}, "linkedin": {"handle": "company/northwind-rail"},
    }  # fmt: skip

    async def run() -> list[object]:
        async with script.client(HunterClient, "hunter") as client:
            query = CompanyQuery("c", "northwindrail.example", None, None)
            return [(await client.find_companies([query]))[0] for _ in range(2)]

    script.answers(httpx.Response(200, json={"data": record}), httpx.Response(200, json=record))
    wrapped, bare = asyncio.run(run())
    assert wrapped == bare
    assert isinstance(wrapped, Found)
    assert wrapped.fields == {
        "company_website": "https://northwindrail.example",
        "company_domain": "northwindrail.example",
        "company_industry": "Rail",
        "company_size": "640",
        "company_linkedin": "northwind-rail",
    }


def test_a_verification_still_running_is_asked_for_again(script: Script) -> None:
    """vendors.md §5.2: 202 is repeated at no charge; the job's results carry our own ids."""
    script.answers(
        httpx.Response(202, json={"data": {"status": "pending"}}),
        httpx.Response(200, json={"data": {"status": "accept_all"}}),
    )

    async def run() -> tuple[JobState, JobState, dict[str, VerificationResult]]:
        async with script.client(HunterClient, "hunter") as client:
            verifier = HunterVerifier(client)
            job = await verifier.start({"r1": "maya@northwindrail.example"}, "label")
            states = (await verifier.status(job)).state, (await verifier.status("of another process")).state
            return *states, await verifier.results(job)

    assert asyncio.run(run()) == (JobState.READY, JobState.EXPIRED, {"r1": VerificationResult.CATCH_ALL})
    assert script.slept == [2.0]


def test_credits_left_are_the_allowance_minus_what_is_used(script: Script) -> None:
    """TL-07: the check costs nothing."""
    requests = {"credits": {"used": 40, "available": 2000}}
    script.answers(httpx.Response(200, json={"data": {"plan_name": "Starter", "requests": requests}}))

    async def run() -> object:
        async with script.client(HunterClient, "hunter") as client:
            return await client.check()

    verdict = asyncio.run(run())
    assert (verdict.ok, verdict.credits_left) == (True, 1960)


def test_errors_hold_no_credential_and_no_person(script: Script) -> None:
    """NFR-010."""
    body = {"errors": [{"id": "wrong_params", "details": "opensesame maya.okafor@northwindrail.example"}]}
    with pytest.raises(Exception) as caught:
        ask(script.answers(httpx.Response(400, json=body)))
    assert "opensesame" not in str(caught.value)
    assert "maya" not in str(caught.value).casefold()
