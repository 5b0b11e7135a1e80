"""From landed pages to provisional leads: normalise → suppress → claim → insert → count. Seconds after landing."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any, cast

import pandas as pd

from leadgen_assets.collection.first_look import count_quality
from leadgen_assets.collection.normalising import REFUSED, normalise_pages
from leadgen_assets.collection.workbench import Intake, Mapper
from leadgen_assets.leads.counting import Counts
from leadgen_assets.leads.identity import lead_id, lead_keys
from leadgen_assets.leads.normalise import TargetProfile
from leadgen_assets.stores.batch_size import MOST
from leadgen_assets.stores.claims import Claim, LeadKey
from leadgen_assets.stores.documents import frame_documents
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.presence import repeated
from leadgen_assets.stores.quarantine import Quarantined
from leadgen_assets.stores.raw_pages import RawPage, is_erased, page_id
from leadgen_assets.stores.suppressions import ERASED_REASON
from leadgen_assets.vendors.contracts import Record

BATCH_RECORDS = MOST
"""Pages that a killed run has left are made into leads in the largest batches: nobody waits for them."""

LINGER_SECONDS = 1.0
"""How long a page waits at most for others to be made into leads with."""


def ingest_pages(bench: OpenStores, pages: Sequence[RawPage], mapper: Mapper, profile: TargetProfile) -> Counts:
    """Make landed pages into provisional leads and write each page's outcome down.

    Idempotent: claims and inserts of the same page find themselves, and an outcome is written once.
    """
    if not pages:
        return Counts()
    done = normalise_pages(pages, mapper, profile)
    quarantine(bench, pages, done.quarantined)
    keys = lead_keys(done.leads)
    is_suppressed, was_erased = bench.suppressions.masks(done.leads)
    suppressed = list(done.leads.loc[is_suppressed, "lead_id"])
    forgotten = _forget_again(bench, done.leads[was_erased], keys)
    kept = done.leads[~is_suppressed]
    duplicates, rejected = claim_and_insert(bench, kept, keys)
    quarantine(bench, pages, rejected)
    fate = {
        **dict.fromkeys([*done.quarantined["lead_id"], *rejected["lead_id"]], "quarantined"),
        **dict.fromkeys(suppressed, "suppressed"),
        **dict.fromkeys(duplicates, "duplicates"),
    }
    outcomes: dict[str, Counts] = {}
    erased: dict[str, int] = {}
    for page in pages:
        ids = [lead_id(page.sprint, page.segment, page.number, at) for at in range(len(page.records))]
        gone = {each for each, record in zip(ids, page.records, strict=True) if each in forgotten or is_erased(record)}
        tally = Counter("suppressed" if each in gone else fate.get(each, "leads") for each in ids)
        outcomes[page.page_id] = Counts(delivered=len(page.records), **tally)
        erased[page.page_id] = len(gone)
    told = {page: {**counts.as_dict(), "erased": erased[page]} for page, counts in outcomes.items()}
    bench.raw_pages.record_outcomes(told)
    total = Counts.total(outcomes.values())
    bench.live.add(pages[0].sprint, pages[0].segment, total.as_dict())
    return total


def _forget_again(bench: OpenStores, leads: pd.DataFrame, keys: pd.DataFrame) -> set[str]:
    """People who were erased and are delivered once more: nothing of their records is kept (NFR-011).

    First all their keys go on the list, so that records of other vendors, which may lack the known one, meet it too.
    """
    if leads.empty:
        return set()
    of_them = keys[keys["lead_id"].isin(leads["lead_id"])]
    bench.suppressions.add_many(zip(of_them["kind"], of_them["key"], strict=True), ERASED_REASON, erased=True)
    for place, rows in leads.groupby(["sprint", "segment", "page"]):
        sprint, segment, page = (str(part) for part in cast(tuple[Any, ...], place))
        bench.raw_pages.erase(page_id(sprint, segment, int(page)), [int(each) for each in rows["position"]])
    return set(leads["lead_id"])


def quarantine(bench: OpenStores, pages: Sequence[RawPage], refused: pd.DataFrame) -> None:
    """Keep the records that cannot be leads, whole and with their reason (REQ-011)."""
    if refused.empty:
        return
    raw = {(page.number, position): record for page in pages for position, record in enumerate(page.records)}
    reasons = Counter(refused["reason"].tolist())
    bench.live.tally(pages[0].sprint, {f"quarantined:{reason}": times for reason, times in reasons.items()})
    bench.quarantine.put(_quarantined(pages[0].sprint, row, raw) for row in refused.to_dict("records"))


def _quarantined(sprint: str, row: dict[Any, Any], raw: dict[tuple[int, int], Record]) -> Quarantined:
    page, position = int(row["page"]), int(row["position"])
    return Quarantined(
        lead_id=row["lead_id"],
        sprint=sprint,
        segment=row["segment"],
        data_source=row["data_source"],
        page=page,
        position=position,
        reason=row["reason"],
        field=row["field"] if isinstance(row["field"], str) else None,
        raw=raw.get((page, position), {}),
    )


def claim_and_insert(bench: OpenStores, leads: pd.DataFrame, keys: pd.DataFrame) -> tuple[set[str], pd.DataFrame]:
    """Claims the leads' keys and inserts those who own them.

    Returns the ids of the duplicates, and what the database does not accept (columns of REFUSED).
    """
    if leads.empty:
        return set(), pd.DataFrame(columns=REFUSED)
    held: dict[str, list[LeadKey]] = defaultdict(list)
    for each, kind, key in zip(*(keys[name].tolist() for name in ("lead_id", "kind", "key")), strict=True):
        held[each].append(LeadKey(kind, key))
    claims = [Claim(each, tuple(held.get(each, ()))) for each in leads["lead_id"].tolist()]
    sprint = str(leads["sprint"].iloc[0])
    with bench.live.timed(sprint, "claim"):
        duplicates = set(bench.claims.claim(claims).duplicates)
    fresh = leads[~leads["lead_id"].isin(duplicates)]
    documents = frame_documents(fresh)
    with bench.live.inserting(sprint, len(documents)):
        written = bench.leads.insert_provisional(documents)
    count_quality(bench.live, sprint, fresh)
    reasons = {each.lead_id: (f"database_{each.reason}", each.field) for each in written.rejected}
    rejected = fresh.loc[fresh["lead_id"].isin(reasons), REFUSED[:5]].assign(
        reason=lambda rows: rows["lead_id"].map(lambda each: reasons[each][0]),
        field=lambda rows: rows["lead_id"].map(lambda each: reasons[each][1]),
    )
    return duplicates | {each.lead_id for each in written.duplicates}, rejected


async def ingest_as_they_land(intake: Intake, finished: asyncio.Event) -> None:
    """Beside the fetching: take what has landed, in batches, until fetching is over and nothing waits.

    A batch costs nearly the same for ten records as for a hundred, so one that is not full waits a moment for more.
    """
    try:
        while intake.waiting or not finished.is_set():
            intake.arrived.clear()
            if not intake.waiting:
                await _either(intake.arrived, finished)
            elif not await _fuller(intake, finished):
                await _ingest_batch(intake)
    finally:
        intake.has_ingest_ended = True
        intake.taken.set()


async def _fuller(intake: Intake, finished: asyncio.Event) -> bool:
    """Wait for more to land, if there is reason to. Whether anything changed meanwhile."""
    left = intake.waiting_since + LINGER_SECONDS - time.monotonic()
    if finished.is_set() or left <= 0 or intake.records_waiting >= intake.batch.records:
        return False
    await _either(intake.arrived, finished, timeout=left)
    return True


async def _ingest_batch(intake: Intake) -> None:
    batch: list[RawPage] = []
    while intake.waiting and sum(len(page.records) for page in batch) < intake.batch.records:
        batch.append(intake.waiting.popleft())
    intake.waiting_since = time.monotonic()
    intake.taken.set()
    ingest = partial(ingest_pages, intake.bench, batch, intake.mapper, intake.assignment.profile)
    began = time.perf_counter()
    await asyncio.to_thread(repeated, ingest)
    if intake.is_adaptive:
        _adapt(intake, sum(len(page.records) for page in batch), time.perf_counter() - began)


def _adapt(intake: Intake, records: int, seconds: float) -> None:
    """Let the size of the next batch follow what this one took, and tell it (PHX-09)."""
    at, before = intake.assignment, intake.batch
    intake.batch = before.after(records, seconds)
    if intake.batch.records != before.records or before.seconds_each is None:
        intake.bench.live.mark(at.key, {f"batch:{at.segment.id}": str(intake.batch.records)})


async def _either(*events: asyncio.Event, timeout: float | None = None) -> None:  # noqa: ASYNC109
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()


def in_batches(pages: Sequence[RawPage]) -> list[list[RawPage]]:
    """Pages in groups of about BATCH_RECORDS records, in order."""
    sizes = 0
    marked: list[tuple[int, RawPage]] = []
    for page in pages:
        marked.append((sizes // BATCH_RECORDS, page))
        sizes += len(page.records)
    return [[page for _, page in group] for _, group in groupby(marked, key=lambda each: each[0])]
