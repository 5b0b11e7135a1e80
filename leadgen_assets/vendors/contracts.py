"""What vendor clients take and give: values, protocols and the one error tree. No HTTP here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, Protocol

from leadgen_assets.vendors.quota import Quota

Record = dict[str, Any]
"""One person as the vendor delivered it, JSON-serialisable."""

Draft = dict[str, str | None]
"""A record mapped to `leads.schema.DRAFT_FIELDS`; every key present."""


class Verdict(StrEnum):
    """What a vendor's answer means, whatever its status code (vendors.md §0)."""

    OK = "ok"
    EMPTY = "empty"
    PENDING = "pending"
    RETRY_AFTER = "retry_after"
    BACK_OFF = "back_off"
    AUTH = "auth"
    ENTITLEMENT = "entitlement"
    OUT_OF_CREDITS = "out_of_credits"
    BAD_REQUEST = "bad_request"
    SUPPRESSED = "suppressed"


class VendorError(Exception):
    """A call that did not yield data. The message carries no credential and no personal data."""

    def __init__(self, vendor: str, operation: str, detail: str, status: int | None = None) -> None:
        self.vendor = vendor
        self.operation = operation
        self.detail = detail
        self.status = status
        shown = f" (HTTP {status})" if status else ""
        super().__init__(f"{vendor} {operation}: {detail}{shown}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.vendor, self.operation, self.detail, self.status)


class VendorUnavailable(VendorError):
    """Still failing after the last retry (NFR-006); worth trying again later."""


class VendorOutcomeUnknown(VendorUnavailable):
    """A paid call broke off after sending: it may have been carried out and billed. Never send it again blindly."""


class VendorRejectedCredentials(VendorError):
    """The vendor does not accept the credential. Retrying never helps."""


class VendorNotEntitled(VendorError):
    """The account may not use this endpoint or field."""


class VendorOutOfCredits(VendorError):
    """The account has no credits left; stop buying."""


class VendorBadRequest(VendorError):
    """The request itself is wrong; retrying never helps."""


class PersonSuppressed(VendorError):
    """The person asked to be removed (Hunter 451, ZoomInfo OPT_OUT …)."""


@dataclass(frozen=True)
class SearchQuery:
    """A search in the field's terms. `facets` narrow it further when a split was needed."""

    titles: tuple[str, ...]
    locations: tuple[str, ...] = ()
    countries: tuple[str, ...] = ("US",)
    facets: tuple[tuple[str, str], ...] = ()

    def narrowed(self, facet: str, value: str) -> SearchQuery:
        """The same search within one value of a facet."""
        return SearchQuery(self.titles, self.locations, self.countries, (*self.facets, (facet, value)))


@dataclass(frozen=True)
class Listing:
    """One page of a free listing: vendor ids with the listed (often masked) record, and the query's total."""

    total: int
    people: dict[str, Record]


@dataclass(frozen=True)
class Purchase:
    """What a paid call delivered. Every requested id is in exactly one of records, missing, suppressed, refused."""

    records: dict[str, Record]
    missing: tuple[str, ...] = ()
    suppressed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    """Not delivered for lack of credits or by limit; may be asked for again."""
    credits: Decimal = Decimal(0)
    """What the vendor says it charged."""


class ListedSource(Protocol):
    """Lists people for free and sells their details (Apollo, ZoomInfo)."""

    name: str
    page_size: int
    reach: int
    """Most records one query can page through."""
    batch_size: int
    """Most ids one purchase takes."""
    paid_operation: str
    """What `buy` is called in the price list."""
    repeat_is_free: bool
    """Whether buying the same people again soon costs nothing."""

    async def count(self, query: SearchQuery) -> int: ...
    async def listing(self, query: SearchQuery, page: int) -> Listing: ...
    def split(self, query: SearchQuery) -> Sequence[SearchQuery]:
        """The query as narrower ones that cover it; empty when it cannot be split further."""
        ...

    async def buy(self, vendor_ids: Sequence[str]) -> Purchase: ...


class JobState(StrEnum):
    """Where an asynchronous vendor job stands; unknown words of a vendor mean RUNNING until a deadline."""

    RUNNING = "running"
    READY = "ready"
    EMPTY = "empty"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True)
class JobStatus:
    """Answer of a poll. `cost_usd` is what the vendor states, if it states it."""

    state: JobState
    records: int | None = None
    cost_usd: Decimal | None = None
    detail: str = ""


ORDER_SECONDS = 35.0
"""Age from which on an order is either carried out or never will be: a call is given up after 30 s. Nobody looks before."""

Strangers = Callable[[Sequence[str]], Awaitable[set[str]]]
"""Which of some job ids are known to belong to other orders."""


class SnapshotSource(Protocol):
    """Builds a snapshot of a search, asynchronously, billed by delivered record (Bright Data)."""

    name: str
    part_size: int

    async def start(self, query: SearchQuery, limit: int, without: Sequence[str] = ()) -> str | None:
        """The job's id, to be stored before anything else; None when nothing matches. `without`: vendor ids to leave
        out, because they are collected already."""
        ...

    async def find(self, query: SearchQuery, limit: int, since: datetime, strangers: Strangers) -> str | None:
        """The job of an order whose answer never came, among those that the vendor lists; None when it was not carried
        out. `since` is when the order was about to be sent."""
        ...

    async def status(self, job_id: str) -> JobStatus: ...
    async def download(self, job_id: str, part: int) -> list[Record] | None:
        """One part (from 1), error rows included; None while the vendor says "not ready yet". Empty past the end."""
        ...


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


class CrmOutcome(StrEnum):
    """What the CRM did with one lead."""

    CREATED = "created"
    UPDATED = "updated"
    FAILED = "failed"
    RETRY = "retry"
    """Failed for a reason that passes (locked row, limit); try again."""


@dataclass(frozen=True)
class CrmResult:
    """Outcome for one record, by our external id. `reason` names code and field, never a value."""

    external_id: str
    outcome: CrmOutcome
    crm_id: str | None = None
    reason: str = ""


class CrmClient(Protocol):
    """Bulk upsert into a CRM by our external id."""

    name: str
    batch_size: int

    async def describe(self) -> dict[str, Any]:
        """The object's fields by name: {type, length, required, options, unique, read_only}: for mapping validation."""
        ...

    async def upsert(self, records: Sequence[dict[str, str]], external_id_field: str) -> list[CrmResult]:
        """Exactly one result per record (already mapped to CRM field names)."""
        ...


class ErasingCrm(Protocol):
    """A CRM that can forget a person."""

    name: str

    async def erase(self, crm_id: str | None, external_id: str, external_id_field: str) -> bool:
        """Delete a record for good, found by the CRM's id or else by ours. False when it is not there (any more)."""
        ...


class ResumableCrm(CrmClient, Protocol):
    """A CRM that works through uploads as jobs (Salesforce Bulk API)."""

    on_job: Callable[[str], Awaitable[None]]
    """Told the id of every job before its records are uploaded."""

    async def find(self, external_id_field: str, since: datetime, strangers: Strangers) -> str | None:
        """The job of an order whose answer never came, to be given to `resume`; None when it was not made."""
        ...

    async def resume(
        self, job_id: str, records: Sequence[dict[str, str]], external_id_field: str
    ) -> list[CrmResult] | None:
        """Results of a job started earlier for these records; None when it cannot be used and they must be sent anew."""
        ...


@dataclass(frozen=True)
class HealthVerdict:
    """What `doctor` learned from one call that costs nothing."""

    vendor: str
    ok: bool
    detail: str
    credits_left: Decimal | None = None
    """In the vendor's credits, where it tells."""


class Checkable(Protocol):
    """Every client has this: one free call (TL-07)."""

    async def check(self) -> HealthVerdict: ...


@dataclass(frozen=True)
class Usage:
    """What a vendor says that our account has used so far in a billing period, whoever used it."""

    used: Decimal
    unit: Literal["credits", "usd"] = "credits"
    period: str = ""
    """Names the billing period, where the vendor has one: in the next one it counts from 0 again."""


class Metered(Protocol):
    """A client whose vendor tells what was used, by a call that costs nothing."""

    async def usage(self) -> Usage:
        """Raises `VendorError` when it cannot be had now."""
        ...


@dataclass(frozen=True)
class CallRecord:
    """One HTTP attempt, for counters and latency figures."""

    vendor: str
    operation: str
    verdict: Verdict
    seconds: float
    status: int | None
    waited: float = 0.0
    """Seconds spent waiting for the rate governor."""
    quota: Quota | None = None
    """What the vendor says of its rate window, where it does."""


CallObserver = Callable[[CallRecord], None]


def ignore_calls(record: CallRecord) -> None:
    """The observer for callers that do not count."""


_LONGEST_NAME = 80
_MOST_NAMES = 50


@dataclass(frozen=True)
class Drift:
    """Fields a vendor sent that `vendors.md` does not name: told as a warning, never a crash."""

    vendor: str
    unexpected: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, vendor: str, known: Iterable[str], records: Iterable[Record]) -> Drift:
        """Top-level keys of the records that are not among the known ones, sorted."""
        seen: set[str] = set()
        for record in records:
            seen.update(record)
        unknown = {name if len(name) <= _LONGEST_NAME and name.isprintable() else "…" for name in seen - set(known)}
        return cls(vendor, tuple(sorted(unknown)[:_MOST_NAMES]))
