"""What a sprint or run took and brought, against earlier ones (PHX-02): robust, so that one odd sprint does not decide.

"Usual" is the median of earlier figures, and their spread the median absolute deviation (MAD). A figure deviates when
it is further from the median than three spreads and than a tenth of it; both, because equal runs have no spread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import combinations
from statistics import median
from typing import Any, Literal

from leadgen_assets.desk.run_meter import error_rate
from leadgen_assets.desk.status import sprint_status
from leadgen_assets.enrichment.lead_rows import SEGMENT as ENRICHMENT
from leadgen_assets.stores.baselines import Baseline
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.sprint_book import SprintState

ENOUGH = 3
"""Earlier figures below which nothing is usual yet."""
SPREADS = 3.0
AT_LEAST = 0.10
"""Share of the median below which a difference is no deviation, however small the spread."""
_NORMAL = 1.4826
"""MAD of a normal distribution, in standard deviations."""
_TREND_ENOUGH = 5
_TREND_AGREES = 0.6
"""Share by which rising pairs must outnumber falling ones, or the other way round (Kendall's tau)."""

Direction = Literal["up", "down"]


@dataclass(frozen=True)
class Measure:
    """A figure of a baseline: what it is called, its unit, and which direction is bad (None: neither)."""

    name: str
    label: str
    unit: str
    """share | records/h | s | MB | USD | records | points"""
    worse: Direction | None


MEASURES = {
    each.name: each
    for each in (
        Measure("success_rate", "Successful runs", "share", "down"),
        Measure("throughput", "Throughput", "records/h", "down"),
        Measure("duration", "Duration", "s", "up"),
        Measure("error_rate", "Vendor errors", "share", "up"),
        Measure("cpu_seconds", "CPU time", "s", "up"),
        Measure("memory_mb", "Memory, highest", "MB", "up"),
        Measure("cost_usd", "Cost", "USD", "up"),
        Measure("cost_per_qualified", "Cost per qualified lead", "USD", "up"),
        Measure("enrichment_usd_per_unique", "Enrichment per unique lead", "USD", "up"),
        Measure("records", "Records", "records", None),
        Measure("unique", "Unique leads", "records", "down"),
        Measure("qualified", "Qualified leads", "records", "down"),
        Measure("duplicate_rate", "Duplicates", "share", "up"),
        Measure("average_quality_score", "Average score", "points", "down"),
    )
}


@dataclass(frozen=True)
class Comparison:
    """One figure against the earlier ones."""

    measure: Measure
    current: float | None
    usual: float | None
    """Median of the earlier figures; None when there are fewer than `ENOUGH`."""
    spread: float | None
    """MAD as a standard deviation."""
    earlier: int
    deviates: bool
    verdict: str
    """worse | better | different | as usual | unknown"""
    trend: str | None
    """rising | falling | steady over the earlier figures and this one; None while there are too few."""
    change_per_step: float | None
    """Median slope between any two of them (Theil and Sen): by how much it changes from one to the next."""


@dataclass(frozen=True)
class Judged:
    """A sprint or run, compared."""

    baseline: Baseline
    against: int
    comparisons: tuple[Comparison, ...]

    @property
    def deviations(self) -> list[Comparison]:
        """What is not as usual, the bad first."""
        return sorted((each for each in self.comparisons if each.deviates), key=lambda each: each.verdict != "worse")

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps(..., default=str)`."""
        return {
            **asdict(self.baseline),
            "compared_with": self.against,
            "figures": {each.measure.name: {"unit": each.measure.unit, **_plain(each)} for each in self.comparisons},
            "deviations": [each.measure.name for each in self.deviations],
        }


def record_sprint(stores: OpenStores, key: str, *, seconds: float, cpu_seconds: float, since: datetime) -> None:
    """Put on record what a sprint took and brought, when the command that ran it ends.

    `seconds` and `cpu_seconds` are the command's own, `since` is when it began. A sprint that was run in several goes
    counts the time of all of them.
    """
    opened = stores.book.get(key)
    before = stores.baselines.get("sprint", key)
    earlier: Mapping[str, float] = before.figures if before else {}
    runs = stores.baselines.runs_of(key, since)
    status, sums = sprint_status(stores, key), stores.ledger.sums(key)
    enrichment = sum(
        float(each.spending.usd) for each in sums if each.segment == ENRICHMENT and each.state == "settled"
    )
    went_well = sum(each.succeeded for each in runs)
    duration = seconds + earlier.get("duration", 0.0)
    peaks = [each.figures.get("memory_mb", 0.0) for each in runs] + [earlier.get("memory_mb", 0.0)]
    figures: dict[str, float | None] = {
        "success_rate": went_well / len(runs) if runs else None,
        "throughput": status.leads_per_hour,
        "duration": round(duration, 1),
        "error_rate": error_rate(stores.live.read(key).calls),
        "cpu_seconds": round(_sum(runs, "cpu_seconds") + cpu_seconds + earlier.get("cpu_seconds", 0.0), 1),
        "memory_mb": max(peaks) or None,
        "cost_usd": status.cost_usd,
        "cost_per_qualified": status.cost_per_qualified_lead,
        "enrichment_usd_per_unique": round(enrichment / status.unique, 6) if status.unique and enrichment else None,
        "records": status.collected,
        "unique": status.unique,
        "qualified": status.qualified,
        "duplicate_rate": status.duplicate_rate,
        "average_quality_score": status.average_quality_score,
    }
    well = status.is_delivered and opened.state is SprintState.FINISHED
    stores.baselines.record("sprint", key, figures, about=opened.sprint.name, succeeded=well)


def judged(stores: OpenStores, current: Baseline, last: int) -> Judged:
    """A sprint or run against the last ones like it that were before it and went well."""
    earlier = stores.baselines.last(current.kind, last, about=current.about, before=current.at, succeeded=True)
    figures = [each.figures for each in earlier]
    found = tuple(
        compare(measure, current.figures.get(name), [each[name] for each in reversed(figures) if name in each])
        for name, measure in MEASURES.items()
        if name in current.figures or any(name in each for each in figures)
    )
    return Judged(current, len(earlier), found)


def compare(measure: Measure, current: float | None, earlier: Sequence[float]) -> Comparison:
    """One figure against earlier ones, the oldest first."""
    trend, slope = _trend([*earlier, *([] if current is None else [current])])
    if current is None or len(earlier) < ENOUGH:
        return Comparison(measure, current, None, None, len(earlier), False, "unknown", trend, slope)
    usual = median(earlier)
    spread = _NORMAL * median(abs(each - usual) for each in earlier)
    away = current - usual
    deviates = abs(away) > max(SPREADS * spread, AT_LEAST * abs(usual))
    verdict = "as usual"
    if deviates:
        is_worse = measure.worse == ("up" if away > 0 else "down")
        verdict = "different" if measure.worse is None else "worse" if is_worse else "better"
    return Comparison(measure, current, usual, spread, len(earlier), deviates, verdict, trend, slope)


def _trend(values: Sequence[float]) -> tuple[str | None, float | None]:
    """Where a series goes: most pairs must agree, and their median slope is the size. Odd single values do not count."""
    if len(values) < _TREND_ENOUGH:
        return None, None
    pairs = list(combinations(enumerate(values), 2))
    slopes = [(later - first) / (j - i) for (i, first), (j, later) in pairs]
    agreement = (sum(each > 0 for each in slopes) - sum(each < 0 for each in slopes)) / len(slopes)
    word = "rising" if agreement >= _TREND_AGREES else "falling" if agreement <= -_TREND_AGREES else "steady"
    return word, round(median(slopes), 6)


def _sum(runs: Sequence[Baseline], name: str) -> float:
    return sum(each.figures.get(name, 0.0) for each in runs)


def _plain(each: Comparison) -> dict[str, Any]:
    names = ("current", "usual", "spread", "earlier", "deviates", "verdict", "trend", "change_per_step")
    return {name: getattr(each, name) for name in names}
