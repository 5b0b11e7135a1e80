"""Results as a document: one JSON for programs, one Markdown table between the markers of `docs/benchmarks.md`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leadgen_assets.bench import sections, targets
from leadgen_assets.bench.chart import drawn
from leadgen_assets.bench.machine import Machine
from leadgen_assets.bench.regression import growths
from leadgen_assets.bench.stages import BY_NAME
from leadgen_assets.bench.suite import Result, planned

BEGIN, END = sections.marks("benchmarks")

HEADER = (
    "Stage", "Leads", "Leads/s", "Wall s", "CPU s", "Peak MB", "of it before", "Rounds", "Baseline", "Ratio", "Growth",
    "Measured",
)  # fmt: skip
LEFT = frozenset({"Stage", "Baseline", "Measured"})
PUBLISHED = (20_000, 200_000, 1_000_000)
"""Sizes that the page has a row for, whether it was measured or not."""

CHART = Path("images", "benchmarks.svg")
"""Beside the page."""

Row = dict[str, Any]
"""One stage at one size, in plain values, as `--json` prints it."""


@dataclass(frozen=True)
class Report:
    """One run of the benchmarks."""

    machine: Machine
    at: datetime
    seconds: float
    results: Sequence[Result]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        date = self.at.date().isoformat()
        return {
            "machine": asdict(self.machine),
            "date": date,
            "at": self.at.isoformat(timespec="minutes"),
            "seconds": round(self.seconds, 1),
            "results": with_growth([{**_plain(each), "date": date} for each in self.results]),
        }

    def rows(self) -> list[tuple[str, ...]]:
        """The results as cells of `HEADER`."""
        return [row(each) for each in self.to_json()["results"]]


def with_growth(results: Sequence[Row]) -> list[Row]:
    """The results with their growth exponents, each between two sizes of the same day."""
    found: dict[tuple[str, str, int], float] = {}
    for date in {each["date"] for each in results}:
        same = [(each["stage"], each["size"], each["leads"], each["wall"]) for each in results if each["date"] == date]
        found |= {(date, *key): growth for key, growth in growths(same).items()}
    return [{**each, "growth": _rounded(found.get((each["date"], each["stage"], each["size"])))} for each in results]


def merged(before: dict[str, Any], report: Report) -> dict[str, Any]:
    """What is on record with a run's results in the place of earlier ones. Stages that are no more are left out."""
    told = report.to_json()
    known = {(each["stage"], each["size"]): {"date": before["date"], **each} for each in before.get("results", [])}
    known |= {(each["stage"], each["size"]): each for each in told["results"]}
    order = list(BY_NAME)
    kept = sorted((key for key in known if key[0] in BY_NAME), key=lambda key: (key[1], order.index(key[0])))
    return {**told, "results": with_growth([known[key] for key in kept])}


def to_markdown(content: dict[str, Any]) -> str:
    """The targets and the table of everything on record, with where, when and how quiet it was; what is missing has its
    row, too."""
    machine, results = Machine(**content["machine"]), content["results"]
    cells = {(each["stage"], each["size"]): row(each, code="`") for each in results}
    order = list(BY_NAME)
    published = [(stage.name, size) for stage, size in planned(BY_NAME, PUBLISHED)]
    places = sorted({*cells, *published}, key=lambda key: (key[1], order.index(key[0])))
    said = [
        f"- `{each['stage']}` at {each['size']:,}: {tells(each['notes'])}."
        for each in results
        if (tells := BY_NAME[each["stage"]].tells) is not None
    ]
    return "\n".join(
        [
            f"Last run {content['date']} on {machine}; it took {content['seconds'] / 60:.1f} minutes. "
            f"Load average when it began: {machine.load_before:g}.",
            "",
            targets.to_markdown([targets.results_of(content)]),
            "",
            *sections.table(HEADER, [cells.get(place) or _missing(*place) for place in places], LEFT),
            *(["", *said] if said else []),
        ]
    )


def row(result: Row, code: str = "") -> tuple[str, ...]:
    """A result as the cells of `HEADER`."""
    baseline, ratio, growth = result["baseline"], result["times_baseline"], result["growth"]
    rounds = f"{result['rounds']} (±{result['spread'] / 2:.0%})" if result["rounds"] > 1 else str(result["rounds"])
    return (
        f"{code}{result['stage']}{code}: {BY_NAME[result['stage']].says}",
        f"{result['leads']:,}",
        f"{result['leads_per_second']:,.0f}",
        f"{result['wall']:,.2f}",
        f"{result['cpu']:,.2f}",
        f"{result['peak_mb']:,.0f}",
        f"{result['start_mb']:,.0f}" if result["start_mb"] else "–",
        rounds,
        f"{baseline['what']}, {baseline['leads_per_second']:,.0f}/s" if baseline else "–",
        f"{ratio:,.1f}×" if ratio is not None else "–",
        f"{growth:.2f}" if growth is not None else "–",
        result["date"],
    )


def _missing(stage: str, size: int) -> tuple[str, ...]:
    return (f"`{stage}`: {BY_NAME[stage].says}", f"{size:,}", *["–"] * (len(HEADER) - 3), "not yet")


def _rounded(growth: float | None) -> float | None:
    return None if growth is None else round(growth, 3)


def written(report: Report, path: Path) -> None:
    """Put a run's results on record beside a page, and renew its tables and its chart. `ValueError` when the page has no
    place for them."""
    content = merged(sections.on_record(path), report)
    sections.replaced(path, "benchmarks", to_markdown(content))
    sections.keep(path, content)
    drawn(content, path.parent / CHART)


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
