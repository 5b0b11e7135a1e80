"""The chart is drawn from what is on record, also from half of it, and is the same for the same figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from leadgen_assets.bench.chart import drawn


def row(stage: str, speed: float, size: int = 20_000, baseline: float | None = None) -> dict[str, Any]:
    told = {"leads_per_second": baseline} if baseline else None
    return {"stage": stage, "size": size, "leads_per_second": speed, "baseline": told}


def test_what_is_on_record_is_drawn(tmp_path: Path) -> None:
    """Issue 5, bench: a chart with the page; the same figures make the same file, so that a diff tells of new ones."""
    results = [row("score", 1e6, baseline=1e5), row("score", 9e5, 200_000), row("collect-apollo", 900.0, baseline=2e3)]
    drawn({"results": results}, tmp_path / "images" / "one.svg")
    drawn({"results": results}, tmp_path / "images" / "two.svg")
    drawn({"results": [*results, row("peer-naive", 100.0)]}, tmp_path / "images" / "three.svg")

    one, two, three = ((tmp_path / "images" / f"{name}.svg").read_text() for name in ("one", "two", "three"))
    assert one == two
    assert one.startswith("<?xml")
    assert len(three) > len(one)


def test_nothing_on_record_is_no_error(tmp_path: Path) -> None:
    """Issue 5, bench: peers that were not measured leave a word instead of bars."""
    drawn({"results": []}, tmp_path / "none.svg")

    assert (tmp_path / "none.svg").stat().st_size > 1_000
