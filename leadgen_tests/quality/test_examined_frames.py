"""What the suites are shown: the right rows, derived columns, blanks as missing, and no column they do not use."""

from __future__ import annotations

import pandas as pd

from leadgen_assets.checks.frames import examined, rows_of
from leadgen_tests.quality.frames import good


def test_blank_text_is_missing() -> None:
    """REQ-004: an empty text is not a name."""
    frame = good("crm_ready").assign(full_name="  ", company_name=["", *["Acme"] * 19])
    shown = examined(frame, ["full_name", "company_name"])
    assert shown["full_name"].isna().all()
    assert shown["company_name"].isna().sum() == 1


def test_only_columns_of_the_suite_are_handed_over() -> None:
    """NFR-011: what is not examined is not shown."""
    assert list(examined(good("scored"), ["is_valid"]).columns) == ["lead_id", "is_valid"]


def test_a_frame_is_indexed_by_lead_id_without_a_name() -> None:
    """With a named index Great Expectations reports offenders one row at a time."""
    shown = examined(good("scored"), ["is_valid"])
    assert shown.index.name is None
    assert list(shown.index) == list(good("scored")["lead_id"])


def test_key_addresses_are_those_that_identify_one_person() -> None:
    """DE-01: role and disposable mailboxes, and addresses in conflict, may be shared."""
    frame = good("golden", 4).assign(
        email=[f"p{number}@acme.example" for number in range(4)],
        email_kind=["personal", "role", "disposable", "free"],
        flags=[[], [], [], ["identity_conflict"]],
    )
    assert list(examined(frame, ["key_email"])["key_email"].notna()) == [True, False, False, False]


def test_validity_follows_from_error_flags_alone() -> None:
    """Counting rules: validation rate = leads without an ERROR flag / leads."""
    frame = good("normalized", 3).drop(columns="is_valid").assign(flags=[[], ["email_role"], ["needs_enrichment"]])
    assert list(examined(frame, ["is_valid"])["is_valid"]) == [True, True, False]


def test_delivered_are_the_qualified_who_are_not_suppressed() -> None:
    """NFR-011: the suppression list is honoured before anything is examined for the CRM."""
    frame = good("scored", 4).assign(is_qualified=[True, True, False, None], is_suppressed=[False, True, False, False])
    assert list(rows_of("crm_ready", frame)["lead_id"]) == [frame["lead_id"][0]]


def test_people_of_earlier_sprints_are_not_counted_again() -> None:
    """REQ-009: unique leads are this sprint's own."""
    frame = good("golden", 3).assign(is_earlier=[False, True, False])
    assert len(rows_of("golden", frame)) == 2


def test_booleans_that_came_back_as_objects_are_booleans() -> None:
    """A rate over objects would not name its offenders."""
    frame = good("scored", 2).assign(is_valid=pd.Series([True, False], dtype=object))
    assert examined(frame, ["is_valid"])["is_valid"].dtype == bool
