"""Score, qualification and counting."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.leads import flags
from leadgen_assets.leads.counting import Counts
from leadgen_assets.leads.score import REASONS, SCORE_FIELDS, SCORE_PARTS, DefaultWeights, score
from leadgen_assets.sprint_file import ScoreWeights
from leadgen_tests.leads.samples import PROFILE, as_leads, draft


def scored(minimum=60.0, **changes):
    return score(as_leads(draft(**changes)), DefaultWeights(), minimum, PROFILE).iloc[0]


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({}, (30, 30, 20, 10, 10)),
        ({"email": None}, (30, 0, 20, 10, 10)),
        ({"email": "info@acme.example"}, (30, 15, 20, 10, 10)),
        ({"email": "m@mailinator.com"}, (30, 0, 20, 10, 10)),
        ({"email_status": "invalid"}, (30, 0, 20, 10, 10)),
        ({"company_size": None}, (30, 30, 40 / 3, 10, 10)),
        ({"job_title": "Sr PPC Mgr"}, (30, 30, 20, 9.5, 10)),
        ({"job_title": "Baker"}, (30, 30, 20, 0, 10)),
        ({"location": "Texas, United States"}, (24, 30, 20, 10, 6)),
        ({"location": "Leeds, England, United Kingdom"}, (30, 30, 20, 10, 7)),
        ({"company_name": None, "linkedin_url": None}, (18, 30, 20, 10, 10)),
    ],
)
def test_the_score_is_the_sum_of_five_parts(changes, parts):
    """REQ-005: required 30, email 30, company 20, title 10, location 10."""
    row = scored(**changes)
    assert row[list(SCORE_PARTS)].tolist() == pytest.approx(parts, abs=1e-3)
    assert row["data_quality_score"] == pytest.approx(sum(parts), abs=0.01)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, []),
        ({"email": None, "company_size": None}, []),
        ({"job_title": "Baker"}, ["title_not_targeted"]),
        ({"job_title": None}, ["title_not_targeted", "missing_job_title"]),
        ({"location": "Leeds, England, United Kingdom"}, ["country_not_targeted"]),
        ({"company_name": None}, ["missing_company_name"]),
        ({"location": None}, ["country_not_targeted", "missing_location_city", "missing_location_state"]),
    ],
)
def test_a_lead_is_qualified_or_says_why_not(changes, reasons):
    """Counting rules: target title and country, all required fields, score at the threshold, not suppressed."""
    row = scored(**changes)
    assert row["not_qualified_because"] == reasons
    assert row["is_qualified"] == (not reasons)
    assert set(reasons) <= set(REASONS)


def test_the_threshold_itself_is_enough():
    """Counting rules: score >= threshold."""
    assert scored(minimum=100.0)["is_qualified"]
    assert scored(minimum=70.01, email=None)["not_qualified_because"] == ["score_below_minimum"]


def test_suppressed_people_and_those_of_earlier_sprints_are_never_qualified():
    """NFR-011, REQ-008: whatever their score."""
    leads = as_leads(draft(), draft(), draft()).assign(
        is_suppressed=[True, False, False], is_earlier=[False, True, False]
    )
    done = score(leads, DefaultWeights(), 0, PROFILE)
    assert done["not_qualified_because"].tolist() == [["suppressed"], ["already_owned"], []]


def test_completeness_availability_and_validity_are_columns():
    """Counting rules: company = website and industry and size; email = a usable syntax; valid = no ERROR flag."""
    done = score(
        as_leads(draft(), draft(company_industry=None), draft(email="info@acme.example"), draft(email="nonsense")),
        DefaultWeights(),
        60,
        PROFILE,
    )
    assert done["company_complete"].tolist() == [True, False, True, True]
    assert done["email_available"].tolist() == [True, True, True, False]
    assert done["is_valid"].tolist() == [True, True, True, False]


def test_the_weights_of_a_sprint_file_are_taken_and_an_empty_sprint_scores():
    """REQ-005: weights are configurable."""
    weights = ScoreWeights(required_fields=0, email=100, company=0, job_title=0, location=0)
    assert score(as_leads(draft(), draft(email=None)), weights, 0, PROFILE)["data_quality_score"].tolist() == [100, 0]
    assert set(SCORE_FIELDS) <= set(score(as_leads(), weights, 0, PROFILE).columns)


def test_scoring_works_flags_out_anew():
    """REQ-004: a lead that enrichment completed no longer needs it."""
    leads = as_leads(draft(company_name=None))
    assert leads["flags"][0] == ["needs_enrichment", "company_missing"]
    done = score(leads.assign(company_name="Acme"), DefaultWeights(), 60, PROFILE)
    assert done["flags"][0] == []
    assert done["is_valid"][0]


def test_flags_survive_a_file_format_and_unknown_ones_are_refused():
    """REQ-011: flags read back from Parquet are arrays."""
    leads = as_leads(draft(phone="12"))
    leads["flags"] = flags.column([pd.array(["phone_invalid"], dtype=object).to_numpy()], leads.index)
    assert flags.refreshed(leads).tolist() == [["phone_invalid"]]
    assert flags.added(leads, "possible_duplicate", leads["lead_id"]).tolist() == [
        ["phone_invalid", "possible_duplicate"]
    ]
    with pytest.raises(KeyError, match="nonsense"):
        flags.added(leads, "nonsense", [])


numbers = st.integers(0, 10_000)
counts = st.builds(
    Counts, delivered=numbers, leads=numbers, duplicates=numbers, suppressed=numbers, quarantined=numbers
)


@given(parts=st.lists(counts, max_size=5), data=st.data())
def test_counts_add_up_in_any_order(parts, data):
    """NFR-007: per segment and in total."""
    total = Counts.total(parts)
    assert total == Counts.total(data.draw(st.permutations(parts)))
    assert total.delivered == sum(each.delivered for each in parts)
    assert total.collected == total.leads + total.duplicates
    assert total.adds_up == (total.delivered == total.leads + total.duplicates + total.suppressed + total.quarantined)
    assert 0 <= total.duplicate_rate <= 1


def test_the_duplicate_rate_is_of_what_was_collected():
    """Counting rules: duplicates / (leads + duplicates)."""
    assert Counts(delivered=12, leads=9, duplicates=1, suppressed=1, quarantined=1).duplicate_rate == pytest.approx(0.1)
    assert Counts().duplicate_rate == 0
    with pytest.raises(ValueError, match="leads"):
        Counts(leads=-1)
