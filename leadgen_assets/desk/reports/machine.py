"""The load of machine and stores while a sprint ran, from the time series (OPS-06)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leadgen_assets.desk.state.measures import measures
from leadgen_assets.stores.metrics import MetricSeries
from leadgen_assets.stores.opened import OpenStores


@dataclass(frozen=True)
class Course:
    """One figure over a time; None where nothing was recorded."""

    average: float | None = None
    peak: float | None = None
    last: float | None = None


@dataclass(frozen=True)
class Machine:
    """{measure: course} as recorded, and {measure: value} of now."""

    courses: dict[str, Course] = field(default_factory=dict)
    present: dict[str, float] = field(default_factory=dict)


def machine(
    stores: OpenStores, sprint: str, state: Mapping[str, Any], names: Sequence[str], since: datetime, until: datetime
) -> Machine:
    """The named measures (`desk.state.measures`) over [since, until)."""
    recorded = MetricSeries(stores.db).series(sprint, list(names), since=since, until=until)
    now = {name: value for (name, instance), value in measures(state).items() if not instance and name in names}
    return Machine({name: _course([value for _, value in points]) for name, points in recorded.items() if points}, now)


def _course(values: Sequence[float]) -> Course:
    return Course(sum(values) / len(values), max(values), values[-1])
