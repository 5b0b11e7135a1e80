"""Collection at documented limits: judged by what the vendor counted."""

from __future__ import annotations

from typing import Any

import pytest

from leadgen_assets.bench.limited import told_use, used


def counted(requests: int, seconds: float, **statuses: int) -> dict[str, Any]:
    return {
        "admitted": {"bulk_match": {"requests": requests, "seconds": seconds}},
        "operations": {"search": {"200": 7}, "bulk_match": {"200": requests, **statuses}},
    }


def test_the_share_is_of_what_the_tightest_window_allows_in_that_time() -> None:
    """Issue 5: 10 calls at once and 10 more each second are all that Apollo's pace allows."""
    assert used(counted(510, 50.0))["used"] == pytest.approx(1.0)
    assert used(counted(500, 50.0))["used"] == pytest.approx(500 / 510)
    assert told_use(used(counted(510, 50.0))).startswith("510 paid calls, counted by the vendor: 100.0%")


def test_a_rejected_call_is_no_measurement() -> None:
    """Issue 5: zero 429 caused by us, of any operation."""
    with pytest.raises(RuntimeError, match="rejected 1 calls"):
        used(counted(510, 50.0, **{"429": 1}))
