"""Clearbit in the sandbox answers as vendors.md §5.1 says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from leadgen_assets.sandbox.clearbit import KNOWN_COMPANIES, KNOWN_PEOPLE, QUEUED, build
from leadgen_assets.sandbox.clearbit_records import employees_range
from leadgen_assets.sandbox.rates import Window
from leadgen_assets.sandbox.world import Company, Person

from .vendor_server import Opened, company_where, opened, person_where, small_world

COMPANY = "/v2/companies/find"


@pytest.fixture
def clearbit() -> Iterator[Opened]:
    with opened(build) as vendor:
        vendor.http.auth = ("sandbox", "")
        yield vendor


def is_known(company: Company) -> bool:
    return small_world().share("clearbit", company.domain) < KNOWN_COMPANIES


def is_queued(company: Company) -> bool:
    return small_world().share("clearbit-queue", company.domain) < QUEUED


def is_known_person(person: Person) -> bool:
    return not person.opted_out and small_world().share("clearbit", person.truth_id) < KNOWN_PEOPLE


def test_a_known_company_has_website_industry_and_size(clearbit: Opened) -> None:
    """REQ-007: what company completeness is made of."""
    company = company_where(lambda each: is_known(each) and not is_queued(each))
    found = clearbit.http.get(COMPANY, params={"domain": company.domain}).json()
    assert (found["domain"], found["category"]["industry"]) == (company.domain, company.industry)
    assert found["metrics"]["employees"] == company.employees
    assert found["metrics"]["employeesRange"] == employees_range(company.employees)
    assert found["linkedin"]["handle"] == f"company/{company.linkedin_slug}"


def test_about_85_of_100_companies_are_known(clearbit: Opened) -> None:
    """REQ-007: the rest is a 404 with `unknown_record`."""
    domains = [each.domain for each in clearbit.world.companies if not is_queued(each)]
    replies = [clearbit.http.get(COMPANY, params={"domain": each}) for each in domains]
    known = [each for each in replies if each.status_code == 200]
    assert 0.70 < len(known) / len(domains) < 0.97
    missed = next(each for each in replies if each.status_code == 404)
    assert missed.json()["error"]["type"] == "unknown_record"
    assert clearbit.sim.credits_used == len(known)


def test_some_companies_are_queued_before_they_are_answered(clearbit: Opened) -> None:
    """TL-02: 202 with an empty body is neither an error nor a miss."""
    company = company_where(is_queued)
    first = clearbit.http.get(COMPANY, params={"domain": company.domain})
    assert (first.status_code, first.content) == (202, b"")
    assert clearbit.http.get(COMPANY, params={"domain": company.domain}).status_code == 202
    clearbit.clock.advance(1)
    later = clearbit.http.get(COMPANY, params={"domain": company.domain})
    assert later.status_code == (200 if is_known(company) else 404)


def test_a_person_is_known_by_address_and_either_side_of_combined_may_be_null(clearbit: Opened) -> None:
    """TL-05: vendors.md §5.1."""
    person = person_where(lambda each: is_known_person(each) and is_known(each.company))
    alone = clearbit.http.get("/v2/people/find", params={"email": person.email}).json()
    assert alone["employment"]["domain"] == person.company.domain
    both = clearbit.http.get("/v2/combined/find", params={"email": person.email}).json()
    assert both["person"]["id"] == alone["id"]
    assert both["company"]["name"] == person.company.name
    nobody = clearbit.http.get("/v2/combined/find", params={"email": f"nobody@{person.company.domain}"}).json()
    assert (nobody["person"], nobody["company"]["name"]) == (None, person.company.name)


@pytest.mark.parametrize(
    ("path", "params", "status", "kind"),
    [
        (COMPANY, {}, 422, "params_invalid"),
        ("/v2/people/find", {"email": "none"}, 422, "email_invalid"),
        ("/v2/people/find", {"email": "nobody@nowhere.example"}, 404, "unknown_record"),
        ("/v2/companies/guess", {}, 404, "unknown_route"),
    ],
)
def test_errors_name_their_type(clearbit: Opened, path: str, params: dict[str, str], status: int, kind: str) -> None:
    """TL-02: vendors.md §5.1."""
    reply = clearbit.http.get(path, params=params)
    assert (reply.status_code, reply.json()["error"]["type"]) == (status, kind)


def test_the_key_is_the_basic_user_or_a_bearer_token() -> None:
    """TL-07: 401 says whether the key is missing or wrong, and has rate headers all the same."""
    with opened(build, windows={"company": (Window(600, 60),)}) as clearbit:
        missing = clearbit.http.get(COMPANY)
        assert (missing.status_code, missing.json()["error"]["type"]) == (401, "auth_required")
        wrong = clearbit.http.get(COMPANY, auth=("guess", ""))
        assert (wrong.status_code, wrong.json()["error"]["type"]) == (401, "invalid_api_key")
        assert wrong.headers["x-ratelimit-limit"] == "600"
        assert clearbit.http.get(COMPANY, headers={"Authorization": "Bearer sandbox"}).status_code == 422


def test_the_rate_limit_names_its_end_in_a_header_without_retry_after() -> None:
    """TL-02: x-ratelimit-reset is a time stamp."""
    with opened(build, windows={"company": (Window(2, 60),)}) as clearbit:
        clearbit.http.auth = ("sandbox", "")
        replies = [clearbit.http.get(COMPANY) for _ in range(3)]
        assert [each.status_code for each in replies] == [422, 422, 429]
        assert [each.headers["x-ratelimit-remaining"] for each in replies] == ["1", "0", "0"]
        assert int(replies[2].headers["x-ratelimit-reset"]) > 1_700_000_000
        assert "retry-after" not in replies[2].headers


def test_an_empty_purse_is_a_402(clearbit: Opened) -> None:
    """TL-05: over quota."""
    clearbit.sim.faults.credits_out = True
    assert clearbit.http.get(COMPANY, params={"domain": "one.example"}).status_code == 402
