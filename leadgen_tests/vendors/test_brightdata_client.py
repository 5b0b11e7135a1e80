"""Bright Data: snapshots started once, polled patiently, downloaded in parts; envelopes and error rows told apart."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import pytest

from leadgen_assets.vendors import contracts
from leadgen_assets.vendors.arrivals import Grant
from leadgen_assets.vendors.brightdata import (
    PEOPLE_DATASET,
    BrightDataClient,
    classify,
    classify_part,
    is_error_row,
    people_filter,
    records_of,
    to_draft,
)
from leadgen_assets.vendors.brightdata_companies import COMPANY_DATASET, BrightDataCompanies
from leadgen_assets.vendors.contracts import CompanyQuery, JobState, SearchQuery, Verdict

QUERY = SearchQuery(("PPC Manager", "SEM Manager"), ("Chicago, IL",))

PERSON: dict[str, Any] = {
    "id": "maya-okafor-x",
    "linkedin_num_id": "123456789",
    "name": "Maya Okafor",
    "first_name": "Maya",
    "last_name": "Okafor",
    "city": "Chicago, Illinois, United States",
    "country_code": "US",
    "location": "Chicago",
    "position": "PPC Manager at Northwind Rail",
    "url": "https://uk.linkedin.com/in/maya-okafor-x",
    "current_company": {
        "name": "Northwind Rail",
        "company_id": "northwind-rail",
        "title": "PPC Manager",
        "link": "https://www.linkedin.com/company/northwind-rail",
    },
    "avatar": "https://img.northwindrail.example/1.png",
    "timestamp": "2026-11-20T08:12:00.000Z",
}
ERROR_ROW = {"timestamp": "2026-11-20", "input": {"url": "x"}, "error": "4XX page", "error_code": "dead_page"}


def ask(script: Any, method: str, *args: Any, kind: Any = BrightDataClient, **attributes: Any) -> Any:
    async def run() -> Any:
        async with script.client(kind, "brightdata") as client:
            for name, value in attributes.items():
                setattr(client, name, value)
            return await getattr(client, method)(*args)

    return asyncio.run(run())


def lines(*rows: Any) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "application/jsonl"}, text="\n".join(map(json.dumps, rows)))


def test_a_search_starts_a_snapshot_with_a_cost_ceiling(script: Any) -> None:
    """vendors.md §2.3, §2.5: any title within the position, any city within the city text, records_limit always."""
    job = ask(script.answers(httpx.Response(200, json={"snapshot_id": "snap_mh9"})), "start", QUERY, 500)

    assert job == "snap_mh9"
    assert script.requests[0].headers["authorization"] == "Bearer opensesame"
    assert script.sent() == {
        "dataset_id": PEOPLE_DATASET,
        "records_limit": 500,
        "filter": {
            "operator": "and",
            "filters": [
                {"name": "country_code", "operator": "in", "value": ["US"]},
                {
                    "operator": "or",
                    "filters": [
                        {"name": "position", "operator": "includes", "value": "PPC Manager"},
                        {"name": "position", "operator": "includes", "value": "SEM Manager"},
                    ],
                },
                {"name": "city", "operator": "includes", "value": "Chicago"},
            ],
        },
    }


def depth(condition: dict[str, Any]) -> int:
    return 1 + max((depth(each) for each in condition.get("filters", ())), default=0)


def test_a_filter_never_nests_deeper_than_three() -> None:
    """vendors.md §2.3: nesting ≤ 3."""
    wide = SearchQuery(("A", "B"), ("C", "D"), ("US", "GB"), (("current_company_name", "Northwind Rail"),))

    assert depth(people_filter(wide)) == 3


def test_nobody_matches_is_no_failure(script: Any) -> None:
    """vendors.md §2.3: 422 "did not match any records" is an empty result."""
    answer = httpx.Response(422, json={"error": "Provided filter did not match any records"})

    assert ask(script.answers(answer), "start", QUERY, 500) is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(422, json={"error": "records_limit is wrong"}), contracts.VendorBadRequest),
        (httpx.Response(400, json={"validation_errors": ["unknown field"]}), contracts.VendorBadRequest),
        (httpx.Response(401, text="Invalid credentials"), contracts.VendorRejectedCredentials),
        (httpx.Response(402, json={"error": "Your current balance is insufficient"}), contracts.VendorOutOfCredits),
        (httpx.ReadTimeout("slow"), contracts.VendorOutcomeUnknown),
        (httpx.Response(200, json={"ok": 1}), contracts.VendorUnavailable),
    ],
)
def test_a_start_that_fails_says_how(script: Any, answer: Any, error: type[Exception]) -> None:
    """vendors.md §2.1, §2.3: errors are text or JSON; a start may have been billed."""
    with pytest.raises(error):
        ask(script.answers(answer), "start", QUERY, 500)

    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"status": "scheduled"}, JobState.RUNNING),
        ({"status": "building"}, JobState.RUNNING),
        ({"status": "polishing"}, JobState.RUNNING),
        ({"status": "ready", "dataset_size": 42, "cost": 0.105}, JobState.READY),
        ({"status": "ready", "dataset_size": 0}, JobState.EMPTY),
        ({"status": "failed", "error": "Snapshot is empty"}, JobState.EMPTY),
        ({"status": "failed", "error": "Snapshot is expired"}, JobState.EXPIRED),
        ({"status": "failed", "error": "Account is suspended"}, JobState.FAILED),
        ({"status": "canceled"}, JobState.FAILED),
    ],
)
def test_unknown_words_mean_not_finished(script: Any, said: dict[str, Any], state: JobState) -> None:
    """vendors.md §2.2: treat unknown statuses as "not finished"."""
    status = ask(script.answers(httpx.Response(200, json=said)), "status", "snap_1")

    assert status.state is state
    assert status.cost_usd == (Decimal("0.105") if "cost" in said else None)


def test_an_unknown_snapshot_has_expired(script: Any) -> None:
    """vendors.md §2.5: snapshots are kept for 30 days."""
    answer = httpx.Response(404, text="Snapshot does not exist")

    assert ask(script.answers(answer), "status", "snap_1").state is JobState.EXPIRED


def test_a_part_is_downloaded_with_error_rows(script: Any) -> None:
    """vendors.md §2.2, §2.4: parts of at least 1,000; error rows are in the same array and told by their error."""
    rows = ask(script.answers(lines(PERSON, ERROR_ROW)), "download", "snap_1", 2)

    assert rows == [PERSON, ERROR_ROW]
    assert [is_error_row(row) for row in rows] == [False, True]
    assert dict(script.requests[0].url.params) == {"format": "jsonl", "batch_size": "1000", "part": "2"}


@pytest.mark.parametrize("status", [202, 200])
def test_an_envelope_is_never_a_record(script: Any, status: int) -> None:
    """vendors.md §2.2: 202 can follow ready; resp.json() on 2xx would store the envelope."""
    answer = httpx.Response(status, json={"status": "building", "message": "Snapshot is not ready yet"})

    assert ask(script.answers(answer), "download", "snap_1", 1) is None


def test_a_part_cut_in_the_middle_of_a_line_is_fetched_again(script: Any) -> None:
    """NFR-007: no record is lost to a broken download."""
    whole = lines(PERSON, PERSON)
    cut = httpx.Response(200, text=whole.text[: len(whole.text) - 20])

    assert len(ask(script.answers(cut, whole), "download", "snap_1", 1)) == 2


def test_an_empty_snapshot_and_the_end_of_the_parts_are_empty(script: Any) -> None:
    """vendors.md §2.2: "Snapshot is empty" is success with zero records."""
    assert ask(script.answers(httpx.Response(400, text="Snapshot is empty")), "download", "snap_1", 1) == []
    ready = httpx.Response(200, json={"status": "ready", "dataset_size": 1000})
    past = httpx.Response(400, text="part is out of range")
    assert ask(script.answers(past, ready), "download", "snap_1", 2) == []
    assert ask(script.answers(httpx.Response(200, text="")), "download", "snap_1", 3) == []


def test_an_expired_snapshot_is_an_error(script: Any) -> None:
    """vendors.md §2.2: expired costs a new start, so it must not look empty."""
    with pytest.raises(contracts.VendorBadRequest, match="expired"):
        ask(script.answers(httpx.Response(400, text="Snapshot is expired")), "download", "snap_1", 1)


def test_rows_come_as_lines_or_as_an_array() -> None:
    """vendors.md §2.2: JSON array or lines; line separators inside a text do not cut a row."""
    row = {"id": "a", "about": "one\u2028two"}
    assert records_of(json.dumps([row, 3, row])) == [row, row]
    assert records_of(json.dumps(row, ensure_ascii=False) + "\n\n" + json.dumps(row, ensure_ascii=False)) == [row, row]


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, {"snapshot_id": "s"}, Verdict.OK),
        (202, {"status": "running"}, Verdict.PENDING),
        (400, "No data to trigger", Verdict.BAD_REQUEST),
        (401, "Credentials are missing", Verdict.AUTH),
        (402, {"error": "balance"}, Verdict.OUT_OF_CREDITS),
        (404, "dataset does not exist", Verdict.BAD_REQUEST),
        (422, {"error": "Provided filter did not match any records"}, Verdict.EMPTY),
        (429, {"error": "Maximum limit of 100 jobs per dataset has been exceeded"}, Verdict.RETRY_AFTER),
        (500, "oops", Verdict.BACK_OFF),
    ],
)
def test_the_error_language(status: int, body: Any, verdict: Verdict) -> None:
    """vendors.md §2.1 to §2.3, row by row."""
    assert classify(status, {}, body).verdict is verdict
    if status not in (200, 422):
        assert classify_part(status, {}, body).verdict is verdict


def test_a_rejection_is_answered_with_a_longer_pause() -> None:
    """vendors.md §2.5: honour Retry-After, else wait."""
    assert classify(429, {"retry-after": "30"}, "").wait == 30
    assert (classify(429, {}, "").wait or 0) >= 2


class _Struck:
    """A governor that has seen this many rejections."""

    def __init__(self) -> None:
        self.strikes = 0
        self.penalties: list[float] = []

    async def acquire(self, vendor: str, operation: str) -> Grant:
        return Grant(vendor, operation)

    async def report(self, vendor: str, *, answered: bool, grant: Grant | None = None) -> None: ...

    async def penalise(self, vendor: str, operation: str, seconds: float) -> int:
        self.strikes += 1
        self.penalties.append(seconds)
        return self.strikes


def test_it_stops_well_before_the_address_is_blocked(script: Any) -> None:
    """vendors.md §2.5: 25 rejections in 5 minutes block the address, 10 warn."""
    governor = _Struck()

    async def run() -> None:
        async with script.answers(httpx.Response(429)).client(BrightDataClient, "brightdata", governor) as client:
            for _ in range(3):
                with pytest.raises(contracts.VendorUnavailable):
                    await client.status("snap_1")

    asyncio.run(run())
    assert len(script.requests) < 10
    assert 300.0 in governor.penalties


def test_a_person_becomes_a_draft() -> None:
    """TL-02: mapping; there is no email and no phone in this source."""
    draft = to_draft(PERSON)

    assert draft["job_title"] == "PPC Manager"
    assert draft["location"] == "Chicago, Illinois, United States"
    assert draft["company_linkedin"] == "https://www.linkedin.com/company/northwind-rail"
    assert draft["vendor_id"] == "maya-okafor-x"
    assert draft["email"] is draft["phone"] is None
    bare = to_draft({**PERSON, "city": "Contact Info", "current_company": None, "default_avatar": True})
    assert (bare["location"], bare["job_title"]) == ("Chicago", "PPC Manager at Northwind Rail")
    assert bare["profile_picture_url"] is None


COMPANY = {
    "id": "northwind-rail",
    "company_id": "987",
    "website": "https://www.northwindrail.example/about",
    "industries": "Rail Transportation",
    "company_size": "501-1,000 employees",
    "url": "https://www.linkedin.com/company/northwind-rail",
}
WANTED = [
    CompanyQuery("r1", None, "Northwind Rail", "northwind-rail"),
    CompanyQuery("r2", None, "Northwind", "987"),
    CompanyQuery("r3", None, "Nowhere", "nowhere"),
    CompanyQuery("r4", "x.example", "No page", None),
]


@dataclass
class _Job:
    job_id: str
    state: str = "running"
    is_intended: bool = False


@dataclass
class _Memory:
    jobs: dict[str, _Job] = field(default_factory=dict)

    def find(self, key: str) -> _Job | None:
        return self.jobs.get(key)

    def intend(self, key: str, vendor: str, operation: str, request: dict[str, Any]) -> None:
        self.jobs[key] = _Job("", "intended", is_intended=True)

    def remember(self, key: str, vendor: str, operation: str, job_id: str, request: dict[str, Any]) -> None:
        self.jobs[key] = _Job(job_id)

    def finish(self, key: str, state: str) -> None:
        self.jobs[key].state = state


def company_vendor(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/datasets/filter"):
        return httpx.Response(200, json={"snapshot_id": "snap_c"})
    if request.url.path.endswith("/download"):
        return lines(COMPANY, ERROR_ROW)
    return httpx.Response(200, json={"status": "ready", "dataset_size": 2})


def test_companies_are_found_in_one_snapshot_and_joined_by_id(script: Any) -> None:
    """REQ-015, vendors.md §2.3: an `in` list, one job, one answer a company."""
    memory = _Memory()
    answers = ask(script.answers(company_vendor), "find_companies", WANTED, kind=BrightDataCompanies, jobs=memory)

    assert [type(each).__name__ for each in answers] == ["Found", "Found", "Missed", "Missed"]
    assert [each.ref for each in answers] == ["r1", "r2", "r3", "r4"]
    assert answers[0].fields == {
        "company_website": "https://www.northwindrail.example/about",
        "company_domain": "northwindrail.example",
        "company_industry": "Rail Transportation",
        "company_size": "501-1,000 employees",
        "company_linkedin": "https://www.linkedin.com/company/northwind-rail",
    }
    sent = script.sent(0)
    assert (sent["dataset_id"], sent["records_limit"]) == (COMPANY_DATASET, 3)
    assert {"name": "id", "operator": "in", "value": ["987", "northwind-rail", "nowhere"]} in sent["filter"]["filters"]
    assert [job.state for job in memory.jobs.values()] == ["ready"]


def test_the_same_companies_are_not_paid_twice(script: Any) -> None:
    """vendors.md §8.7: persist ids, resume instead of re-triggering."""
    memory = _Memory()
    for _ in range(2):
        ask(script.answers(company_vendor), "find_companies", WANTED, kind=BrightDataCompanies, jobs=memory)

    assert sum(request.url.path.endswith("/datasets/filter") for request in script.requests) == 1


def test_an_expired_company_snapshot_is_started_again(script: Any) -> None:
    """vendors.md §8.7: ids expire."""
    memory = _Memory()
    ask(script.answers(company_vendor), "find_companies", WANTED, kind=BrightDataCompanies, jobs=memory)
    for job in memory.jobs.values():
        job.job_id = "snap_old"

    def vendor(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404) if request.url.path.endswith("/snap_old") else company_vendor(request)

    answers = ask(script.answers(vendor), "find_companies", WANTED, kind=BrightDataCompanies, jobs=memory)

    assert type(answers[0]).__name__ == "Found"
    assert [job.job_id for job in memory.jobs.values()] == ["snap_c"]


def test_companies_without_a_page_cost_no_call(script: Any) -> None:
    """REQ-015: only what can be answered is asked."""
    answers = ask(script, "find_companies", WANTED[3:], kind=BrightDataCompanies)

    assert [type(each).__name__ for each in answers] == ["Missed"]
    assert script.requests == []


def test_the_check_reads_the_free_field_list(script: Any) -> None:
    """TL-07: one call, no credits."""
    good = ask(script.answers(httpx.Response(200, json={"id": "x", "fields": {"name": {}}})), "check")
    bad = ask(script.answers(httpx.Response(401, text="Invalid credentials")), "check")

    assert (good.ok, bad.ok) == (True, False)
    assert {request.method for request in script.requests} == {"GET"}
