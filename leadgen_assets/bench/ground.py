"""What a benchmark process works on: a size, a folder shared by the stages, the stores, the real sprint file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
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
MOST_STORED = 200_000
"""Leads up to which the stages that need a database are measured."""
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
        self._lake.write(name, f"{self.size}/all", frame)

    def keep_segments(self, name: str, frames: Mapping[str, pd.DataFrame]) -> None:
        """Keep a frame in its segments, as the assets do it."""
        for segment, frame in frames.items():
            self._lake.write(name, f"{self.size}/{segment}", frame)

    def frame(self, name: str) -> pd.DataFrame:
        """A frame that an earlier stage kept, as one."""
        frames = list(self.segments(name).values())
        return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)

    def segments(self, name: str) -> dict[str, pd.DataFrame]:
        """A frame that an earlier stage kept, in its segments."""
        place = f"{self.size}/"
        parts = [each for each in self._lake.partitions(name) if each.startswith(place)]
        return {part.removeprefix(place): self._lake.read(name, part) for part in parts}

    def has(self, name: str) -> bool:
        """Whether a frame was kept."""
        return any(each.startswith(f"{self.size}/") for each in self._lake.partitions(name))

    def made(self, name: str) -> str:
        """The frame that stands for another at this size: from more than `MOST_STORED` leads on, golden records for
        enriched ones, because filling the caches of a million people would take most of an hour."""
        return "golden" if name == "enriched" and self.size > MOST_STORED else name

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
