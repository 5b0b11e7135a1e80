"""What a benchmark process works on: a size, a folder shared by the stages, the stores, the real sprint file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from leadgen_assets.leads.normalise import TargetProfile
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Sprint, load_sprint
from leadgen_assets.stores.lake import Lake
from leadgen_assets.stores.migrations import migrate
from leadgen_assets.stores.opened import OpenStores, open_stores

PROJECT = Path(__file__).resolve().parents[2]
SPRINT_FILE = PROJECT / "sprints" / "performance-marketers.yaml"
REHEARSAL_FILE = PROJECT / "sprints" / "rehearsal.yaml"
KEY = "benchmark"
"""The sprint's key in the benchmark's own databases."""


@dataclass(frozen=True)
class Ground:
    """One size of one benchmark run. Frames that a stage made are kept for the stages that start from them."""

    size: int
    folder: Path

    @property
    def records(self) -> Path:
        """Folder of the raw records, one file a segment."""
        return self.folder / f"records-{self.size}"

    @cached_property
    def sprint(self) -> Sprint:
        """The real sprint, with the segments' targets in proportion so that they add up to `size`."""
        sprint = load_sprint(SPRINT_FILE)
        total = sum(each.leads for each in sprint.segments)
        shares = [max(1, self.size * each.leads // total) for each in sprint.segments]
        shares[0] += max(0, self.size - sum(shares))
        segments = [
            each.model_copy(update={"leads": leads}) for each, leads in zip(sprint.segments, shares, strict=True)
        ]
        budget = sprint.budget.model_copy(update={"usd": 10.0 * self.size})
        return sprint.model_copy(update={"segments": tuple(segments), "budget": budget})

    @property
    def profile(self) -> TargetProfile:
        """Whom the sprint looks for."""
        wanted = self.sprint.profile
        return TargetProfile(titles=wanted.titles, countries=tuple(wanted.countries), metros=wanted.metros)

    def keep(self, name: str, frame: pd.DataFrame) -> None:
        """Keep a frame for later stages."""
        self._lake.write(name, str(self.size), frame)

    def frame(self, name: str) -> pd.DataFrame:
        """A frame that an earlier stage kept."""
        return self._lake.read(name, str(self.size))

    def has(self, name: str) -> bool:
        """Whether a frame was kept."""
        return self._lake.exists(name, str(self.size))

    def figures_file(self, stage: str, role: str) -> Path:
        """Where the figures of a stage ("measure") or its baseline ("baseline") are written."""
        return self.folder / f"{stage}-{self.size}-{role}.json"

    def figures(self, stage: str) -> dict[str, Any]:
        """What was measured for a stage of this size, for the baseline that depends on it."""
        found: dict[str, Any] = json.loads(self.figures_file(stage, "measure").read_text())
        return found

    @contextmanager
    def stores(self, purpose: str = "refine") -> Iterator[OpenStores]:
        """The stores, in a database of this size and purpose alone, migrated."""
        os.environ["LEADGEN_DATABASE"] = f"benchmark_{purpose}_{self.size}"
        with open_stores(Settings()) as opened:
            migrate(opened.db)
            yield opened

    @cached_property
    def _lake(self) -> Lake:
        return Lake((self.folder / "frames").as_uri())
