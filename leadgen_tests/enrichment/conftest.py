"""A desk on the real MongoDB, invented leads, and vendors that answer from a table and count what they are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from leadgen_assets.enrichment.desk import Desk
from leadgen_assets.enrichment.enrich import Toolbox, enrich
from leadgen_assets.enrichment.report import Enriched
from leadgen_assets.leads.schema import LEAD_FIELDS
from leadgen_assets.sprint_file import Enrichment
from leadgen_assets.stores.controls import Controls
from leadgen_assets.stores.enrichment_cache import EnrichmentCache
from leadgen_assets.stores.leads import LeadStore
from leadgen_assets.stores.ledger import CostLedger
from leadgen_assets.stores.suppressions import Suppressions
from leadgen_assets.stores.vendor_jobs import VendorJobs
from leadgen_assets.vendors.contracts import (
    Answer,
    CompanyQuery,
    Found,
    JobState,
    JobStatus,
    Missed,
    PersonQuery,
    VendorError,
    VerificationResult,
)

SPRINT = "autumn"


async def no_wait(seconds: float) -> None:
    """Time is not what these tests are about."""


@pytest.fixture
def desk(database: Any) -> Desk:
    stores = EnrichmentCache(database), CostLedger(database), Suppressions(database), VendorJobs(database)
    return Desk(SPRINT, Decimal(1000), *stores, LeadStore(database), Controls(database), sleep=no_wait)


def lead(number: int, **changes: Any) -> dict[str, Any]:
    """A lead that lacks an address and company data."""
    return {
        **dict.fromkeys(LEAD_FIELDS),
        "lead_id": f"L{number:024x}",
        "sprint": SPRINT,
        "segment": "apollo-1",
        "data_source": "apollo",
        "data_collected_date": "2026-11-22T09:00:00+00:00",
        "vendor_id": f"v{number}",
        "linkedin_url": f"https://www.linkedin.com/in/person-{number}",
        "full_name": f"Ada Lovelace{number}",
        "first_name": "Ada",
        "last_name": f"Lovelace{number}",
        "job_title": "PPC Manager",
        "target_title": "PPC Manager",
        "company_name": "Acme",
        "company_key": "acme",
        "company_domain": "acme.example",
        "location_city": "Boston",
        "location_state": "MA",
        "location_country": "US",
        "observed_at": "2026-11-01T00:00:00+00:00",
        "title_confidence": 1.0,
        "flags": [],
        "provenance": "{}",
        "identity_keys": [f"linkedin:https://www.linkedin.com/in/person-{number}"],
        **changes,
    }


def frame(*leads: dict[str, Any]) -> pd.DataFrame:
    """Golden records as deduplication delivers them."""
    columns = [*LEAD_FIELDS, "provenance", "identity_keys"]
    rows = pd.DataFrame(list(leads), columns=columns)
    objects = {"flags", "identity_keys", "page", "position"}
    text = [name for name in columns if name not in objects | {"email_verified", "title_confidence"}]
    return rows.astype({**dict.fromkeys(text, "str"), "email_verified": "boolean", "title_confidence": float})


@dataclass
class EmailTable:
    """An email finder. `fails` are errors by number of the call (from 1)."""

    name: str = "hunter"
    answer: Callable[[PersonQuery], Answer] = lambda person: Found(
        person.ref,
        {"email": f"{person.last_name}@{person.company_domain}".lower(), "email_status": "accept_all"},
        Decimal(1),
    )
    batch_size: int = 1
    repeat_is_free: bool = True
    asked: list[str] = field(default_factory=list)
    fails: dict[int, VendorError] = field(default_factory=dict)
    calls: int = 0

    def can_find(self, person: PersonQuery) -> bool:
        return bool(person.company_domain)

    async def find_emails(self, people: Sequence[PersonQuery]) -> list[Answer]:
        self.calls += 1
        failure = self.fails.get(self.calls)
        await asyncio.sleep(0)
        if failure is not None:
            raise failure
        self.asked += [person.ref for person in people]
        return [self.answer(person) for person in people]


@dataclass
class CompanyTable:
    """A company finder over {domain: fields}."""

    name: str = "clearbit"
    known: dict[str, dict[str, str]] = field(default_factory=dict)
    batch_size: int = 1
    repeat_is_free: bool = True
    asked: list[str] = field(default_factory=list)

    def can_answer(self, query: CompanyQuery) -> bool:
        return bool(query.domain)

    async def find_companies(self, companies: Sequence[CompanyQuery]) -> list[Answer]:
        self.asked += [company.domain or "" for company in companies]
        fields = [self.known.get(company.domain or "") for company in companies]
        return [
            Found(company.ref, found, Decimal(1)) if found else Missed(company.ref)
            for company, found in zip(companies, fields, strict=True)
        ]


@dataclass
class VerifierTable:
    """A verifier over {address: result}; `polls` is how often a job is still running."""

    name: str = "neverbounce"
    results_of: dict[str, VerificationResult] = field(default_factory=dict)
    batch_size: int = 10_000
    polls: int = 1
    jobs: dict[str, dict[str, str]] = field(default_factory=dict)
    state: JobState = JobState.READY
    dies_while_polling: bool = False
    labels: dict[str, str] = field(default_factory=dict)

    async def start(self, addresses: dict[str, str], label: str) -> str:
        self.jobs[f"job{len(self.jobs)}"] = addresses
        self.labels[label] = f"job{len(self.jobs) - 1}"
        return self.labels[label]

    async def find(self, label: str) -> str | None:
        return self.labels.get(label)

    async def status(self, job_id: str) -> JobStatus:
        if self.dies_while_polling:
            raise RuntimeError
        self.polls -= 1
        state = JobState.RUNNING if self.polls >= 0 else self.state
        return JobStatus(state, len(self.jobs[job_id]))

    async def results(self, job_id: str) -> dict[str, VerificationResult]:
        addresses = self.jobs[job_id]
        return {ref: self.results_of.get(each, VerificationResult.VALID) for ref, each in addresses.items()}


def run(
    leads: pd.DataFrame,
    desk: Desk,
    email: Iterable[EmailTable] = (),
    company: Iterable[CompanyTable] = (),
    verify: Iterable[VerifierTable] = (),
) -> Enriched:
    """Enrich with these vendors, in this order."""
    tools = Toolbox({e.name: e for e in email}, {c.name: c for c in company}, {v.name: v for v in verify})
    plan = Enrichment(
        email=tuple(tools.email_finders), company=tuple(tools.company_finders), verify=tuple(tools.verifiers)
    )
    return asyncio.run(enrich(leads, plan, tools, desk))
