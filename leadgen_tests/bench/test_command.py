"""`leadgen bench`: real stages in real processes at a small size, and requests it cannot follow."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leadgen_assets.bench import suite
from leadgen_assets.bench.measure import Figures
from leadgen_assets.bench.page import BEGIN, END
from leadgen_assets.bench.stages import BY_NAME
from leadgen_assets.bench.suite import BenchmarkFailed, Result, planned
from leadgen_assets.cli.main import app


def test_stages_are_measured_beside_their_baselines() -> None:
    """Issue item 8, DE-05: what a stage starts from is made first; servers are its own; the environment stays."""
    before = dict(os.environ)

    done = CliRunner().invoke(app, ["bench", "--stages", "dedup,insert,collect", "--sizes", "300", "--json"])

    assert done.exit_code == 0, done.output
    measured = {each["stage"]: each for each in json.loads(done.stdout)["results"]}
    assert list(measured) == ["dedup", "insert", "collect"]
    assert measured["dedup"]["leads"] > 0.9 * 300
    assert measured["insert"]["leads"] <= measured["dedup"]["leads"]
    assert measured["collect"]["leads"] >= 300
    assert measured["collect"]["notes"]["requests"] > 20
    for each in measured.values():
        assert each["wall"] > 0
        assert each["cpu"] > 0
        assert each["peak_mb"] >= 50
        assert each["baseline"]["leads_per_second"] > 0
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--stages", "collect,brew"], "no stage brew"),
        (["--sizes", "many"], "whole numbers"),
        (["--sizes", "3"], "at least 100"),
        (["--stages", "collect", "--sizes", "1000000"], "collect is measured up to 200,000 leads"),
        (["--against", "nowhere.md"], "nowhere.json is not there"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_with_a_reason(arguments: list[str], told: str) -> None:
    """House rule: say what to do, with exit code 2, before anything is started."""
    done = CliRunner().invoke(app, ["bench", *arguments])

    assert done.exit_code == 2
    assert told in " ".join(done.output.split())


def test_a_stage_that_fails_loses_nothing_that_was_measured_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """House rule: a run of many minutes shows what it has, says what failed, and writes no half table."""
    done_before = Figures(1_000, 1.0, cpu=1.0, peak_mb=300, start_mb=200, rounds=1, spread=0.0)

    def run(plan: object, folder: Path, tell: object) -> Iterator[Result]:
        yield Result(BY_NAME["score"], 1_000, done_before, None)
        raise BenchmarkFailed("gate (measure) at 1,000 leads ended with signal 9.")

    monkeypatch.setattr(suite, "run", run)
    page = tmp_path / "benchmarks.md"
    page.write_text(f"{BEGIN}\nold\n{END}\n")

    done = CliRunner().invoke(app, ["bench", "--stages", "sprint", "--sizes", "1000", "--write", str(page)])

    assert done.exit_code == 2
    assert "score" in done.output
    assert "signal 9" in done.output
    assert "old" in page.read_text()


def test_a_stage_that_has_become_slower_fails_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Issue, bench: a ratio more than 20 % worse than on record fails, by name; one within 20 % does not."""

    def run(plan: object, folder: Path, tell: object) -> Iterator[Result]:
        yield Result(BY_NAME["score"], 1_000, figures(1_000, 4.7), figures(1_000, 1.0))
        yield Result(BY_NAME["gate"], 1_000, figures(1_000, 5.0), figures(1_000, 1.0))

    monkeypatch.setattr(suite, "run", run)
    results = [{"stage": name, "size": 1_000, "times_baseline": 4.0} for name in ("score", "gate")]
    (tmp_path / "benchmarks.json").write_text(json.dumps({"results": results}))
    arguments = ["bench", "--stages", "sprint", "--sizes", "1000", "--against", str(tmp_path / "benchmarks.md")]

    done = CliRunner().invoke(app, arguments)

    told = " ".join(done.output.split())
    assert done.exit_code == 1
    assert "gate at 1,000 leads takes 5× its baseline, 25% more than 4×" in told
    assert "score at" not in told


def figures(leads: int, wall: float) -> Figures:
    return Figures(leads, wall, cpu=wall, peak_mb=300, start_mb=200, rounds=1, spread=0.0)


def test_a_stage_runs_after_those_that_make_what_it_starts_from() -> None:
    """Issue item 8: nothing is prepared twice in a full run."""
    kept: set[str] = set()
    for stage, _ in planned(BY_NAME, [1_000]):
        assert set(stage.starts_from) <= kept
        kept |= {stage.keeps} if stage.keeps else set()


def test_large_sizes_leave_out_what_would_take_too_long() -> None:
    """Issue 5: collection, stores and the whole sprint up to ten sprints; refinement and gate whatever the size."""
    sizes = [20_000, 200_000, 1_000_000]
    plan = planned(BY_NAME, sizes)
    of = {size: {stage.name for stage, planned_size in plan if planned_size == size} for size in sizes}
    assert of[20_000] == set(BY_NAME)
    assert of[200_000] >= {"collect", "sprint", "publish", "insert", "enrich"}
    assert of[1_000_000] == {"normalise", "dedup", "score", "gate"}
