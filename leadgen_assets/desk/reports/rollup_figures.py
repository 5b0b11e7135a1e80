"""What a day, a week or a month brought over all sprints, read at one moment (PHX-06)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leadgen_assets.desk.reports import periods
from leadgen_assets.desk.reports.pace import Pace, between, pace
from leadgen_assets.desk.reports.periods import Period
from leadgen_assets.desk.status import SprintStatus, sprint_status
from leadgen_assets.stores import statistics
from leadgen_assets.stores.alerts import Alert
from leadgen_assets.stores.ledger import Spending
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.reports import ReportKind, WrittenReport
from leadgen_assets.stores.snapshot import Moment
from leadgen_assets.stores.sprint_book import OpenSprint
from leadgen_assets.stores.statistics import PageOutcome

LONGEST = timedelta(days=31)
"""A sprint opened longer before a period than this is not looked at for it."""
_OVER = frozenset({"finished", "failed", "stopped"})
_MOST = 1000


@dataclass(frozen=True)
class SprintLine:
    """A sprint that was worked on or ended in the period."""

    status: SprintStatus
    pace: Pace
    collected: int
    leads: int
    ended_at: datetime | None
    """When it ended, if that was in the period."""


@dataclass(frozen=True)
class Totals:
    """Sums of a period. `qualified`, `synced` and `usd_of_ended` are those of the sprints that ended in it."""

    sprints: int = 0
    ended: int = 0
    delivered: int = 0
    collected: int = 0
    leads: int = 0
    qualified: int = 0
    synced: int = 0
    usd: float = 0.0
    usd_of_ended: float = 0.0
    alerts: int = 0
    critical: int = 0

    @property
    def per_qualified(self) -> float | None:
        """US dollars for a qualified lead, over the sprints that ended."""
        return self.usd_of_ended / self.qualified if self.qualified else None


@dataclass(frozen=True)
class Day:
    """One day of the period."""

    period: Period
    delivered: int
    usd: float


@dataclass(frozen=True)
class RollUp:
    """A period and the one before it."""

    kind: ReportKind
    period: Period
    at: datetime
    is_exact: bool
    totals: Totals
    before: Totals
    days: list[Day]
    sprints: list[SprintLine]
    by_vendor: dict[str, Spending]
    alerts: list[Alert]
    undelivered: list[WrittenReport]


def roll_up_figures(now: Moment, kind: ReportKind, period: Period) -> RollUp:
    """The figures of that period as of that moment."""
    stores, earlier = now.stores, periods.before(kind, period)
    sprints = _sprints(stores, period)
    pages = {each.key: statistics.page_outcomes(stores.db, each.key) for each in sprints}
    lines = _lines(stores, period, sprints, pages)
    alerts = _alerts(stores, period)
    everything = sorted((page for found in pages.values() for page in found), key=lambda page: page.at)
    return RollUp(
        kind=kind,
        period=period,
        at=now.at,
        is_exact=now.is_exact,
        totals=_totals(stores, period, lines, alerts),
        before=totals_of(stores, earlier),
        days=[
            Day(day, between(everything, day.start, day.end).delivered, _spent(stores, day))
            for day in periods.days(period)
            if day.start <= now.at
        ],
        sprints=lines,
        by_vendor=stores.ledger.between(period.start, period.end, "vendor"),
        alerts=alerts,
        undelivered=[each for each in stores.reports.undelivered(period.start) if each.written_at < period.end],
    )


def totals_of(stores: OpenStores, period: Period) -> Totals:
    """The sums of a period alone."""
    sprints = _sprints(stores, period)
    pages = {each.key: statistics.page_outcomes(stores.db, each.key) for each in sprints}
    return _totals(stores, period, _lines(stores, period, sprints, pages), _alerts(stores, period))


def _sprints(stores: OpenStores, period: Period) -> list[OpenSprint]:
    known = stores.book.list(_MOST)
    return [each for each in reversed(known) if period.start - LONGEST <= each.opened_at < period.end]


def _lines(
    stores: OpenStores, period: Period, sprints: Sequence[OpenSprint], pages: dict[str, list[PageOutcome]]
) -> list[SprintLine]:
    found = []
    for each in sprints:
        own, ended = pages[each.key], _ended(each, period)
        worked = between(own, period.start, period.end)
        if worked.delivered or ended:
            status = sprint_status(stores, each.key)
            # of a sprint that lies within the period the settled counts, else what its pages brought in it
            is_whole = worked.delivered == status.delivered
            counts = (status.collected, status.unique) if is_whole else (worked.collected, worked.leads)
            found.append(SprintLine(status, pace(own, _began(each)), *counts, ended))
    return found


def _totals(stores: OpenStores, period: Period, lines: Sequence[SprintLine], alerts: Sequence[Alert]) -> Totals:
    ended = [each.status for each in lines if each.ended_at]
    return Totals(
        sprints=len(lines),
        ended=len(ended),
        delivered=sum(each.is_delivered for each in ended),
        collected=sum(each.collected for each in lines),
        leads=sum(each.leads for each in lines),
        qualified=sum(each.qualified or 0 for each in ended),
        synced=sum(each.crm_synced for each in ended),
        usd=_spent(stores, period),
        usd_of_ended=sum(each.cost_usd for each in ended),
        alerts=len(alerts),
        critical=sum(each.severity == "CRITICAL" for each in alerts),
    )


def _spent(stores: OpenStores, period: Period) -> float:
    return sum(float(each.usd) for each in stores.ledger.between(period.start, period.end).values())


def _alerts(stores: OpenStores, period: Period) -> list[Alert]:
    found = [
        each for each in stores.alerts.list(_MOST) if period.start <= each.raised_at < period.end and not each.is_test
    ]
    return sorted(found, key=lambda each: each.raised_at)


def _began(opened: OpenSprint) -> datetime:
    started = [each["at"] for each in opened.changes if each["what"] == "state" and each.get("state") == "running"]
    return min(started, default=opened.opened_at)


def _ended(opened: OpenSprint, period: Period) -> datetime | None:
    """When its present, final state was reached, if in the period."""
    if opened.state.value not in _OVER:
        return None
    times = [
        each["at"] for each in opened.changes if each["what"] == "state" and each.get("state") == opened.state.value
    ]
    return times[-1] if times and period.start <= times[-1] < period.end else None
