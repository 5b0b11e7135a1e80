"""People Data Labs in the sandbox answers as vendors.md §5.4 says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from leadgen_assets.sandbox.pdl import KNOWN_PEOPLE, WITH_WORK_EMAIL, PeopleDataLabs, build
from leadgen_assets.sandbox.rates import Window
from leadgen_assets.sandbox.world import Person

from .vendor_server import Opened, opened, person_where, small_world

KEY = {"X-Api-Key": "sandbox"}


@pytest.fixture
def pdl() -> Iterator[Opened]:
    with opened(build, KEY) as vendor:
        yield vendor


def is_known(person: Person) -> bool:
    return not person.opted_out and small_world().share("pdl", person.truth_id) < KNOWN_PEOPLE


def has_work_email(person: Person) -> bool:
    return is_known(person) and small_world().share("pdl-work", person.truth_id) < WITH_WORK_EMAIL


def bulk(vendor: Opened, *params: dict[str, Any]) -> list[dict[str, Any]]:
    requests = [{"params": each, "metadata": {"lead_id": f"L{number}"}} for number, each in enumerate(params)]
    rows: list[dict[str, Any]] = vendor.http.post("/person/bulk", json={"requests": requests}).json()
    return rows


def test_a_bulk_has_a_status_and_the_metadata_for_each_item(pdl: Opened) -> None:
    """TL-05: a 200 outside hides a 404 inside; matches alone are charged."""
    known = person_where(is_known)
    unknown = person_where(lambda each: not is_known(each))
    requests = [
        {"params": {"profile": f"linkedin.com/in/{unknown.slug}"}, "metadata": {"lead_id": "L1"}},
        {"params": {"profile": f"https://www.linkedin.com/in/{known.slug}/"}, "metadata": {"lead_id": "L2"}},
        {"params": {}, "metadata": {"lead_id": "L3"}},
    ]
    reply = pdl.http.post("/person/bulk", json={"requests": requests})
    rows = {each["metadata"]["lead_id"]: each for each in reply.json()}
    assert reply.status_code == 200
    assert {lead: row["status"] for lead, row in rows.items()} == {"L1": 404, "L2": 200, "L3": 400}
    assert rows["L1"]["error"]["type"] == "not_found"
    assert rows["L2"]["data"]["linkedin_url"] == f"linkedin.com/in/{known.slug}"
    assert reply.headers["x-call-credits-spent"] == "1"
    assert pdl.sim.credits_used == 1


def test_a_person_is_found_by_profile_token_address_or_name_and_company(pdl: Opened) -> None:
    """TL-05: the surer the key, the higher the likelihood."""
    person = person_where(is_known)
    rows = bulk(
        pdl,
        {"profile": f"linkedin.com/in/{person.slug}"},
        {"lid": person.token},
        {"email": person.email},
        {"name": person.full_name, "company": person.company.domain},
        {"first_name": person.first_name, "last_name": person.last_name, "company": person.company.name},
    )
    assert {row["data"]["id"] for row in rows} == {rows[0]["data"]["id"]}
    assert [row["likelihood"] for row in rows] == [9, 9, 8, 7, 7]
    strict = bulk(pdl, {"name": person.full_name, "company": person.company.domain, "min_likelihood": 8})
    assert strict[0]["status"] == 404


def test_data_is_lower_case_unless_titlecase_is_asked_for(pdl: Opened) -> None:
    """TL-05: vendors.md §5.4; the record id keeps its case."""
    person = person_where(is_known)
    plain, titled = bulk(pdl, {"email": person.email}, {"email": person.email, "titlecase": True})
    assert plain["data"]["full_name"] == person.full_name.lower()
    assert titled["data"]["full_name"] == person.full_name.lower().title()
    assert plain["data"]["id"].startswith("P")


def test_required_fields_and_a_choice_of_fields(pdl: Opened) -> None:
    """TL-05: `required` misses what is not there, free of charge."""
    full = person_where(has_work_email)
    bare = person_where(lambda each: is_known(each) and not has_work_email(each))
    rows = bulk(
        pdl,
        {"email": full.email, "required": "work_email AND job_title", "data_include": "work_email,industry"},
        {"email": bare.email, "required": "work_email"},
        {"email": bare.email, "required": "(work_email OR job_title) AND full_name"},
        {"email": full.email, "data_include": "-work_email,industry"},
    )
    assert rows[0]["data"] == {"work_email": full.email, "industry": full.company.industry.lower()}
    assert [row["status"] for row in rows] == [200, 404, 200, 200]
    assert not {"work_email", "industry"} & set(rows[3]["data"])


def test_free_plans_get_booleans_for_contact_fields() -> None:
    """TL-05: `true` is not an address."""
    person = person_where(has_work_email)
    with opened(lambda world, options: PeopleDataLabs(world, options, is_free_tier=True), KEY) as pdl:
        data = bulk(pdl, {"email": person.email})[0]["data"]
    assert data["work_email"] is True
    assert isinstance(data["mobile_phone"], bool)
    assert data["full_name"] == person.full_name.lower()


def test_one_person_can_be_asked_for_by_get_and_post(pdl: Opened) -> None:
    """TL-05: `/person/enrich` answers 404 itself."""
    person = person_where(is_known)
    found = pdl.http.get("/person/enrich", params={"email": person.email, "include_if_matched": "true"})
    assert (found.status_code, found.json()["matched"]) == (200, ["email"])
    assert found.headers["x-call-credits-spent"] == "1"
    missed = pdl.http.post("/person/enrich", json={"email": "nobody@nowhere.example"})
    assert (missed.status_code, missed.headers["x-call-credits-spent"]) == (404, "0")
    assert pdl.http.get("/person/enrich", params={"first_name": "Maya"}).status_code == 400


def test_nobody_who_asked_to_be_removed_is_known(pdl: Opened) -> None:
    """Privacy: opted-out people are not sold."""
    person = person_where(lambda each: each.opted_out)
    assert bulk(pdl, {"email": person.email})[0]["status"] == 404


def test_about_four_in_ten_are_known(pdl: Opened) -> None:
    """TL-05: the next vendor in the waterfall knows others."""
    people = pdl.world.people[:400]
    rows = [
        row
        for at in range(0, 400, 100)
        for row in bulk(pdl, *({"email": each.email} for each in people[at : at + 100]))
    ]
    assert 0.3 < sum(row["status"] == 200 for row in rows) / 400 < 0.5


def test_a_bulk_has_one_to_a_hundred_requests_and_the_right_key(pdl: Opened) -> None:
    """TL-07: an empty bulk is refused for its content, for free."""
    refused: tuple[Any, ...] = ([], [{"params": {}}] * 101, "none")
    for requests in refused:
        assert pdl.http.post("/person/bulk", json={"requests": requests}).status_code == 400
    wrong = pdl.http.post("/person/bulk", json={"requests": []}, headers={"X-Api-Key": "guess"})
    assert wrong.status_code == 401
    assert pdl.sim.credits_used == 0


def test_rate_headers_are_json_and_the_reset_is_a_time_stamp() -> None:
    """TL-02: no Retry-After on 429."""
    with opened(build, KEY, {"bulk": (Window(2, 60),)}) as pdl:
        replies = [pdl.http.post("/person/bulk", json={"requests": []}) for _ in range(3)]
        assert [json.loads(each.headers["x-ratelimit-remaining"])["minute"] for each in replies] == [1, 0, 0]
        assert json.loads(replies[0].headers["x-ratelimit-limit"]) == {"minute": 2, "day": None, "month": None}
        assert (replies[2].status_code, replies[2].json()["error"]["type"]) == (429, "rate_limit_error")
        assert datetime.fromisoformat(replies[2].headers["x-ratelimit-reset"]).tzinfo is not None
        assert "retry-after" not in replies[2].headers


def test_an_empty_purse_is_a_402_and_credits_can_run_out_within_a_bulk(pdl: Opened) -> None:
    """TL-05: what is left is spent, the rest is refused one by one."""
    person = person_where(is_known)
    pdl.sim.charge("enrich", pdl.sim.credit_limit - 1)
    rows = bulk(pdl, {"email": person.email}, {"email": person.email})
    assert [row["status"] for row in rows] == [200, 402]
    reply = pdl.http.post("/person/bulk", json={"requests": [{"params": {"email": person.email}}]})
    assert (reply.status_code, reply.json()["error"]["type"]) == (402, "payment_required")
