"""The stores as a Dagster resource: opened once per run, handed out as domain objects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from leadgen_assets.collection.workbench import Assignment
from leadgen_assets.leads.normalise import TargetProfile
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Sprint
from leadgen_assets.stores.lake import Lake
from leadgen_assets.stores.opened import OpenStores, open_stores


class Stores(dg.ConfigurableResource[Any]):
    """MongoDB, Redis and the lake at the addresses in the environment."""

    _opened: OpenStores = PrivateAttr()
    _settings: Settings = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Stores]:  # noqa: ARG002
        """Open for the length of a run or a sensor's tick."""
        self._settings = Settings()
        with open_stores(self._settings) as self._opened:
            yield self

    @property
    def opened(self) -> OpenStores:
        """The stores themselves."""
        return self._opened

    @property
    def imports(self) -> Path:
        """Where exports are dropped: file patterns of sprint files start here."""
        return self._settings.home

    def lake(self) -> Lake:
        """The Parquet lake."""
        return self._opened.lake

    def sprint(self, key: str) -> Sprint:
        """The sprint behind a partition. A `Failure` that is not retried says how to open one that is unknown."""
        try:
            return self._opened.book.get(key).sprint
        except KeyError:
            raise dg.Failure(
                f"There is no sprint {key!r} on record. Open it: leadgen sprint start FILE --key {key}",
                allow_retries=False,
            ) from None

    def record_gates(self, key: str, values: dict[str, dict[str, Any]]) -> None:
        """Merge {gate: {value, threshold, passed}} into the sprint's result."""
        known = self._opened.book.get(key).result.get("gates", {})
        self._opened.book.record_result(key, {"gates": {**known, **values}})

    def assignment(self, key: str, segment: str) -> Assignment | None:
        """The segment's assignment; None when the sprint has no such segment."""
        sprint = self.sprint(key)
        found = next((each for each in sprint.segments if each.id == segment), None)
        return Assignment(key, sprint, found) if found else None

    def profile(self, key: str) -> TargetProfile:
        """Whom the sprint looks for."""
        wanted = self.sprint(key).profile
        return TargetProfile(titles=wanted.titles, countries=tuple(wanted.countries), metros=wanted.metros)
