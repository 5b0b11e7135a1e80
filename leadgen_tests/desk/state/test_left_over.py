"""Landed records that never became leads: told wherever a sprint's end is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from leadgen_assets.desk.health import Verdict, last_sprint
from leadgen_assets.desk.state.verdict import verdict
from leadgen_assets.desk.status import sprint_status
from leadgen_assets.stores.raw_pages import RawPage
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_tests.desk.state.conftest import KEY, Office

REFINED = {"delivered": 10, "leads": 9, "duplicates": 1, "suppressed": 0, "quarantined": 0}


@pytest.fixture
def refined(office: Office) -> Office:
    """A sprint that is over, in which the refinement has seen all that had landed."""
    office.open()
    for segment in ("apollo-1", "zoominfo-1"):
        office.page(segment, 1, leads=9, duplicates=1)
    office.stores.book.record_counts(KEY, {"apollo-1": REFINED, "zoominfo-1": REFINED})
    office.stores.book.set_state(KEY, SprintState.FINISHED)
    return office


def land(office: Office, segment: str) -> None:
    office.stores.raw_pages.land(RawPage(KEY, segment, "apollo", 2, [{"id": 1}], {}, datetime.now(UTC)))


def test_a_refinement_that_has_seen_everything_leaves_nothing_over(refined: Office) -> None:
    """NFR-007."""
    assert sprint_status(refined.stores, KEY).left_over == ()


def test_a_page_that_nobody_made_leads_of_is_left_over(refined: Office) -> None:
    """NFR-007: the run that landed it failed before it was ingested; the desk says so, and what to do."""
    land(refined, "apollo-2")

    assert sprint_status(refined.stores, KEY).left_over == ("apollo-2",)
    state = refined.reader().read()
    assert state["sprint"]["left_over"] == ["apollo-2"]
    told = verdict({**state, "progress": {**state["progress"], "qualified": 9}})
    assert told.severity == "CRITICAL"
    assert "apollo-2 have landed and are no leads yet" in told.says
    [finding] = last_sprint(refined.stores)
    assert finding.verdict is Verdict.FAIL
    assert "apollo-2" in finding.detail


def test_records_that_were_ingested_but_not_refined_are_left_over(refined: Office) -> None:
    """NFR-007: its run failed between the ingest and the asset that the refinement reads."""
    refined.page("apollo-1", 2, leads=3)

    assert sprint_status(refined.stores, KEY).left_over == ("apollo-1",)


def test_a_sprint_under_way_has_nothing_left_over(refined: Office) -> None:
    """NFR-007: what lands now is refined later."""
    land(refined, "apollo-2")
    refined.stores.book.set_state(KEY, SprintState.RUNNING)

    assert sprint_status(refined.stores, KEY).left_over == ()
