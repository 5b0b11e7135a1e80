"""The table in docs/benchmarks.md tells what was measured and where, and not whose machine it was."""

from __future__ import annotations

import getpass
import json
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadgen_assets.bench.machine import Machine
from leadgen_assets.bench.measure import Figures
from leadgen_assets.bench.page import BEGIN, END, HEADER, Report, to_markdown, written
from leadgen_assets.bench.regression import recorded
from leadgen_assets.bench.sections import marks, on_record
from leadgen_assets.bench.stages import BY_NAME
from leadgen_assets.bench.suite import Result


def figures(leads: int, wall: float) -> Figures:
    return Figures(leads, wall, cpu=wall, peak_mb=300, start_mb=200, rounds=3, spread=0.1)


@pytest.fixture
def report() -> Report:
    result = Result(BY_NAME["insert"], 20_000, figures(20_000, 4.0), figures(20_000, 1.0))
    alone = Result(BY_NAME["sprint"], 20_000, figures(20_000, 100.0), None)
    return Report(Machine.this(), datetime(2026, 11, 22, 9, tzinfo=UTC), 120.0, [result, alone])


def test_the_table_takes_the_place_between_the_markers_and_nothing_else(report: Report, tmp_path: Path) -> None:
    """Issue item 8: docs/benchmarks.md is regenerated, its prose is a person's."""
    page = tmp_path / "benchmarks.md"
    page.write_text(f"before\n{BEGIN}\nold table\n{END}\nafter\n")

    written(report, page)
    written(report, page)

    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"\n{END}\nafter\n")
    assert "old table" not in text
    assert text.count("| `insert`") == 2  # measured at 20,000, not yet at 200,000
    assert all(f" {name} " in text for name in HEADER)


def test_a_file_without_a_place_for_the_table_is_left_alone(report: Report, tmp_path: Path) -> None:
    """Issue item 8: nothing is overwritten by accident."""
    page = tmp_path / "notes.md"
    page.write_text("notes")

    with pytest.raises(ValueError, match="no place for benchmarks"):
        written(report, page)

    assert page.read_text() == "notes"


def test_the_machine_is_described_without_naming_it(report: Report) -> None:
    """Charter: no host name, no user, no path in what is published."""
    shown = to_markdown(report.to_json()) + json.dumps(report.to_json())

    assert f"{report.machine.cores} cores" in shown
    assert platform.python_version() in shown
    assert platform.node() not in re.findall(r"[\w.-]+", shown)
    assert f"/{getpass.getuser()}" not in shown
    assert str(Path.cwd()) not in shown


def test_the_ratio_compares_a_lead_with_a_lead_of_the_baseline(report: Report) -> None:
    """DE-05: four times as long for as many leads is a ratio of four; without a baseline there is none."""
    inserted, sprint = report.results

    assert inserted.times_baseline == pytest.approx(4)
    ratio = HEADER.index("Ratio")
    assert sprint.times_baseline is None
    assert [each[ratio] for each in report.rows()] == ["4.0×", "–"]


def test_growth_says_whether_ten_times_the_leads_take_ten_times_as_long() -> None:
    """Issue, bench: the growth exponent stands with the larger size, per stage."""
    sizes = (20_000, 1.0), (200_000, 10.0), (2_000_000, 1_000.0)
    results = [Result(BY_NAME["dedup"], size, figures(size, wall), None) for size, wall in sizes]
    results.append(Result(BY_NAME["score"], 200_000, figures(200_000, 1.0), None))
    report = Report(Machine.this(), datetime(2026, 11, 22, 9, tzinfo=UTC), 120.0, results)

    assert [each[HEADER.index("Growth")] for each in report.rows()] == ["–", "1.00", "2.00", "–"]
    assert [each["growth"] for each in report.to_json()["results"]] == [None, 1.0, 2.0, None]


def test_a_run_of_some_stages_renews_only_their_rows(report: Report, tmp_path: Path) -> None:
    """Issue 5: the page is made from what is on record; what was never measured says so."""
    page = tmp_path / "benchmarks.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    written(report, page)
    later = [Result(BY_NAME["insert"], 200_000, figures(200_000, 40.0), None)]

    written(Report(Machine.this(), datetime(2026, 11, 23, 9, tzinfo=UTC), 60.0, later), page)

    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.read_text().splitlines() if "| `" in line]
    dates = {(each[0].split(":")[0], each[1]): each[-1] for each in rows}
    assert dates["`insert`", "20,000"] == "2026-11-22"
    assert dates["`insert`", "200,000"] == "2026-11-23"
    assert dates["`score`", "1,000,000"] == "not yet"
    assert [each[1] for each in rows] == sorted((each[1] for each in rows), key=lambda size: int(size.replace(",", "")))
    growth = {(each["stage"], each["size"]): each["growth"] for each in on_record(page)["results"]}
    assert growth == {("insert", 20_000): None, ("sprint", 20_000): None, ("insert", 200_000): None}


def test_ratios_are_kept_beside_the_page_for_the_next_run(report: Report, tmp_path: Path) -> None:
    """Issue, bench: what the next run is compared with is what was published."""
    page = tmp_path / "benchmarks.md"
    page.write_text(f"{BEGIN}\n{END}\n")

    written(report, page)

    assert recorded(page) == {("insert", 20_000): 4.0}
    (tmp_path / "benchmarks.json").write_text("[]")
    with pytest.raises(ValueError, match="no result of"):
        recorded(page)


def test_the_committed_page_has_a_place_for_the_table() -> None:
    """Issue item 8: `leadgen bench --write docs/benchmarks.md` works in a clone."""
    text = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text()

    for part in ("benchmarks", "database", "two runs"):
        begin, end = marks(part)
        assert 0 < text.index(begin) < text.index(end)
