"""Salesforce in the sandbox answers as vendors.md §6.2 says: login, bulk jobs, row errors, limits, sessions."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest

from leadgen_assets.sandbox.rates import Window
from leadgen_assets.sandbox.salesforce import build
from leadgen_assets.sandbox.salesforce_leads import LOCKED_ONE_IN, LeadTable

from .vendor_server import Opened, opened

DATA = "/services/data/v59.0"
LOGIN = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
JOB = {
    "object": "Lead",
    "operation": "upsert",
    "externalIdFieldName": "Lead_External_Id__c",
    "contentType": "CSV",
    "lineEnding": "LF",
    "columnDelimiter": "COMMA",
}


def log_in(vendor: Opened) -> None:
    """Take a token and send it from now on."""
    token = vendor.http.post("/services/oauth2/token", data=LOGIN).json()["access_token"]
    vendor.http.headers["Authorization"] = f"Bearer {token}"


@pytest.fixture
def salesforce() -> Iterator[Opened]:
    with opened(build) as vendor:
        log_in(vendor)
        yield vendor


def as_csv(rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def lead(external_id: str, **fields: str) -> dict[str, str]:
    """A row that is good unless a field says otherwise."""
    return {"Lead_External_Id__c": external_id, "LastName": "Okafor", "Company": "Northwind", **fields}


def send(vendor: Opened, content: str, **job: str) -> str:
    """Create, upload and close a job; its id."""
    made = vendor.http.post(f"{DATA}/jobs/ingest", json={**JOB, **job}).json()
    put = vendor.http.put("/" + made["contentUrl"], content=content.encode(), headers={"Content-Type": "text/csv"})
    assert (put.status_code, put.content) == (201, b"")
    assert vendor.http.patch(f"{DATA}/jobs/ingest/{made['id']}", json={"state": "UploadComplete"}).status_code == 200
    return str(made["id"])


def results(vendor: Opened, job_id: str, part: str) -> list[dict[str, str]]:
    reply = vendor.http.get(f"{DATA}/jobs/ingest/{job_id}/{part}")
    assert reply.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(reply.text)))


def run(vendor: Opened, rows: list[dict[str, str]], **job: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The finished job, and the error by external id."""
    job_id = send(vendor, as_csv(rows), **job)
    vendor.clock.advance(60)
    info = vendor.http.get(f"{DATA}/jobs/ingest/{job_id}").json()
    failed = results(vendor, job_id, "failedResults")
    return info, {each["Lead_External_Id__c"]: each["sf__Error"] for each in failed}


def test_client_credentials_give_a_token_and_an_address_that_leads_back_here(salesforce: Opened) -> None:
    """TL-02: `instance_url` is where the client goes on; no `expires_in` is told."""
    body = salesforce.http.post("/services/oauth2/token", data=LOGIN).json()
    assert body["instance_url"] == "http://sandbox.test/salesforce"
    assert "expires_in" not in body
    basic = salesforce.http.post(
        "/services/oauth2/token", data={"grant_type": "client_credentials"}, auth=("sandbox", "sandbox")
    )
    assert basic.status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({**LOGIN, "client_secret": "guess"}, "invalid_client"),
        ({**LOGIN, "client_id": "guess"}, "invalid_client_id"),
        ({**LOGIN, "grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_are_a_400_with_an_error_word(salesforce: Opened, form: dict[str, str], error: str) -> None:
    """TL-07: OAuth errors are not the REST API's arrays."""
    reply = salesforce.http.post("/services/oauth2/token", data=form)
    assert (reply.status_code, reply.json()["error"]) == (400, error)


def test_a_session_ends_by_itself_and_by_fault_and_a_new_login_helps(salesforce: Opened) -> None:
    """TL-02: 401 INVALID_SESSION_ID in an array; log in again, replay."""
    assert salesforce.http.get(f"{DATA}/limits").status_code == 200
    salesforce.clock.advance(7_200)
    reply = salesforce.http.get(f"{DATA}/limits")
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    log_in(salesforce)
    salesforce.sim.faults.expired_token = True
    salesforce.sim.faults_changed()
    assert salesforce.http.get(f"{DATA}/limits").status_code == 401
    log_in(salesforce)
    assert salesforce.http.get(f"{DATA}/limits").status_code == 200


def test_a_job_goes_from_open_over_in_progress_to_complete(salesforce: Opened) -> None:
    """TL-06: bulk jobs are polled."""
    job_id = send(salesforce, as_csv([lead("L1"), lead("L2")]))
    url, seen = f"{DATA}/jobs/ingest/{job_id}", []
    for _ in range(8):
        seen.append(salesforce.http.get(url).json()["state"])
        salesforce.clock.advance(0.1)
    assert list(dict.fromkeys(seen)) == ["UploadComplete", "InProgress", "JobComplete"]
    info = salesforce.http.get(url).json()
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (2, 0)
    assert results(salesforce, job_id, "unprocessedrecords") == []


def test_success_rows_say_whether_a_lead_was_created_and_come_in_another_order(salesforce: Opened) -> None:
    """TL-06: results are joined by external id, never by position."""
    first = send(salesforce, as_csv([lead("L1"), lead("L2")]))
    salesforce.clock.advance(60)
    rows = results(salesforce, first, "successfulResults")
    assert [each["Lead_External_Id__c"] for each in rows] == ["L2", "L1"]
    assert {each["sf__Created"] for each in rows} == {"true"}
    again = send(salesforce, as_csv([lead("L1", Title="Manager")]))
    salesforce.clock.advance(60)
    row = results(salesforce, again, "successfulResults")[0]
    assert (row["sf__Created"], row["sf__Id"]) == ("false", rows[1]["sf__Id"])
    state = salesforce.sim.inspect()
    assert (state["count"], state["created"], state["updated"]) == (2, 2, 1)
    read = salesforce.http.get(f"{DATA}/sobjects/Lead/Lead_External_Id__c/L1").json()
    assert (read["Title"], read["Company"]) == ("Manager", "Northwind")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"Company": ""}, "REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --"),
        ({"LastName": "#N/A"}, "REQUIRED_FIELD_MISSING"),
        ({"Title": "x" * 129}, "STRING_TOO_LONG:Title"),
        ({"Email": "no address"}, "INVALID_EMAIL_ADDRESS:Email"),
        ({"Status": "Hot"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:Status"),
        ({"NumberOfEmployees": "51-200"}, "INVALID_TYPE_ON_FIELD_IN_RECORD:NumberOfEmployees"),
        ({"Lead_External_Id__c": ""}, "MISSING_ARGUMENT"),
    ],
)
def test_a_bad_row_fails_alone_with_code_and_field(salesforce: Opened, fields: dict[str, str], error: str) -> None:
    """TL-06, REQ-020: JobComplete is not success."""
    info, errors = run(salesforce, [lead("L1"), lead("L2", **fields)])
    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == ("JobComplete", 2, 1)
    assert next(iter(errors.values())).startswith(error)
    assert list(salesforce.sim.inspect()["by_external_id"]) == ["L1"]


def test_an_unrestricted_picklist_takes_any_value(salesforce: Opened) -> None:
    """REQ-020: Industry and LeadSource are suggestions."""
    _, errors = run(salesforce, [lead("L1", Industry="Advertising Services", LeadSource="Lead generation sprint")])
    assert errors == {}


def test_the_second_of_two_rows_with_one_external_id_fails(salesforce: Opened) -> None:
    """TL-06: vendors.md §6.2."""
    info, errors = run(salesforce, [lead("L1", Title="first"), lead("L1", Title="second")])
    assert info["numberRecordsFailed"] == 1
    assert errors["L1"].startswith("DUPLICATE_VALUE")
    assert salesforce.sim.table.leads["L1"]["Title"] == "first"


def test_an_empty_value_is_ignored_and_not_available_clears(salesforce: Opened) -> None:
    """TL-06: `#N/A` nulls a field."""
    run(salesforce, [lead("L1", City="Austin", State="TX")])
    run(salesforce, [lead("L1", City="", State="#N/A")])
    kept = salesforce.sim.table.leads["L1"]
    assert kept["City"] == "Austin"
    assert "State" not in kept


def test_a_locked_row_gets_through_on_the_second_try() -> None:
    """TL-06: UNABLE_TO_LOCK_ROW passes."""
    table = LeadTable()
    rows = [lead(f"L{number}") for number in range(LOCKED_ONE_IN * 4)]
    locked = [each.row for each in table.write("upsert", "Lead_External_Id__c", rows, lambda: False) if each.error]
    assert locked
    again = table.write("upsert", "Lead_External_Id__c", locked, lambda: False)
    assert [each.error for each in again] == [""] * len(locked)
    assert len(table.leads) == len(rows)


def test_an_error_storm_locks_rows_too(salesforce: Opened) -> None:
    """TL-06: the same switch as for requests."""
    job_id = send(salesforce, as_csv([lead(f"L{number}") for number in range(200)]))
    salesforce.clock.advance(60)
    salesforce.sim.faults.error_rate = 0.5
    salesforce.sim._advanced(salesforce.sim.jobs[job_id])
    salesforce.sim.faults.error_rate = 0.0
    errors = {each["sf__Error"].partition(":")[0] for each in results(salesforce, job_id, "failedResults")}
    assert errors == {"UNABLE_TO_LOCK_ROW"}


def test_a_converted_lead_and_a_duplicate_by_rule_are_refused(salesforce: Opened) -> None:
    """TL-06: vendors.md §6.2, sf__Error examples."""
    run(salesforce, [lead("L1", Email="a@one.example")])
    salesforce.sim.table.convert("L1")
    salesforce.sim.table.has_duplicate_rule = True
    _, errors = run(salesforce, [lead("L1"), lead("L2", Email="A@one.example")])
    assert errors["L1"].startswith("CANNOT_UPDATE_CONVERTED_LEAD")
    assert errors["L2"].startswith("DUPLICATES_DETECTED")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Lead_External_Id__c,LastName,Company,Shoe\nL1,O,N,44\n", "Field name not found : Shoe"),
        ("LastName,Company\nO,N\n", "Field name not found : Lead_External_Id__c"),
        ("Lead_External_Id__c,LastName,Company,IsConverted\nL1,O,N,true\n", "Unable to create/update field"),
        ("Lead_External_Id__c,LastName,Company\r\nL1,O,N\r\n", "LineEnding is invalid"),
        ("Lead_External_Id__c,LastName,Company\nL1,O\n", "number of columns"),
    ],
)
def test_a_file_that_is_not_understood_fails_as_a_whole(salesforce: Opened, content: str, message: str) -> None:
    """TL-06: Failed with an errorMessage; every row is unprocessed."""
    job_id = send(salesforce, content)
    salesforce.clock.advance(60)
    info = salesforce.http.get(f"{DATA}/jobs/ingest/{job_id}").json()
    assert info["state"] == "Failed"
    assert message in info["errorMessage"]
    assert len(results(salesforce, job_id, "unprocessedrecords")) == 1
    assert salesforce.sim.inspect()["count"] == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"object": "Shoe"}, "INVALIDENTITY"),
        ({"externalIdFieldName": "Title"}, "INVALIDJOB"),
        ({"lineEnding": "CR"}, "API_ERROR"),
    ],
)
def test_a_job_that_cannot_be_is_not_created(salesforce: Opened, change: dict[str, str], code: str) -> None:
    """TL-06: errors are arrays."""
    reply = salesforce.http.post(f"{DATA}/jobs/ingest", json={**JOB, **change})
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)


def test_a_job_takes_one_file_and_gives_results_only_at_its_end(salesforce: Opened) -> None:
    """TL-06: vendors.md §6.2, INVALIDJOBSTATE."""
    made = salesforce.http.post(f"{DATA}/jobs/ingest", json=JOB).json()
    url = f"{DATA}/jobs/ingest/{made['id']}"
    kind = {"Content-Type": "text/csv"}
    for status in (201, 400):
        put = salesforce.http.put("/" + made["contentUrl"], content=as_csv([lead("L1")]).encode(), headers=kind)
        assert put.status_code == status
    assert put.json()[0]["errorCode"] == "INVALIDJOBSTATE"
    assert salesforce.http.get(f"{url}/successfulResults").status_code == 400
    assert salesforce.http.delete(url).status_code == 400
    assert salesforce.http.patch(url, json={"state": "Aborted"}).json()["state"] == "Aborted"
    assert salesforce.http.delete(url).status_code == 204
    assert salesforce.http.get(url).json()[0]["errorCode"] == "NOT_FOUND"


def test_lead_is_described_with_lengths_and_picklists(salesforce: Opened) -> None:
    """REQ-020: the mapping is validated against this."""
    fields = {each["name"]: each for each in salesforce.http.get(f"{DATA}/sobjects/Lead/describe").json()["fields"]}
    assert (fields["LastName"]["length"], fields["LastName"]["nillable"]) == (80, False)
    assert fields["Lead_External_Id__c"]["externalId"]
    assert fields["Status"]["restrictedPicklist"]
    assert fields["Status"]["picklistValues"][0]["value"] == "Open - Not Contacted"
    assert not fields["IsConverted"]["createable"]
    assert salesforce.http.get(f"{DATA}/sobjects/Shoe/describe").status_code == 404


def test_requests_are_counted_told_and_limited() -> None:
    """TL-02: Sforce-Limit-Info on every reply; 403 REQUEST_LIMIT_EXCEEDED is no matter of credentials."""
    with opened(build, windows={"*": (Window(3, 86_400),)}) as salesforce:
        log_in(salesforce)
        first = salesforce.http.get(f"{DATA}/limits")
        assert first.headers["sforce-limit-info"] == "api-usage=1/3"
        assert first.json()["DailyApiRequests"] == {"Max": 3, "Remaining": 2}
        replies = [salesforce.http.get(f"{DATA}/limits") for _ in range(3)]
        assert [each.status_code for each in replies] == [200, 200, 403]
        assert replies[2].json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
        assert "retry-after" not in replies[2].headers


def test_an_outage_is_a_503_in_an_array(salesforce: Opened) -> None:
    """TL-02: vendors.md §6.2."""
    salesforce.sim.faults.down = True
    reply = salesforce.http.get(f"{DATA}/limits")
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (503, "SERVER_UNAVAILABLE")
