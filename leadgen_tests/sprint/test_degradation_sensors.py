"""A sprint that Dagster runs by itself: targets move, and a CRM that is back gets the rest (PHX-04, REQ-019)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadgen_assets.collection.rebalancing import conducting
from leadgen_assets.delivery.waiting import ON_RECORD, CrmWait
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_tests.sprint.office import Office, definitions, open_office
from leadgen_tests.sprint.plans import small_sprint
from leadgen_tests.sprint.sensors import tick

SIZES = {"apollo-1": 30, "zoominfo-1": 40}


@pytest.fixture
def office(tmp_path: Path, servers: dict[str, str]) -> Iterator[Office]:
    with open_office(tmp_path, servers, dagster_home=True) as opened:
        yield opened


def targets(office: Office, key: str) -> dict[str, int]:
    return {each.id: each.leads for each in office.stores.book.get(key).sprint.segments}


def test_targets_move_and_their_segments_are_started_without_a_command(office: Office) -> None:
    """PHX-04: away and back, one run for each state of a target; not while a command does the same."""
    assert tick(office, "moved_targets").skip_message == "no sprint is being collected"
    key = office.open(small_sprint("alone", SIZES))
    office.stores.book.set_state(key, SprintState.RUNNING)
    office.stores.book.record_stop(key, "apollo-1", "HTTP 401", "credential rejected")
    office.sandbox.faults("apollo", expired_token=True)

    command = conducting(office.stores, office.home, key)
    assert command.take()
    assert "leadgen sprint start" in tick(office, "moved_targets").skip_message
    assert targets(office, key) == SIZES
    command.give_back()

    first, again = (tick(office, "moved_targets").run_requests for _ in range(2))
    assert targets(office, key) == {"apollo-1": 0, "zoominfo-1": 70}
    assert [each.partition_key for each in first] == [f"zoominfo-1|{key}"]
    assert first[0].run_key == again[0].run_key

    office.sandbox.faults("apollo", expired_token=False)
    back = tick(office, "moved_targets").run_requests
    assert targets(office, key) == SIZES
    assert {each.partition_key for each in back} == {f"apollo-1|{key}", f"zoominfo-1|{key}"}

    office.stores.book.set_state(key, SprintState.FINISHED)
    assert tick(office, "moved_targets").skip_message == "no sprint is being collected"


def test_the_rest_is_sent_when_the_crm_is_back(office: Office) -> None:
    """REQ-019, issue 4: after a sync that waited in vain, once; one that still waits is left alone."""
    assert tick(office, "crm_is_back").skip_message == "no sprint waits for its CRM"
    key, now = office.open(small_sprint("waits", SIZES)), datetime.now(UTC)
    waits = CrmWait("hubspot", now, "HTTP 503", now + timedelta(seconds=60), 12)
    office.stores.book.record_result(key, {ON_RECORD: waits.as_record()})
    assert tick(office, "crm_is_back").skip_message == "no sprint waits for its CRM"

    office.stores.book.record_result(key, {ON_RECORD: {**waits.as_record(), "next_try": None}})
    assert office.status(key).crm_waits == (
        f"hubspot has not answered since {now:%H:%M:%S} UTC: 12 leads wait, it is not asked any more"
    )
    office.sandbox.faults("hubspot", expired_token=True)
    assert tick(office, "crm_is_back").skip_message == "1 sprints wait for a CRM"
    office.sandbox.faults("hubspot", expired_token=False)
    first, again = (tick(office, "crm_is_back").run_requests for _ in range(2))
    assert [each.partition_key for each in first] == [key]
    assert first[0].run_key == again[0].run_key
    assert definitions().resolve_sensor_def("crm_is_back").job_name == "deliver"
