"""ZoomInfo: one token for many calls, JSON:API both ways, credits and opt-outs inside a 200, two error shapes."""

from __future__ import annotations

import asyncio
import base64
import time
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from leadgen_assets.vendors import contracts
from leadgen_assets.vendors.contracts import SearchQuery, Verdict
from leadgen_assets.vendors.zoominfo import (
    OUTPUT_FIELDS,
    ZoomInfoClient,
    classify,
    drift,
    search_attributes,
    to_draft,
    vendor_id,
)

QUERY = SearchQuery(("Media Buyer", "PPC Manager"))

CONTACT: dict[str, Any] = {
    "id": "1822334455",
    "type": "Contact",
    "attributes": {
        "firstName": "Maya",
        "lastName": "Okafor",
        "email": "maya.okafor@northwindrail.example",
        "phone": "(617) 555-0100",
        "jobTitle": "Media Buyer",
        "companyName": "Northwind Rail",
        "companyWebsite": "www.northwindrail.example",
        "companyPrimaryIndustry": ["Rail"],
        "companyEmployeeCount": 640,
        "city": "Boston",
        "state": "Massachusetts",
        "country": "United States",
        "externalUrls": [
            {"type": "twitter.com", "url": "https://twitter.example/x"},
            {"type": "linkedin.com", "url": "https://www.linkedin.com/in/maya-okafor-x"},
        ],
        "validDate": "2026-06-19T13:41:00Z",
    },
    "meta": {"input": {"personId": 1822334455}, "matchStatus": "FULL_MATCH"},
}


class Vendor:
    """Logs in, then answers with what it was given."""

    def __init__(self, *answers: Any, lifetime: float = 86400) -> None:
        self.answers = list(answers)
        self.lifetime = lifetime
        self.logins = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            self.logins += 1
            return httpx.Response(200, json={"access_token": f"token-{self.logins}", "expires_in": self.lifetime})
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(request) if callable(answer) else answer


def ask(script: Any, vendor: Any, method: str, *args: Any) -> Any:
    async def run() -> Any:
        async with script.answers(vendor).client(ZoomInfoClient, "zoominfo") as client:
            return await getattr(client, method)(*args)

    return asyncio.run(run())


def document(*items: Any, total: int = 1840) -> httpx.Response:
    return httpx.Response(200, json={"data": list(items), "meta": {"totalResults": total}})


def outcome(person: Any, status: str) -> dict[str, Any]:
    return {"id": "0", "type": "NoMatch", "meta": {"input": {"personId": person}, "matchStatus": status}}


def test_a_search_logs_in_and_speaks_json_api(script: Any) -> None:
    """TL-02, vendors.md §3.2: client credentials, media type, page parameters."""
    listing = ask(script, Vendor(document({"id": "1", "attributes": {}})), "listing", QUERY, 3)

    assert listing.total == 1840
    assert list(listing.people) == ["1"]
    login, search = script.requests
    assert base64.b64decode(login.headers["authorization"].split()[1]) == b"opensesame:opensesame"
    assert parse_qs(login.content.decode())["grant_type"] == ["client_credentials"]
    assert search.headers["authorization"] == "Bearer token-1"
    assert search.headers["content-type"] == search.headers["accept"] == "application/vnd.api+json"
    assert dict(search.url.params) == {"page[number]": "3", "page[size]": "100"}
    assert script.sent() == {
        "data": {
            "type": "ContactSearch",
            "attributes": {"jobTitle": "Media Buyer OR PPC Manager", "country": "United States"},
        }
    }


def test_many_calls_at_once_share_one_login(script: Any) -> None:
    """vendors.md §8.9: refresh tokens early and once."""
    vendor = Vendor(document())

    async def run() -> None:
        async with script.answers(vendor).client(ZoomInfoClient, "zoominfo") as client:
            await asyncio.gather(*(client.count(QUERY) for _ in range(20)))

    asyncio.run(run())
    assert vendor.logins == 1


def test_a_token_is_replaced_before_it_ends(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """vendors.md §8.9: early, and trust expires_in."""
    vendor = Vendor(document(), lifetime=3600)
    now = time.monotonic()

    async def run() -> None:
        async with script.answers(vendor).client(ZoomInfoClient, "zoominfo") as client:
            for later in (0, 3000, 3400, 3500):
                monkeypatch.setattr("leadgen_assets.vendors.zoominfo.time.monotonic", lambda at=now + later: at)
                await client.count(QUERY)

    asyncio.run(run())
    assert vendor.logins == 2


def test_an_expired_token_is_renewed_once_and_the_call_replayed(script: Any) -> None:
    """vendors.md §3.2: ZI0001 is the token."""

    def picky(request: httpx.Request) -> httpx.Response:
        fresh = request.headers["authorization"] == "Bearer token-2"
        return document() if fresh else httpx.Response(401, json={"error": {"code": "ZI0001"}})

    vendor = Vendor(picky)
    assert ask(script, vendor, "count", QUERY) == 1840
    assert vendor.logins == 2


@pytest.mark.parametrize("status", [400, 401])
def test_a_wrong_secret_is_rejected_credentials(script: Any, status: int) -> None:
    """TL-02: the login server says 400 or 401; neither is retried."""
    answer = httpx.Response(status, json={"error": "invalid_client", "error_description": "opensesame is wrong"})
    with pytest.raises(contracts.VendorRejectedCredentials) as failed:
        ask(script, answer, "count", QUERY)

    assert len(script.requests) == 1
    assert "opensesame" not in str(failed.value)


@pytest.mark.parametrize("page", [0, 101])
def test_a_page_past_the_cap_is_refused_before_it_is_sent(script: Any, page: int) -> None:
    """vendors.md §3.2: 100 pages of 100."""
    with pytest.raises(contracts.VendorBadRequest, match="100 pages"):
        ask(script, Vendor(document()), "listing", QUERY, page)

    assert script.requests == []


def test_every_id_of_a_purchase_gets_exactly_one_outcome(script: Any) -> None:
    """vendors.md §8.6: inputs = matched + missed + suppressed + refused; personId comes back as a number."""
    ids = ["1822334455", "2", "3", "4", "5", "6"]
    answer = document(
        outcome(3, "LIMIT_EXCEEDED"),
        outcome(2, "OPT_OUT"),
        CONTACT,
        outcome("4", "NO_MATCH"),
        outcome(5, "INVALID_INPUT"),
    )
    purchase = ask(script, Vendor(answer), "buy", ids)

    assert purchase.records == {"1822334455": CONTACT}
    assert (purchase.suppressed, purchase.refused, purchase.missing) == (("2",), ("3",), ("4", "5", "6"))
    assert purchase.credits == Decimal(1)
    sent = script.sent()["data"]["attributes"]
    assert sent["matchPersonInput"][0] == {"personId": 1822334455}
    assert set(sent["outputFields"]) == set(OUTPUT_FIELDS) >= {"externalUrls", "companyWebsite"}


def test_a_purchase_that_timed_out_is_sent_again_because_that_is_free(script: Any) -> None:
    """vendors.md §3.2: records under management cost nothing again."""

    def slow(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow")

    assert ask(script, Vendor(slow, document(CONTACT)), "buy", ["1822334455"]).records


def test_more_than_25_ids_are_refused_before_they_are_sent(script: Any) -> None:
    """vendors.md §3.2: matchPersonInput 1..25."""
    with pytest.raises(contracts.VendorBadRequest, match="at most 25"):
        ask(script, Vendor(document()), "buy", [str(number) for number in range(26)])


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, {"data": []}, Verdict.OK),
        (200, "<html>", Verdict.BACK_OFF),
        (400, {"errors": [{"code": "PFAPI0011", "status": "400"}]}, Verdict.OUT_OF_CREDITS),
        (400, {"error": {"code": "PFAPI0011", "status": 400}}, Verdict.OUT_OF_CREDITS),
        (400, {"errors": [{"code": "PFAPI0002", "detail": "Page number"}]}, Verdict.BAD_REQUEST),
        (401, {"error": {"code": "ZI0001"}}, Verdict.AUTH),
        (401, "Unauthorized", Verdict.AUTH),
        (403, {"error": {"code": "ZI0003"}}, Verdict.ENTITLEMENT),
        (429, {"error": {"code": "ZI0004", "retryable": True}}, Verdict.RETRY_AFTER),
        (429, "", Verdict.RETRY_AFTER),
        (500, {"errors": [{"code": "PFAPI0007"}]}, Verdict.BACK_OFF),
        (504, {"errors": [{"code": "PFAPI0010"}]}, Verdict.BACK_OFF),
        (503, "", Verdict.BACK_OFF),
    ],
)
def test_the_error_language(status: int, body: Any, verdict: Verdict) -> None:
    """vendors.md §3.2: the code counts more than the status, in both shapes."""
    assert classify(status, {"retry-after": "3"}, body).verdict is verdict


def test_a_split_goes_by_title_then_state_then_level_and_ends() -> None:
    """vendors.md §8.3: split an over-cap query until each slice is within reach."""
    client = ZoomInfoClient.__new__(ZoomInfoClient)
    by_title = client.split(QUERY)
    by_state = client.split(by_title[0])
    by_level = client.split(by_state[0])

    assert [search_attributes(query)["jobTitle"] for query in by_title] == ["Media Buyer", "PPC Manager"]
    assert len(by_state) == 51
    assert search_attributes(by_level[0])["state"] == "Alabama"
    assert search_attributes(by_level[0])["managementLevel"] == "C Level Exec"
    assert client.split(by_level[0]) == []


def test_a_city_is_told_instead_of_searched_as_something_else() -> None:
    """vendors.md §3: places are searched by state or country."""
    assert search_attributes(SearchQuery(("A",), ("New York, NY", "Texas")))["state"] == "New York OR Texas"
    with pytest.raises(contracts.VendorBadRequest, match="'Chicago' is no US state"):
        search_attributes(SearchQuery(("A",), ("Chicago",)))


def test_a_contact_becomes_a_draft() -> None:
    """TL-02: the LinkedIn profile is among externalUrls."""
    draft = to_draft(CONTACT)

    assert draft["linkedin_url"] == "https://www.linkedin.com/in/maya-okafor-x"
    assert draft["company_industry"] == "Rail"
    assert draft["company_size"] == "640"
    assert draft["vendor_id"] == "1822334455"
    assert draft["observed_at"] == "2026-06-19T13:41:00Z"


@pytest.mark.parametrize("record", [{}, {"attributes": None}, {"attributes": {"company": "x", "externalUrls": ["y"]}}])
def test_a_bare_contact_is_an_empty_draft(record: dict[str, Any]) -> None:
    """REQ-011: a strange record never stops the collection."""
    assert not any(to_draft(record).values())
    assert vendor_id({"id": "0"}) is None


def test_unknown_attributes_are_told() -> None:
    """design: schema drift is told, not suffered."""
    assert drift([CONTACT, {"attributes": {"aura": 1}}]).unexpected == ("aura",)


@pytest.mark.parametrize("as_list", [True, False])
def test_the_check_reads_the_usage(script: Any, as_list: bool) -> None:
    """TL-07, vendors.md §3.2: `data` is documented as an array and as an object."""
    entry = {
        "attributes": {
            "usage": [
                {"limitType": "requestLimit", "totalLimit": 9, "usageRemaining": 5},
                {"limitType": "uniqueIdLimit", "totalLimit": 5000, "usageRemaining": 3796},
            ]
        }
    }
    answer = httpx.Response(200, json={"data": [entry] if as_list else entry})
    verdict = ask(script, Vendor(answer), "check")

    assert (verdict.ok, verdict.credits_left) == (True, Decimal(3796))
