"""Two runs beside each other: the same machine an hour later should say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from leadgen_assets.bench.sections import marks
from leadgen_assets.cli.main import app


def run(path: Path, at: str, **ratios: float | None) -> str:
    results: list[dict[str, Any]] = [
        {"stage": stage, "size": 20_000, "wall": 0.5, "leads_per_second": 1000 / (ratio or 4), "times_baseline": ratio}
        for stage, ratio in ratios.items()
    ]
    path.write_text(json.dumps({"machine": {"load_before": 0.5}, "at": at, "results": results}))
    return str(path)


def compared(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["bench", "compare", *arguments])
    return done.exit_code, " ".join(done.output.split())


def test_steady_runs_agree_and_the_page_says_so(tmp_path: Path) -> None:
    """Issue 5: the targets are met in two runs an hour apart."""
    first = run(tmp_path / "one.json", "2026-11-22T13:00+00:00", score=2.0, sprint=None, gate=1.0)
    second = run(tmp_path / "two.json", "2026-11-22T14:00+00:00", score=2.2, sprint=None)
    page = tmp_path / "benchmarks.md"
    begin, end = marks("two runs")
    page.write_text(f"{begin}\n{end}\n")

    code, told = compared(first, second, "--write", str(page))

    assert code == 0
    assert "All 2 figures are within 20% of each other." in told
    assert "Runs begun at 2026-11-22T13:00+00:00 and 2026-11-22T14:00+00:00" in page.read_text()
    assert "| score | 20,000 | 500 | 455 | -9% | 2.0× | 2.2× | +10% |" in page.read_text()
    assert "| gate | 20,000" not in page.read_text()
    assert "| gate, 20,000 leads | below 1.00 s | 0.50 s | – | yes |" in page.read_text()


def test_a_figure_that_moved_is_named(tmp_path: Path) -> None:
    """Issue 5: more than 20 % either way is no steady figure; where there is a ratio, it is what counts."""
    first = run(tmp_path / "one.json", "then", score=2.0, gate=1.0)
    second = run(tmp_path / "two.json", "now", score=2.5, gate=1.0)

    code, told = compared(first, second)

    assert code == 1
    assert "Not within 20% of each other: score at 20,000." in told


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    """House rule: say what to do, with exit code 2."""
    first = run(tmp_path / "one.json", "then", score=2.0)
    (tmp_path / "two.json").write_text("[]")

    assert compared(first, str(tmp_path / "two.json"))[0] == 2
    assert compared(first, run(tmp_path / "three.json", "now", gate=2.0)) == (
        2,
        "The two runs have no stage and size in common.",
    )
