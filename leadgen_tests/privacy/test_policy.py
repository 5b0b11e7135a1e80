"""NFR-011: whose law protects a person, and what a sprint's policy makes of it."""

from __future__ import annotations

import pandas as pd
import pytest

from leadgen_assets.leads.jurisdiction import region, regions
from leadgen_assets.privacy.listing import suppress_person
from leadgen_assets.privacy.notices import notices_due
from leadgen_assets.sprint_file import SprintFileError, parse_sprint
from leadgen_tests.privacy.town import KEY, Town, adds_up, apollo, total, town_sprint

LONDON = apollo(50, name="Bystander Londonson", city="London", state="England", country="United Kingdom")


@pytest.mark.parametrize(
    ("country", "state", "phone", "email", "expected"),
    [
        ("DE", None, None, None, "EU"),
        ("NO", None, None, None, "EU"),
        ("GB", None, "+12125550100", "x@y.example", "UK"),
        ("US", "CA", "+4930555010", "x@firma.de", "US-CA"),
        ("US", "NY", None, None, "US"),
        ("CH", None, None, None, "other"),
        (None, None, "+353155501000", None, "EU"),
        (None, None, "+442055501000", "x@y.de", "UK"),
        (None, None, None, "x@firma.de", "EU"),
        (None, None, None, "x@firma.co.uk", "UK"),
        (None, None, "+12125550100", "x@firma.is", None),
        (None, None, None, None, None),
    ],
)
def test_where_somebody_is_decides(
    country: str | None, state: str | None, phone: str | None, email: str | None, expected: str | None
) -> None:
    """The country where it is known; number and address only where it is not."""
    assert region(country, state, phone, email) == expected


def test_a_frame_without_the_columns_tells_nothing() -> None:
    assert regions(pd.DataFrame({"full_name": ["x"]}, index=[7])).to_dict() == {7: None}


def test_people_in_the_uk_are_skipped_where_the_sprint_says_so(empty_town: Town) -> None:
    """`eu_uk: skip`: no lead, not enriched, not delivered, counted as suppressed. Fails when refinement does not look."""
    town = empty_town.build({"eu_uk": "skip"})
    before = total(town.final_counts(), "suppressed")
    town.land("apollo-1", 2, [LONDON])
    town.refine()

    assert total(town.final_counts(), "suppressed") == before + 1
    assert adds_up(town.final_counts())
    assert town.stores.leads.with_keys(["email:bystander.50@acme.example"]) == []
    assert "Londonson" not in str(town.stores.lake.read("deduplicated_leads", KEY))


def test_people_in_the_uk_are_kept_with_a_notice_due(empty_town: Town) -> None:
    """`eu_uk: collect_with_notice`: the lead says so, and the list of notices names it with its day."""
    town = empty_town.build({"eu_uk": "collect_with_notice"})
    town.land("apollo-1", 2, [LONDON])
    town.refine()

    (lead,) = town.stores.leads.with_keys(["email:bystander.50@acme.example"])
    assert "notice_due" in lead["flags"]
    (due,) = notices_due(town.stores, KEY)
    assert (due["lead_id"], due["region"]) == (lead["_id"], "UK")
    assert (due["due_by"] - lead["data_collected_date"]).days == 30


@pytest.mark.parametrize(("policy", "is_kept"), [("suppress", False), ("flag", True)])
def test_do_not_sell_is_kept_to(empty_town: Town, policy: str, is_kept: bool) -> None:
    """CCPA: suppressed, or kept with the flag, as the sprint says; by one key of several records."""
    town = empty_town
    suppress_person(town.stores, town.stores.do_not_sell, "bystander.6@acme.example", "CCPA opt-out")
    town.build({"do_not_sell": policy})

    found = town.stores.leads.with_keys(["linkedin:https://www.linkedin.com/in/bystander-6"])

    assert [("do_not_sell" in each["flags"]) for each in found] == ([True] if is_kept else [])
    assert total(town.final_counts(), "suppressed") == (0 if is_kept else 2)
    assert adds_up(town.final_counts())
    assert not town.stores.suppressions.suppressed([("email", "bystander.6@acme.example")])


def test_the_sprint_file_tells_what_the_policy_may_be() -> None:
    text = "name: x\ntarget: {collected: 1, unique: 1}\nprofile: {titles: [A]}\nbudget: {usd: 1}\n"
    text += "segments: [{id: a, source: apollo, leads: 1}]\nprivacy: {eu_uk: maybe}\n"
    with pytest.raises(SprintFileError, match=r"privacy\.eu_uk.*'skip' or 'collect_with_notice'"):
        parse_sprint(text, "sprint.yaml")
    assert town_sprint().privacy.eu_uk == "collect_with_notice"
