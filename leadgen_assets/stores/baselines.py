"""What finished sprints and runs took and brought (PHX-02): the figures that later ones are compared with.

Figures are plain numbers by name (`desk.baseline.MEASURES`); nothing here knows what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now

Kind = Literal["sprint", "run"]


@dataclass(frozen=True)
class Baseline:
    """One finished sprint or run."""

    kind: Kind
    key: str
    """Sprint key, or run id."""
    about: str
    """What it is comparable with: the sprint file's name, or that and the job and source."""
    sprint: str
    at: datetime
    succeeded: bool
    figures: dict[str, float]


class Baselines:
    """Record, look up."""

    def __init__(self, db: MongoDatabase) -> None:
        self._baselines = collection(db, "baselines")

    def record(
        self,
        kind: Kind,
        key: str,
        figures: Mapping[str, float | None],
        *,
        about: str = "",
        sprint: str | None = None,
        succeeded: bool = True,
    ) -> None:
        """Put a finished sprint's or run's figures on record; again replaces them. What is not known is left out."""
        known = {name: float(value) for name, value in figures.items() if value is not None}
        entry: Document = {
            "_id": f"{kind}/{key}",
            "kind": kind,
            "key": key,
            "about": about,
            "sprint": sprint or (key if kind == "sprint" else ""),
            "at": now(),
            "succeeded": succeeded,
            "figures": known,
        }
        with told_without_values(f"recording figures of {kind} {key}"):
            self._baselines.replace_one({"_id": entry["_id"]}, entry, upsert=True)

    def get(self, kind: Kind, key: str) -> Baseline | None:
        """One sprint or run."""
        with told_without_values(f"reading figures of {kind} {key}"):
            found = self._baselines.find_one({"_id": f"{kind}/{key}"})
        return _baseline(found) if found else None

    def last(
        self,
        kind: Kind,
        n: int,
        *,
        about: str | None = None,
        before: datetime | None = None,
        succeeded: bool | None = None,
    ) -> list[Baseline]:
        """The last `n`, the newest first; those about the same, before a time, or that ended well or badly."""
        query: Document = {"kind": kind}
        if about is not None:
            query["about"] = about
        if before is not None:
            query["at"] = {"$lt": before}
        if succeeded is not None:
            query["succeeded"] = succeeded
        with told_without_values(f"reading figures of the last {kind}s"):
            return [_baseline(each) for each in self._baselines.find(query).sort("at", -1).limit(n)]

    def runs_of(self, sprint: str, since: datetime) -> list[Baseline]:
        """The runs of a sprint that ended since then, the newest first."""
        query: Document = {"sprint": sprint, "kind": "run", "at": {"$gte": since}}
        with told_without_values(f"reading figures of the runs of {sprint}"):
            return [_baseline(each) for each in self._baselines.find(query).sort("at", -1)]


def _baseline(stored: Document) -> Baseline:
    return Baseline(
        stored["kind"],
        stored["key"],
        stored["about"],
        stored["sprint"],
        stored["at"],
        stored["succeeded"],
        dict(stored["figures"]),
    )
