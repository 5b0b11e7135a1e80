"""Where leads go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from leadgen_assets.vendors.contracts.jobs import Strangers


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
