"""Verification (REQ-012): addresses go to a verifier in lists; only "valid" makes an address verified.

The intent is on record before a list is sent, the job's id before anybody polls it; after a crash the same list finds its
job again, at the vendor if need be, and is not paid twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from leadgen_assets.enrichment.asking import no_money
from leadgen_assets.enrichment.desk import Desk, Known
from leadgen_assets.enrichment.lead_rows import SEGMENT, LeadRows, Origin
from leadgen_assets.enrichment.report import EnrichmentReport, VendorLine
from leadgen_assets.stores.ledger import AlreadySettled, Reserved
from leadgen_assets.vendors.contracts import (
    ORDER_SECONDS,
    EmailVerifier,
    JobState,
    JobStatus,
    VendorError,
    VendorNotEntitled,
    VendorOutcomeUnknown,
    VendorOutOfCredits,
    VendorRejectedCredentials,
    VendorUnavailable,
    VerificationResult,
)

OPERATIONS = {"neverbounce": "jobs", "hunter": "verifier"}
"""The paid operation of each vendor, as the price list names it."""
POLL_WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between polls of a job; the last one repeats."""
PATIENCE = 1800.0
"""Seconds after which a job is left to the next run, which finds it by its id."""

_SETTLING = {VerificationResult.VALID, VerificationResult.INVALID, VerificationResult.DISPOSABLE}
"""Words after which no second verifier is asked."""

Suppress = Callable[[Iterable[int]], None]


async def verify_emails(
    rows: LeadRows,
    may_ask: Sequence[bool],
    vendors: Sequence[str],
    verifiers: Mapping[str, EmailVerifier],
    desk: Desk,
    report: EnrichmentReport,
    suppress: Suppress,
) -> None:
    """Set `email_verified` (True, False, None) and `email_status` of rows whose address nobody has verified yet.

    Invalid and disposable addresses are False, and the lead is kept; catch-all and unknown stay None.
    """
    open_rows = [
        row
        for row in range(len(rows))
        if may_ask[row]
        and rows.text(row, "email") is not None
        and rows.get(row, "email_verified") is None
        and rows.get(row, "email_kind") != "disposable"
    ]
    report.addresses = len(open_rows)
    for vendor in vendors:
        line = report.line("verify", vendor)
        verifier = verifiers.get(vendor)
        if verifier is None:
            line.stopped_because = "not available: no client or no credentials"
            line.skipped = len(open_rows)
            continue
        by_address: dict[str, list[int]] = {}
        for row in open_rows:
            by_address.setdefault(str(rows.text(row, "email")), []).append(row)

        def refuse(addresses: Iterable[str], by_address: Mapping[str, list[int]] = by_address) -> None:
            suppress([row for address in addresses for row in by_address[address]])

        known = await _ask(verifier, sorted(by_address), desk, line, refuse)
        for address, answer in known.items():
            for row in by_address[address]:
                _apply(rows, row, VerificationResult((answer.fields or {})["result"]), Origin(vendor, answer.asked_at))
        settled = {each for each, answer in known.items() if (answer.fields or {})["result"] in _SETTLING}
        open_rows = [row for row in open_rows if rows.text(row, "email") not in settled]


def _apply(rows: LeadRows, row: int, result: VerificationResult, origin: Origin) -> None:
    verified = {
        VerificationResult.VALID: True,
        VerificationResult.INVALID: False,
        VerificationResult.DISPOSABLE: False,
    }.get(result)
    rows.put(row, "email_verified", verified, origin if verified is not None else None)
    rows.put(row, "email_status", result.value, origin)
    if result is VerificationResult.DISPOSABLE:
        rows.put(row, "email_kind", "disposable", origin)


async def _ask(
    verifier: EmailVerifier,
    addresses: list[str],
    desk: Desk,
    line: VendorLine,
    refuse: Callable[[Iterable[str]], None],
) -> dict[str, Known]:
    """{address: Known({"result": word})}, from the cache or from jobs."""
    operation = OPERATIONS.get(verifier.name, "jobs")
    remembered = await asyncio.to_thread(desk.cache.get, verifier.name, operation, addresses)
    known = {
        each: Known(answer.fields, answer.asked_at.isoformat()) for each, answer in remembered.items() if answer.fields
    }
    line.cached += len(known)
    for start in range(0, len(addresses), verifier.batch_size):
        part = [each for each in addresses[start : start + verifier.batch_size] if each not in known]
        if not part:
            continue
        if line.stopped_because is not None:
            line.skipped += len(part)
            continue
        try:
            results = await _job(verifier, part, desk, line, operation)
        except VendorError as error:
            line.stopped_because = _reason(error)
            line.failed += len(part)
            continue
        if results is None:
            line.skipped += len(part)
            continue
        await asyncio.to_thread(_remember, desk, verifier.name, operation, results, refuse)
        line.failed += len(part) - len(results)
        line.suppressed += sum(1 for each in results.values() if each is VerificationResult.SUPPRESSED)
        settled = sum(1 for each in results.values() if each in _SETTLING)
        desk.outcome(line.step, verifier.name, settled, len(results) - settled)
        stamp = datetime.now(UTC).isoformat()
        known |= {each: Known({"result": result.value}, stamp) for each, result in results.items()}
    line.found += sum(1 for each in known.values() if (each.fields or {})["result"] in _SETTLING)
    line.missed += len(known) - line.found
    line.asked = line.found + line.missed + line.failed - line.cached
    return known


async def _job(
    verifier: EmailVerifier, addresses: list[str], desk: Desk, line: VendorLine, operation: str
) -> dict[str, VerificationResult] | None:
    """Results of one list by address; None when there is no money to ask.

    The ledger entry and the job carry the list's digest, so they are found again.
    """
    refs = {sha256(each.encode()).hexdigest()[:20]: each for each in addresses}
    digest = sha256("\n".join(addresses).encode()).hexdigest()[:24]
    key = f"{desk.sprint}/{SEGMENT}/{verifier.name}/{operation}/{digest}"
    status, job_id = await _known_job(verifier, key, desk)
    if job_id is not None and status.state not in (JobState.EXPIRED, JobState.FAILED):
        await asyncio.to_thread(desk.ledger.adopt, key)
    else:
        reservation = await _reserve(desk, verifier.name, operation, key, len(addresses), line)
        if not isinstance(reservation, Reserved):
            return {} if reservation else None
        job_id = await _start(verifier, refs, key, operation, desk)
        status = JobStatus(JobState.RUNNING)
    if status.state is JobState.RUNNING:
        status = await _poll(verifier, job_id, desk)
    if status.state in (JobState.EXPIRED, JobState.FAILED):
        await asyncio.to_thread(desk.jobs.finish, key, status.state.value)
        await asyncio.to_thread(desk.ledger.release, key)
        line.stopped_because = f"the job ended as {status.state}: {status.detail}"
        return {}
    found = await verifier.results(job_id) if status.state is JobState.READY else {}
    results = {refs[ref]: result for ref, result in found.items() if ref in refs}
    units = status.records if status.records is not None else len(results)
    entry = await asyncio.to_thread(desk.ledger.entry, key)
    estimate = desk.prices.estimate(verifier.name, operation, units, entry.reserved_at if entry else None)
    await asyncio.to_thread(desk.ledger.settle, key, estimate.credits, estimate.usd)
    await asyncio.to_thread(desk.jobs.finish, key, status.state.value)
    line.usd += estimate.usd
    return results


async def _known_job(verifier: EmailVerifier, key: str, desk: Desk) -> tuple[JobStatus, str | None]:
    job = await asyncio.to_thread(desk.jobs.find, key)
    if job is not None and job.is_intended:
        await desk.sleep(max(0.0, ORDER_SECONDS - job.seconds_old))
        found = await verifier.find(job.label)
        operation = job.operation
        job = (
            await asyncio.to_thread(desk.jobs.remember, key, job.vendor, operation, found, job.request)
            if found
            else None
        )
    if job is None or not job.job_id:
        return JobStatus(JobState.EXPIRED), None
    return await verifier.status(job.job_id), job.job_id


async def _start(verifier: EmailVerifier, refs: dict[str, str], key: str, operation: str, desk: Desk) -> str:
    request = {"addresses": len(refs)}
    intent = await asyncio.to_thread(desk.jobs.intend, key, verifier.name, operation, request)
    try:
        job_id = await verifier.start(refs, intent.label)
    except VendorOutcomeUnknown as error:
        await asyncio.to_thread(desk.ledger.doubt, key, error.detail)
        raise  # the intent stays: the next run looks for the job
    except VendorError:
        await asyncio.to_thread(desk.ledger.release, key)
        await asyncio.to_thread(desk.jobs.finish, key, JobState.FAILED.value)
        raise
    await asyncio.to_thread(desk.jobs.remember, key, verifier.name, operation, job_id, request)
    return job_id


async def _reserve(
    desk: Desk, vendor: str, operation: str, key: str, units: int, line: VendorLine
) -> Reserved | AlreadySettled | None:
    """None when there is no money, or buying is paused."""
    usd = desk.prices.estimate(vendor, operation, units).usd
    answer = await asyncio.to_thread(desk.purse.reserve, "enrichment", key, SEGMENT, vendor, operation, units, usd)
    if isinstance(answer, Reserved | AlreadySettled):
        return answer
    line.stopped_because = no_money(answer)
    return None


async def _poll(verifier: EmailVerifier, job_id: str, desk: Desk) -> JobStatus:
    waited, polls = 0.0, 0
    while (status := await verifier.status(job_id)).state is JobState.RUNNING:
        wait = POLL_WAITS[min(polls, len(POLL_WAITS) - 1)]
        if waited + wait > PATIENCE:
            raise VendorUnavailable(
                verifier.name, "status", f"the job still runs after {waited:.0f} s: {status.detail}"
            )
        await desk.sleep(wait)
        waited, polls = waited + wait, polls + 1
    return status


def _remember(
    desk: Desk,
    vendor: str,
    operation: str,
    results: Mapping[str, VerificationResult],
    refuse: Callable[[Iterable[str]], None],
) -> None:
    refused = [address for address, result in results.items() if result is VerificationResult.SUPPRESSED]
    if refused:
        refuse(refused)
    if results:
        fields = {address: {"result": result.value} for address, result in results.items()}
        desk.cache.put(vendor, operation, fields, refused)


def _reason(error: VendorError) -> str:
    if isinstance(error, VendorOutOfCredits):
        return "out of credits"
    if isinstance(error, VendorRejectedCredentials):
        return "credentials rejected"
    return "account not entitled" if isinstance(error, VendorNotEntitled) else f"unavailable: {error.detail}"
