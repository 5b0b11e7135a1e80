"""Collects one segment: picks the way its source works, fetches and ingests side by side, reports what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from decimal import Decimal

from leadgen_assets.collection.ingest import in_batches, ingest_as_they_land, ingest_pages
from leadgen_assets.collection.workbench import NO_MORE, Assignment, Intake, Mapper, Progress
from leadgen_assets.leads.counting import Counts
from leadgen_assets.sprint_file import Segment
from leadgen_assets.stores.batch_size import MOST, BatchSize
from leadgen_assets.stores.ledger_sums import OPEN
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.purse import Purse
from leadgen_assets.vendors.blocked import block_named, block_of
from leadgen_assets.vendors.contracts import VendorError
from leadgen_assets.vendors.prices import PriceList, load_prices

Fetch = Callable[[Intake], Awaitable[None]]
"""Fetches what is still missing of a segment and lands it: one of `listed`, `snapshots`, `exports`, bound to a source."""

PAGE_BY_PAGE = ("bulk_match", "enrich")
"""Paid operations whose answer is one landed page each, numbered as the page."""


@dataclass(frozen=True)
class SegmentReport:
    """What is on record for a segment after a run, and what this run did for it."""

    segment: str
    source: str
    counts: Counts
    pages: int
    progress: Progress
    spent_usd: Decimal
    unexpected_fields: tuple[str, ...]

    @property
    def is_short(self) -> bool:
        """Whether the segment stopped for a reason other than having reached its target."""
        return self.progress.stopped_because is not None


async def collect_segment(
    bench: OpenStores,
    assignment: Assignment,
    mapper: Mapper,
    fetch: Fetch,
    *,
    prices: PriceList | None = None,
    outlook: Callable[[], Decimal] | None = None,
    is_adaptive: bool = True,
) -> SegmentReport:
    """Collect a segment to its target. Run again, it goes on at the first missing page, or finds nothing to do.

    `prices` are the listed ones by default; `outlook` tells the budget guard what collecting the rest would cost.
    Without `is_adaptive` batches keep their largest size.
    Vendor errors of the fetching are raised after everything that had landed was ingested.
    """
    key, segment, prices = assignment.key, assignment.segment.id, prices or load_prices()
    await asyncio.to_thread(_finish_ingest, bench, assignment, mapper)
    landed = await asyncio.to_thread(bench.raw_pages.landed, key, segment)
    delivered = await asyncio.to_thread(lambda: counts_of(bench, key, segment).delivered)
    await asyncio.to_thread(_settle_landed, bench, assignment, landed, prices)
    progress = Progress(pages_resumed=len(landed), delivered=delivered)
    purse = Purse(bench.ledger, bench.controls, key, assignment.sprint.budget, outlook)
    intake = Intake(bench, assignment, mapper, progress, frozenset(landed), purse, prices)
    if not is_adaptive:
        intake.batch, intake.is_adaptive = BatchSize(MOST), False
    finished = asyncio.Event()
    ingesting = asyncio.create_task(ingest_as_they_land(intake, finished))
    try:
        await fetch(intake)
    except VendorError as error:
        await asyncio.to_thread(bench.book.record_stop, key, segment, str(error), block_of(error))
        raise
    finally:
        finished.set()
        await ingesting
    stopped = why_short(progress, intake.current())
    await asyncio.to_thread(bench.book.record_stop, key, segment, stopped, block_named(stopped))
    return await asyncio.to_thread(report, bench, assignment, progress)


def why_short(progress: Progress, segment: Segment) -> str | None:
    """Why a collector ended before the segment's target; None when it reached it."""
    if progress.stopped_because is None and progress.delivered < segment.leads:
        return NO_MORE
    return progress.stopped_because


def _settle_landed(bench: OpenStores, assignment: Assignment, landed: Collection[int], prices: PriceList) -> None:
    """Purchases whose answer landed but whose settlement a kill prevented: their page says what they cost."""
    key, segment, source = assignment.key, assignment.segment.id, assignment.source
    prefix = f"{key}/{segment}/{source}/"
    bench.ledger.doubt_abandoned()
    open_entries = [
        each for each in bench.ledger.entries(key) if each.state in OPEN and each.entry_id.startswith(prefix)
    ]
    pages = {each.entry_id.rpartition("/")[2]: each for each in open_entries if each.operation in PAGE_BY_PAGE}
    numbers = [number for number in landed if str(number) in pages]
    for page in bench.raw_pages.read(key, segment, numbers) if numbers else ():
        entry = pages[str(page.number)]
        bench.ledger.settle(entry.entry_id, page.credits, prices.usd(source, page.credits, entry.reserved_at))


def _finish_ingest(bench: OpenStores, assignment: Assignment, mapper: Mapper) -> None:
    """Pages that a killed run had landed but not made into leads."""
    key, segment = assignment.key, assignment.segment.id
    unfinished = bench.raw_pages.without_outcome(key, segment)
    if unfinished:
        for batch in in_batches(list(bench.raw_pages.read(key, segment, unfinished))):
            ingest_pages(bench, batch, mapper, assignment.profile)


def counts_of(bench: OpenStores, key: str, segment: str) -> Counts:
    """What is on record for one segment."""
    return bench.counts(key).get(segment, Counts())


def report(bench: OpenStores, assignment: Assignment, progress: Progress) -> SegmentReport:
    """The segment's figures, from what is on record."""
    key, segment = assignment.key, assignment.segment.id
    return SegmentReport(
        segment=segment,
        source=assignment.source,
        counts=counts_of(bench, key, segment),
        pages=len(bench.raw_pages.landed(key, segment)),
        progress=progress,
        spent_usd=_spent(bench, key, segment),
        unexpected_fields=bench.raw_pages.drift(key, segment),
    )


def _spent(bench: OpenStores, key: str, segment: str) -> Decimal:
    found = bench.ledger.by(key, "segment").get(segment)
    return found.usd if found else Decimal(0)
