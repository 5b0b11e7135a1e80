"""Bright Data as a company finder: one snapshot of the company dataset for a whole batch (vendors.md §2.3, §2.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

from leadgen_assets.vendors.brightdata import BrightDataClient, is_error_row
from leadgen_assets.vendors.brightdata_lost import find_snapshot
from leadgen_assets.vendors.contracts import (
    ORDER_SECONDS,
    Answer,
    CompanyQuery,
    Found,
    JobState,
    Missed,
    Record,
    VendorError,
    VendorOutcomeUnknown,
    VendorUnavailable,
)
from leadgen_assets.vendors.mapping import first, text

COMPANY_DATASET = "gd_l1vikfnt1wgvvqz95w"

_POLL_SECONDS = 5.0
_POLLS = 180
"""15 minutes: filter jobs end within 5 (§2.3), and one may wait in a queue."""


class StartedJob(Protocol):
    """A job that was remembered."""

    @property
    def job_id(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def is_intended(self) -> bool: ...
    @property
    def remembered_at(self) -> datetime: ...
    @property
    def seconds_old(self) -> float: ...


class JobMemory(Protocol):
    """Remembers intended and started jobs beyond this process, so that a crash does not pay twice (`stores.vendor_jobs`)."""

    def find(self, key: str) -> StartedJob | None: ...
    def intend(self, key: str, vendor: str, operation: str, request: dict[str, Any]) -> object: ...
    def taken(self, vendor: str, job_ids: Iterable[str]) -> set[str]: ...
    def remember(self, key: str, vendor: str, operation: str, job_id: str, request: dict[str, Any]) -> object: ...
    def finish(self, key: str, state: str) -> object: ...


class BrightDataCompanies(BrightDataClient):
    """Company data by LinkedIn company id. A `CompanyFinder` that starts a snapshot and waits for it.

    Set `jobs` to keep started snapshots beyond this process: a batch that is asked for again is then not paid again.
    """

    batch_size = 500
    repeat_is_free = True  # the batch finds its snapshot again

    jobs: JobMemory | None = None

    def can_answer(self, query: CompanyQuery) -> bool:
        """The company dataset is looked up by LinkedIn company id."""
        return bool(query.linkedin)

    async def find_companies(self, companies: Sequence[CompanyQuery]) -> list[Answer]:
        """One snapshot for all companies that have a LinkedIn id; one answer each, joined by id, slug or page URL."""
        ids = sorted({company.linkedin for company in companies if company.linkedin})
        found: dict[str, Record] = {}
        for row in await self._rows(ids) if ids else ():
            found.update(dict.fromkeys(_company_keys(row), row))
        answers: list[Answer] = []
        billed: set[int] = set()
        for company in companies:
            match = found.get((company.linkedin or "").casefold())
            # Two companies asked by slug and by number may be one page: delivered, and billed, once.
            answers.append(_company_answer(company, match, credits=Decimal(id(match) not in billed)))
            billed.add(id(match))
        return answers

    async def _rows(self, ids: list[str]) -> list[Record]:
        key = "companies/" + blake2b("|".join(ids).encode(), digest_size=12).hexdigest()
        job_id = await self._remembered(key, ids)
        state = await self._settled(job_id) if job_id else JobState.EXPIRED
        if state is JobState.EXPIRED:
            job_id = await self._order(key, ids)
            if job_id is None:
                return []
            state = await self._settled(job_id)
        if state is not JobState.RUNNING:
            await self._note(key, state)
        if state is JobState.READY and job_id is not None:
            return await self._all_parts(job_id)
        if state is JobState.EMPTY:
            return []
        raise VendorUnavailable(self.name, "status", f"the company snapshot is {state}")

    async def _remembered(self, key: str, ids: list[str]) -> str | None:
        """The job of an earlier attempt at the same companies, unless it came to nothing. One whose id was lost is looked
        for at the vendor."""
        jobs = self.jobs
        job = await asyncio.to_thread(jobs.find, key) if jobs else None
        if jobs is None or job is None or job.state == JobState.FAILED:
            return None
        if not job.is_intended:
            return job.job_id
        await self.rest(max(0.0, ORDER_SECONDS - job.seconds_old))
        wanted = {each.casefold() for each in ids}

        async def strangers(job_ids: Sequence[str]) -> set[str]:
            return await asyncio.to_thread(jobs.taken, self.name, job_ids)

        def fits(row: Record) -> bool:
            return not wanted.isdisjoint(_company_keys(row))

        found = await find_snapshot(self, COMPANY_DATASET, len(ids), job.remembered_at, strangers, fits)
        if found is not None:
            await asyncio.to_thread(jobs.remember, key, self.name, "filter", found, {"companies": len(ids)})
        return found

    async def _order(self, key: str, ids: list[str]) -> str | None:
        """The id of a new snapshot, which is on record when this returns; None when there is nothing."""
        request = {"companies": len(ids)}
        if self.jobs:
            await asyncio.to_thread(self.jobs.intend, key, self.name, "filter", request)
        try:
            job_id = await self.start_snapshot(COMPANY_DATASET, company_filter(ids), len(ids))
        except VendorOutcomeUnknown:
            raise  # the intent stays: the next attempt looks for the snapshot
        except VendorError:
            await self._note(key, JobState.FAILED)
            raise
        if job_id is None:
            await self._note(key, JobState.FAILED)
        elif self.jobs:
            await asyncio.to_thread(self.jobs.remember, key, self.name, "filter", job_id, request)
        return job_id

    async def _note(self, key: str, state: JobState) -> None:
        if self.jobs:
            await asyncio.to_thread(self.jobs.finish, key, state.value)

    async def _settled(self, job_id: str) -> JobState:
        """The snapshot's state once it is no longer being built, or RUNNING when that takes too long."""
        for _ in range(_POLLS):
            state = (await self.status(job_id)).state
            if state is not JobState.RUNNING:
                return state
            await self._sleep(_POLL_SECONDS)
        return JobState.RUNNING

    async def _all_parts(self, job_id: str) -> list[Record]:
        rows: list[Record] = []
        part = 1
        for _ in range(_POLLS):
            records = await self.download(job_id, part)
            if records is None:
                await self._sleep(_POLL_SECONDS)
                continue
            rows += records
            if len(records) < self.part_size:
                return rows
            part += 1
        raise VendorUnavailable(self.name, "download", "the snapshot did not become ready")


def company_filter(ids: Sequence[str]) -> Record:
    """Companies by their page's slug or their numeric id; person records carry either."""
    return {
        "operator": "or",
        "filters": [{"name": name, "operator": "in", "value": list(ids)} for name in ("id", "company_id")],
    }


def _company_keys(row: Record) -> list[str]:
    page = _address(text(row.get("url")) or "")
    slug = page.path.rstrip("/").rpartition("/")[2] if page else ""
    keys = (text(row.get("id")), text(row.get("company_id")), slug)
    return [] if is_error_row(row) else [key.casefold() for key in keys if key]


def _company_answer(company: CompanyQuery, row: Record | None, credits: Decimal) -> Answer:
    if row is None:
        return Missed(company.ref)
    website = text(row.get("website"))
    fields = {
        "company_website": website,
        "company_domain": _host(website),
        "company_industry": first(*_listed(row.get("industries"))),
        "company_size": first(row.get("company_size"), row.get("employees_in_linkedin")),
        "company_linkedin": first(row.get("url"), company.linkedin),
    }
    return Found(company.ref, {name: value for name, value in fields.items() if value}, credits=credits)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _host(website: str | None) -> str | None:
    if website is None:
        return None
    address = _address(website if "//" in website else f"//{website}")
    host = address.hostname if address else None
    return host.removeprefix("www.") if host else None


def _address(text: str) -> SplitResult | None:
    try:
        return urlsplit(text)
    except ValueError:
        return None
