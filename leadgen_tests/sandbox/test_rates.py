"""Rate windows as vendors count them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.sandbox.rates import RateWindows, Window, load_limits
from leadgen_tests.sandbox.vendor_server import Clock


def test_a_sliding_window_frees_one_place_at_a_time():
    """vendors.md §3.2: ZoomInfo's window slides."""
    clock = Clock()
    windows = RateWindows({"*": (Window(2, 10),)}, clock)
    assert windows.admit("search") is None
    clock.advance(6)
    assert windows.admit("search") is None
    assert windows.admit("search").wait == pytest.approx(4)
    clock.advance(4)
    assert windows.admit("search") is None
    assert windows.admit("search").wait == pytest.approx(6)


def test_a_fixed_window_opens_at_its_first_request_and_empties_at_once():
    """vendors.md §1.8: Apollo's windows each open at their first request."""
    clock = Clock()
    windows = RateWindows({"search": (Window(2, 10),)}, clock, is_sliding=False)
    assert windows.admit("search") is None
    clock.advance(9)
    assert windows.admit("search") is None
    assert windows.admit("search").retry_after == 1
    clock.advance(1)
    assert windows.admit("search") is None
    assert windows.admit("search") is None


def test_rejected_requests_do_not_count():
    """vendors.md §3.2."""
    clock = Clock()
    windows = RateWindows({"*": (Window(1_000, 1), Window(2, 60))}, clock)
    for _ in range(5):
        windows.admit("search")
    assert [used for _, used in windows.usage("search")] == [2, 2]


def test_operations_share_the_window_of_the_account():
    """`*` counts every operation together; an operation's own window counts it alone."""
    windows = RateWindows({"*": (Window(3, 60),), "enrich": (Window(1000, 60), Window(2, 60))}, Clock())
    assert [windows.admit(each) for each in ("enrich", "enrich", "search")] == [None, None, None]
    assert windows.admit("search") is not None
    assert windows.admit("enrich") is not None


def test_the_longest_wait_is_told():
    """A client that waits for the shorter window only would be refused again."""
    windows = RateWindows({"search": (Window(2, 1), Window(2, 3600))}, Clock())
    windows.admit("search")
    windows.admit("search")
    assert windows.admit("search").window.seconds == 3600


def test_a_pace_is_enforced_as_an_average():
    """Requirements §2: 1 request / 1.5 s is the client's pace; jitter on the way must not break it."""
    clock = Clock()
    windows = RateWindows({"*": (Window(1, 1.5),)}, clock)
    for number in range(200):
        clock.advance(1.5 if number % 2 else 1.45)
        assert windows.admit("status") is None
    assert any(windows.admit("status") for _ in range(24))


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.integers(2, 6))
def test_no_sliding_window_ever_admits_more_than_its_limit(gaps, limit):
    """vendors.md §3.2, over all arrival patterns."""
    clock, admitted = Clock(), []
    windows = RateWindows({"*": (Window(limit, 5),)}, clock)
    for gap in gaps:
        clock.advance(gap)
        if windows.admit("search") is None:
            admitted.append(clock.now)
    for moment in admitted:
        assert sum(moment - 5 < other <= moment for other in admitted) <= limit


def test_an_override_replaces_only_the_operations_it_names(tmp_path):
    """LEADGEN_LIMITS: the form of limits.yaml; an empty list means no limit."""
    path = tmp_path / "limits.yaml"
    path.write_text("apollo:\n  search: [{requests: 5, seconds: 2}]\n  bulk_match: []\n")
    limits = load_limits(path)
    assert limits["apollo"]["search"] == (Window(5, 2),)
    assert limits["apollo"]["bulk_match"] == ()
    assert limits["apollo"]["usage"] == load_limits()["apollo"]["usage"]
    assert limits["zoominfo"] == load_limits()["zoominfo"]


@pytest.mark.parametrize("text", ["- apollo", "apollo: {search: [{requests: x}]}", "apollo: {search: 5}"])
def test_a_limits_file_that_cannot_be_read_is_named(tmp_path, text):
    """Errors name file and key."""
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"mine\.yaml"):
        load_limits(path)


def test_what_was_let_through_is_told_with_its_time():
    """Issue 5: the vendor's own count says how much of a limit was used; rejected requests are not in it."""
    clock = Clock()
    windows = RateWindows({"search": [Window(2, 10)]}, clock)
    for now in (100.0, 104.0, 105.0, 112.0):
        clock.now = now
        windows.admit("search")

    assert windows.admitted() == {"search": {"requests": 3, "seconds": 12.0}}
