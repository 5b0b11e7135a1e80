"""Each committed expectation passes on good data, fails on bad data, and says with which number against which limit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from leadgen_assets.checks.frames import LAYERS
from leadgen_assets.checks.runner import validate
from leadgen_assets.checks.suites import expected
from leadgen_tests.quality.frames import PARAMETERS, good, with_value

Spoil = Callable[[pd.DataFrame], pd.DataFrame]


def put(column: str, value: object, rows: int = 1) -> Spoil:
    return lambda frame: with_value(frame, column, value, rows)


def copy_first(*columns: str) -> Spoil:
    """The second and fourth row become equal in the columns (even rows have no e-mail address)."""

    def spoil(frame: pd.DataFrame) -> pd.DataFrame:
        changed = frame.copy()
        for column in columns:
            changed.loc[3, column] = changed.loc[1, column]
        return changed

    return spoil


def first(rows: int) -> Spoil:
    return lambda frame: frame.head(rows)


CASES: dict[str, dict[str, tuple[Spoil, str]]] = {
    "normalized": {
        "lead_ids_present": (put("lead_id", None), "0.95"),
        "lead_ids_unique": (copy_first("lead_id"), "0.9"),
        "source_expected": (put("data_source", "zoominfo"), "0.95"),
        "segment_expected": (put("segment", "apollo-2", 2), "0.9"),
        "linkedin_canonical": (put("linkedin_url", "https://www.linkedin.com/in/Person-0"), "0.95"),
        "country_code": (put("location_country", "US\n"), "0.95"),
        "email_syntax": (put("email", "nobody@"), "1 of 11"),
        "validation_rate": (put("is_valid", False, 7), "0.65"),
    },
    "deduplicated": {
        "record_ids_present": (put("lead_id", ""), "0.952"),
        "record_ids_unique": (copy_first("lead_id"), "0.90"),
        "duplicate_rate": (put("is_duplicate", True, 2), "0.142"),
    },
    "golden": {
        "unique_leads": (first(9), "9"),
        "leads_reconcile": (first(19), "19"),
        "lead_ids_present": (put("lead_id", None), "0.95"),
        "lead_ids_unique": (copy_first("lead_id"), "0.9"),
        "linkedin_canonical": (put("linkedin_url", "https://www.linkedin.com/in/person-0/"), "0.95"),
        "linkedin_unique": (copy_first("linkedin_url"), "0.9"),
        "email_unique": (copy_first("email"), "2 of 10"),
    },
    "scored": {
        "unique_leads": (first(9), "9"),
        "lead_ids_present": (put("lead_id", " "), "0.95"),
        "lead_ids_unique": (copy_first("lead_id"), "0.9"),
        "score_present": (put("data_quality_score", None), "0.95"),
        "score_range": (put("data_quality_score", 101.0), "0.95"),
        "average_quality_score": (put("data_quality_score", 20.0, 2), "74"),
        "email_availability": (put("email_available", False, 12), "0.2"),
        "company_completeness": (put("company_complete", False, 5), "0.75"),
        "validation_rate": (put("is_valid", False, 7), "0.65"),
        "qualification_known": (put("is_qualified", None), "0.95"),
        "suppression_known": (put("is_suppressed", None), "0.95"),
    },
    "crm_ready": {
        "full_name_present": (put("full_name", "  "), "0.95"),
        "linkedin_url_present": (put("linkedin_url", None), "0.95"),
        "job_title_present": (put("job_title", None), "0.95"),
        "company_name_present": (put("company_name", None), "0.95"),
        "location_city_present": (put("location_city", None), "0.95"),
        "location_state_present": (put("location_state", ""), "0.95"),
        "title_present": (put("target_title", None), "0.95"),
        "title_in_profile": (put("target_title", "Chef"), "0.95"),
        "country_present": (put("location_country", None), "0.95"),
        "country_in_profile": (put("location_country", "CA"), "0.95"),
        "ready_score_present": (put("data_quality_score", None), "0.95"),
        "minimum_score": (put("data_quality_score", 59.9), "0.95"),
        "linkedin_canonical": (put("linkedin_url", "http://www.linkedin.com/in/person-0"), "0.95"),
        "linkedin_unique": (copy_first("linkedin_url"), "0.9"),
        "email_syntax": (put("email", "a@b@acme.example"), "1 of 11"),
        "email_unique": (copy_first("email"), "2 of 10"),
    },
}
EMPTY_FRAME_ONLY = {"leads_present", "records_present", "ready_leads_present"}
"""Row counts of at least one: see test_the_gate_fails_closed."""


@pytest.mark.parametrize("layer", LAYERS)
def test_good_data_pass_every_expectation(layer: str, tmp_path: Path) -> None:
    """REQ-004 to REQ-009: the suites accept a sprint that keeps its promises."""
    outcomes = validate(layer, good(layer), PARAMETERS, "good", state=tmp_path)
    assert [each.check for each in outcomes] == [each.check for each in expected(layer)]
    assert [each.detail for each in outcomes if not each.passed] == []


@pytest.mark.parametrize(("layer", "check"), [(layer, check) for layer, checks in CASES.items() for check in checks])
def test_bad_data_fail_their_expectation_with_number_and_threshold(layer: str, check: str, tmp_path: Path) -> None:
    """REQ-004 to REQ-009, REQ-012, NFR-007: no expectation is decoration."""
    spoil, number = CASES[layer][check]
    outcomes = {each.check: each for each in validate(layer, spoil(good(layer)), PARAMETERS, "bad", state=tmp_path)}
    outcome = outcomes[check]
    assert not outcome.passed
    assert number in outcome.detail, outcome.detail
    assert outcome.threshold in outcome.detail
    assert outcome.observed is not None


@pytest.mark.parametrize("layer", LAYERS)
def test_every_committed_expectation_has_a_case_here(layer: str) -> None:
    """An expectation that was never seen failing may be one that cannot fail."""
    assert {each.check for each in expected(layer)} - EMPTY_FRAME_ONLY == set(CASES[layer])


def test_a_duplicate_rate_of_exactly_the_gate_fails(tmp_path: Path) -> None:
    """REQ-008: the rate must be below 10 %, not at most."""
    records = good("deduplicated").head(20).assign(is_duplicate=[number < 2 for number in range(20)])
    outcome = {each.check: each for each in validate("deduplicated", records, PARAMETERS, "edge", state=tmp_path)}
    assert not outcome["duplicate_rate"].passed
    assert outcome["duplicate_rate"].threshold == "< 0.1"
    assert outcome["duplicate_rate"].sample_ids == tuple(records["lead_id"].head(2))


def test_minimum_rates_at_exactly_the_gate_pass(tmp_path: Path) -> None:
    """REQ-006: a gate is the value below which nothing is delivered."""
    frame = good("scored").assign(email_available=[number < 5 for number in range(20)])
    outcome = {each.check: each for each in validate("scored", frame, PARAMETERS, "edge", state=tmp_path)}
    assert outcome["email_availability"].passed
    assert outcome["email_availability"].observed == 0.25


def test_addresses_that_identify_nobody_may_repeat(tmp_path: Path) -> None:
    """DE-01: role mailboxes and addresses in conflict are no merge key."""
    frame = copy_first("email")(good("golden"))
    frame["email_kind"] = "role"
    conflict = copy_first("email")(good("golden"))
    conflict["flags"] = [["identity_conflict"] for _ in range(len(conflict))]
    for each in (frame, conflict):
        outcomes = {o.check: o for o in validate("golden", each, PARAMETERS, "role", state=tmp_path)}
        assert outcomes["email_unique"].passed, outcomes["email_unique"].detail


def test_offenders_are_counted_and_sampled_by_lead_id(tmp_path: Path) -> None:
    """REQ-012: a report says whom to look at without saying who it is."""
    frame = with_value(good("crm_ready", 40), "email", "broken", 30)
    outcome = {each.check: each for each in validate("crm_ready", frame, PARAMETERS, "ids", state=tmp_path)}[
        "email_syntax"
    ]
    assert (outcome.offenders, len(outcome.sample_ids)) == (30, 20)
    assert set(outcome.sample_ids) <= set(frame["lead_id"].head(30))
    assert outcome.share == pytest.approx(30 / 35)
    assert "broken" not in repr(outcome)
