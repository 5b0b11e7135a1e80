"""Ratios on record, and which stages have become slower against them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from leadgen_assets.bench.sections import figures_file
from leadgen_assets.bench.suite import Result

TOLERANCE = 0.20
"""A ratio may be that much worse than the one on record: shared machines vary."""

Key = tuple[str, int]
"""Stage and size."""


@dataclass(frozen=True)
class Regression:
    """A stage that takes longer in terms of its baseline than it did."""

    stage: str
    size: int
    before: float
    now: float

    def __str__(self) -> str:
        """For people."""
        worse = self.now / self.before - 1
        return f"{self.stage} at {self.size:,} leads takes {self.now:.3g}× its baseline, {worse:.0%} more than {self.before:.3g}×"


def recorded(path: Path) -> dict[Key, float]:
    """Ratios of a page (docs/benchmarks.md) or of what `--json` printed. `ValueError` says what is wrong with the file."""
    file = figures_file(path)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        found = {(each["stage"], int(each["size"])): each["times_baseline"] for each in content["results"]}
    except FileNotFoundError:
        raise ValueError(f"{file.name} is not there; `leadgen bench --write {path.name}` makes it") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file.name} is no result of `leadgen bench --json`: {error}") from None
    return {key: float(ratio) for key, ratio in found.items() if ratio is not None}


def regressions(results: Iterable[Result], before: Mapping[Key, float]) -> list[Regression]:
    """Stages whose ratio is more than `TOLERANCE` worse than on record. What is not on record is not judged."""
    found = []
    for each in results:
        now, known = each.times_baseline, before.get((each.stage.name, each.size))
        if now is not None and known is not None and now > known * (1 + TOLERANCE):
            found.append(Regression(each.stage.name, each.size, known, now))
    return found


def growths(measured: Iterable[tuple[str, int, int, float]]) -> dict[Key, float]:
    """Growth exponent of each stage at each size but its smallest: 1 means twice the time for twice the leads.

    `measured` are stage, size, leads and wall seconds; between a size and the next smaller one.
    """
    found: dict[Key, float] = {}
    last: dict[str, tuple[int, float]] = {}
    for stage, size, leads, wall in sorted(measured, key=lambda each: each[1]):
        fewer, sooner = last.get(stage, (leads, 0.0))
        if sooner > 0 and leads > fewer:
            found[stage, size] = math.log(wall / sooner) / math.log(leads / fewer)
        last[stage] = leads, wall
    return found
