"""What a collector works with: the stores, the segment's assignment, and how a fetched page is handed over."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from leadgen_assets.collection.together import Together
from leadgen_assets.leads.normalise import TargetProfile
from leadgen_assets.sprint_file import Segment, Sprint
from leadgen_assets.stores.batch_size import BatchSize
from leadgen_assets.stores.ledger import AlreadySettled, Asked, OverBudget, Paid, Reserved
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.purse import BuyingPaused, Purse
from leadgen_assets.stores.raw_pages import RawPage
from leadgen_assets.vendors.contracts import Draft, Record, SearchQuery
from leadgen_assets.vendors.prices import PriceList

MOST_WAITING = 1000
"""Records that have landed and wait to be made into leads: two of the largest batches."""

NO_MORE = "the source has no more for this search"
EVERYBODY = "everybody who matches is collected"
NOBODY = "nobody matches the search"
NO_FILE = "no file matches"
EXHAUSTED = (NO_MORE, EVERYBODY, NOBODY, NO_FILE)
"""How a collector's reason to stop begins when its source has nobody else for the search."""


@dataclass(frozen=True)
class Assignment:
    """One segment of one sprint, as it was when the run began."""

    key: str
    """Sprint key: the partition."""
    sprint: Sprint
    segment: Segment

    @property
    def source(self) -> str:
        """The vendor the segment collects from."""
        return self.segment.source

    @property
    def query(self) -> SearchQuery:
        """The segment's search."""
        return SearchQuery(
            titles=self.sprint.titles_of(self.segment),
            locations=self.sprint.locations_of(self.segment),
            countries=self.sprint.profile.countries,
        )

    @property
    def profile(self) -> TargetProfile:
        """Whom the sprint looks for, in the domain's terms."""
        wanted = self.sprint.profile
        return TargetProfile(titles=wanted.titles, countries=tuple(wanted.countries), metros=wanted.metros)

    def entry(self, operation: str, unit: int | str) -> str:
        """Idempotency key of one paid call in the ledger."""
        return f"{self.key}/{self.segment.id}/{self.source}/{operation}/{unit}"


@dataclass(frozen=True)
class Mapper:
    """How a vendor's record becomes a draft, and what to tell about its shape."""

    to_draft: Callable[[Record], Draft]
    unexpected: Callable[[list[Record]], tuple[str, ...]]
    """Top-level fields of the records that the vendor's documentation does not name."""
    is_error: Callable[[Record], bool]
    """Rows in which the vendor reports an error instead of a person."""


@dataclass
class Progress:
    """What a collector did in this run, beside what the pages' outcomes say."""

    pages_resumed: int = 0
    pages_landed: int = 0
    delivered: int = 0
    skipped_owned: int = 0
    not_found: int = 0
    opted_out: int = 0
    uncertain: int = 0
    """Paid calls that may have been charged without an answer, and are not repeated."""
    truncated: bool = False
    stopped_because: str | None = None


@dataclass
class Intake:
    """Lands pages and hands them to the ingest, which runs beside the fetching."""

    bench: OpenStores
    assignment: Assignment
    mapper: Mapper
    progress: Progress
    landed: Collection[int]
    """Numbers of the pages that were there before this run."""
    purse: Purse
    prices: PriceList
    waiting: deque[RawPage] = field(default_factory=deque)
    waiting_since: float = 0.0
    """Monotonic seconds since when the first of them waits."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something waits again, and when a batch is full."""
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    has_ingest_ended: bool = False
    batch: BatchSize = field(default_factory=BatchSize)
    """How many records are made into leads at a time."""
    is_adaptive: bool = True
    """Whether that follows what a batch takes."""

    def __post_init__(self) -> None:
        self._reserved = Together(partial(self.purse.reserve_all, "collection"))
        self._landed = Together(self._write_down)

    def has(self, number: int) -> bool:
        """Whether a page is on record, so that nobody fetches or buys it again."""
        return number in self.landed

    async def land(
        self,
        number: int,
        records: list[Record],
        request: dict[str, object],
        credits: Decimal,
        paid: Paid | None = None,
    ) -> None:
        """Write the page down before anything is made of it, then what was `paid` for it, then queue it for ingest.

        Waits while the ingest is more than `MOST_WAITING` records behind: memory does not grow with the segment.
        """
        page = RawPage(
            sprint=self.assignment.key,
            segment=self.assignment.segment.id,
            source=self.assignment.source,
            number=number,
            records=records,
            request=request,
            fetched_at=datetime.now(UTC),
            credits=credits,
            drift=list(self.mapper.unexpected([each for each in records if not self.mapper.is_error(each)])),
        )
        await self._landed((page, paid))
        self.progress.pages_landed += 1
        self.progress.delivered += len(records)
        if not self.waiting:
            self.waiting_since = time.monotonic()
        self.waiting.append(page)
        if len(self.waiting) == 1 or self.records_waiting >= self.batch.records:
            self.arrived.set()
        while not self.has_ingest_ended and self.records_waiting > MOST_WAITING:
            self.taken.clear()
            await self.taken.wait()

    def _write_down(self, landed: Sequence[tuple[RawPage, Paid | None]]) -> Sequence[None]:
        self.bench.raw_pages.land_all([page for page, _ in landed])
        settled = [paid for _, paid in landed if paid is not None]
        if settled:
            self.bench.ledger.settle_all(self.assignment.key, settled)
        return [None] * len(landed)

    @property
    def records_waiting(self) -> int:
        """Records that have landed and are not yet being made into leads."""
        return sum(len(each.records) for each in self.waiting)

    async def may_buy(self) -> bool:
        """Whether buying is on. If it is not, the reason is on record as why the collector stops."""
        says = await asyncio.to_thread(self.purse.paused, "collection")
        self.progress.stopped_because = says or self.progress.stopped_because
        return says is None

    async def reserve(self, entry: str, operation: str, units: int) -> Reserved | AlreadySettled | None:
        """Money for a purchase of at most that many units. None when there is none, or buying is paused: the collector
        must stop, and the reason is on record."""
        at = self.assignment
        usd = self.prices.estimate(at.source, operation, units).usd
        answer = await self._reserved(Asked(entry, at.segment.id, at.source, operation, units, usd))
        if isinstance(answer, OverBudget | BuyingPaused):
            self.progress.stopped_because = "budget" if isinstance(answer, OverBudget) else answer.says
            return None
        return answer

    def current(self) -> Segment:
        """The segment as the desk wants it now: its target and whether it is paused may change while it runs."""
        return self.bench.book.get(self.assignment.key).sprint.segment(self.assignment.segment.id)

    async def wanted(self) -> int:
        """Records still to collect. 0 when the target is reached or the desk has paused the segment."""
        segment = await asyncio.to_thread(self.current)
        if segment.paused:
            self.progress.stopped_because = "paused"
            return 0
        return max(0, segment.leads - self.progress.delivered)
