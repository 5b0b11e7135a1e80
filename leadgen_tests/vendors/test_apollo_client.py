"""Apollo: paging caps, ids joined, credits, its error language, and masked data that is no data."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from leadgen_assets.leads.schema import DRAFT_FIELDS
from leadgen_assets.vendors import contracts
from leadgen_assets.vendors.apollo import ApolloClient, classify, drift, search_body, to_draft
from leadgen_assets.vendors.contracts import SearchQuery, Verdict

QUERY = SearchQuery(("Media Buyer", "PPC Manager"), ("New York", "Boston"))

PERSON: dict[str, Any] = {
    "id": "66f0c1d2e3a4b50001abcd12",
    "first_name": "Maya",
    "last_name": "Okafor",
    "name": "Maya Okafor",
    "linkedin_url": "http://www.linkedin.com/in/maya-okafor-x",
    "title": "Media Buyer",
    "email": "maya.okafor@northwindrail.example",
    "email_status": "verified",
    "city": "Boston",
    "state": "Massachusetts",
    "country": "United States",
    "photo_url": "https://img.northwindrail.example/1.png",
    "organization": {
        "name": "Northwind Rail",
        "website_url": "http://northwindrail.example",
        "primary_domain": "northwindrail.example",
        "linkedin_url": "http://www.linkedin.com/company/northwind-rail",
        "industry": "railroad",
        "estimated_num_employees": 640,
        "phone": "+44 20 7946 0000",
    },
}


def ask(script: Any, method: str, *args: Any) -> Any:
    async def run() -> Any:
        async with script.client(ApolloClient, "apollo") as client:
            return await getattr(client, method)(*args)

    return asyncio.run(run())


def found(*people: Any, total: int = 48213) -> httpx.Response:
    return httpx.Response(200, json={"total_entries": total, "people": list(people)})


def bought(*matches: Any, credits: Any) -> httpx.Response:
    return httpx.Response(200, json={"status": "success", "matches": list(matches), "credits_consumed": credits})


def test_a_search_sends_a_json_body_and_the_key_in_a_header(script: Any) -> None:
    """TL-02, vendors.md §1.1: authentication and paging as Apollo wants them."""
    listing = ask(
        script.answers(found({"id": "a", "last_name_obfuscated": "Ok***r"}, {"no": "id"})), "listing", QUERY, 7
    )

    assert listing == contracts.Listing(48213, {"a": {"id": "a", "last_name_obfuscated": "Ok***r"}})
    assert script.requests[0].url.path.endswith("/mixed_people/api_search")
    assert script.requests[0].headers["x-api-key"] == "opensesame"
    assert script.requests[0].url.query == b""
    assert script.sent() == {
        "person_titles": ["Media Buyer", "PPC Manager"],
        "include_similar_titles": False,
        "person_locations": ["New York", "Boston"],
        "page": 7,
        "per_page": 100,
    }


def test_without_locations_the_whole_country_is_searched() -> None:
    """Sprint file: no locations means the whole of the profile's countries."""
    assert search_body(SearchQuery(("Media Buyer",)))["person_locations"] == ["United States"]


@pytest.mark.parametrize("page", [0, 501])
def test_a_page_past_the_cap_is_refused_before_it_is_sent(script: Any, page: int) -> None:
    """vendors.md §1.3: page ≤ 500."""
    with pytest.raises(contracts.VendorBadRequest, match="500 pages"):
        ask(script, "listing", QUERY, page)

    assert script.requests == []


def test_an_absurd_total_means_that_the_filters_were_ignored(script: Any) -> None:
    """vendors.md §1.3: build a sanity ceiling."""
    with pytest.raises(contracts.VendorBadRequest, match="filters were ignored"):
        ask(script.answers(found(total=231_000_000)), "count", QUERY)


def test_a_split_goes_by_seniority_then_size_then_location_and_ends() -> None:
    """vendors.md §8.3: split on exhaustive facets until a slice is within reach."""
    client = ApolloClient.__new__(ApolloClient)
    by_seniority = client.split(QUERY)
    by_size = client.split(by_seniority[3])
    by_place = client.split(by_size[0])

    assert len({query.facets for query in by_seniority}) == 11
    assert [dict(query.facets)["size"] for query in by_size][:2] == ["1,10", "11,20"]
    assert [search_body(query)["person_locations"] for query in by_place] == [["New York"], ["Boston"]]
    assert search_body(by_place[0])["person_seniorities"] == ["partner"]
    assert search_body(by_place[0])["organization_num_employees_ranges"] == ["1,10"]
    assert client.split(by_place[0]) == []


def test_a_search_of_the_whole_country_is_split_into_all_states() -> None:
    """vendors.md §8.3: the states cover the country."""
    client = ApolloClient.__new__(ApolloClient)
    query = SearchQuery(("Media Buyer",)).narrowed("seniority", "manager").narrowed("size", "1,10")

    assert len(client.split(query)) == 51


def test_matches_are_joined_by_id_whatever_their_order(script: Any) -> None:
    """vendors.md §1.5: null and reordered entries; inputs = matched + missing."""
    answer = bought({"id": "c", "name": "C"}, None, {"id": "a", "name": "A"}, {"id": "stranger"}, credits=1.5)
    purchase = ask(script.answers(answer), "buy", ["a", "b", "c"])

    assert purchase.records == {"c": {"id": "c", "name": "C"}, "a": {"id": "a", "name": "A"}}
    assert purchase.missing == ("b",)
    assert purchase.credits == Decimal("1.5")
    assert script.sent() == {"details": [{"id": "a"}, {"id": "b"}, {"id": "c"}]}


def test_more_than_ten_ids_are_refused_before_they_are_sent(script: Any) -> None:
    """vendors.md §1.5: RECORD_LIMIT_EXCEEDED."""
    with pytest.raises(contracts.VendorBadRequest, match="at most 10"):
        ask(script, "buy", [str(number) for number in range(11)])

    assert script.requests == []


def test_a_purchase_that_timed_out_is_not_made_again(script: Any) -> None:
    """vendors.md §1.9: before re-sending an enrich remember it may have been billed."""
    with pytest.raises(contracts.VendorOutcomeUnknown):
        ask(script.answers(httpx.ReadTimeout("slow")), "buy", ["a"])

    assert len(script.requests) == 1


TABLE: list[tuple[int, Any, dict[str, str], Verdict]] = [
    (200, {"people": []}, {}, Verdict.OK),
    (200, "<html>maintenance</html>", {}, Verdict.BACK_OFF),
    (200, {"status": "failed", "error_code": "X"}, {}, Verdict.BAD_REQUEST),
    (400, {"status": "failed", "error_code": "RECORD_LIMIT_EXCEEDED"}, {}, Verdict.BAD_REQUEST),
    (401, "Invalid API key. See https://docs.apollo.io/reference/authentication", {}, Verdict.AUTH),
    (403, {"error": "no", "error_code": "API_INACCESSIBLE"}, {}, Verdict.ENTITLEMENT),
    (404, "", {}, Verdict.BAD_REQUEST),
    (422, {"error": "Invalid parameters"}, {}, Verdict.BAD_REQUEST),
    (422, "You have insufficient credits! Upgrade", {}, Verdict.OUT_OF_CREDITS),
    (422, {"message": "You have insufficient credits!"}, {}, Verdict.OUT_OF_CREDITS),
    (
        422,
        {"error": "Sorry", "error_details": {"code": "BILLING.LIMIT.CREDITS_EXHAUSTED"}},
        {},
        Verdict.OUT_OF_CREDITS,
    ),
    (429, {"message": "The maximum number"}, {"retry-after": "24"}, Verdict.RETRY_AFTER),
    (502, "<html>", {}, Verdict.BACK_OFF),
]


@pytest.mark.parametrize(("status", "body", "headers", "verdict"), TABLE)
def test_the_error_language(status: int, body: Any, headers: dict[str, str], verdict: Verdict) -> None:
    """vendors.md §1.9, row by row."""
    assert classify(status, headers, body).verdict is verdict


def test_an_empty_rate_header_is_an_unlimited_window() -> None:
    """vendors.md §1.8: an unlimited window sends an empty value."""
    headers = {"x-minute-requests-left": "", "x-24-hour-requests-left": "0", "retry-after": "9"}

    assert classify(429, headers, "").detail == "rate limit of the day"
    assert classify(429, headers, "").wait == 9


def test_a_person_becomes_a_draft() -> None:
    """TL-02: mapping to the one lead schema; the organisation's phone is not the person's."""
    draft = to_draft(PERSON)

    assert tuple(draft) == DRAFT_FIELDS
    assert draft["company_size"] == "640"
    assert draft["company_website"] == "http://northwindrail.example"
    assert draft["location_state"] == "Massachusetts"
    assert draft["email"] == "maya.okafor@northwindrail.example"
    assert draft["phone"] is None


@pytest.mark.parametrize(
    "masked",
    [
        "email_not_unlocked@domain.com",
        "EMAIL_NOT_UNLOCKED@Domain.com",
        "someone@domain.com",
        "m***@x.example",
        "",
        True,
    ],
)
def test_a_masked_address_is_absent(masked: Any) -> None:
    """vendors.md §1.2, §8.4: masked is not data; a saved contact's address counts if it is one."""
    assert to_draft({**PERSON, "email": masked})["email"] is None
    known = {**PERSON, "email": masked, "contact": {"email": "m@northwindrail.example"}}
    assert to_draft(known)["email"] == "m@northwindrail.example"


def test_flags_and_masks_of_a_listed_person_are_absent() -> None:
    """vendors.md §8.4: has_email, obfuscated names, "Contact Info"."""
    draft = to_draft({"id": "a", "last_name": "Ok***r", "city": "Contact Info", "state": True, "organization": None})

    assert {name: value for name, value in draft.items() if value} == {"vendor_id": "a"}


def test_unknown_fields_are_told() -> None:
    """design: schema drift is told, not suffered."""
    assert drift([PERSON, {**PERSON, "astrology": 1}]).unexpected == ("astrology",)


@pytest.mark.parametrize(("logged_in", "ok"), [(True, True), (False, False)])
def test_the_health_route_says_no_with_a_200(script: Any, logged_in: bool, ok: bool) -> None:
    """TL-07, vendors.md §1.7: check the body, and spend no credit."""
    health = httpx.Response(200, json={"healthy": True, "is_logged_in": logged_in})
    usage = httpx.Response(200, json={"credit_usage_stats": {"lead_credit": {"limit": 4000, "left_over": 3188}}})
    verdict = ask(script.answers(health, usage), "check")

    assert verdict.ok is ok
    assert verdict.credits_left == (Decimal(3188) if ok else None)
    assert all("match" not in request.url.path for request in script.requests)


def test_a_rejected_key_is_a_verdict_and_no_crash(script: Any) -> None:
    """TL-07: clear verdict; 401 is text."""
    verdict = ask(script.answers(httpx.Response(401, text="Invalid API key.")), "check")

    assert not verdict.ok
    assert "opensesame" not in json.dumps(verdict.detail)
