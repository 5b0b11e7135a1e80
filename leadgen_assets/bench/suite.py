"""Runs stages one after the other, each in a process of its own, and puts their figures beside the baseline's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from leadgen_assets.bench.ground import Ground
from leadgen_assets.bench.measure import Figures, Setup
from leadgen_assets.bench.stages import STAGES, Stage, maker

Tell = Callable[[str], None]


class BenchmarkFailed(RuntimeError):
    """A measurement that ended with an error; the message has its last words."""


@dataclass(frozen=True)
class Result:
    """One stage at one size."""

    stage: Stage
    size: int
    figures: Figures
    baseline: Figures | None

    @property
    def times_baseline(self) -> float | None:
        """How many times as long a lead took as in the baseline."""
        if self.baseline is None or not self.baseline.per_second or not self.figures.per_second:
            return None
        return self.baseline.per_second / self.figures.per_second


def planned(stages: Iterable[str], sizes: Sequence[int]) -> list[tuple[Stage, int]]:
    """Stage and size in the order of running: by size, then as `STAGES` has them; too large ones are left out."""
    wanted = set(stages)
    chosen = [stage for stage in STAGES if stage.name in wanted]
    return [(stage, size) for size in sorted(sizes) for stage in chosen if size <= (stage.largest or size)]


def run(plan: Iterable[tuple[Stage, int]], folder: Path, tell: Tell) -> Iterator[Result]:
    """Measure each stage and its baseline, one after the other. Raises `BenchmarkFailed`.

    Servers a stage needs are running, their addresses in the environment. Frames it starts from are made first where
    no earlier stage has left them in `folder`.
    """
    baselines: dict[tuple[Setup, int], Figures] = {}
    for stage, size in plan:
        if stage.missing is not None and (why := stage.missing()):
            tell(f"{stage.name} is left out: {why}")
            continue
        ground = Ground(size, folder)
        for frame in stage.starts_from:
            prepare(ground, ground.made(frame), tell)
        tell(f"{stage.name}, {size:,} leads")
        figures = _measure(ground, stage, "measure")
        compared = stage.baseline if size <= (stage.largest_baseline or size) else None
        if compared is not None and (compared, size) not in baselines:
            baselines[compared, size] = _measure(ground, stage, "baseline")
        baseline = baselines[compared, size] if compared else None
        yield Result(stage, size, figures, baseline)


def prepare(ground: Ground, frame: str, tell: Tell) -> None:
    """Make a frame, and those it starts from, unless they are there."""
    if ground.has(frame):
        return
    stage = maker(frame)
    for needed in stage.starts_from:
        prepare(ground, needed, tell)
    tell(f"preparing {frame} leads, {ground.size:,}")
    _measure(ground, stage, "prepare")


def _measure(ground: Ground, stage: Stage, role: str) -> Figures:
    arguments = [stage.name, str(ground.size), str(ground.folder), role]
    command = [sys.executable, "-m", "leadgen_assets.bench.child", *arguments]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        how = f"exit code {done.returncode}" if done.returncode > 0 else f"signal {-done.returncode}"
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise BenchmarkFailed(f"{stage.name} ({role}) at {ground.size:,} leads ended with {how}. {last}".rstrip())
    return Figures(**json.loads(ground.figures_file(stage.name, role).read_text()))
