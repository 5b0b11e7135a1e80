"""Sensors and the schedule on a real instance: what starts, once, and what does not."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from leadgen_assets.partitions import SEGMENTS, SPRINTS
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_tests.sprint.office import Office, definitions, open_office
from leadgen_tests.sprint.plans import small_sprint
from leadgen_tests.sprint.sensors import tick


@pytest.fixture
def office(tmp_path: Path, servers: dict[str, str]) -> Iterator[Office]:
    """An office whose instance can be opened anew, as the daemon and code server do."""
    with open_office(tmp_path, servers, dagster_home=True) as opened:
        yield opened


FILES = {"sales-navigator-1": 20, "sales-navigator-2": 15}


def test_dropped_exports_start_their_segments_once(office: Office) -> None:
    """REQ-001: files that match a segment start it; the same files again do not, a further file does."""
    assert tick(office, "dropped_exports").skip_message == "no sprint is open"
    key = office.stores.book.open("dropped", small_sprint("dropped", FILES)) and "dropped"
    first = tick(office, "dropped_exports")
    again = tick(office, "dropped_exports", first.cursor)
    _drop(office, "segment-1-more.csv", age=60)
    _drop(office, "segment-2-still-copying.csv", age=0)
    further = tick(office, "dropped_exports", again.cursor)

    assert [each.partition_key for each in first.run_requests] == [f"{each}|{key}" for each in FILES]
    assert all(each.asset_selection == [dg.AssetKey("raw_sales_navigator"), dg.AssetKey("normalized_sales_navigator")]
               for each in first.run_requests)  # fmt: skip
    assert set(office.instance.get_dynamic_partitions(str(SEGMENTS.name))) == set(FILES)
    assert again.run_requests == []
    assert [each.partition_key for each in further.run_requests] == ["sales-navigator-1|dropped"]
    office.stores.book.set_state("dropped", SprintState.STOPPED)
    assert tick(office, "dropped_exports").skip_message == "no sprint is open"


def _drop(office: Office, name: str, age: float) -> None:
    path = office.home / "imports" / "sales_navigator" / name
    path.write_text("First Name,Last Name,URL,Email Address,Company,Position,Connected On\n")
    os.utime(path, (time.time() - age,) * 2)


def test_a_sprint_is_refined_when_its_last_segment_is_normalised(office: Office) -> None:
    """REQ-019: refinement and CRM sync start by themselves, once for a state of the data; paused segments are not
    waited for."""
    assert tick(office, "collected_sprint").skip_message == "no sprint is being collected"
    key = office.open(small_sprint("collected", {**FILES, "apollo-1": 10}))
    office.stores.book.set_state(key, SprintState.RUNNING)
    office.stores.book.pause(key, "apollo-1")
    _normalise(office, key, "sales-navigator-1")
    assert tick(office, "collected_sprint").skip_message == "sales-navigator-2 is not normalised yet"
    _normalise(office, key, "sales-navigator-2")
    first, again = (tick(office, "collected_sprint").run_requests for _ in range(2))
    _normalise(office, key, "sales-navigator-2")
    later = tick(office, "collected_sprint").run_requests

    assert [each.partition_key for each in first] == [key]
    assert first[0].run_key == again[0].run_key != later[0].run_key
    assert definitions().resolve_sensor_def("collected_sprint").job_name == "refine"


def _normalise(office: Office, key: str, segment: str) -> None:
    """As far as Dagster knows, the segment is normalised."""
    place = dg.MultiPartitionKey({"sprint": key, "segment": segment})
    office.instance.report_runless_asset_event(dg.AssetMaterialization("normalized_sales_navigator", partition=place))


@pytest.fixture
def monday(office: Office) -> Iterator[Any]:
    """The schedule's tick of a Monday morning in New York."""
    repository = definitions().get_repository_def()
    with (
        office.at_work(),
        dg.ScheduleEvaluationContext(
            instance_ref=office.instance.get_ref(),
            scheduled_execution_time=datetime(2026, 11, 23, 6, tzinfo=ZoneInfo("America/New_York")),
            repository_def=repository,
            resources={"stores": repository.get_top_level_resources()["stores"]},
        ) as context,
    ):
        yield definitions().resolve_schedule_def("open_sprint").evaluate_tick(context)


def test_the_schedule_opens_a_sprint_of_ten_segments(office: Office, monday: Any) -> None:
    """REQ-003, NFR-008: a sprint named after the day, on record, a run for each segment; off until turned on."""
    key = "performance-marketers-2026-11-23"
    opened = office.stores.book.get(key)

    assert (opened.state, len(opened.sprint.segments)) == (SprintState.RUNNING, 10)
    assert {each.partition_key for each in monday.run_requests} == {
        f"{each.id}|{key}" for each in opened.sprint.segments
    }
    assert len({each.run_key for each in monday.run_requests}) == 10
    assert office.instance.get_dynamic_partitions(str(SPRINTS.name)) == [key]
    schedule = definitions().resolve_schedule_def("open_sprint")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
