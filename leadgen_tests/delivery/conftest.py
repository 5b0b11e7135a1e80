"""A CRM that answers from a script, the real stores, and scored leads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pytest

from leadgen_assets.delivery.mapping import load_mapping
from leadgen_assets.delivery.report import SyncReport
from leadgen_assets.delivery.sync import Ledgers, sync
from leadgen_assets.stores.crm_outcomes import CrmOutcomes
from leadgen_assets.stores.documents import to_document
from leadgen_assets.stores.leads import LeadStore
from leadgen_assets.stores.suppressions import Suppressions
from leadgen_assets.stores.vendor_jobs import VendorJobs
from leadgen_assets.vendors.contracts import CrmOutcome, CrmResult, VendorError

SPRINT = "autumn"
EXTERNAL_ID = "lead_external_id"


def described(**changes: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """The fields of a CRM that fits the HubSpot mapping; None removes a field."""
    fields: dict[str, dict[str, Any] | None] = {name: {"type": "text"} for name in load_mapping("hubspot").fields}
    fields |= {
        EXTERNAL_ID: {"type": "text", "unique": True},
        "email": {"type": "email"},
        "lifecyclestage": {"type": "picklist", "options": ["subscriber", "lead"]},
        **changes,
    }
    return {name: field for name, field in fields.items() if field is not None}


def lead(number: int, **changes: Any) -> dict[str, Any]:
    """A scored, qualified lead."""
    return {
        "lead_id": f"L{number:024x}",
        "sprint": SPRINT,
        "segment": "apollo-1",
        "data_source": "apollo",
        "vendor_id": f"v{number}",
        "data_collected_date": "2026-11-22T09:00:00+00:00",
        "linkedin_url": f"https://www.linkedin.com/in/person-{number}",
        "full_name": f"Ada Lovelace{number}",
        "first_name": "Ada",
        "last_name": f"Lovelace{number}",
        "job_title": "PPC Manager",
        "company_name": "Acme",
        "company_domain": "acme.example",
        "company_website": "https://acme.example",
        "location_city": "Boston",
        "location_state": "MA",
        "location_country": "US",
        "email": f"ada{number}@acme.example",
        "email_kind": "personal",
        "phone": "+16175550100",
        "data_quality_score": 90.0,
        "is_qualified": True,
        "flags": [],
        **changes,
    }


def lead_id(number: int) -> str:
    """The id of sample lead `number`."""
    return f"L{number:024x}"


@dataclass
class Crm:
    """Keeps what it is sent. `answer` may decide otherwise; `fails_at` names the upsert (from 1) that breaks off."""

    name: str = "hubspot"
    batch_size: int = 2
    fields: dict[str, Any] = field(default_factory=described)
    held: dict[str, dict[str, str]] = field(default_factory=dict)
    batches: list[list[str]] = field(default_factory=list)
    answer: Callable[[str, int], CrmResult | None] = lambda external_id, attempt: None
    fails_at: int = 0
    attempts: dict[str, int] = field(default_factory=dict)

    async def describe(self) -> dict[str, Any]:
        return self.fields

    async def upsert(self, records: Sequence[dict[str, str]], external_id_field: str) -> list[CrmResult]:
        ids = [record[external_id_field] for record in records]
        self.batches.append(ids)
        if len(self.batches) == self.fails_at:
            raise VendorError(self.name, "upsert", "server error")
        results = []
        for external_id, record in zip(ids, records, strict=True):
            self.attempts[external_id] = self.attempts.get(external_id, 0) + 1
            result = self.answer(external_id, self.attempts[external_id])
            if result is None:
                outcome = CrmOutcome.UPDATED if external_id in self.held else CrmOutcome.CREATED
                self.held[external_id] = record
                result = CrmResult(external_id, outcome, crm_id=f"crm-{external_id}")
            results.append(result)
        return results


@pytest.fixture
def ledgers(database: Any) -> Ledgers:
    return Ledgers(CrmOutcomes(database), LeadStore(database), Suppressions(database), VendorJobs(database))


def deliver(ledgers: Ledgers, crm: Any, *leads: dict[str, Any], waits: list[float] | None = None) -> SyncReport:
    """Sync these leads, which are in the store already as published ones are."""
    ledgers.leads.insert_provisional([to_document(each) for each in leads])

    async def sleep(seconds: float) -> None:
        (waits if waits is not None else []).append(seconds)

    mapping = load_mapping("hubspot")
    return asyncio.run(sync(pd.DataFrame(list(leads)), crm, mapping, ledgers, SPRINT, sleep=sleep))
