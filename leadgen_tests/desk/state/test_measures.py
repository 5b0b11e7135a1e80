"""One list of names: everything the state tells has one, and every name is told by the state."""

from __future__ import annotations

import re
from typing import Any

from leadgen_assets.desk.state import MEASURES, measures
from leadgen_assets.desk.state.measures import Measure
from leadgen_tests.desk.state.full import both_states, full_state


def test_every_name_is_known_at_some_time() -> None:
    """OPS-03: a rule on any of them can come true."""
    assert set(MEASURES) - {name for state in both_states() for name, _ in measures(state)} == set()


def test_quality_before_and_after_scoring_goes_by_different_names() -> None:
    """REQ-022: a first look is no result."""
    state = full_state()
    state["quality"]["is_scored"] = False
    names = {name for name, _ in measures(state)}
    assert {"collected_with_email", "collected_with_company", "collected_valid"} <= names
    assert not {"average_quality_score", "email_availability", "score_histogram"} & names


def test_the_list_says_what_each_is() -> None:
    """OPS-03: names fit Prometheus and documents, with unit and meaning."""
    broken = [each.name for each in MEASURES.values() if not re.fullmatch(r"[a-z][a-z0-9_]*", each.name)]
    assert broken == []
    assert [each.name for each in MEASURES.values() if not (each.unit and each.meaning)] == []
    assert all(isinstance(each, Measure) for each in MEASURES.values())


def test_what_is_not_known_is_absent() -> None:
    """OPS-01: never zero."""
    state: dict[str, Any] = full_state()
    state["rates"]["error_rate"] = None
    state["machine"]["cpu"] = None
    found = measures(state)
    assert ("error_rate", "") not in found
    assert ("cpu", "") not in found
    assert measures({"at": None, "sprint": None}) == {("alerts_open", ""): 0.0}


def test_good_news_is_turned_round() -> None:
    """OPS-03: what is up is not down."""
    state = full_state()
    assert measures(state)["redis_down", ""] == 0.0
    state["stores"]["redis"]["up"] = False
    state["gates"]["unique_leads"]["passed"] = False
    assert measures(state)["redis_down", ""] == 1.0
    assert measures(state)["gate_failed", "unique_leads"] == 1.0


def test_idle_time_is_counted_while_running_only() -> None:
    """REQ-022: no progress for N minutes."""
    state = full_state()
    assert measures(state)["seconds_without_progress", ""] == 30.0
    state["sprint"]["state"] = "finished"
    assert measures(state)["seconds_without_progress", ""] == 0.0
