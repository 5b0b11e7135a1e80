"""Sources that build a snapshot of a search in their own time: start once → wait → download parts."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from leadgen_assets.collection.workbench import Intake
from leadgen_assets.stores.ledger import OverBudget
from leadgen_assets.vendors.contracts import (
    JobState,
    JobStatus,
    Record,
    SnapshotSource,
    VendorBadRequest,
    VendorOutOfCredits,
    VendorUnavailable,
)
from leadgen_assets.vendors.prices import load_prices

PAGE_RECORDS = 250
"""Records per landed page: small enough for one claim and one insert, far below MongoDB's 16 MB."""
POLL_SECONDS = (2.0, 3.0, 5.0, 8.0, 10.0)
DEADLINE_SECONDS = 3600.0
OPERATION = "filter"


async def collect_snapshot(source: SnapshotSource, intake: Intake) -> None:
    """Collect the whole snapshot of the segment's search. A job once started is found again, never started twice."""
    attempt = 1
    while await intake.wanted():
        entry = intake.assignment.entry("snapshot", attempt)
        job_id = await _job(source, intake, entry)
        if job_id is None:
            return
        status = await _ready(source, job_id)
        if status.state is JobState.EXPIRED:
            await asyncio.to_thread(intake.bench.jobs.finish, entry, status.state.value)
            attempt += 1
            continue
        if status.state is JobState.FAILED:
            await asyncio.to_thread(intake.bench.jobs.finish, entry, status.state.value)
            await asyncio.to_thread(intake.bench.ledger.release, entry)
            raise VendorUnavailable(source.name, "snapshot", f"the job failed: {status.detail}")
        delivered = await _download(source, intake, job_id, attempt) if status.state is JobState.READY else 0
        charged = status.cost_usd
        if charged is None:
            charged = load_prices().estimate(source.name, OPERATION, delivered).usd
        await asyncio.to_thread(intake.bench.ledger.settle, entry, Decimal(delivered), charged)
        await asyncio.to_thread(intake.bench.jobs.finish, entry, status.state.value)
        return


async def _job(source: SnapshotSource, intake: Intake, entry: str) -> str | None:
    """The id of the running or finished job for this segment; started, and at once remembered, if there is none."""
    bench, at = intake.bench, intake.assignment
    known = await asyncio.to_thread(bench.jobs.find, entry)
    if known is not None and known.state != JobState.FAILED.value:
        return known.job_id
    limit = await intake.wanted()
    reservation = await asyncio.to_thread(
        bench.ledger.reserve,
        entry,
        sprint=at.key,
        segment=at.segment.id,
        vendor=at.source,
        operation=OPERATION,
        units=limit,
        usd=load_prices().estimate(at.source, OPERATION, limit).usd,
        budget_usd=Decimal(str(at.sprint.budget.usd)),
    )
    if isinstance(reservation, OverBudget):
        intake.progress.stopped_because = "budget"
        return None
    try:
        job_id = await source.start(at.query, limit)
    except VendorOutOfCredits:
        await asyncio.to_thread(bench.ledger.release, entry)
        intake.progress.stopped_because = "out of credits"
        return None
    except VendorBadRequest:
        await asyncio.to_thread(bench.ledger.release, entry)
        raise
    if job_id is None:
        await asyncio.to_thread(bench.ledger.release, entry)
        intake.progress.stopped_because = "nobody matches the search"
        return None
    await asyncio.to_thread(bench.jobs.remember, entry, at.source, OPERATION, job_id, {"limit": limit})
    return job_id


async def _ready(source: SnapshotSource, job_id: str) -> JobStatus:
    waited = 0.0
    for poll in range(10_000):
        status = await source.status(job_id)
        if status.state is not JobState.RUNNING:
            return status
        pause = POLL_SECONDS[min(poll, len(POLL_SECONDS) - 1)]
        waited += pause
        if waited > DEADLINE_SECONDS:
            break
        await asyncio.sleep(pause)
    raise VendorUnavailable(
        source.name, "snapshot", f"still building after {DEADLINE_SECONDS:.0f} s; run again to go on"
    )


async def _download(source: SnapshotSource, intake: Intake, job_id: str, attempt: int) -> int:
    """Land every part. A part comes unordered (vendors.md §2.2), so it is sorted before it is cut into pages."""
    pages_a_part = -(-source.part_size // PAGE_RECORDS)
    total = 0
    for part in range(1, 10_000):
        records = await _part(source, job_id, part)
        if not records:
            break
        total += len(records)
        records.sort(key=_stable_order)
        for index in range(0, len(records), PAGE_RECORDS):
            number = (part - 1) * pages_a_part + index // PAGE_RECORDS + 1
            if not intake.has(number):
                request: dict[str, object] = {"job": job_id, "part": part, "attempt": attempt}
                await intake.land(number, records[index : index + PAGE_RECORDS], request, Decimal(0))
        if len(records) < source.part_size:
            break
    return total


def _stable_order(record: Record) -> str:
    return str(record.get("id") or record.get("linkedin_id") or record.get("url") or record.get("input") or "")


async def _part(source: SnapshotSource, job_id: str, part: int) -> list[Record]:
    waited = 0.0
    for poll in range(10_000):
        records = await source.download(job_id, part)
        if records is not None:
            return records
        pause = POLL_SECONDS[min(poll, len(POLL_SECONDS) - 1)]
        waited += pause
        if waited > DEADLINE_SECONDS:
            break
        await asyncio.sleep(pause)
    raise VendorUnavailable(
        source.name, "download", "the snapshot is ready but its download never is; run again to go on"
    )
