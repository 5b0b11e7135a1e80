"""Two runs beside each other: what moved, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from leadgen_assets.bench import targets
from leadgen_assets.bench.regression import TOLERANCE, Key
from leadgen_assets.bench.sections import table

HEADER = ("Stage", "Leads", "Leads/s", "again", "Change", "Ratio", "again", "Change")


@dataclass(frozen=True)
class Pair:
    """One stage at one size, measured twice."""

    stage: str
    size: int
    first: dict[str, Any]
    second: dict[str, Any]

    @property
    def speed(self) -> float:
        """By which share the second run was faster."""
        return float(self.second["leads_per_second"] / self.first["leads_per_second"] - 1)

    @property
    def ratio(self) -> float | None:
        """By which share the ratio to the baseline was larger, which is worse; None where there is none."""
        before, after = self.first["times_baseline"], self.second["times_baseline"]
        return None if before is None or after is None else float(after / before - 1)

    @property
    def is_steady(self) -> bool:
        """Whether what is judged, the ratio where there is one, moved by less than the tolerance."""
        return abs(self.speed if self.ratio is None else self.ratio) <= TOLERANCE


def pairs(first: dict[str, Any], second: dict[str, Any]) -> list[Pair]:
    """What both runs measured, in the order of the first."""
    again: dict[Key, dict[str, Any]] = {(each["stage"], each["size"]): each for each in second["results"]}
    return [
        Pair(each["stage"], each["size"], each, again[each["stage"], each["size"]])
        for each in first["results"]
        if (each["stage"], each["size"]) in again
    ]


def row(pair: Pair) -> tuple[str, ...]:
    """A pair as cells of `HEADER`."""
    first, second = pair.first, pair.second
    ratios = (first["times_baseline"], second["times_baseline"])
    return (
        pair.stage,
        f"{pair.size:,}",
        f"{first['leads_per_second']:,.0f}",
        f"{second['leads_per_second']:,.0f}",
        f"{pair.speed:+.0%}",
        *(f"{each:,.1f}×" if each is not None else "–" for each in ratios),
        f"{pair.ratio:+.0%}" if pair.ratio is not None else "–",
    )


def verdict(compared: Sequence[Pair]) -> str:
    """One sentence."""
    moved = [f"{each.stage} at {each.size:,}" for each in compared if not each.is_steady]
    within = f"within {TOLERANCE:.0%} of each other"
    return f"Not {within}: {', '.join(moved)}." if moved else f"All {len(compared)} figures are {within}."


def to_markdown(compared: Sequence[Pair], first: dict[str, Any], second: dict[str, Any]) -> str:
    """The tables of targets and figures, with when and how quiet both runs were."""
    loads = [each["machine"]["load_before"] for each in (first, second)]
    where = f"Runs begun at {first['at']} and {second['at']}; load average before them {loads[0]:g} and {loads[1]:g}."
    goals = targets.to_markdown([targets.results_of(first), targets.results_of(second)])
    return "\n".join([f"{where} {verdict(compared)}", "", goals, "", *table(HEADER, [row(each) for each in compared])])
