"""When reports are written: every hour while a sprint runs, every day, week and month; and tried again until they arrive."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg

from leadgen_assets.assets.report import HOUR_TAG
from leadgen_assets.desk.reports import periods
from leadgen_assets.desk.reports.delivery import RETRIED_FOR
from leadgen_assets.resources.reports import Reports
from leadgen_assets.resources.stores import Stores
from leadgen_assets.stores.mongo import now
from leadgen_assets.stores.sprint_book import SprintState

SPRINT_REPORTS = dg.define_asset_job(
    "sprint_reports",
    selection=dg.AssetSelection.assets("hourly_report", "launch_report"),
    description="Reports of a sprint that runs: at its launch, and every hour.",
)
DAILY, WEEKLY, MONTHLY = (
    dg.define_asset_job(
        f"{kind}_reports",
        selection=dg.AssetSelection.assets(f"{kind}_report"),
        description=f"The {kind} report over all sprints.",
    )
    for kind in periods.ROLL_UPS
)


@dg.schedule(
    job=SPRINT_REPORTS,
    cron_schedule="0 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="The hourly report of every sprint that runs (REQ-023), and its launch report where none was written.",
)
def hourly_reports(context: dg.ScheduleEvaluationContext, stores: Stores) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run a running sprint and hour, whoever else may have written its report meanwhile."""
    running = [each.key for each in stores.opened.book.list() if each.state is SprintState.RUNNING]
    if not running:
        yield dg.SkipReason("no sprint runs")
        return
    hour = periods.hour_of(context.scheduled_execution_time - timedelta(minutes=1)).name
    known = set(context.instance.get_dynamic_partitions("sprint"))
    for sprint in (each for each in running if each in known):
        wanted = ["hourly_report"]
        if not stores.opened.reports.list("launch", sprint, limit=1):
            wanted.insert(0, "launch_report")
        yield dg.RunRequest(
            run_key=f"{sprint}/{hour}",
            partition_key=sprint,
            asset_selection=[dg.AssetKey(each) for each in wanted],
            tags={HOUR_TAG: hour},
        )


@dg.op(description="Sends reports of the last day that did not arrive once more.")
def send_reports_again(context: dg.OpExecutionContext, stores: Stores, reports: Reports) -> None:
    """What still does not arrive stays on record as failed, and raises an alert."""
    for each in reports.send_undelivered(stores.opened):
        failed = sum(1 for delivery in each.deliveries if delivery.state == "failed")
        context.log.info(f"{each.report_id}: {failed} deliveries failed again" if failed else f"{each.report_id}: sent")


@dg.job(description="Reports that did not arrive are sent again (OPS-07).")
def report_deliveries() -> None:
    """One step."""
    send_reports_again()


@dg.schedule(
    job=report_deliveries,
    cron_schedule="*/10 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every ten minutes: is there a report that did not arrive?",
)
def undelivered_reports(stores: Stores) -> dg.RunRequest | dg.SkipReason:
    """A run only when there is something to send."""
    waiting = stores.opened.reports.undelivered(now() - RETRIED_FOR)
    return dg.RunRequest() if waiting else dg.SkipReason("every report has arrived")


REPORT_JOBS: list[Any] = [SPRINT_REPORTS, DAILY, WEEKLY, MONTHLY, report_deliveries]
REPORT_SCHEDULES = [
    hourly_reports,
    undelivered_reports,
    *(
        dg.build_schedule_from_partitioned_job(
            job,
            name=f"write_{kind}_report",
            hour_of_day=hour,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=f"The {kind} report, when its time is over (UTC).",
        )
        for kind, job, hour in (("daily", DAILY, 5), ("weekly", WEEKLY, 6), ("monthly", MONTHLY, 6))
    ),
]
