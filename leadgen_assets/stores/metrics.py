"""The desk's figures over time: a MongoDB time series, one small document a sample, kept for 90 days (OPS-01).

`{at, meta: {sprint}, values: {name or name:instance: number}}`. The sprint is "" for samples of none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection

Series = dict[str, list[tuple[datetime, float]]]
"""{name: its points, oldest first}"""


class MetricSeries:
    """Append and read."""

    def __init__(self, db: MongoDatabase) -> None:
        self._samples = collection(db, "metrics")

    def append(self, at: datetime, sprint: str, values: Mapping[str, float]) -> None:
        """Add a sample. `ValueError` for a name that a document cannot hold (a dot, or a dollar in front)."""
        broken = sorted(name for name in values if "." in name or name.startswith("$") or not name)
        if broken:
            raise ValueError(f"metric names hold no dot and begin with no dollar: {', '.join(broken)}")
        with told_without_values("recording metrics"):
            self._samples.insert_one({"at": at, "meta": {"sprint": sprint}, "values": dict(values)})

    def series(
        self,
        sprint: str,
        names: Sequence[str],
        since: datetime | None = None,
        until: datetime | None = None,
        every_seconds: int | None = None,
    ) -> Series:
        """The points of some names in [since, until), every name present. With `every_seconds` the last point of each
        such stretch of time, so that a long sprint fits a screen."""
        steps: list[Document] = [
            {"$match": _wanted(sprint, since, until)},
            {"$sort": {"at": 1}},
            {"$project": {"_id": 0, "at": 1, **{f"values.{name}": 1 for name in names}}},
        ]
        if every_seconds:
            stretch = {"$dateTrunc": {"date": "$at", "unit": "second", "binSize": every_seconds}}
            steps += [
                {"$group": {"_id": stretch, "at": {"$last": "$at"}, "values": {"$last": "$values"}}},
                {"$sort": {"at": 1}},
            ]
        found: Series = {name: [] for name in names}
        if not names:
            return found
        with told_without_values(f"reading metrics of {sprint or 'no sprint'}"):
            for each in self._samples.aggregate(steps):
                for name, value in each.get("values", {}).items():
                    found[name].append((each["at"], value))
        return found

    def latest(self, sprint: str) -> tuple[datetime, dict[str, float]] | None:
        """The last sample and its time; None before the first."""
        with told_without_values(f"reading the last metrics of {sprint or 'no sprint'}"):
            found = self._samples.find({"meta.sprint": sprint}).sort("at", -1).limit(1)
            return next(((each["at"], dict(each["values"])) for each in found), None)

    def span(self, sprint: str) -> tuple[datetime, datetime] | None:
        """When the first and the last sample were taken; None before the first."""
        ends = []
        with told_without_values(f"reading the times of the metrics of {sprint or 'no sprint'}"):
            for direction in (1, -1):
                samples = self._samples.find({"meta.sprint": sprint}, {"at": 1}).sort("at", direction)
                ends += [each["at"] for each in samples.limit(1)]
        return (ends[0], ends[1]) if ends else None


def _wanted(sprint: str, since: datetime | None, until: datetime | None) -> dict[str, Any]:
    times = {name: moment for name, moment in (("$gte", since), ("$lt", until)) if moment is not None}
    return {"meta.sprint": sprint} | ({"at": times} if times else {})
