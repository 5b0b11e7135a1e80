"""How fast a sprint collected: average, peak, and the course of it. Pure, from the outcomes of its pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from leadgen_assets.leads.counting import Counts
from leadgen_assets.stores.statistics import PageOutcome

_WIDTHS = (5, 10, 30, 60, 300, 900, 3600)
"""Seconds a bucket may be wide."""
_MOST_BUCKETS = 60


@dataclass(frozen=True)
class Bucket:
    """What was collected from `start` on, for the pace's `width`."""

    start: datetime
    collected: int
    total: int
    """Collected since the beginning."""


@dataclass(frozen=True)
class Pace:
    """`collected` counts leads and duplicates, as the target does; rates are per hour, None before the first page."""

    buckets: tuple[Bucket, ...] = ()
    width: timedelta = timedelta(0)
    began: datetime | None = None
    ended: datetime | None = None
    per_hour: float | None = None
    peak_per_hour: float | None = None
    peak_at: datetime | None = None


def pace(pages: Sequence[PageOutcome], began: datetime | None = None) -> Pace:
    """The pace over some pages, counted from `began` (default: the first page's outcome)."""
    if not pages:
        return Pace()
    start = min(began or pages[0].at, pages[0].at)
    span = (pages[-1].at - start).total_seconds()
    width = next((each for each in _WIDTHS if span / each <= _MOST_BUCKETS), _WIDTHS[-1])
    sums: dict[int, int] = {}
    for page in pages:
        at = int(page.at.timestamp() // width)
        sums[at] = sums.get(at, 0) + page.counts.collected
    buckets, total = [], 0
    for at in range(int(start.timestamp() // width), max(sums) + 1):
        total += sums.get(at, 0)
        buckets.append(Bucket(datetime.fromtimestamp(at * width, UTC), sums.get(at, 0), total))
    best = max(buckets, key=lambda each: each.collected)
    return Pace(
        tuple(buckets),
        timedelta(seconds=width),
        start,
        pages[-1].at,
        total / max(span, 1.0) * 3600,
        best.collected * 3600 / width,
        best.start,
    )


def between(pages: Iterable[PageOutcome], start: datetime, end: datetime) -> Counts:
    """What became of the pages accounted for in [start, end)."""
    return Counts.total(page.counts for page in pages if start <= page.at < end)


@dataclass(frozen=True)
class SegmentPace:
    """How long a segment took from the sprint's start to its last page, and its leads and duplicates an hour."""

    segment: str
    ended: datetime
    seconds: float
    collected: int
    per_hour: float


def by_segment(pages: Sequence[PageOutcome], began: datetime) -> list[SegmentPace]:
    """Every segment that delivered, the slowest first. All start together, so `began` is the sprint's."""
    found = []
    for segment in {page.segment for page in pages}:
        own = [page for page in pages if page.segment == segment]
        seconds = max((own[-1].at - began).total_seconds(), 1.0)
        collected = sum(page.counts.collected for page in own)
        found.append(SegmentPace(segment, own[-1].at, seconds, collected, collected / seconds * 3600))
    return sorted(found, key=lambda each: (-each.seconds, each.segment))
