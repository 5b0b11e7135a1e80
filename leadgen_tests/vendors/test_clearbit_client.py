"""Clearbit: queued is neither found nor missing, and a miss is a 404 of the right kind."""

from __future__ import annotations

import asyncio
import time
from base64 import b64decode

import httpx
import pytest

from leadgen_assets.vendors.clearbit import QUEUED_WAITS, ClearbitClient
from leadgen_assets.vendors.contracts import (
    CompanyQuery,
    Found,
    Missed,
    VendorBadRequest,
    VendorOutcomeUnknown,
    VendorOutOfCredits,
)
from leadgen_tests.vendors.conftest import Script

COMPANY = {
    "name": "Northwind Rail",
    "domain": "northwindrail.example",
    "category": {"sector": "Industrials", "industryGroup": "Transportation", "industry": None},
    "metrics": {"employees": None, "employeesRange": "1K-5K"},
}


def ask(script: Script) -> object:
    async def run() -> object:
        async with script.client(ClearbitClient, "clearbit") as client:
            return (await client.find_companies([CompanyQuery("c", "northwindrail.example", None, None)]))[0]

    return asyncio.run(run())


def test_a_company_is_found_with_the_best_industry_and_size_there_are(script: Script) -> None:
    """REQ-015."""
    answer = ask(script.answers(httpx.Response(200, json=COMPANY)))
    assert isinstance(answer, Found)
    assert answer.fields["company_industry"] == "Transportation"
    assert answer.fields["company_size"] == "1000-5000"
    scheme, _, token = script.requests[0].headers["authorization"].partition(" ")
    assert (scheme, b64decode(token)) == ("Basic", b"opensesame:")


def test_a_queued_company_is_asked_for_again(script: Script) -> None:
    """vendors.md §5.1: 202 with an empty body."""
    assert isinstance(ask(script.answers(httpx.Response(202), httpx.Response(200, json=COMPANY))), Found)
    assert script.slept == [QUEUED_WAITS[0]]


def test_a_company_queued_for_too_long_is_a_miss_that_nobody_remembers(script: Script) -> None:
    """vendors.md §5.1: "not yet" must not be cached as "unknown"."""
    assert ask(script.answers(httpx.Response(202))) == Missed("c", is_final=False)
    assert script.slept == list(QUEUED_WAITS)


def test_an_unknown_company_is_a_miss_but_an_unknown_path_is_a_mistake(script: Script) -> None:
    """vendors.md §5.1."""
    assert ask(script.answers(httpx.Response(404, json={"error": {"type": "unknown_record"}}))) == Missed("c")
    with pytest.raises(VendorBadRequest):
        ask(script.answers(httpx.Response(404, json={"error": {"type": "unknown_route"}})))


def test_a_lookup_that_may_have_been_billed_is_not_made_again(script: Script) -> None:
    """vendors.md §8.9: neither by the client nor by the enrichment; nothing says that a repeat is free."""
    with pytest.raises(VendorOutcomeUnknown):
        ask(script.answers(httpx.ReadTimeout(""), httpx.Response(200, json=COMPANY)))
    assert len(script.requests) == 1
    assert not ClearbitClient.repeat_is_free


def test_the_rate_limit_ends_when_its_header_says(script: Script) -> None:
    """vendors.md §8.1: no Retry-After, but an epoch."""
    limited = httpx.Response(429, headers={"x-ratelimit-reset": str(time.time() + 7)})
    ask(script.answers(limited, httpx.Response(200, json=COMPANY)))
    assert 5 < script.slept[0] < 9


def test_an_empty_quota_stops(script: Script) -> None:
    """vendors.md §5.1."""
    with pytest.raises(VendorOutOfCredits):
        ask(script.answers(httpx.Response(402)))


def test_the_check_tells_a_good_key_from_a_bad_one_without_a_lookup(script: Script) -> None:
    """TL-07."""

    async def check() -> bool:
        async with script.client(ClearbitClient, "clearbit") as client:
            return bool((await client.check()).ok)

    script.answers(httpx.Response(422, json={"error": {"type": "params_invalid"}}))
    assert asyncio.run(check())
    script.answers(httpx.Response(401, json={"error": {"type": "invalid_api_key"}}))
    assert not asyncio.run(check())
    assert not script.requests[0].url.params
