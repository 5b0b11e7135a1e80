"""Which figures are drawn over time, their past from the time series and their newest point from the state."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from leadgen_assets.desk.dashboard.backing import patience
from leadgen_assets.desk.state.measures import MEASURES, measures
from leadgen_assets.stores.metrics import MetricSeries

CHARTED = (
    "collected", "leads", "leads_per_hour", "leads_per_hour_now", "error_rate_now", "duplicate_rate",
    "average_quality_score", "email_availability", "company_completeness", "validation_rate", "collected_with_email",
    "collected_with_company", "collected_valid", "insert_per_second", "insert_p95_ms", "query_p95_ms", "claim_p95_ms",
    "cpu", "memory", "net_in_kbps", "net_out_kbps", "cost_usd",
)  # fmt: skip
"""What the page draws."""
MOST_POINTS = 400
"""A chart is at most so many points wide when it is opened."""


def point(state: Mapping[str, Any]) -> dict[str, Any]:
    """The newest point: {at: seconds since 1970, values: {name: number}}."""
    found = measures(state)
    values = {name: round(found[name, ""], 4) for name in CHARTED if (name, "") in found}
    return {"at": datetime.fromisoformat(state["at"]).timestamp(), "values": values}


def unknown_names(names: Iterable[str]) -> list[str]:
    """Names that are no measure; `name:instance` is known by its name."""
    return sorted(each for each in names if each.partition(":")[0] not in MEASURES)


def past(
    series: MetricSeries,
    sprint: str,
    names: Sequence[str] = CHARTED,
    since: datetime | None = None,
    until: datetime | None = None,
    every_seconds: int | None = None,
) -> dict[str, Any]:
    """Points of a sprint as columns: {at: [seconds since 1970], values: {name: [number or None]}}, thinned to fit a
    screen unless `every_seconds` says otherwise. Raises `StoreError`."""
    with patience():
        if every_seconds is None:
            every_seconds = _stretch(series, sprint, since, until)
        found = series.series(sprint, names, since, until, every_seconds)
    moments = sorted({at for points in found.values() for at, _ in points})
    row = {at: position for position, at in enumerate(moments)}
    columns: dict[str, list[float | None]] = {}
    for name, points in found.items():
        columns[name] = [None] * len(moments)
        for at, value in points:
            columns[name][row[at]] = round(value, 4)
    return {"at": [at.timestamp() for at in moments], "values": columns}


def _stretch(series: MetricSeries, sprint: str, since: datetime | None, until: datetime | None) -> int | None:
    span = series.span(sprint)
    if span is None:
        return None
    length = (until or span[1]) - (since or span[0])
    stretch = math.ceil(max(length, timedelta(0)).total_seconds() / MOST_POINTS)
    return stretch if stretch > 1 else None
