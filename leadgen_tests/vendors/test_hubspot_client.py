"""HubSpot: one result per record, whatever became of the batch."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from leadgen_assets.vendors.contracts import CrmOutcome, VendorUnavailable
from leadgen_assets.vendors.hubspot import HubSpotClient
from leadgen_tests.vendors.conftest import Script

FIELD = "lead_external_id"


def records(*ids: str) -> list[dict[str, str]]:
    return [{FIELD: each, "company": "Northwind Rail"} for each in ids]


def use(script: Script, *ids: str) -> Any:
    async def run() -> Any:
        async with script.client(HubSpotClient, "hubspot") as client:
            return await client.upsert(records(*ids), FIELD)

    return asyncio.run(run())


def good(ref: str, new: bool = True) -> dict[str, Any]:
    return {"id": f"25{ref}", "new": new, "properties": {}, "objectWriteTraceId": ref}


def bad(ref: str, category: str = "VALIDATION_ERROR") -> dict[str, Any]:
    detail = {"code": "INVALID_EMAIL", "message": "maya@ is invalid", "context": {"propertyName": ["email"]}}
    return {"status": "error", "category": category, "context": {"objectWriteTraceId": [ref]}, "errors": [detail]}


def test_every_input_carries_its_own_trace_id(script: Script) -> None:
    """vendors.md §6.1: without it one bad record fails all hundred."""
    use(script.answers(httpx.Response(200, json={"results": [good("L1"), good("L2", new=False)]})), "L1", "L2")
    inputs = script.sent()["inputs"]
    assert [(each["id"], each["idProperty"], each["objectWriteTraceId"]) for each in inputs] == [
        ("L1", FIELD, "L1"),
        ("L2", FIELD, "L2"),
    ]


def test_a_207_is_sorted_record_by_record(script: Script) -> None:
    """TL-06: created, updated, failed for good, failed for now, and not mentioned at all."""
    body = {
        "results": [good("L2", new=False), good("L1")],
        "numErrors": 2,
        "errors": [bad("L3"), bad("L4", "RATE_LIMITS")],
    }
    results = use(script.answers(httpx.Response(207, json=body)), "L1", "L2", "L3", "L4", "L5")
    assert [(each.external_id, each.outcome) for each in results] == [
        ("L1", CrmOutcome.CREATED),
        ("L2", CrmOutcome.UPDATED),
        ("L3", CrmOutcome.FAILED),
        ("L4", CrmOutcome.RETRY),
        ("L5", CrmOutcome.RETRY),
    ]
    assert results[2].reason == "VALIDATION_ERROR, INVALID_EMAIL email"
    assert "maya" not in results[2].reason


def test_a_batch_refused_as_a_whole_is_halved_until_the_bad_record_is_alone(script: Script) -> None:
    """vendors.md §6.1: bisect on 400."""

    def account(request: httpx.Request) -> httpx.Response:
        ids = [each["id"] for each in json.loads(request.content)["inputs"]]
        if "L5" in ids:
            return httpx.Response(400, json={"category": "VALIDATION_ERROR", "errors": []})
        return httpx.Response(200, json={"results": [good(each) for each in ids]})

    ids = [f"L{number}" for number in range(8)]
    results = use(script.answers(account), *ids)
    assert [each.external_id for each in results if each.outcome is CrmOutcome.FAILED] == ["L5"]
    assert sum(each.outcome is CrmOutcome.CREATED for each in results) == 7
    assert len(script.requests) == 7


def test_a_property_that_does_not_exist_is_not_bisected(script: Script) -> None:
    """REQ-020: a mapping mistake is the same for every record."""
    error = {"code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["foo"]}}
    reply = httpx.Response(400, json={"category": "VALIDATION_ERROR", "errors": [error]})
    results = use(script.answers(reply), "L1", "L2", "L3", "L4")
    assert {each.outcome for each in results} == {CrmOutcome.FAILED}
    assert "PROPERTY_DOESNT_EXIST foo" in results[0].reason
    assert len(script.requests) == 1


def limited(policy: str, **headers: str) -> httpx.Response:
    return httpx.Response(429, json={"errorType": "RATE_LIMIT", "policyName": policy}, headers=headers)


def test_the_rolling_limit_waits_as_long_as_its_interval(script: Script) -> None:
    """vendors.md §6.1: Retry-After is not promised, the interval header is."""
    interval = {"X-HubSpot-RateLimit-Interval-Milliseconds": "4000"}
    use(script.answers(limited("TEN_SECONDLY_ROLLING", **interval), httpx.Response(200, json={"results": []})), "L1")
    assert script.slept == [4.0]


def test_the_daily_limit_stops_at_once(script: Script) -> None:
    """vendors.md §6.1: nothing before midnight of the account."""
    with pytest.raises(VendorUnavailable, match="daily limit"):
        use(script.answers(limited("DAILY")), "L1")
    assert len(script.requests) == 1


def test_a_locked_account_is_tried_after_two_seconds(script: Script) -> None:
    """vendors.md §6.1: 423."""
    use(script.answers(httpx.Response(423, json={}), httpx.Response(200, json={"results": [good("L1")]})), "L1")
    assert script.slept == [2.0]


def test_a_migration_that_takes_hours_is_not_waited_for(script: Script) -> None:
    """vendors.md §6.1: 477 with Retry-After of up to a day."""
    with pytest.raises(VendorUnavailable):
        use(script.answers(httpx.Response(477, headers={"Retry-After": "7200"})), "L1")
    assert script.slept == []


def test_the_account_describes_its_properties(script: Script) -> None:
    """REQ-020: what the mapping is checked against."""
    properties = [
        {"name": FIELD, "type": "string", "fieldType": "text", "hasUniqueValue": True},
        {"name": "lifecyclestage", "type": "enumeration", "options": [{"value": "lead"}]},
        {"name": "createdate", "type": "datetime", "modificationMetadata": {"readOnlyValue": True}},
    ]
    script.answers(httpx.Response(200, json={"results": properties}))

    async def run() -> Any:
        async with script.client(HubSpotClient, "hubspot") as client:
            return await client.describe()

    fields = asyncio.run(run())
    assert fields[FIELD]["unique"]
    assert fields["lifecyclestage"]["options"] == ["lead"]
    assert fields["createdate"]["read_only"]
