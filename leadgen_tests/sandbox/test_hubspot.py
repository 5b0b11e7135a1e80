"""HubSpot in the sandbox answers as vendors.md §6.1 says: batches, partial success, properties, limits, faults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from leadgen_assets.sandbox.hubspot import build
from leadgen_assets.sandbox.rates import Window

from .vendor_server import Opened, opened

KEY = {"Authorization": "Bearer sandbox"}
UPSERT = "/crm/v3/objects/contacts/batch/upsert"


@pytest.fixture
def hubspot() -> Iterator[Opened]:
    with opened(build, KEY) as vendor:
        yield vendor


def by_id(lead_id: str, trace: Any = True, **properties: Any) -> dict[str, Any]:
    """An input identified by the custom unique property."""
    made: dict[str, Any] = {"id": lead_id, "idProperty": "lead_external_id", "properties": properties}
    return {**made, "objectWriteTraceId": f"trace-{lead_id}"} if trace else made


def by_email(address: str, **properties: Any) -> dict[str, Any]:
    """An input identified by its address."""
    return {"id": address, "idProperty": "email", "objectWriteTraceId": address, "properties": properties}


def test_an_upsert_creates_a_contact_and_then_updates_it(hubspot: Opened) -> None:
    """TL-06: `new` tells which of both, and the trace id comes back."""
    first = hubspot.http.post(UPSERT, json={"inputs": [by_id("L1", firstname="Maya", email="Maya@One.example")]})
    assert first.status_code == 200
    made = first.json()["results"][0]
    assert (made["new"], made["objectWriteTraceId"]) == (True, "trace-L1")
    assert made["properties"]["email"] == "maya@one.example"
    second = hubspot.http.post(UPSERT, json={"inputs": [by_id("L1", lastname="Okafor")]}).json()["results"][0]
    assert (second["new"], second["id"]) == (False, made["id"])
    assert second["properties"]["firstname"] == "Maya"
    state = hubspot.sim.inspect()
    assert (state["count"], state["created"], state["updated"]) == (1, 1, 1)
    assert state["by_external_id"]["L1"]["lastname"] == "Okafor"


def test_with_a_trace_id_on_every_input_only_the_bad_records_fail(hubspot: Opened) -> None:
    """TL-06: 207 with one error a record, by its trace id."""
    inputs = [by_id("L1", email="a@one.example"), by_id("L2", email="not an address"), by_id("L3", shoesize="44")]
    reply = hubspot.http.post(UPSERT, json={"inputs": inputs})
    assert reply.status_code == 207
    body = reply.json()
    assert [each["objectWriteTraceId"] for each in body["results"]] == ["trace-L1"]
    assert body["numErrors"] == 2
    told = {each["context"]["objectWriteTraceId"][0]: each["errors"][0]["code"] for each in body["errors"]}
    assert told == {"trace-L2": "INVALID_EMAIL", "trace-L3": "PROPERTY_DOESNT_EXIST"}
    assert {each["category"] for each in body["errors"]} == {"VALIDATION_ERROR"}


@pytest.mark.parametrize(
    "inputs",
    [
        [by_id("L1", False, email="a@one.example"), by_id("L2", False, email="no")],
        [by_id("L1", email="a@one.example"), by_id("L2", False, email="no")],
        [by_email("a@one.example"), by_email("b@one.example", shoesize="44")],
    ],
    ids=["no trace ids", "one trace id missing", "by email"],
)
def test_otherwise_one_bad_record_fails_the_whole_batch(hubspot: Opened, inputs: list[dict[str, Any]]) -> None:
    """TL-06: 400 and nothing written, so that a client must halve the batch."""
    reply = hubspot.http.post(UPSERT, json={"inputs": inputs})
    assert reply.status_code == 400
    body = reply.json()
    assert (body["status"], body["category"]) == ("error", "VALIDATION_ERROR")
    assert body["errors"][0]["context"]["propertyName"]
    assert hubspot.sim.inspect()["count"] == 0


def test_the_same_id_twice_in_a_batch_is_refused_whatever_its_case(hubspot: Opened) -> None:
    """TL-06: addresses are one when they differ in case only."""
    reply = hubspot.http.post(UPSERT, json={"inputs": [by_email("a@one.example"), by_email("A@One.example")]})
    assert reply.status_code == 400
    assert "Duplicate" in reply.json()["message"]
    reply = hubspot.http.post(UPSERT, json={"inputs": [by_id("L1"), by_id("L1")]})
    assert reply.status_code == 400


def test_an_address_belongs_to_one_contact(hubspot: Opened) -> None:
    """TL-06: another lead with it conflicts, alone or within its batch."""
    inputs = [by_id("L1", email="shared@one.example"), by_id("L2", email="Shared@one.example")]
    body = hubspot.http.post(UPSERT, json={"inputs": inputs}).json()
    assert [each["category"] for each in body["errors"]] == ["CONFLICT"]
    plain = [by_id("L3", False, email="x@one.example"), by_id("L4", False, email="x@one.example")]
    assert hubspot.http.post(UPSERT, json={"inputs": plain}).status_code == 409
    assert sorted(hubspot.sim.inspect()["by_external_id"]) == ["L1"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("lifecyclestage", "Lead", "INVALID_OPTION"),
        ("data_quality_score", "high", "INVALID_NUMBER"),
        ("createdate", "2026-11-22", "READ_ONLY_VALUE"),
        ("firstname", "x" * 65_537, "PROPERTY_VALUE_TOO_LONG"),
        ("nickname", "x", "PROPERTY_DOESNT_EXIST"),
    ],
)
def test_each_property_takes_only_its_own_values(hubspot: Opened, name: str, value: str, code: str) -> None:
    """REQ-020: what a wrong mapping looks like from the CRM."""
    body = hubspot.http.post(UPSERT, json={"inputs": [by_id("L1", **{name: value})]}).json()
    error = body["errors"][0]["errors"][0]
    assert (error["code"], error["context"]["propertyName"]) == (code, [name])


def test_property_values_are_strings(hubspot: Opened) -> None:
    """REQ-020: a number, or null, is not a value."""
    for value in (88.5, None, ["x"]):
        reply = hubspot.http.post(UPSERT, json={"inputs": [by_id("L1", data_quality_score=value)]})
        assert reply.status_code == 400


def test_the_life_cycle_only_moves_forward_unless_cleared(hubspot: Opened) -> None:
    """TL-06: an integration cannot take a customer back."""
    for wanted, kept in (("customer", "customer"), ("lead", "customer"), ("", ""), ("lead", "lead")):
        reply = hubspot.http.post(UPSERT, json={"inputs": [by_id("L1", lifecyclestage=wanted)]}).json()
        assert reply["results"][0]["properties"]["lifecyclestage"] == kept


def test_a_batch_has_one_to_a_hundred_inputs_and_one_unique_property(hubspot: Opened) -> None:
    """TL-06: batches of 100."""
    hundred = [by_id(f"L{number}") for number in range(100)]
    assert hubspot.http.post(UPSERT, json={"inputs": hundred}).status_code == 200
    for inputs in ([*hundred, by_id("L100")], [], [by_id("L1"), by_email("a@one.example")]):
        assert hubspot.http.post(UPSERT, json={"inputs": inputs}).status_code == 400
    by_name = {"id": "Maya", "idProperty": "firstname", "properties": {}}
    assert hubspot.http.post(UPSERT, json={"inputs": [by_name]}).status_code == 400


def test_contacts_can_be_read_one_by_one_in_batches_and_in_pages(hubspot: Opened) -> None:
    """TL-06: per-record results can be compared with what the CRM has."""
    hubspot.http.post(UPSERT, json={"inputs": [by_id(f"L{number}", city="Austin") for number in range(5)]})
    one = hubspot.http.get(
        "/crm/v3/objects/contacts/L3", params={"idProperty": "lead_external_id", "properties": "city"}
    )
    assert one.json()["properties"]["city"] == "Austin"
    assert hubspot.http.get("/crm/v3/objects/contacts/999").status_code == 404
    wanted = {"inputs": [{"id": "L1"}, {"id": "L9"}], "idProperty": "lead_external_id", "properties": ["city"]}
    some = hubspot.http.post("/crm/v3/objects/contacts/batch/read", json=wanted)
    assert (some.status_code, len(some.json()["results"])) == (207, 1)
    page = hubspot.http.get("/crm/v3/objects/contacts", params={"limit": 3}).json()
    after = page["paging"]["next"]["after"]
    rest = hubspot.http.get("/crm/v3/objects/contacts", params={"limit": 3, "after": after}).json()
    assert len({each["id"] for each in page["results"] + rest["results"]}) == 5
    assert "paging" not in rest


def test_a_plain_create_of_a_known_contact_names_its_id(hubspot: Opened) -> None:
    """TL-06: 409 with the existing id in the message."""
    wanted = {"properties": {"email": "a@one.example"}}
    made = hubspot.http.post("/crm/v3/objects/contacts", json=wanted)
    assert made.status_code == 201
    again = hubspot.http.post("/crm/v3/objects/contacts", json=wanted)
    assert (again.status_code, again.json()["category"]) == (409, "CONFLICT")
    assert made.json()["id"] in again.json()["message"]


def test_the_properties_of_a_contact_are_described(hubspot: Opened) -> None:
    """REQ-020: the mapping is validated against this."""
    known = {each["name"]: each for each in hubspot.http.get("/crm/v3/properties/contacts").json()["results"]}
    assert known["lead_external_id"]["hasUniqueValue"]
    assert "lead" in [each["value"] for each in known["lifecyclestage"]["options"]]
    assert known["createdate"]["modificationMetadata"]["readOnlyValue"]
    wanted = {
        "name": "region",
        "label": "Region",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
    }
    assert hubspot.http.post("/crm/v3/properties/contacts", json=wanted).status_code == 201
    assert hubspot.http.post("/crm/v3/properties/contacts", json=wanted).status_code == 409
    assert hubspot.http.get("/crm/v3/properties/contacts/region").json()["name"] == "region"
    assert hubspot.http.post(UPSERT, json={"inputs": [by_id("L1", region="West")]}).status_code == 200


def test_only_the_right_token_is_let_in(hubspot: Opened) -> None:
    """TL-07: 401 with a category."""
    url = "/account-info/v3/details"
    assert hubspot.http.get(url).status_code == 200
    wrong = hubspot.http.get(url, headers={"Authorization": "Bearer guess"})
    assert (wrong.status_code, wrong.json()["category"]) == (401, "INVALID_AUTHENTICATION")
    hubspot.sim.faults.expired_token = True
    late = hubspot.http.get(url)
    assert (late.status_code, late.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")


def test_the_ten_second_limit_rolls_and_says_how_long_it_is() -> None:
    """TL-02: `errorType` in the body, the interval in a header, no Retry-After."""
    with opened(build, KEY, {"*": (Window(2, 10), Window(1_000, 86_400))}) as hubspot:
        url = "/account-info/v3/details"
        first = hubspot.http.get(url)
        assert first.headers["x-hubspot-ratelimit-remaining"] == "1"
        assert first.headers["x-hubspot-ratelimit-daily-remaining"] == "999"
        hubspot.clock.advance(6)
        hubspot.http.get(url)
        reply = hubspot.http.get(url)
        body = reply.json()
        assert (reply.status_code, body["errorType"], body["policyName"]) == (429, "RATE_LIMIT", "TEN_SECONDLY_ROLLING")
        assert "category" not in body
        assert reply.headers["x-hubspot-ratelimit-interval-milliseconds"] == "10000"
        assert "retry-after" not in reply.headers
        hubspot.clock.advance(4)
        assert hubspot.http.get(url).status_code == 200
        assert hubspot.http.get(url).status_code == 429


def test_the_daily_limit_has_its_own_policy_name() -> None:
    """TL-02: vendors.md §6.1, stop until midnight."""
    with opened(build, KEY, {"*": (Window(1, 86_400),)}) as hubspot:
        # A window of one request is enforced as an average over several.
        replies = [hubspot.http.get("/account-info/v3/details") for _ in range(25)]
        assert replies[-1].json()["policyName"] == "DAILY"
    with opened(build, KEY) as hubspot:
        hubspot.sim.faults.credits_out = True
        assert hubspot.http.get("/account-info/v3/details").json()["policyName"] == "DAILY"


def test_usage_of_the_day_is_told() -> None:
    """TL-07: a call that costs nothing."""
    with opened(build, KEY, {"*": (Window(190, 10), Window(625_000, 86_400))}) as hubspot:
        hubspot.http.post(UPSERT, json={"inputs": [by_id("L1")]})
        usage = hubspot.http.get("/account-info/v3/api-usage/daily/private-apps").json()["results"][0]
        assert (usage["currentUsage"], usage["usageLimit"]) == (2, 625_000)


def test_an_error_storm_shows_everything_that_passes_by_itself(hubspot: Opened) -> None:
    """TL-02: 423 locked, 477 migrating with Retry-After, gateway errors; then it works again."""
    hubspot.sim.faults.error_rate = 1.0
    replies = [hubspot.http.get("/account-info/v3/details") for _ in range(6)]
    assert {each.status_code for each in replies} == {423, 477, 502, 503, 504, 524}
    assert [each.headers["retry-after"] for each in replies if each.status_code == 477] == ["1"]
    hubspot.sim.faults.error_rate = 0.0
    assert hubspot.http.get("/account-info/v3/details").status_code == 200


def test_dated_paths_are_the_same_contacts(hubspot: Opened) -> None:
    """TL-06: vendors.md §6.1, dated twins."""
    hubspot.http.post("/crm/objects/2026-09/contacts/batch/upsert", json={"inputs": [by_id("L1")]})
    assert hubspot.http.post(UPSERT, json={"inputs": [by_id("L1")]}).json()["results"][0]["new"] is False
