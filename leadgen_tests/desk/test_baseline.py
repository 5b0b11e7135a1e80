"""What is usual, and what is not: median and MAD, so that one odd sprint neither hides nor makes a deviation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.desk.baseline import ENOUGH, MEASURES, compare, judged
from leadgen_assets.desk.run_meter import error_rate
from leadgen_assets.stores.baselines import Baselines

DURATION, THROUGHPUT, RECORDS = MEASURES["duration"], MEASURES["throughput"], MEASURES["records"]


@pytest.mark.parametrize(
    ("measure", "current", "earlier", "verdict"),
    [
        (DURATION, 103.0, [100, 101, 99, 102], "as usual"),
        (DURATION, 140.0, [100, 101, 99, 102], "worse"),
        (DURATION, 60.0, [100, 101, 99, 102], "better"),
        (THROUGHPUT, 60.0, [100, 101, 99, 102], "worse"),
        (THROUGHPUT, 140.0, [100, 101, 99, 102], "better"),
        (RECORDS, 140.0, [100, 101, 99, 102], "different"),
        (DURATION, 105.0, [100, 100, 100, 100], "as usual"),
        (DURATION, 115.0, [100, 100, 100, 100], "worse"),
        (DURATION, 120.0, [60, 140, 100, 80, 120], "as usual"),
        (DURATION, 140.0, [100, 101, 9000, 99, 102], "worse"),
        (DURATION, 140.0, [100, 101], "unknown"),
        (DURATION, None, [100, 101, 99, 102], "unknown"),
    ],
)
def test_a_deviation_is_far_from_the_median_for_its_spread(
    measure: Any, current: float | None, earlier: list[float], verdict: str
) -> None:
    """PHX-02: three robust spreads and a tenth; direction decides about good and bad."""
    found = compare(measure, current, earlier)
    assert found.verdict == verdict
    assert found.deviates == (verdict in ("worse", "better", "different"))


@given(st.lists(st.floats(1, 1e6), min_size=ENOUGH, max_size=12), st.floats(0.001, 1000))
def test_units_do_not_matter(earlier: list[float], scale: float) -> None:
    """PHX-02: seconds or hours, the verdict is the same; and the median itself is always usual."""
    current = sorted(earlier)[len(earlier) // 2]
    ours, scaled = (
        compare(DURATION, current * 1.5, earlier),
        compare(DURATION, current * 1.5 * scale, [x * scale for x in earlier]),
    )
    assert ours.usual is not None
    far = abs(ours.current - ours.usual) if ours.current else 0  # on the edge itself, rounding may decide
    edge = max(3 * (ours.spread or 0), 0.1 * ours.usual)
    if abs(far - edge) > 1e-6 * ours.usual:
        assert ours.verdict == scaled.verdict
    assert not compare(DURATION, ours.usual, earlier).deviates


@pytest.mark.parametrize(
    ("values", "trend", "slope"),
    [
        ([10, 12, 14, 16, 18], "rising", 2),
        ([18, 16, 14, 12, 10], "falling", -2),
        ([10, 12, 500, 16, 18], "rising", 2),
        ([10, 12, 9, 11, 10], "steady", None),
        ([10, 10, 10, 10, 10], "steady", 0),
        ([10, 12, 14, 16], None, None),
    ],
)
def test_a_trend_is_what_most_pairs_agree_on(values: list[float], trend: str | None, slope: float | None) -> None:
    """PHX-02: an odd value in the middle does not turn it."""
    found = compare(DURATION, values[-1], values[:-1])
    assert found.trend == trend
    if slope is not None:
        assert found.change_per_step == pytest.approx(slope, abs=0.5)


def test_a_sprint_is_compared_with_those_like_it_that_went_well(database: Any) -> None:
    """PHX-02: the last N before it, of the same file; a rehearsal is no measure for the real thing."""
    baselines = Baselines(database)
    for number in range(6):
        baselines.record("sprint", f"old-{number}", {"duration": 100 + number, "cost_usd": 50}, about="real")
    baselines.record("sprint", "refused", {"duration": 1}, about="real", succeeded=False)
    baselines.record("sprint", "rehearsal", {"duration": 5}, about="rehearsal")
    baselines.record("sprint", "new", {"duration": 200, "cost_usd": 51, "memory_mb": None}, about="real")
    baselines.record("sprint", "newer", {"duration": 300}, about="real")

    class Stores:
        pass

    stores: Any = Stores()
    stores.baselines = baselines
    current = baselines.get("sprint", "new")
    assert current is not None
    found = judged(stores, current, 4)
    named = {each.measure.name: each for each in found.comparisons}

    assert found.against == 4
    assert (named["duration"].usual, named["duration"].verdict) == (103.5, "worse")
    assert named["cost_usd"].verdict == "as usual"
    assert "memory_mb" not in named
    assert [each.measure.name for each in found.deviations] == ["duration"]
    assert found.to_json()["deviations"] == ["duration"]
    assert found.to_json()["figures"]["duration"]["unit"] == "s"


def test_figures_are_recorded_once_a_sprint_or_run(database: Any) -> None:
    """PHX-02: again replaces; the newest first; runs of a sprint since a time."""
    baselines, began = Baselines(database), datetime.now(UTC)
    for seconds in (1, 2):
        baselines.record("run", "r1", {"duration": seconds}, about="a: refine", sprint="a")
    baselines.record("run", "r2", {"duration": 3}, about="b: refine", sprint="b", succeeded=False)
    assert [each.key for each in baselines.last("run", 10)] == ["r2", "r1"]
    assert [each.figures for each in baselines.runs_of("a", began.replace(microsecond=0))] == [{"duration": 2}]
    assert baselines.last("run", 10, succeeded=False)[0].key == "r2"
    assert baselines.get("sprint", "r1") is None


def test_being_told_to_slow_down_is_no_error() -> None:
    """PHX-02: as the live desk counts."""
    assert error_rate({}) is None
    assert error_rate({"apollo": {"bulk_match:ok": 7, "bulk_match:back_off": 1, "search:retry_after": 2}}) == 0.1
