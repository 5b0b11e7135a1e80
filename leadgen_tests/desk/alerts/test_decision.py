"""When a condition becomes an alert, and when it is over: over any course of a figure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.desk.alerts.decision import Limits, Verdict, judge
from leadgen_assets.stores.alert_watch import Watched

START = datetime(2026, 11, 22, tzinfo=UTC)
LIMITS = Limits(
    is_above=True,
    threshold=0.8,
    clear=0.6,
    window=timedelta(seconds=60),
    clear_window=timedelta(seconds=30),
    quiet=timedelta(seconds=300),
)
COURSE = st.lists(
    st.tuples(st.sampled_from([None, 0.5, 0.6, 0.7, 0.8, 0.9]), st.integers(1, 200)), min_size=1, max_size=80
)
Told = list[tuple[datetime, Verdict]]


def follow(
    course: list[tuple[float | None, int]], limits: Limits = LIMITS
) -> tuple[Told, list[tuple[datetime, float | None]]]:
    """What is decided along a course of (value, seconds until the next look)."""
    told, seen, at, watched = [], [], START, Watched(("rule", "sprint", ""))
    for value, seconds in course:
        watched, verdict = judge(limits, value, watched, at)
        seen.append((at, value))
        if verdict is not Verdict.NOTHING:
            told.append((at, verdict))
        at += timedelta(seconds=seconds)
    return told, seen


@given(COURSE)
def test_raises_and_ends_alternate(course: list[tuple[float | None, int]]) -> None:
    """OPS-04: one alert at a time for a condition, beginning with a raise."""
    begins = [verdict is not Verdict.RESOLVE for _, verdict in follow(course)[0]]
    assert begins == [each % 2 == 0 for each in range(len(begins))]


@given(COURSE)
def test_it_is_raised_only_after_a_whole_window_beyond_the_threshold(course: list[tuple[float | None, int]]) -> None:
    """OPS-03: a spike is no alert; what is not known does not count either way."""
    told, seen = follow(course)
    for at, verdict in told:
        known = [(when, value) for when, value in seen if when <= at and value is not None]
        run = []
        for when, value in reversed(known):
            good = verdict is Verdict.RESOLVE
            if not (LIMITS.is_good(value) if good else LIMITS.is_bad(value)):
                break
            run.append(when)
        assert at - run[-1] >= (LIMITS.clear_window if verdict is Verdict.RESOLVE else LIMITS.window)


@given(COURSE)
def test_what_flaps_is_told_once_in_a_quiet_time(course: list[tuple[float | None, int]]) -> None:
    """OPS-04: back within the quiet time the same alert goes on; a new one comes only after it."""
    told, _ = follow(course)
    ended = None
    for at, verdict in told:
        if verdict is Verdict.RESOLVE:
            ended = at
        elif verdict is Verdict.RAISE and ended is not None:
            assert at - ended >= LIMITS.quiet
        elif verdict is Verdict.REOPEN:
            assert ended is not None
            assert at - ended < LIMITS.quiet + LIMITS.window + timedelta(seconds=200)


@given(COURSE)
def test_between_the_thresholds_nothing_changes(course: list[tuple[float | None, int]]) -> None:
    """OPS-03: hysteresis; a figure that came back by a hair neither ends an alert nor begins one."""
    told, seen = follow(course)
    for at, _ in told:
        value = dict(seen)[at]
        assert value is not None
        assert value > LIMITS.threshold or value <= LIMITS.clear


@given(COURSE)
def test_below_is_the_mirror_of_above(course: list[tuple[float | None, int]]) -> None:
    """REQ-022: a rate that is too low is judged as one that is too high."""
    mirrored = replace(LIMITS, is_above=False, threshold=-0.8, clear=-0.6)
    turned = [(None if value is None else -value, seconds) for value, seconds in course]
    assert follow(turned, mirrored)[0] == follow(course)[0]


def test_a_mark_counts_from_the_very_figure() -> None:
    """NFR-013: 95 % of a budget is reached at 95 %, and one cent below it is not."""
    mark = Limits(is_above=True, threshold=0.95, clear=0.95, is_inclusive=True)
    assert [verdict for _, verdict in follow([(0.9499, 1), (0.95, 1), (0.95, 1), (0.9499, 1)], mark)[0]] == [
        Verdict.RAISE,
        Verdict.RESOLVE,
    ]
