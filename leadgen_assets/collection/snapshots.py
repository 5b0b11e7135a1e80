"""Sources that build a snapshot of a search in their own time: start once → wait → download parts.

The intent is on record before the order is sent. A process that dies before the job's id is on record, or an answer that
never comes, leaves an intent: the next run looks for its job at the vendor, and orders anew only what was not ordered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from itertools import count
from typing import TypeVar

from leadgen_assets.collection.workbench import EVERYBODY, NOBODY, Intake
from leadgen_assets.stores.vendor_jobs import VendorJob
from leadgen_assets.vendors.blocked import Block
from leadgen_assets.vendors.contracts import (
    ORDER_SECONDS,
    JobState,
    JobStatus,
    Record,
    SnapshotSource,
    VendorError,
    VendorOutcomeUnknown,
    VendorOutOfCredits,
    VendorUnavailable,
)

Answer = TypeVar("Answer")

PAGE_RECORDS = 250
"""Records per landed page: small enough for one claim and one insert, far below MongoDB's 16 MB."""
POLL_SECONDS = (2.0, 3.0, 5.0, 8.0, 10.0)
DEADLINE_SECONDS = 3600.0
OPERATION = "filter"
OVER = (JobState.READY, JobState.EMPTY, JobState.EXPIRED)
"""A job in one of these states has nothing left to give."""


async def collect_snapshot(source: SnapshotSource, intake: Intake) -> None:
    """Collect the snapshots of the segment's search: one, and a further one without the people of the first when the
    target was raised. A job once ordered is found again, never ordered twice."""
    attempt = 1
    while True:
        entry = intake.assignment.entry("snapshot", attempt)
        job = await asyncio.to_thread(intake.bench.jobs.find, entry)
        if job is not None and job.state in OVER:
            attempt += 1
            continue
        if job is not None and job.is_intended:
            job = await _found_again(source, intake, job)
        if job is None or job.state == JobState.FAILED:
            job = await _start(source, intake, entry, attempt)
        if job is None:
            return
        if await _collect_job(source, intake, job) < job.request["limit"]:
            intake.progress.stopped_because = EVERYBODY
            return


async def _start(source: SnapshotSource, intake: Intake, entry: str, attempt: int) -> VendorJob | None:
    """Reserve the money, write the intent down, order the job and at once remember it; None when there is nothing (more)
    to collect."""
    bench, at = intake.bench, intake.assignment
    limit = await intake.wanted()
    if not limit:
        return None
    if await intake.reserve(entry, OPERATION, limit) is None:
        return None
    pages = await asyncio.to_thread(bench.raw_pages.landed, at.key, at.segment.id)
    collected = await asyncio.to_thread(_vendor_ids, intake) if attempt > 1 else ()
    request = {"limit": limit, "first_page": 1 + max(pages, default=0)}
    await asyncio.to_thread(bench.jobs.intend, entry, at.source, OPERATION, request)
    try:
        job_id = await source.start(at.query, limit, collected)
    except VendorOutcomeUnknown as error:
        await asyncio.to_thread(bench.ledger.doubt, entry, error.detail)
        raise
    except VendorError as error:
        await _not_ordered(intake, entry)
        if not isinstance(error, VendorOutOfCredits):
            raise
        intake.progress.stopped_because = Block.OUT_OF_CREDITS.value
        return None
    if job_id is None:
        await _not_ordered(intake, entry)
        intake.progress.stopped_because = EVERYBODY if collected else NOBODY
        return None
    return await asyncio.to_thread(bench.jobs.remember, entry, at.source, OPERATION, job_id, request)


async def _found_again(source: SnapshotSource, intake: Intake, intent: VendorJob) -> VendorJob | None:
    """The job of an order whose answer is not on record; None when the vendor has not carried it out."""
    bench, at = intake.bench, intake.assignment
    await asyncio.sleep(max(0.0, ORDER_SECONDS - intent.seconds_old))

    async def strangers(job_ids: Sequence[str]) -> set[str]:
        return await asyncio.to_thread(bench.jobs.taken, at.source, job_ids)

    job_id = await source.find(at.query, intent.request["limit"], intent.remembered_at, strangers)
    if job_id is None:
        return None
    return await asyncio.to_thread(bench.jobs.remember, intent.key, at.source, OPERATION, job_id, intent.request)


async def _not_ordered(intake: Intake, entry: str) -> None:
    await asyncio.to_thread(intake.bench.ledger.release, entry)
    await asyncio.to_thread(intake.bench.jobs.finish, entry, JobState.FAILED.value)


def _vendor_ids(intake: Intake) -> tuple[str, ...]:
    """People of the segment's landed pages, by the vendor's ids."""
    at = intake.assignment
    pages = intake.bench.raw_pages.read(at.key, at.segment.id)
    ids = (
        intake.mapper.to_draft(each)["vendor_id"]
        for page in pages
        for each in page.records
        if not intake.mapper.is_error(each)
    )
    return tuple(sorted({each for each in ids if each}))


async def _collect_job(source: SnapshotSource, intake: Intake, job: VendorJob) -> int:
    """Wait for a job, land what it holds, settle it. Returns the records it delivered."""
    await asyncio.to_thread(intake.bench.ledger.adopt, job.key)
    status = await _ready(source, job.job_id)
    if status.state is JobState.FAILED:
        await asyncio.to_thread(intake.bench.jobs.finish, job.key, status.state.value)
        await asyncio.to_thread(intake.bench.ledger.release, job.key)
        raise VendorUnavailable(source.name, "snapshot", f"the job failed: {status.detail}")
    if status.state is JobState.EXPIRED:
        await asyncio.to_thread(intake.bench.jobs.finish, job.key, status.state.value)
        return int(job.request["limit"])
    delivered = await _download(source, intake, job) if status.state is JobState.READY else 0
    charged = status.cost_usd
    if charged is None:
        entry = await asyncio.to_thread(intake.bench.ledger.entry, job.key)
        on = entry.reserved_at if entry else None
        charged = intake.prices.estimate(source.name, OPERATION, delivered, on).usd
    await asyncio.to_thread(intake.bench.ledger.settle, job.key, Decimal(delivered), charged)
    await asyncio.to_thread(intake.bench.jobs.finish, job.key, status.state.value)
    return delivered


async def _ready(source: SnapshotSource, job_id: str) -> JobStatus:
    async def finished() -> JobStatus | None:
        status = await source.status(job_id)
        return status if status.state is not JobState.RUNNING else None

    return await _patiently(source, finished)


async def _download(source: SnapshotSource, intake: Intake, job: VendorJob) -> int:
    """Land every part. A part comes unordered (vendors.md §2.2), so it is sorted before it is cut into pages."""
    pages_a_part = -(-source.part_size // PAGE_RECORDS)
    total = 0
    for part in range(1, 10_000):
        records = await _part(source, job.job_id, part)
        if not records:
            break
        total += len(records)
        records.sort(key=_stable_order)
        for index in range(0, len(records), PAGE_RECORDS):
            number = job.request["first_page"] + (part - 1) * pages_a_part + index // PAGE_RECORDS
            if not intake.has(number):
                request: dict[str, object] = {"job": job.job_id, "part": part}
                await intake.land(number, records[index : index + PAGE_RECORDS], request, Decimal(0))
        if len(records) < source.part_size:
            break
    return total


def _stable_order(record: Record) -> str:
    return str(record.get("id") or record.get("linkedin_id") or record.get("url") or record.get("input") or "")


async def _part(source: SnapshotSource, job_id: str, part: int) -> list[Record]:
    """A part; a snapshot that calls itself ready may still say "not yet" here (vendors.md §2.2)."""
    return await _patiently(source, lambda: source.download(job_id, part))


async def _patiently(source: SnapshotSource, ask: Callable[[], Awaitable[Answer | None]]) -> Answer:
    """Ask until there is an answer, less and less often, up to the deadline."""
    waited = 0.0
    for poll in count():
        answer = await ask()
        if answer is not None:
            return answer
        pause = POLL_SECONDS[min(poll, len(POLL_SECONDS) - 1)]
        waited += pause
        if waited > DEADLINE_SECONDS:
            break
        await asyncio.sleep(pause)
    raise VendorUnavailable(
        source.name, "snapshot", f"not ready after {DEADLINE_SECONDS:.0f} s; run again to go on with the same job"
    )
