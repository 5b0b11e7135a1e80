"""`leadgen bench`: real stages in real processes at a small size, and requests it cannot follow."""

from __future__ import annotations

import json
import os

import pytest
from typer.testing import CliRunner

from leadgen_assets.bench.stages import BY_NAME, STAGES
from leadgen_assets.bench.suite import planned
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
        (["--stages", "collect", "--sizes", "200000"], "Nothing to measure"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_with_a_reason(arguments: list[str], told: str) -> None:
    """House rule: say what to do, with exit code 2, before anything is started."""
    done = CliRunner().invoke(app, ["bench", *arguments])

    assert done.exit_code == 2
    assert told in " ".join(done.output.split())


def test_a_stage_runs_after_those_that_make_what_it_starts_from() -> None:
    """Issue item 8: nothing is prepared twice in a full run."""
    kept: set[str] = set()
    for stage, _ in planned(BY_NAME, [1_000]):
        assert set(stage.starts_from) <= kept
        kept |= {stage.keeps} if stage.keeps else set()


def test_large_sizes_leave_out_what_would_take_too_long() -> None:
    """Issue item 8: collection and the whole sprint are measured at one sprint's size only."""
    assert {stage.name for stage, size in planned(BY_NAME, [20_000, 200_000]) if size == 200_000} == {
        stage.name for stage in STAGES if stage.largest is None
    }
    assert {"collect", "sprint"} <= {stage.name for stage in STAGES if stage.largest == 20_000}
