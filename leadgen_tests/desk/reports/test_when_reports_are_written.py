"""Schedules, assets and the command that runs a sprint: which report is written when, and sent once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest

from leadgen_assets.assets.report import HOUR_TAG
from leadgen_assets.desk.reports import beside, periods
from leadgen_assets.desk.reports.publish import publish, publish_roll_up
from leadgen_assets.settings import Settings
from leadgen_assets.stores.mongo import now
from leadgen_assets.stores.reports import WrittenReport
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_tests.desk.reports.conftest import Reported
from leadgen_tests.sprint.office import Office, definitions, open_office
from leadgen_tests.sprint.plans import small_sprint

SIX = datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest.fixture
def office(tmp_path: Path, servers: dict[str, str]) -> Iterator[Office]:
    """An office whose instance a schedule can open anew."""
    with open_office(tmp_path, servers, dagster_home=True) as opened:
        yield opened


def tick(office: Office, name: str) -> Any:
    """Evaluate a schedule at six o'clock, as the daemon does."""
    repository = definitions().get_repository_def()
    with (
        office.at_work(),
        dg.ScheduleEvaluationContext(
            instance_ref=office.instance.get_ref(),
            scheduled_execution_time=SIX,
            repository_def=repository,
            resources={"stores": repository.get_top_level_resources()["stores"]},
        ) as context,
    ):
        return definitions().resolve_schedule_def(name).evaluate_tick(context)


def test_the_hourly_schedule_does_something_only_while_a_sprint_runs(office: Office) -> None:
    """REQ-023, OPS-05: the hour that has passed, and the launch report where there is none yet."""
    assert tick(office, "hourly_reports").skip_message == "no sprint runs"
    key = office.open(small_sprint("scheduled", {"apollo-1": 10}))
    assert tick(office, "hourly_reports").skip_message == "no sprint runs"
    office.stores.book.set_state(key, SprintState.RUNNING)
    [first] = tick(office, "hourly_reports").run_requests
    with office.at_work():
        publish(office.stores, Settings(), "launch", key)
    [second] = tick(office, "hourly_reports").run_requests
    office.stores.book.set_state(key, SprintState.FINISHED)

    assert (first.partition_key, first.tags[HOUR_TAG]) == (key, "2026-11-22T05")
    assert first.run_key == second.run_key == f"{key}/2026-11-22T05"
    assert [each.to_user_string() for each in first.asset_selection] == ["launch_report", "hourly_report"]
    assert [each.to_user_string() for each in second.asset_selection] == ["hourly_report"]
    assert tick(office, "hourly_reports").skip_message == "no sprint runs"
    schedule = definitions().resolve_schedule_def("hourly_reports")
    assert (schedule.cron_schedule, schedule.default_status) == ("0 * * * *", dg.DefaultScheduleStatus.RUNNING)


def test_reports_that_did_not_arrive_are_looked_for_every_ten_minutes(office: Office) -> None:
    """OPS-07: a run is started only when there is something to send."""
    assert tick(office, "undelivered_reports").skip_message == "every report has arrived"
    book = office.stores.reports
    book.record(WrittenReport("s/sprint", "sprint", "s", SIX, SIX, now(), "s.html", "s.pdf", "says", "delivered"))
    book.claim("s/sprint", "mail", "team", "delivered")
    book.settle("s/sprint", "mail", "team", "delivered", "failed", "not accepted")

    assert len(tick(office, "undelivered_reports").run_requests) == 1


@pytest.mark.parametrize(
    ("schedule", "asset", "partition"),
    [
        ("write_daily_report", "daily_report", "2026-11-21"),
        ("write_weekly_report", "weekly_report", "2026-11-09"),
        ("write_monthly_report", "monthly_report", None),
    ],
)
def test_days_weeks_and_months_have_schedules_and_partitions(schedule: str, asset: str, partition: str | None) -> None:
    """PHX-06: written when their time is over."""
    found = definitions().resolve_schedule_def(schedule)
    partitions = definitions().resolve_assets_def(asset).partitions_def
    assert found.default_status is dg.DefaultScheduleStatus.RUNNING
    assert isinstance(partitions, dg.TimeWindowPartitionsDefinition)
    keys = partitions.get_partition_keys(current_time=SIX)
    assert (keys[-1] if keys else None) == partition


def test_the_final_report_was_written_and_sent_by_the_run_that_delivered(reported: Reported) -> None:
    """REQ-024: within the refinement's run; where it is and who has it is in the asset's metadata; its place on record."""
    refined = reported.office.runs["refine"]
    [made] = refined.asset_materializations_for_node("sprint_report")
    [written] = reported.office.stores.reports.list("sprint", reported.key)

    assert made.metadata["html"].value == written.html == "reported.html"
    assert str(made.metadata["says"].value).startswith("Delivered: ")
    assert made.metadata["delivered"].value == 1
    assert made.metadata["not_delivered"].value == 0
    assert reported.seen.opened.result["report"] == str(reported.office.home / "reports" / "reported.html")


def test_materialising_again_writes_anew_and_sends_nothing(reported: Reported) -> None:
    """OPS-07, design rule 1."""
    office = reported.office
    [before] = office.stores.reports.list("sprint", reported.key)
    posts = len(office.sandbox.slack())
    with office.at_work():
        done = dg.materialize(
            [definitions().resolve_assets_def("sprint_report")],
            partition_key=reported.key,
            instance=office.instance,
        )
    [after] = office.stores.reports.list("sprint", reported.key)

    assert done.success
    assert after.written_at > before.written_at
    assert len(office.sandbox.slack()) == posts
    sent = [(each.channel, each.attempts) for each in after.deliveries if each.state == "delivered"]
    assert sent == [("slack", 1)]


def test_an_hourly_asset_writes_the_hour_in_its_tag(reported: Reported) -> None:
    """REQ-023: the run of a schedule tells the hour that has passed."""
    office = reported.office
    with office.at_work():
        done = dg.materialize(
            [definitions().resolve_assets_def("hourly_report")],
            partition_key=reported.key,
            instance=office.instance,
            tags={HOUR_TAG: "2026-11-22T04"},
        )
    [made] = done.asset_materializations_for_node("hourly_report")
    assert made.metadata["pdf"].value == "reported.hour-2026-11-22T04.pdf"


def test_a_period_in_which_nothing_happened_is_written_and_not_sent(reported: Reported) -> None:
    """PHX-06: nobody is sent an empty report."""
    office, posts = reported.office, len(reported.office.sandbox.slack())
    with office.at_work():
        quiet = publish_roll_up(
            office.stores, Settings(), "weekly", periods.roll_up("weekly", datetime(2025, 1, 1, tzinfo=UTC))
        )

    assert quiet.headline == "No sprint was worked on; $0.00 were spent."
    assert quiet.deliveries == ()
    assert len(office.sandbox.slack()) == posts


def test_the_command_that_runs_a_sprint_writes_launch_and_hours_itself(office: Office) -> None:
    """REQ-023, OPS-05: without a daemon too, the launch report once; a report that fails stops nothing."""
    key = office.open(small_sprint("conducted", {"apollo-1": 10}))
    kinds: list[str] = []

    def note(stores: Any, settings: Any, kind: str, sprint: str, period: Any = None) -> None:
        kinds.append(kind)
        raise RuntimeError("no room on the disk")

    in_a_moment = periods.Period("now", SIX, datetime.now(UTC))
    with patch.object(beside, "publish", note), patch.object(beside.periods, "hour_of", lambda at: in_a_moment):
        with office.at_work(), beside.reports_beside(office.stores, Settings(), key):
            deadline = time.monotonic() + 10
            while "hourly" not in kinds and time.monotonic() < deadline:
                time.sleep(0.01)
        told = list(kinds)
    assert told[:2] == ["launch", "hourly"]
    with office.at_work():
        first = publish(office.stores, Settings(), "launch", key)
        with patch.object(beside, "publish", note), beside.reports_beside(office.stores, Settings(), key):
            pass
    assert kinds.count("launch") == 1
    assert first.html == "conducted.launch.html"
