"""Results as a document: one JSON for programs, one Markdown table between the markers of `docs/benchmarks.md`."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from leadgen_assets.bench import sections
from leadgen_assets.bench.regression import Key, growths
from leadgen_assets.bench.suite import Result

BEGIN, END = sections.marks("benchmarks")

HEADER = (
    "Stage",
    "Leads",
    "Leads/s",
    "Wall s",
    "CPU s",
    "Peak MB",
    "of it before",
    "Rounds",
    "Baseline",
    "Ratio",
    "Growth",
)
LEFT = frozenset({"Stage", "Baseline"})


@dataclass(frozen=True)
class Machine:
    """Where it was measured, without telling whose machine it is."""

    cores: int
    memory_gb: float
    processor: str
    system: str
    python: str
    load_before: float
    """Load average (1 minute) when the run began: work beside it shows here."""

    @classmethod
    def this(cls) -> Machine:
        """The machine this runs on, now."""
        return cls(
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            memory_gb=round(psutil.virtual_memory().total / 1e9),
            processor=_processor(),
            system=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
            load_before=round(os.getloadavg()[0], 2),
        )

    def __str__(self) -> str:
        """For people."""
        return f"{self.cores} cores ({self.processor}), {self.memory_gb:.0f} GB memory, {self.system}, Python {self.python}"


@dataclass(frozen=True)
class Report:
    """One run of the benchmarks."""

    machine: Machine
    at: datetime
    seconds: float
    results: Sequence[Result]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "machine": asdict(self.machine),
            "date": self.at.date().isoformat(),
            "seconds": round(self.seconds, 1),
            "results": [{**_plain(each), "growth": self._growth_of(each)} for each in self.results],
        }

    def to_markdown(self) -> str:
        """The table, with where, when and how quiet it was."""
        lines = [
            f"Measured {self.at.date().isoformat()} on {self.machine}; the whole run took {self.seconds / 60:.1f} minutes. "
            f"Load average when it began: {self.machine.load_before:g}.",
            "",
            *sections.table(HEADER, self.rows(code="`"), LEFT),
        ]
        said = [
            f"- `{each.stage.name}` at {each.size:,}: {each.stage.tells(each.figures.notes)}."
            for each in self.results
            if each.stage.tells is not None
        ]
        return "\n".join([*lines, *(["", *said] if said else [])])

    def rows(self, code: str = "") -> list[tuple[str, ...]]:
        """The results as cells of `HEADER`."""
        return [row(each, code, self._growth_of(each)) for each in self.results]

    def _growth_of(self, result: Result) -> float | None:
        found = self._growths.get((result.stage.name, result.size))
        return None if found is None else round(found, 3)

    @cached_property
    def _growths(self) -> dict[Key, float]:
        return growths(self.results)


def row(result: Result, code: str = "", growth: float | None = None) -> tuple[str, ...]:
    """A result as the cells of `HEADER`."""
    done, ratio = result.figures, result.times_baseline
    rounds = f"{done.rounds} (±{done.spread / 2:.0%})" if done.rounds > 1 else str(done.rounds)
    return (
        f"{code}{result.stage.name}{code}: {result.stage.says}",
        f"{done.leads:,}",
        f"{done.per_second:,.0f}",
        f"{done.wall:,.2f}",
        f"{done.cpu:,.2f}",
        f"{done.peak_mb:,.0f}",
        f"{done.start_mb:,.0f}" if done.start_mb else "–",
        rounds,
        f"{result.stage.compared_with}, {result.baseline.per_second:,.0f}/s" if result.baseline else "–",
        f"{ratio:,.1f}×" if ratio is not None else "–",
        f"{growth:.2f}" if growth is not None else "–",
    )


def written(report: Report, path: Path) -> None:
    """Replace the table of a page, and the figures beside it. `ValueError` when it has no such place."""
    sections.replaced(path, "benchmarks", report.to_markdown())
    sections.keep(path, report.to_json())


def now() -> datetime:
    """The moment a run begins."""
    return datetime.now(UTC)


def _plain(result: Result) -> dict[str, Any]:
    figures = result.figures
    return {
        "stage": result.stage.name,
        "size": result.size,
        **asdict(figures),
        "leads_per_second": round(figures.per_second, 1),
        "baseline": None
        if result.baseline is None
        else {
            "what": result.stage.compared_with,
            **asdict(result.baseline),
            "leads_per_second": round(result.baseline.per_second, 1),
        },
        "times_baseline": None if result.times_baseline is None else round(result.times_baseline, 3),
    }


def _processor() -> str:
    """The processor's family, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
