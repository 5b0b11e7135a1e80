"""What the benchmarks have to show, each target beside what was measured: met or not is told, not argued."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadgen_assets.bench.sections import table

Results = Mapping[tuple[str, int], Mapping[str, Any]]
"""{(stage, size): figures} of a run, as `--json` prints them."""

REFINING = ("normalise", "dedup", "score")
SMALL, MEDIUM, LARGE = 20_000, 200_000, 1_000_000
_GIB_IN_MB = 1024**3 / 1e6


@dataclass(frozen=True)
class Target:
    """A figure that must not be above, or not below, a bound."""

    says: str
    bound: float
    shown: str
    """How a figure is written, as a format string."""
    figure: Callable[[Results], float | None]
    """None where a run did not measure it."""
    is_least: bool = False
    """Whether the bound is the least figure that will do; else it is the first that will not."""

    @property
    def asked(self) -> str:
        """The bound in words."""
        return f"{'at least' if self.is_least else 'below'} {self.shown.format(self.bound)}"

    def is_met(self, figure: float) -> bool:
        """Whether a figure will do."""
        return figure >= self.bound if self.is_least else figure < self.bound


def results_of(content: Mapping[str, Any]) -> Results:
    """The results of a run, or of what is on record, by stage and size."""
    return {(each["stage"], each["size"]): each for each in content["results"]}


def to_markdown(runs: Sequence[Results]) -> str:
    """A row for each target that any of the runs measured; it is met when every run that measured it met it."""
    header = ("Target", "Asked", *(("Measured", "again")[: len(runs)]), "Met")
    rows = [_row(target, runs) for target in TARGETS if any(target.figure(run) is not None for run in runs)]
    return "\n".join(table(header, rows, frozenset({"Target"})))


def missed(run: Results) -> list[str]:
    """The targets that a run measured and did not meet, in words."""
    told = ((target, target.figure(run)) for target in TARGETS)
    return [
        f"{target.says}: {target.shown.format(figure)}, {target.asked}"
        for target, figure in told
        if figure is not None and not target.is_met(figure)
    ]


def _row(target: Target, runs: Sequence[Results]) -> tuple[str, ...]:
    figures = [target.figure(run) for run in runs]
    known = [each for each in figures if each is not None]
    is_met = all(map(target.is_met, known))
    cells = [target.shown.format(each) if each is not None else "–" for each in figures]
    return (target.says, target.asked, *cells, "yes" if is_met else "**no**")


def _seconds(size: int) -> Callable[[Results], float | None]:
    """Wall seconds of the whole refinement."""
    return lambda run: _sum([run.get((stage, size)) for stage in REFINING])


def _sum(rows: Sequence[Mapping[str, Any] | None]) -> float | None:
    return None if None in rows else sum(float(each["wall"]) for each in rows if each)


def _growth(run: Results) -> float | None:
    """How many times as long a lead takes in the largest refinement as in the smallest."""
    small, large = _seconds(SMALL)(run), _seconds(LARGE)(run)
    return None if small is None or large is None else (large / LARGE) / (small / SMALL)


def _memory(run: Results) -> float | None:
    """Peak memory of the largest refinement's hungriest stage, GiB."""
    rows = [run.get((stage, LARGE)) for stage in REFINING]
    return None if None in rows else max(float(each["peak_mb"]) for each in rows if each) / _GIB_IN_MB


def _figure(stage: str, name: str) -> Callable[[Results], float | None]:
    def figure(run: Results) -> float | None:
        row = run.get((stage, SMALL))
        return None if row is None else float(row[name])

    return figure


def _share(stage: str) -> Callable[[Results], float | None]:
    """Leads a second as a share of the baseline's."""

    def share(run: Results) -> float | None:
        times = run.get((stage, SMALL), {}).get("times_baseline")
        return 1 / float(times) if times else None

    return share


def _note(stage: str, name: str) -> Callable[[Results], float | None]:
    def note(run: Results) -> float | None:
        found = run.get((stage, SMALL), {}).get("notes", {}).get(name)
        return None if found is None else float(found)

    return note


def _of_the_possible(run: Results) -> float | None:
    ours, bare = _share("insert")(run), _share("bare-both")(run)
    return None if ours is None or bare is None else ours / bare


TARGETS: tuple[Target, ...] = (
    Target("normalise, dedup and score, 20,000 leads", 2, "{:.1f} s", _seconds(SMALL)),
    Target("the same, 200,000 leads", 15, "{:.1f} s", _seconds(MEDIUM)),
    Target("the same, 1,000,000 leads", 80, "{:.1f} s", _seconds(LARGE)),
    Target("their peak memory at 1,000,000 leads", 3, "{:.2f} GiB", _memory),
    Target("a lead's time at 1,000,000 leads, as a multiple of that at 20,000", 1.3, "{:.2f}×", _growth),
    Target("gate, 20,000 leads", 1, "{:.2f} s", _figure("gate", "wall")),
    Target("insert, leads a second (REQ-016, DE-05)", 1_000, "{:,.0f}", _figure("insert", "leads_per_second"), True),
    Target("insert, share of the bare driver's rate", 0.8, "{:.0%}", _share("insert"), True),
    Target(
        "insert, share of that rate with the same validator and indexes (bare-both)",
        0.8, "{:.0%}", _of_the_possible, True,
    ),
    Target("limited, share of the documented calls that is used", 0.98, "{:.1%}", _note("limited", "used"), True),
    Target("limited, rejected calls", 1, "{:.0f}", _note("limited", "rejected")),
    Target("collect-apollo, share of the tight script's rate", 0.6, "{:.0%}", _share("collect-apollo"), True),
)  # fmt: skip
"""In the order of a sprint's stages. Sizes other than these have no targets."""
