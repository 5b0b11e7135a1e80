"""Which time a report is about, and the names that follow from it: the same period always has the same names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from leadgen_assets.stores.reports import ReportKind

OF_A_SPRINT: tuple[ReportKind, ...] = ("launch", "hourly", "sprint")
ROLL_UPS: tuple[ReportKind, ...] = ("daily", "weekly", "monthly")
KINDS: tuple[ReportKind, ...] = (*OF_A_SPRINT, *ROLL_UPS)


@dataclass(frozen=True)
class Period:
    """From `start` up to, not including, `end`; `name` is unique among the periods of its kind."""

    name: str
    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds() / 3600


def hour_of(moment: datetime) -> Period:
    """The clock hour (UTC) that a moment is in."""
    start = _utc(moment).replace(minute=0, second=0, microsecond=0)
    return Period(f"{start:%Y-%m-%dT%H}", start, start + timedelta(hours=1))


def hour_named(name: str) -> Period:
    """The hour of that name ("2026-11-22T05"). `ValueError` for anything else."""
    return hour_of(datetime.strptime(name, "%Y-%m-%dT%H").replace(tzinfo=UTC))


def roll_up(kind: ReportKind, moment: datetime) -> Period:
    """The day, the ISO week or the month (UTC) that a moment is in."""
    day = _utc(moment).replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "daily":
        return Period(f"{day:%Y-%m-%d}", day, day + timedelta(days=1))
    if kind == "weekly":
        monday = day - timedelta(days=day.weekday())
        return Period(f"{monday:%G-W%V}", monday, monday + timedelta(days=7))
    if kind == "monthly":
        first = day.replace(day=1)
        return Period(f"{first:%Y-%m}", first, (first + timedelta(days=32)).replace(day=1))
    raise ValueError(f"{kind} is no roll-up; there are {', '.join(ROLL_UPS)}")


def before(kind: ReportKind, period: Period) -> Period:
    """The period of the same kind just before."""
    return roll_up(kind, period.start - timedelta(seconds=1))


def days(period: Period) -> list[Period]:
    """Its days, in order."""
    count = round(period.hours / 24)
    return [roll_up("daily", period.start + timedelta(days=day)) for day in range(count)]


def report_id(kind: ReportKind, sprint: str | None, period: Period) -> str:
    """What a report is on record as: a sprint has one launch and one final report, and one for each hour."""
    if kind == "hourly":
        return f"{sprint}/hourly/{period.name}"
    return f"{sprint}/{kind}" if kind in OF_A_SPRINT else f"{kind}/{period.name}"


def file_stem(kind: ReportKind, sprint: str | None, period: Period) -> str:
    """Its file name without ending. Sprint keys hold no dot, so no two reports share a name."""
    own = quote(sprint or "", safe="").replace(".", "%2E")
    names = {"sprint": own, "launch": f"{own}.launch", "hourly": f"{own}.hour-{period.name}"}
    return names.get(kind, f"{kind}.{period.name}")


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
