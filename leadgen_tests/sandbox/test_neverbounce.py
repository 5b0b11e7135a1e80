"""NeverBounce in the sandbox answers as vendors.md §5.3 says: jobs, and errors in a 200."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from leadgen_assets.sandbox.neverbounce import RUNS, build
from leadgen_assets.sandbox.rates import Window

from .vendor_server import Opened, opened, person_where

KEY = {"key": "sandbox"}


@pytest.fixture
def neverbounce() -> Iterator[Opened]:
    with opened(build) as vendor:
        yield vendor


def post(vendor: Opened, path: str, **fields: Any) -> dict[str, Any]:
    reply = vendor.http.post(path, json={**KEY, **fields})
    assert reply.status_code == 200
    return dict(reply.json())


def ask(vendor: Opened, path: str, **params: Any) -> dict[str, Any]:
    reply = vendor.http.get(path, params={**KEY, **params})
    assert reply.status_code == 200
    return dict(reply.json())


def create(vendor: Opened, addresses: list[str], **fields: Any) -> int:
    rows = [{"id": f"L{number}", "email": address} for number, address in enumerate(addresses)]
    wanted = {"input_location": "supplied", "input": rows, "auto_parse": 1, "auto_start": 1, **fields}
    return int(post(vendor, "/jobs/create", **wanted)["job_id"])


def test_a_job_runs_by_itself_and_answers_by_our_ids(neverbounce: Opened) -> None:
    """TL-05: results carry the id that was handed in, and what the world knows."""
    world = neverbounce.world
    addresses = [each.email for each in world.people[:30]]
    job_id = create(neverbounce, addresses)
    neverbounce.clock.advance(60)
    told = ask(neverbounce, "/jobs/status", job_id=job_id)
    assert (told["job_status"], told["percent_complete"]) == ("complete", 100)
    page = ask(neverbounce, "/jobs/results", job_id=job_id, page=1, items_per_page=1000)
    verdicts = {row["data"]["id"]: row["verification"]["result"] for row in page["results"]}
    assert verdicts == {f"L{number}": world.verification(each) for number, each in enumerate(addresses)}
    assert told["total"]["valid"] == list(verdicts.values()).count("valid")


def test_a_job_is_queued_parsed_and_run_before_it_is_complete(neverbounce: Opened) -> None:
    """TL-02: async is state; results come only at the end."""
    job_id = create(neverbounce, [each.email for each in neverbounce.world.people[:500]])
    early = ask(neverbounce, "/jobs/results", job_id=job_id)
    assert early["status"] == "general_failure"
    seen = []
    for _ in range(20):
        seen.append(ask(neverbounce, "/jobs/status", job_id=job_id)["job_status"])
        neverbounce.clock.advance(0.1)
    assert list(dict.fromkeys(seen)) == ["queued", "parsing", "running", "complete"]


def test_a_job_can_be_parsed_and_started_by_hand(neverbounce: Opened) -> None:
    """TL-02: `waiting` is parsed and not started."""
    job_id = create(neverbounce, ["a@one.example"], auto_parse=0, auto_start=0)
    assert ask(neverbounce, "/jobs/status", job_id=job_id)["job_status"] == "queued"
    assert post(neverbounce, "/jobs/start", job_id=job_id)["status"] == "general_failure"
    assert post(neverbounce, "/jobs/parse", job_id=job_id)["queue_id"]
    neverbounce.clock.advance(60)
    assert ask(neverbounce, "/jobs/status", job_id=job_id)["job_status"] == "waiting"
    assert neverbounce.sim.credits_used == 0
    assert post(neverbounce, "/jobs/start", job_id=job_id)["queue_id"]
    neverbounce.clock.advance(60)
    assert ask(neverbounce, "/jobs/status", job_id=job_id)["job_status"] == "complete"


def test_duplicates_and_bad_syntax_are_not_billed(neverbounce: Opened) -> None:
    """TL-05: a credit per different, well-formed address."""
    job_id = create(neverbounce, ["a@one.example", "A@one.example", "b@one.example", "no address"])
    neverbounce.clock.advance(60)
    total = ask(neverbounce, "/jobs/status", job_id=job_id)["total"]
    assert (total["records"], total["billable"], total["duplicates"], total["bad_syntax"]) == (4, 2, 1, 1)
    assert neverbounce.sim.credits_used == 2
    rows = ask(neverbounce, "/jobs/results", job_id=job_id)["results"]
    assert rows[3]["verification"] == {"result": "invalid", "flags": ["bad_syntax"], "suggested_correction": ""}


def test_results_come_in_pages_of_at_most_a_thousand_and_as_csv(neverbounce: Opened) -> None:
    """TL-02: vendors.md §5.3."""
    job_id = create(neverbounce, [f"p{number}@one.example" for number in range(25)])
    neverbounce.clock.advance(60)
    pages = [ask(neverbounce, "/jobs/results", job_id=job_id, page=page, items_per_page=10) for page in (1, 2, 3)]
    assert [len(each["results"]) for each in pages] == [10, 10, 5]
    assert (pages[0]["total_results"], pages[0]["total_pages"]) == (25, 3)
    assert ask(neverbounce, "/jobs/results", job_id=job_id, items_per_page=1001)["status"] == "general_failure"
    lines = neverbounce.http.post("/jobs/download", json={**KEY, "job_id": job_id}).text.splitlines()
    assert len(lines) == 26
    assert lines[0] == '"id","email","email_status"'


def test_a_list_may_be_arrays_and_must_have_addresses(neverbounce: Opened) -> None:
    """TL-02: both input forms; a bad list is a general_failure."""
    wanted = {"input_location": "supplied", "input": [["L7", "a@one.example"]], "auto_parse": 1, "auto_start": 1}
    job_id = post(neverbounce, "/jobs/create", **wanted)["job_id"]
    neverbounce.clock.advance(60)
    assert ask(neverbounce, "/jobs/results", job_id=job_id)["results"][0]["data"]["id"] == "L7"
    for bad in ([], [{"id": "L1"}], "a@one.example"):
        assert post(neverbounce, "/jobs/create", input_location="supplied", input=bad)["status"] == "general_failure"


def test_what_goes_wrong_is_a_200_with_a_word() -> None:
    """TL-02: `raise_for_status` would see nothing."""
    with opened(build, windows={"jobs": (Window(2, 1),)}) as vendor:
        assert vendor.http.get("/account/info", params={"key": "guess"}).json()["status"] == "auth_failure"
        told = [ask(vendor, "/account/info")["status"] for _ in range(3)]
        assert told == ["success", "success", "throttle_triggered"]
        vendor.clock.advance(1)
        assert ask(vendor, "/jobs/status", job_id=1)["status"] == "general_failure"
        vendor.sim.faults.error_rate = 1.0
        replies = [vendor.http.get("/account/info", params=KEY) for _ in range(2)]
        assert [each.status_code for each in replies] == [200, 503]
        assert replies[0].json()["status"] == "temp_unavail"


def test_a_job_that_cannot_be_paid_is_not_made(neverbounce: Opened) -> None:
    """TL-05: out of credits is a general_failure that says so."""
    neverbounce.sim.faults.credits_out = True
    rows = [{"id": "L1", "email": "a@one.example"}]
    wanted = {"input_location": "supplied", "input": rows, "auto_parse": 1, "auto_start": 1}
    told = post(neverbounce, "/jobs/create", **wanted)
    assert told["status"] == "general_failure"
    assert "credits" in told["message"]
    assert neverbounce.sim.jobs == {}


def test_jobs_started_in_a_day_are_limited() -> None:
    """TL-02: 50 runs a day."""
    with opened(build, windows={RUNS: (Window(2, 86_400),)}) as vendor:
        for _ in range(2):
            create(vendor, ["a@one.example"])
        wanted = {"input_location": "supplied", "input": [["L1", "a@one.example"]], "auto_parse": 1, "auto_start": 1}
        assert post(vendor, "/jobs/create", **wanted)["status"] == "throttle_triggered"


def test_a_single_check_and_the_balance(neverbounce: Opened) -> None:
    """TL-07: the balance is free, a check costs a credit."""
    before = ask(neverbounce, "/account/info")["credits_info"]["paid_credits_remaining"]
    person = person_where(lambda each: each.email_state == "valid" and not each.company.is_catch_all)
    told = ask(neverbounce, "/single/check", email=person.email, credits_info=1, address_info=1)
    assert (told["result"], told["address_info"]["fqdn"]) == ("valid", person.company.domain)
    assert told["credits_info"]["paid_credits_remaining"] == before - 1
    assert ask(neverbounce, "/account/info")["job_counts"]["completed"] == 0
