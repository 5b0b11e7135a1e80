"""CRM sync (REQ-019, REQ-020, TL-06): qualified leads in batches, one recorded outcome per lead, only what has changed.

A batch's outcomes are on record before the next batch is sent, so that a sync that dies is simply run again. A CRM that does
not answer is waited for (`waiting`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import cast

import pandas as pd

from leadgen_assets.delivery.mapping import Mapping, MappingError
from leadgen_assets.delivery.report import SyncReport
from leadgen_assets.delivery.rows import CrmRow, map_leads, payload_hash
from leadgen_assets.delivery.validation import validate
from leadgen_assets.delivery.waiting import CrmWait, Patience
from leadgen_assets.stores.crm_outcomes import CrmOutcomes, LeadOutcome
from leadgen_assets.stores.leads import LeadStore
from leadgen_assets.stores.suppressions import Suppressions
from leadgen_assets.stores.vendor_jobs import VendorJobs
from leadgen_assets.vendors.contracts import (
    ORDER_SECONDS,
    CrmClient,
    CrmOutcome,
    CrmResult,
    ResumableCrm,
    VendorError,
    VendorUnavailable,
)

RETRY_WAITS = (1.0, 2.0, 4.0)
"""NFR-006: a record that failed for a passing reason is sent again at most three times."""
PATIENCE = 1800.0
"""Seconds for which a sync waits for its CRM; the leads must be there two hours after collection (REQ-019)."""
_BLACKLISTED = ("GDPR_BLACKLISTED_EMAIL", "OPTED_OUT")


@dataclass(frozen=True)
class Ledgers:
    """The stores a sync writes to."""

    outcomes: CrmOutcomes
    leads: LeadStore
    suppressions: Suppressions
    jobs: VendorJobs
    tally: Callable[[dict[str, int]], None] = lambda _: None
    """Told of every batch what came of it, for the live desk: `crm:synced`, `crm:failed`."""
    waits: Callable[[CrmWait | None], None] = lambda _: None
    """Told when the CRM does not answer, with every attempt, and None when it does again."""


async def sync(
    leads: pd.DataFrame,
    client: CrmClient,
    mapping: Mapping,
    ledgers: Ledgers,
    sprint: str,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    patience: float = PATIENCE,
    clock: Callable[[], float] = time.monotonic,
) -> SyncReport:
    """Bring the qualified ones of `leads` (scored leads: LEAD_FIELDS, is_qualified, data_quality_score) into the CRM.

    A CRM that does not answer is waited for, up to `patience` seconds at a time.
    Raises `MappingError` with every problem, before anything is sent, when the mapping does not fit the CRM;
    `VendorError` when the CRM refuses to tell its fields; and store errors. A CRM that fails later, or was waited for in vain,
    ends in `stopped_because` with the outcomes so far recorded.
    """

    async def told(wait: CrmWait | None) -> None:
        await asyncio.to_thread(ledgers.waits, wait)

    qualified = leads[leads["is_qualified"].fillna(False).astype(bool)] if "is_qualified" in leads else leads
    waiting = Patience(client.name, patience, told, sleep, clock, unsent=len(qualified))
    try:
        describe = await waiting.through(client.describe)
    except VendorUnavailable as error:
        return SyncReport(client.name, unsent=len(qualified), stopped_because=str(error), has_waited_in_vain=True)
    problems = validate(mapping, describe)
    if problems:
        raise MappingError(f"mapping for {mapping.crm}", problems)
    barred = await asyncio.to_thread(ledgers.suppressions.mask, qualified)
    report = SyncReport(client.name, suppressed=int(barred.sum()))
    mapped = map_leads(qualified[~barred], mapping, describe)
    report.adjusted = mapped.adjusted
    report.refused = len(mapped.refused)
    report.reasons.update(mapped.refused.values())
    hashes = {lead_id: payload_hash(row) for lead_id, row in mapped.rows.items()}
    await asyncio.to_thread(_record_refusals, ledgers, client.name, sprint, mapped.refused)
    changed = await asyncio.to_thread(ledgers.outcomes.changed, client.name, hashes)
    report.unchanged = len(mapped.rows) - len(changed)
    delivery = _Delivery(client, mapping.external_id, ledgers, sprint, mapped.rows, hashes, report, sleep)
    await asyncio.to_thread(delivery.mark_missing, sorted(mapped.rows.keys() - set(changed)))
    for start in range(0, len(changed), client.batch_size):
        batch = changed[start : start + client.batch_size]
        waiting.unsent = len(changed) - start
        try:
            await waiting.through(partial(delivery.send, batch))
        except VendorError as error:
            report.stopped_because = str(error)
            report.has_waited_in_vain = isinstance(error, VendorUnavailable)
            report.unsent = len(changed) - start - delivery.recorded(batch)
            break
    if report.stopped_because is None:
        await told(None)  # of an earlier sync that gave up, too
    report.log()
    return report


@dataclass
class _Delivery:
    """One sync under way."""

    client: CrmClient
    external_id: str
    ledgers: Ledgers
    sprint: str
    rows: dict[str, CrmRow]
    hashes: dict[str, str]
    report: SyncReport
    sleep: Callable[[float], Awaitable[None]]
    done: set[str] = field(default_factory=set)

    async def send(self, batch: Sequence[str]) -> None:
        """Send a batch and, after a while, what failed for a passing reason; every outcome is on record at the end.

        Again, it sends what has no outcome yet.
        """
        pending = [lead_id for lead_id in batch if lead_id not in self.done]
        self.report.batches += 1
        for wait in (*RETRY_WAITS, None):
            results = await self._upsert(pending)
            again = [each.external_id for each in results if each.outcome is CrmOutcome.RETRY]
            await asyncio.to_thread(self._record, results, is_last=wait is None)
            if not again or wait is None:
                return
            if wait == RETRY_WAITS[0]:
                self.report.retried += len(again)
            pending = again
            await self.sleep(wait)

    def recorded(self, batch: Sequence[str]) -> int:
        """How many of a batch have an outcome that stands."""
        return sum(1 for lead_id in batch if lead_id in self.done)

    def mark(self, lead_ids: Sequence[str]) -> None:
        """Say on the leads that the CRM holds them."""
        if lead_ids:
            self.ledgers.leads.mark_synced(lead_ids)

    def mark_missing(self, lead_ids: Sequence[str]) -> None:
        """Mark leads whose outcome a killed sync had recorded without marking them; their date else stays."""
        stored = self.ledgers.leads.get(lead_ids)
        self.mark([lead_id for lead_id in lead_ids if not stored.get(lead_id, {}).get("crm_synced")])

    async def _upsert(self, lead_ids: Sequence[str]) -> list[CrmResult]:
        records = [self.rows[lead_id] for lead_id in lead_ids]
        if not hasattr(self.client, "resume"):
            return await self.client.upsert(records, self.external_id)
        return await self._upsert_by_job(cast(ResumableCrm, self.client), records)

    async def _upsert_by_job(self, client: ResumableCrm, records: Sequence[CrmRow]) -> list[CrmResult]:
        """An upload that died is taken up by its job id instead of being sent once more."""
        digest = sha256("\n".join(payload_hash(record) for record in records).encode()).hexdigest()[:24]
        key = f"{self.sprint}/crm/{client.name}/{digest}"
        jobs = self.ledgers.jobs

        async def remember(job_id: str) -> None:
            request = {"records": len(records)}
            await asyncio.to_thread(jobs.remember, key, client.name, "upsert", job_id, request)

        client.on_job = remember
        job_id = await self._job_of(client, key)
        results = None if job_id is None else await client.resume(job_id, records, self.external_id)
        if results is None:
            await asyncio.to_thread(jobs.intend, key, client.name, "upsert", {"records": len(records)})
            results = await client.upsert(records, self.external_id)
        if await asyncio.to_thread(jobs.find, key) is not None:
            await asyncio.to_thread(jobs.finish, key, "collected")
        return results

    async def _job_of(self, client: ResumableCrm, key: str) -> str | None:
        """The unfinished job of these records, looked for at the CRM when its id is not on record."""
        jobs = self.ledgers.jobs
        known = await asyncio.to_thread(jobs.find, key)
        if known is None or not known.is_intended:
            return known.job_id if known is not None and known.is_running else None
        await self.sleep(max(0.0, ORDER_SECONDS - known.seconds_old))

        async def strangers(job_ids: Sequence[str]) -> set[str]:
            return await asyncio.to_thread(jobs.taken, client.name, job_ids)

        job_id = await client.find(self.external_id, known.remembered_at, strangers)
        if job_id is not None:
            await asyncio.to_thread(jobs.remember, key, client.name, "upsert", job_id, known.request)
        return job_id

    def _record(self, results: Sequence[CrmResult], *, is_last: bool) -> None:
        """Outcomes first, then the leads' marks: a mark without an outcome must not exist."""
        outcomes = [
            LeadOutcome(each.external_id, self.hashes[each.external_id], _word(each, is_last), each.crm_id, each.reason)
            for each in results
        ]
        self.ledgers.outcomes.record(self.client.name, self.sprint, outcomes)
        self._suppress([each for each in results if any(word in each.reason for word in _BLACKLISTED)])
        final = [each for each in results if is_last or each.outcome is not CrmOutcome.RETRY]
        held = [each for each in final if each.outcome in (CrmOutcome.CREATED, CrmOutcome.UPDATED)]
        self.mark([each.external_id for each in held])
        self.done.update(each.external_id for each in final)
        self.report.created += sum(1 for each in held if each.outcome is CrmOutcome.CREATED)
        self.report.updated += sum(1 for each in held if each.outcome is CrmOutcome.UPDATED)
        self.report.failed += len(final) - len(held)
        self.ledgers.tally({"crm:synced": len(held), "crm:failed": len(final) - len(held)})
        self.report.reasons.update(each.reason or "no reason given" for each in final if each not in held)

    def _suppress(self, refused: Sequence[CrmResult]) -> None:
        """Who opted out in the CRM is left alone everywhere (vendors.md §8.10)."""
        profiles = self.ledgers.leads.get([each.external_id for each in refused]) if refused else {}
        keys = [
            (kind, profile[name])
            for profile in profiles.values()
            for kind, name in (("linkedin", "linkedin_url"), ("email", "email"))
            if profile.get(name)
        ]
        if keys:
            self.ledgers.suppressions.add_many(keys, f"opted out in {self.client.name}")


def _word(result: CrmResult, is_last: bool) -> str:
    return CrmOutcome.FAILED.value if is_last and result.outcome is CrmOutcome.RETRY else result.outcome.value


def _record_refusals(ledgers: Ledgers, target: str, sprint: str, refused: dict[str, str]) -> None:
    """A lead the mapping cannot send has an outcome too (REQ-020: reported, not just skipped)."""
    ledgers.outcomes.record(
        target, sprint, [LeadOutcome(lead, "", "failed", None, why) for lead, why in refused.items()]
    )
