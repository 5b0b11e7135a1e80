"""Who knows more about people and companies: finders of addresses and company data, and verifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from leadgen_assets.vendors.contracts.jobs import JobStatus


@dataclass(frozen=True)
class PersonQuery:
    """Whom an email finder looks for. `ref` is our own id, echoed in the answer."""

    ref: str
    first_name: str | None
    last_name: str | None
    full_name: str | None
    company_domain: str | None
    company_name: str | None
    linkedin_url: str | None

    @property
    def key(self) -> str:
        """Everything an answer may depend on, so that a question asked with more knowledge is a new question."""
        parts = (self.linkedin_url, self.full_name, self.first_name, self.last_name)
        return "|".join((part or "").casefold() for part in (*parts, self.company_domain or self.company_name))


@dataclass(frozen=True)
class Found:
    """An enrichment answer: the fields it yields by lead field name, and what the vendor charged."""

    ref: str
    fields: dict[str, str]
    credits: Decimal = Decimal(0)
    confidence: float | None = None


@dataclass(frozen=True)
class Missed:
    """The vendor does not know. Cached too, so that nobody asks (or pays) again soon."""

    ref: str
    suppressed: bool = False
    credits: Decimal = Decimal(0)
    is_final: bool = True
    """False: the vendor has not looked yet (still queued, an error inside a bulk reply). Worth asking again, not cached."""


Answer = Found | Missed


class EmailFinder(Protocol):
    """Finds addresses for people. `batch_size` is how many one call takes."""

    name: str
    batch_size: int
    repeat_is_free: bool
    """Whether asking the same again soon costs nothing."""

    def can_find(self, person: PersonQuery) -> bool:
        """Whether this vendor can look that person up with what is known."""
        ...

    async def find_emails(self, people: Sequence[PersonQuery]) -> list[Answer]:
        """Exactly one answer per person, joined by `ref`. Fields: email, email_status (+ linkedin_url, phone)."""
        ...


@dataclass(frozen=True)
class CompanyQuery:
    """Which company is wanted; `ref` is our own key, echoed in the answer."""

    ref: str
    domain: str | None
    name: str | None
    linkedin: str | None


class CompanyFinder(Protocol):
    """Finds company data. Fields: company_website, company_domain, company_industry, company_size, company_linkedin."""

    name: str
    batch_size: int
    repeat_is_free: bool
    """Whether asking the same again soon costs nothing."""

    def can_answer(self, query: CompanyQuery) -> bool:
        """Whether this vendor can look that company up with what is known (a domain, a LinkedIn slug …)."""
        ...

    async def find_companies(self, companies: Sequence[CompanyQuery]) -> list[Answer]: ...


class VerificationResult(StrEnum):
    """Only VALID is safe to mail (vendors.md §5.3)."""

    VALID = "valid"
    INVALID = "invalid"
    DISPOSABLE = "disposable"
    CATCH_ALL = "catchall"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    """The person asked the vendor to be removed: suppress everywhere."""


class EmailVerifier(Protocol):
    """Verifies a list of addresses in a job whose id is stored before polling."""

    name: str
    batch_size: int

    async def start(self, addresses: dict[str, str], label: str) -> str:
        """Job id for {ref: address}. `label` is our name for the job, of letters and digits."""
        ...

    async def find(self, label: str) -> str | None:
        """The job of an order whose answer never came; None when it was not carried out."""
        ...

    async def status(self, job_id: str) -> JobStatus: ...
    async def results(self, job_id: str) -> dict[str, VerificationResult]:
        """{ref: result} of a READY job."""
        ...
