"""Hunter in the sandbox answers as vendors.md §5.2 says."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from leadgen_assets.sandbox.hunter import KNOWN_PEOPLE, SLOW_VERIFICATIONS, build
from leadgen_assets.sandbox.rates import Window
from leadgen_assets.sandbox.world import Person

from .vendor_server import Opened, company_where, opened, person_where, small_world

KEY = {"X-API-KEY": "sandbox"}


@pytest.fixture
def hunter() -> Iterator[Opened]:
    with opened(build, KEY) as vendor:
        yield vendor


def is_known(person: Person) -> bool:
    return not person.opted_out and small_world().share("hunter", person.truth_id) < KNOWN_PEOPLE


def is_slow(address: str) -> bool:
    return small_world().share("hunter-verifier", address) < SLOW_VERIFICATIONS


def named(person: Person) -> dict[str, str]:
    return {"domain": person.company.domain, "first_name": person.first_name, "last_name": person.last_name}


def test_a_person_is_found_by_name_and_domain_by_full_name_and_by_handle(hunter: Opened) -> None:
    """TL-05: three ways of asking, one address, one credit."""
    person = person_where(is_known)
    ways = [
        named(person),
        {"company": person.company.name, "full_name": person.full_name},
        {"linkedin_handle": person.slug},
        {"linkedin_handle": f"in/{person.slug}"},
    ]
    for params in ways:
        data = hunter.http.get("/email-finder", params=params).json()["data"]
        assert (data["email"], data["domain"]) == (person.email, person.company.domain)
        assert 0 < data["score"] <= 100
        assert data["verification"]["status"] in ("valid", "invalid", "accept_all", "unknown")
    assert hunter.sim.credits == {"finder": Decimal(1)}


def test_half_of_all_people_are_known_always_the_same_ones(hunter: Opened) -> None:
    """TL-05: a finder that knows everybody would prove nothing."""
    people = [each for each in hunter.world.people if not each.opted_out][:300]

    def answers() -> list[bool]:
        replies = [hunter.http.get("/email-finder", params={"linkedin_handle": each.slug}) for each in people]
        return [reply.status_code == 200 and bool(reply.json()["data"]["email"]) for reply in replies]

    first = answers()
    assert 0.4 < sum(first) / len(first) < 0.6
    assert answers() == first


def test_nobody_found_is_a_404_or_an_answer_without_an_address_and_free(hunter: Opened) -> None:
    """TL-05: both forms occur."""
    seen = set()
    for company in hunter.world.companies[:2]:
        params = {"domain": company.domain, "first_name": "Nobody", "last_name": "Atall"}
        reply = hunter.http.get("/email-finder", params=params)
        seen.add(reply.status_code)
        if reply.status_code == 200:
            assert reply.json()["data"]["email"] is None
    assert seen == {200, 404}
    assert hunter.sim.credits_used == 0


def test_who_asked_to_be_removed_gets_a_451_everywhere(hunter: Opened) -> None:
    """REQ-NFR privacy: suppress everywhere."""
    person = person_where(lambda each: each.opted_out)
    calls = [
        ("/email-finder", named(person)),
        ("/email-verifier", {"email": person.email}),
        ("/people/find", {"email": person.email}),
    ]
    for path, params in calls:
        reply = hunter.http.get(path, params=params)
        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (451, 451)


@pytest.mark.parametrize(
    ("path", "params", "status", "kind"),
    [
        ("/email-finder", {"first_name": "A", "last_name": "B"}, 400, "wrong_params"),
        ("/email-finder", {"domain": "one.example"}, 400, "wrong_params"),
        ("/email-finder", {"domain": "one", "full_name": "A B"}, 422, "invalid_domain"),
        ("/email-finder", {"domain": "one.example", "full_name": "A B", "max_duration": "60"}, 400, "wrong_params"),
        ("/email-verifier", {}, 400, "wrong_params"),
        ("/email-verifier", {"email": "no address"}, 422, "invalid_email"),
        ("/domain-search", {"domain": "one.example", "offset": "10001"}, 400, "pagination_error"),
        ("/companies/find", {}, 400, "wrong_params"),
        ("/companies/find", {"domain": "nowhere.example"}, 404, "not_found"),
    ],
)
def test_errors_are_a_list_with_id_and_code(
    hunter: Opened, path: str, params: dict[str, str], status: int, kind: str
) -> None:
    """TL-02: vendors.md §5.2, error body."""
    reply = hunter.http.get(path, params=params)
    assert reply.status_code == status
    assert (reply.json()["errors"][0]["id"], reply.json()["errors"][0]["code"]) == (kind, status)


def test_the_rate_limit_is_a_403_without_any_hint() -> None:
    """TL-02: no Retry-After and no rate headers, so the client counts itself."""
    with opened(build, KEY, {"finder": (Window(2, 1),)}) as hunter:
        params = {"domain": "one.example", "full_name": "A B"}
        replies = [hunter.http.get("/email-finder", params=params) for _ in range(3)]
        assert replies[2].status_code == 403
        assert not [name for name in replies[2].headers if "retry" in name or "rate" in name]
        hunter.clock.advance(1)
        assert hunter.http.get("/email-finder", params=params).status_code == 404


def test_no_credits_left_is_a_429_except_for_what_was_paid_already(hunter: Opened) -> None:
    """TL-05: stop until the reset date; repeats in the billing period are free."""
    person = person_where(is_known)
    hunter.http.get("/email-finder", params=named(person))
    hunter.sim.faults.credits_out = True
    assert hunter.http.get("/email-finder", params=named(person)).status_code == 200
    other = person_where(lambda each: is_known(each) and each is not person)
    reply = hunter.http.get("/email-finder", params=named(other))
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (429, 429)


def test_a_slow_verification_is_pending_first_and_charged_once(hunter: Opened) -> None:
    """TL-05: 202, then the same call again; half a credit."""
    person = person_where(lambda each: not each.opted_out and is_slow(each.email))
    params = {"email": person.email}
    assert hunter.http.get("/email-verifier", params=params).status_code == 202
    assert hunter.sim.credits_used == 0
    hunter.clock.advance(1)
    done = hunter.http.get("/email-verifier", params=params)
    hunter.http.get("/email-verifier", params=params)
    assert (done.status_code, hunter.sim.credits_used) == (200, Decimal("0.5"))


def test_the_verifier_tells_what_the_world_knows(hunter: Opened) -> None:
    """TL-05: catch-all domains are accept_all, never valid."""
    catch_all = person_where(lambda each: each.company.is_catch_all and not each.opted_out and not is_slow(each.email))
    good = person_where(
        lambda each: (
            each.email_state == "valid" and not (each.company.is_catch_all or each.opted_out or is_slow(each.email))
        )
    )
    told = {}
    for person in (catch_all, good):
        told[person.email] = hunter.http.get("/email-verifier", params={"email": person.email}).json()["data"]["status"]
    assert told == {catch_all.email: "accept_all", good.email: "valid"}


def test_a_company_comes_in_clearbits_shape_when_asked(hunter: Opened) -> None:
    """TL-05: `clearbit_format=true` is a drop-in; 0.2 credits."""
    world = small_world()
    company = company_where(lambda each: world.share("hunter", each.domain) < 0.85)
    params = {"domain": company.domain}
    as_clearbit = hunter.http.get("/companies/find", params={**params, "clearbit_format": "true"}).json()["data"]
    own = hunter.http.get("/companies/find", params=params).json()["data"]
    assert as_clearbit["metrics"]["employees"] == company.employees
    assert isinstance(own["metrics"]["employees"], str)
    assert as_clearbit["category"]["industry"] == company.industry
    assert hunter.sim.credits == {"company": Decimal("0.2")}


def test_a_domain_search_lists_a_company_page_by_page(hunter: Opened) -> None:
    """TL-05: a credit per ten addresses."""
    staffed = person_where(is_known).company
    reply = hunter.http.get("/domain-search", params={"domain": staffed.domain, "limit": 1}).json()
    assert reply["meta"]["results"] >= 1
    assert len(reply["data"]["emails"]) == 1
    assert reply["data"]["emails"][0]["value"].endswith(f"@{staffed.domain}")
    assert hunter.sim.credits == {"search": Decimal(1)}


def test_the_account_tells_credits_for_free_and_takes_the_key_three_ways(hunter: Opened) -> None:
    """TL-07: a health check costs nothing."""
    for how in ({"headers": KEY}, {"headers": {"X-API-KEY": "", "Authorization": "Bearer sandbox"}}):
        assert hunter.http.get("/account", **how).status_code == 200
    reply = hunter.http.get("/account", params={"api_key": "sandbox"}, headers={"X-API-KEY": ""})
    credits = reply.json()["data"]["requests"]["credits"]
    assert (credits["used"], credits["available"]) == (0, 100_000)
    assert hunter.http.get("/account", headers={"X-API-KEY": "guess"}).status_code == 401
