"""From landed pages to provisional leads: normalise → suppress → claim → insert → count. Seconds after landing."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pandas as pd

from leadgen_assets.collection.workbench import Intake, Mapper
from leadgen_assets.leads.counting import Counts
from leadgen_assets.leads.identity import lead_id, lead_keys
from leadgen_assets.leads.normalise import Normalised, TargetProfile, normalise
from leadgen_assets.leads.schema import COORDINATES, DRAFT_FIELDS
from leadgen_assets.stores.claims import Claim, LeadKey
from leadgen_assets.stores.documents import frame_documents
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.quarantine import Quarantined
from leadgen_assets.stores.raw_pages import RawPage
from leadgen_assets.vendors.contracts import Record

BATCH_RECORDS = 500
"""Upper end of the batches that REQ-017 prefers."""


def drafts_of(pages: Sequence[RawPage], mapper: Mapper) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The records of some pages as drafts, and the vendor's error rows apart.

    Returns (drafts: COORDINATES + DRAFT_FIELDS, refused: lead_id, segment, data_source, page, position, reason, field).
    """
    rows: list[dict[str, object]] = []
    refused: list[dict[str, object]] = []
    for page in pages:
        for position, record in enumerate(page.records):
            place: dict[str, object] = {
                "lead_id": lead_id(page.sprint, page.segment, page.number, position),
                "sprint": page.sprint,
                "segment": page.segment,
                "data_source": page.source,
                "page": page.number,
                "position": position,
                "data_collected_date": page.fetched_at,
            }
            if not isinstance(record, dict):
                refused.append({**place, "reason": "not_a_record", "field": None})
            elif mapper.is_error(record):
                refused.append({**place, "reason": "vendor_error", "field": None})
            else:
                rows.append({**place, **mapper.to_draft(record)})
    columns = [*COORDINATES, *DRAFT_FIELDS]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(refused, columns=REFUSED)


REFUSED = ["lead_id", "segment", "data_source", "page", "position", "reason", "field"]


def normalise_pages(pages: Sequence[RawPage], mapper: Mapper, profile: TargetProfile) -> Normalised:
    """Leads and quarantined records of some pages: the one path that both the collector and the asset take."""
    drafts, refused = drafts_of(pages, mapper)
    if drafts.empty and not refused.empty:
        return Normalised(normalise(drafts, profile).leads, refused)
    done = normalise(drafts, profile)
    if refused.empty:
        return done
    return Normalised(done.leads, pd.concat([done.quarantined, refused], ignore_index=True))


def ingest_pages(bench: OpenStores, pages: Sequence[RawPage], mapper: Mapper, profile: TargetProfile) -> Counts:
    """Make landed pages into provisional leads and write each page's outcome down.

    Idempotent: claims and inserts of the same page find themselves, and an outcome is written once.
    """
    if not pages:
        return Counts()
    done = normalise_pages(pages, mapper, profile)
    quarantine(bench, pages, done.quarantined)
    keys = lead_keys(done.leads)
    is_suppressed = bench.suppressions.mask(done.leads)
    suppressed = list(done.leads.loc[is_suppressed, "lead_id"])
    kept = done.leads[~is_suppressed]
    duplicates, rejected = _claim_and_insert(bench, kept, keys)
    quarantine(bench, pages, rejected)
    fate = {
        **dict.fromkeys([*done.quarantined["lead_id"], *rejected["lead_id"]], "quarantined"),
        **dict.fromkeys(suppressed, "suppressed"),
        **dict.fromkeys(duplicates, "duplicates"),
    }
    outcomes: dict[str, Counts] = {}
    for page in pages:
        ids = (lead_id(page.sprint, page.segment, page.number, at) for at in range(len(page.records)))
        tally = Counter(fate.get(each, "leads") for each in ids)
        outcomes[page.page_id] = Counts(delivered=len(page.records), **tally)
    bench.raw_pages.record_outcomes({page: counts.as_dict() for page, counts in outcomes.items()})
    total = Counts.total(outcomes.values())
    bench.live.add(pages[0].sprint, pages[0].segment, total.as_dict())
    return total


def quarantine(bench: OpenStores, pages: Sequence[RawPage], refused: pd.DataFrame) -> None:
    """Keep the records that cannot be leads, whole and with their reason (REQ-011)."""
    if refused.empty:
        return
    raw = {(page.number, position): record for page in pages for position, record in enumerate(page.records)}
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


def _claim_and_insert(bench: OpenStores, leads: pd.DataFrame, keys: pd.DataFrame) -> tuple[set[str], pd.DataFrame]:
    """Claims the leads' keys and inserts those who own them.

    Returns the ids of the duplicates, and what the database does not accept (columns of REFUSED).
    """
    if leads.empty:
        return set(), pd.DataFrame(columns=REFUSED)
    held: dict[str, list[LeadKey]] = defaultdict(list)
    for each, kind, key in zip(*(keys[name].tolist() for name in ("lead_id", "kind", "key")), strict=True):
        held[each].append(LeadKey(kind, key))
    claims = [Claim(each, tuple(held.get(each, ()))) for each in leads["lead_id"].tolist()]
    duplicates = set(bench.claims.claim(claims).duplicates)
    fresh = leads[~leads["lead_id"].isin(duplicates)]
    written = bench.leads.insert_provisional(frame_documents(fresh))
    reasons = {each.lead_id: (f"database_{each.reason}", each.field) for each in written.rejected}
    rejected = fresh.loc[fresh["lead_id"].isin(reasons), REFUSED[:5]].assign(
        reason=lambda rows: rows["lead_id"].map(lambda each: reasons[each][0]),
        field=lambda rows: rows["lead_id"].map(lambda each: reasons[each][1]),
    )
    return duplicates | {each.lead_id for each in written.duplicates}, rejected


async def ingest_as_they_land(intake: Intake, finished: asyncio.Event) -> None:
    """Beside the fetching: take whatever has landed, in batches, until fetching is over and nothing waits."""
    profile = intake.assignment.profile
    while True:
        if not intake.waiting:
            if finished.is_set():
                return
            intake.arrived.clear()
            await _either(intake.arrived, finished)
            continue
        batch: list[RawPage] = []
        while intake.waiting and sum(len(page.records) for page in batch) < BATCH_RECORDS:
            batch.append(intake.waiting.popleft())
        await asyncio.to_thread(ingest_pages, intake.bench, batch, intake.mapper, profile)


async def _either(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
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
