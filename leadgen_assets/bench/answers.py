"""Enrichment vendors inside the process, with invented answers: they fill the cache that the enrich stage reads."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from zlib import crc32

from leadgen_assets.enrichment.enrich import Toolbox
from leadgen_assets.vendors.contracts import (
    Answer,
    CompanyQuery,
    Found,
    JobState,
    JobStatus,
    Missed,
    PersonQuery,
    VerificationResult,
)

_BANDS = ("11-50", "51-200", "201-500", "1001-5000")


class InventedCompanies:
    """Knows nineteen of twenty companies."""

    batch_size = 200
    repeat_is_free = True

    def __init__(self, name: str) -> None:
        self.name = name

    def can_answer(self, query: CompanyQuery) -> bool:  # noqa: ARG002
        """Everything."""
        return True

    async def find_companies(self, companies: Sequence[CompanyQuery]) -> list[Answer]:
        """Website, industry and size."""
        return [self._answer(each) for each in companies]

    def _answer(self, query: CompanyQuery) -> Answer:
        dice = crc32(query.ref.encode())
        if dice % 20 == 0:
            return Missed(query.ref)
        fields = {"company_industry": "Advertising Services", "company_size": _BANDS[dice % 4]}
        domain = query.domain or f"c{dice:08x}.example"
        return Found(query.ref, {**fields, "company_website": f"https://{domain}"}, Decimal(1))


class InventedAddresses:
    """Finds six addresses of ten."""

    name = "hunter"
    batch_size = 200
    repeat_is_free = True

    def can_find(self, person: PersonQuery) -> bool:
        """Whoever has a company's domain."""
        return bool(person.company_domain)

    async def find_emails(self, people: Sequence[PersonQuery]) -> list[Answer]:
        """An address of its own for each person."""
        return [self._answer(each) for each in people]

    def _answer(self, person: PersonQuery) -> Answer:
        dice = crc32(person.ref.encode())
        if dice % 10 >= 6:
            return Missed(person.ref)
        fields = {"email": f"p{person.ref[1:17]}@{person.company_domain}", "email_status": "valid"}
        return Found(person.ref, fields, Decimal(1))


class InventedVerdicts:
    """Finds nine addresses of ten valid, at once."""

    name = "neverbounce"
    batch_size = 10_000

    def __init__(self) -> None:
        self._jobs: dict[str, dict[str, str]] = {}

    async def start(self, addresses: dict[str, str], label: str) -> str:  # noqa: ARG002
        """A job that is ready."""
        job = f"job-{len(self._jobs)}"
        self._jobs[job] = dict(addresses)
        return job

    async def find(self, label: str) -> str | None:  # noqa: ARG002
        """None: no order is ever lost here."""
        return None

    async def status(self, job_id: str) -> JobStatus:
        """Ready."""
        return JobStatus(JobState.READY, len(self._jobs[job_id]))

    async def results(self, job_id: str) -> dict[str, VerificationResult]:
        """By reference."""
        return {ref: _verdict(address) for ref, address in self._jobs[job_id].items()}


def _verdict(address: str) -> VerificationResult:
    return VerificationResult.INVALID if crc32(address.encode()) % 10 == 0 else VerificationResult.VALID


def toolbox() -> Toolbox:
    """All of them, by the names the sprint file uses."""
    companies = {name: InventedCompanies(name) for name in ("brightdata", "clearbit")}
    return Toolbox({"hunter": InventedAddresses()}, companies, {"neverbounce": InventedVerdicts()})
