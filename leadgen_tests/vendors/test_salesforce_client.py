"""Salesforce: a finished job is not a successful one; every record gets exactly one result."""

from __future__ import annotations

import asyncio
import csv
import io
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.vendors.contracts import CrmOutcome, VendorRejectedCredentials, VendorUnavailable
from leadgen_assets.vendors.salesforce import SalesforceClient
from leadgen_assets.vendors.salesforce_bulk import as_csv, reconciled
from leadgen_tests.vendors.conftest import Script

FIELD = "Lead_External_Id__c"


@dataclass
class Org:
    """Just enough of an org to script one job."""

    states: list[str] = field(default_factory=lambda: ["InProgress", "JobComplete"])
    files: dict[str, str] = field(default_factory=dict)
    expired: int = 0
    """Calls that are refused although logged in."""
    log: list[str] = field(default_factory=list)
    logins: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/vendor")
        self.log.append(f"{request.method} {path.rsplit('/', 1)[-1]}")
        if path.endswith("/oauth2/token"):
            self.logins += 1
            return httpx.Response(200, json={"access_token": f"token{self.logins}"})
        if self.expired:
            self.expired -= 1
            return httpx.Response(401, json=[{"errorCode": "INVALID_SESSION_ID", "message": "expired"}])
        if path.endswith("/jobs/ingest"):
            return httpx.Response(
                200, json={"id": "750A", "contentUrl": "services/data/v59.0/jobs/ingest/750A/batches"}
            )
        if request.method == "PUT":
            return httpx.Response(201)
        name = path.rsplit("/", 1)[-1]
        if name in ("successfulResults", "failedResults", "unprocessedrecords"):
            return httpx.Response(200, text=self.files.get(name, ""), headers={"content-type": "text/csv"})
        if request.method == "PATCH":
            return httpx.Response(200, json={"state": "UploadComplete"})
        return httpx.Response(200, json={"state": self.states.pop(0) if len(self.states) > 1 else self.states[0]})


def use(script: Script, org: Org, *ids: str, jobs: list[str] | None = None) -> Any:
    async def run() -> Any:
        async with script.client(SalesforceClient, "salesforce") as client:

            async def remember(job_id: str) -> None:
                (jobs if jobs is not None else []).append(job_id)
                org.log.append("remembered")

            client.on_job = remember
            return await client.upsert([{FIELD: each, "LastName": "Okafor"} for each in ids], FIELD)

    script.answers(org)
    return asyncio.run(run())


def test_a_job_that_completes_is_reconciled_record_by_record(script: Script) -> None:
    """TL-06: success, failure, locked row, unprocessed and lost; the order of the files does not matter."""
    org = Org(
        files={
            "successfulResults": f'"sf__Id","sf__Created","{FIELD}"\n"00Q2","false","L2"\n"00Q1","true","L1"\n',
            "failedResults": f'"sf__Id","sf__Error","{FIELD}"\n'
            '"","REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --","L3"\n'
            '"","UNABLE_TO_LOCK_ROW:unable to obtain exclusive access:--","L4"\n',
            "unprocessedrecords": f'"{FIELD}"\n"L5"\n',
        }
    )
    jobs: list[str] = []
    results = use(script, org, "L1", "L2", "L3", "L4", "L5", "L6", jobs=jobs)
    assert [each.outcome for each in results] == [
        CrmOutcome.CREATED, CrmOutcome.UPDATED, CrmOutcome.FAILED, CrmOutcome.RETRY, CrmOutcome.RETRY, CrmOutcome.RETRY,
    ]  # fmt: skip
    assert results[0].crm_id == "00Q1"
    assert results[2].reason == "REQUIRED_FIELD_MISSING: Company"
    assert jobs == ["750A"]


def test_the_job_id_is_handed_over_before_anything_is_uploaded(script: Script) -> None:
    """vendors.md §8.7: a crash afterwards resumes instead of sending twice."""
    org = Org()
    use(script, org, "L1")
    assert org.log[:5] == ["POST token", "POST ingest", "remembered", "PUT batches", "PATCH 750A"]


def test_an_expired_session_is_renewed_once(script: Script) -> None:
    """vendors.md §6.2: 401 INVALID_SESSION_ID."""
    org = Org()

    async def run() -> Any:
        async with script.client(SalesforceClient, "salesforce") as client:
            await client.describe()
            org.expired = 1
            return await client.upsert([{FIELD: "L1"}], FIELD)

    script.answers(org)
    assert len(asyncio.run(run())) == 1
    assert org.logins == 2


def test_a_refused_login_is_said_at_once(script: Script) -> None:
    """TL-07."""
    script.answers(httpx.Response(400, json={"error": "invalid_client"}))

    async def run() -> Any:
        async with script.client(SalesforceClient, "salesforce") as client:
            return await client.describe()

    with pytest.raises(VendorRejectedCredentials, match="login: invalid"):
        asyncio.run(run())
    assert len(script.requests) == 1


def test_the_request_limit_is_not_a_login_problem(script: Script) -> None:
    """vendors.md §6.2: 403 REQUEST_LIMIT_EXCEEDED."""

    def org(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t"})
        return httpx.Response(403, json=[{"errorCode": "REQUEST_LIMIT_EXCEEDED"}])

    script.answers(org)

    async def run() -> Any:
        async with script.client(SalesforceClient, "salesforce") as client:
            return await client.describe()

    with pytest.raises(VendorUnavailable):
        asyncio.run(run())
    assert sum(request.url.path.endswith("/token") for request in script.requests) == 1


@pytest.mark.parametrize(("state", "resumed"), [("Aborted", False), ("JobComplete", True)])
def test_a_job_that_was_given_up_cannot_be_resumed(script: Script, state: str, resumed: bool) -> None:
    """vendors.md §8.7."""
    script.answers(Org(states=[state]))

    async def run() -> Any:
        async with script.client(SalesforceClient, "salesforce") as client:
            return await client.resume("750A", [{FIELD: "L1"}], FIELD)

    assert (asyncio.run(run()) is not None) == resumed


def test_an_open_job_gets_its_records_when_it_is_resumed(script: Script) -> None:
    """vendors.md §8.7: made before the process died, and not made again."""
    org = Org(states=["Open", "JobComplete"])
    script.answers(org)

    async def run() -> Any:
        async with script.client(SalesforceClient, "salesforce") as client:
            return await client.resume("750A", [{FIELD: "L1"}], FIELD)

    assert [each.external_id for each in asyncio.run(run())] == ["L1"]
    assert [each for each in org.log if each.split()[0] in ("PUT", "PATCH", "POST")] == [
        "POST token", "PUT batches", "PATCH 750A",
    ]  # fmt: skip


def test_a_file_that_was_not_understood_is_not_sent_again() -> None:
    """vendors.md §6.2: an InvalidBatch fails the same way every time."""
    (result,) = reconciled(["L1"], FIELD, "", "", f"{FIELD}\nL1\n", error="InvalidBatch : Field name not found : Foo")
    assert result.outcome is CrmOutcome.FAILED


value = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)


@given(st.lists(st.dictionaries(st.sampled_from(["LastName", "Company", "City"]), value), min_size=1, max_size=8))
def test_what_is_written_as_csv_is_read_back_unchanged(rows: list[dict[str, str]]) -> None:
    """TL-06: commas, quotes and other scripts survive."""
    records = [{FIELD: f"L{number}", **row} for number, row in enumerate(rows)]
    read = list(csv.DictReader(io.StringIO(as_csv(records, FIELD).decode(), newline="")))
    assert [{name: text for name, text in row.items() if text} for row in read] == [
        {name: text for name, text in record.items() if text} for record in records
    ]
