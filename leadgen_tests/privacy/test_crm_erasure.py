"""GDPR art. 17 at the CRM: the clients' delete calls against the sandbox, which is written from the vendors' pages."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from leadgen_assets.settings import Settings
from leadgen_assets.vendors.contracts import CrmOutcome, VendorUnavailable
from leadgen_assets.vendors.governor import Unlimited
from leadgen_assets.vendors.hubspot import HubSpotClient
from leadgen_assets.vendors.salesforce import SalesforceClient
from leadgen_tests.sprint.vendors import Sandbox

ADA = {"lead_external_id": "L1", "email": "ada@inkwell.example", "lastname": "Quillfeather"}
BOB = {"lead_external_id": "L2", "email": "bob@inkwell.example", "lastname": "Other"}
SF_ADA = {"Lead_External_Id__c": "L1", "Email": "ada@inkwell.example", "LastName": "Quillfeather", "Company": "Inkwell"}


def client(vendors: Sandbox, kind: type[Any], **options: Any) -> Any:
    """A client of the sandbox, which starts empty."""
    vendors.http.post("/_sandbox/reset").raise_for_status()
    at = Settings(_env_file=None, leadgen_mode="sandbox", leadgen_sandbox_url=vendors.url)
    return kind(at.vendor(kind.name), Unlimited(), **options)


@pytest.mark.parametrize("by_id", [True, False], ids=["by the CRM's id", "by ours"])
def test_hubspot_deletes_for_good_and_blocks_the_address(vendors: Sandbox, by_id: bool) -> None:
    """Twice is harmless; the address is refused afterwards, which the sync takes for an opt-out."""

    async def run() -> tuple[list[bool], Any, Any]:
        async with client(vendors, HubSpotClient) as hubspot:
            made = await hubspot.upsert([ADA, BOB], "lead_external_id")
            crm_id = made[0].crm_id if by_id else None
            done = [await hubspot.erase(crm_id, "L1", "lead_external_id") for _ in range(2)]
            held = vendors.crm()
            again = await hubspot.upsert([{**ADA, "lead_external_id": "L9"}], "lead_external_id")
            return done, held, again[0]

    done, held, again = asyncio.run(run())

    assert done == [True, False]
    assert set(held["by_external_id"]) == {"L2"}
    assert again.outcome is CrmOutcome.FAILED
    assert "GDPR_BLACKLISTED_EMAIL" in again.reason


@pytest.mark.parametrize("by_id", [True, False], ids=["by the CRM's id", "by ours"])
def test_salesforce_deletes_the_lead(vendors: Sandbox, by_id: bool) -> None:
    async def run() -> list[bool]:
        async with client(vendors, SalesforceClient) as salesforce:
            made = await salesforce.upsert([SF_ADA], "Lead_External_Id__c")
            crm_id = made[0].crm_id if by_id else None
            assert made[0].outcome is CrmOutcome.CREATED
            return [await salesforce.erase(crm_id, "L1", "Lead_External_Id__c") for _ in range(2)]

    assert asyncio.run(run()) == [True, False]
    assert vendors.crm("salesforce")["count"] == 0


@pytest.mark.parametrize("kind", [HubSpotClient, SalesforceClient])
def test_a_crm_that_is_down_is_no_success(vendors: Sandbox, kind: type[Any]) -> None:
    """Absent and unreachable are two things."""

    async def no_wait(seconds: float) -> None: ...

    async def run() -> None:
        async with client(vendors, kind, sleep=no_wait) as crm:
            vendors.faults(kind.name, down=True)
            await crm.erase("251", "L1", "lead_external_id")

    with pytest.raises(VendorUnavailable):
        asyncio.run(run())
    vendors.faults(kind.name, down=False)
