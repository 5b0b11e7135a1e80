"""Everything a sprint's report rests on, read at one moment (OPS-02): what the sections say is in here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from leadgen_assets.desk.cost import Cost, cost_of
from leadgen_assets.desk.reports.machine import Machine, machine
from leadgen_assets.desk.reports.pace import Pace, SegmentPace, by_segment, pace
from leadgen_assets.desk.reports.periods import Period
from leadgen_assets.desk.state import StateReader
from leadgen_assets.desk.status import SprintStatus, sprint_status
from leadgen_assets.stores import statistics
from leadgen_assets.stores.alerts import Alert
from leadgen_assets.stores.mongo import collection
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.slow_commands import slow_commands
from leadgen_assets.stores.snapshot import Moment
from leadgen_assets.stores.sprint_book import OpenSprint
from leadgen_assets.stores.statistics import FilledField, Overlap, PageOutcome, SourceFigures

MEASURED = (
    "cpu", "memory", "disk", "net_in_kbps", "net_out_kbps", "mongo_connections", "pool_in_use", "insert_per_second",
    "insert_p95_ms", "query_p95_ms", "claim_p95_ms", "redis_memory_mb", "redis_hit_rate",
)  # fmt: skip
"""Measures (`desk.state.measures`) whose course a report shows."""
_MOST_ALERTS = 1000


@dataclass(frozen=True)
class Lessons:
    """What only a finished sprint can tell."""

    sources: dict[str, SourceFigures] = field(default_factory=dict)
    overlaps: list[Overlap] = field(default_factory=list)
    filled: list[FilledField] = field(default_factory=list)
    flags: dict[str, int] = field(default_factory=dict)
    not_qualified: dict[str, int] = field(default_factory=dict)
    crm_refusals: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """A sprint at `at`. `period` is the part of it that the report is about."""

    at: datetime
    is_exact: bool
    period: Period
    opened: OpenSprint
    status: SprintStatus
    state: dict[str, Any]
    """The desk's state (see `desk.state`): vendors, stores, verdict."""
    began: datetime
    """When collecting was started; opened at, before that."""
    pages: list[PageOutcome]
    pace: Pace
    segments: list[SegmentPace]
    cost: Cost
    alerts: list[Alert]
    scores: dict[int, int]
    quarantine: dict[str, int]
    slow: list[dict[str, Any]]
    machine: Machine
    lessons: Lessons

    @property
    def deadline(self) -> datetime:
        """When the sprint should be through."""
        return self.opened.opened_at + timedelta(hours=self.opened.sprint.target.hours)

    @property
    def seconds(self) -> float:
        """From the start of collecting to the last page, or to now while it runs."""
        return ((self.pace.ended or self.at) - self.began).total_seconds()

    @property
    def enrichment(self) -> list[dict[str, Any]]:
        """What each enrichment vendor was asked, found and missed (`enrichment.report.VendorLine`)."""
        return list(self.opened.result.get("enrichment", []))


def picture(now: Moment, key: str, period: Period, *, with_lessons: bool) -> Picture:
    """The sprint at that moment. Raises `StoreMissing` when there is none of that key."""
    stores = now.stores
    opened = stores.book.get(key)
    pages = statistics.page_outcomes(stores.db, key)
    began, state = _began(opened), StateReader(stores).read(key)
    return Picture(
        at=now.at,
        is_exact=now.is_exact,
        period=period,
        opened=opened,
        status=sprint_status(stores, key),
        state=state,
        began=began,
        pages=pages,
        pace=pace(pages, began),
        segments=by_segment(pages, began),
        cost=cost_of(stores, key),
        alerts=_alerts(stores, opened),
        scores=stores.leads.scores(key),
        quarantine=_summed(stores.quarantine.counts(key)),
        slow=slow_commands(collection(stores.db, "slow_commands"), began),
        machine=machine(stores, key, state, MEASURED, began, now.at),
        lessons=_lessons(stores, key) if with_lessons else Lessons(),
    )


def _lessons(stores: OpenStores, key: str) -> Lessons:
    return Lessons(
        statistics.by_source(stores.db, key),
        statistics.overlaps(stores.db, key),
        statistics.filled_fields(stores.db, key),
        statistics.flags(stores.db, key),
        statistics.not_qualified(stores.db, key),
        statistics.crm_refusals(stores.db, key),
    )


def _began(opened: OpenSprint) -> datetime:
    started = [each["at"] for each in opened.changes if each["what"] == "state" and each.get("state") == "running"]
    return min(started, default=opened.opened_at)


def _alerts(stores: OpenStores, opened: OpenSprint) -> list[Alert]:
    """Those of the sprint, and those of none in particular that were raised since it was opened; oldest first."""
    own = stores.alerts.list(_MOST_ALERTS, sprint=opened.key)
    general = [each for each in stores.alerts.list(_MOST_ALERTS, sprint="") if each.raised_at >= opened.opened_at]
    return sorted((each for each in [*own, *general] if not each.is_test), key=lambda each: each.raised_at)


def _summed(by_segment: dict[str, dict[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for reasons in by_segment.values():
        for reason, records in reasons.items():
            found[reason] = found.get(reason, 0) + records
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))
