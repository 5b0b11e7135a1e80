"""The reports as assets: launch, every hour, the sprint's result, and days, weeks and months over all sprints.

Each is an HTML page and a PDF below LEADGEN_HOME/reports. To materialise one again writes the files anew and sends
nothing twice.
"""

from collections import Counter

import dagster as dg

from leadgen_assets.desk.reports import periods
from leadgen_assets.partitions import SPRINTS
from leadgen_assets.resources.reports import Reports
from leadgen_assets.resources.stores import Stores
from leadgen_assets.resources.vendors import Vendors
from leadgen_assets.stores.reports import ReportKind, WrittenReport

HOUR_TAG = "leadgen/hour"
"""Run tag that names the hour (UTC) of an hourly report, "2026-11-22T05"; without it, the present one."""
FIRST_MONDAY = "2026-11-02"
_OWNERS = ["team:revenue-operations"]
_KINDS = {"html", "pdf"}


@dg.asset(
    description="The sprint's final report: summary, statistics, performance, errors, infrastructure, quality, alerts, cost, "
    "lessons and recommendations, as HTML and PDF; sent to team, project manager and management.",
    partitions_def=SPRINTS,
    deps=["crm_sync"],
    group_name="deliver",
    owners=_OWNERS,
    kinds=_KINDS,
)
def sprint_report(
    context: dg.AssetExecutionContext, stores: Stores, vendors: Vendors, reports: Reports
) -> dg.MaterializeResult[None]:
    """Where the report is, what it says, and who has it. The vendors' usage is read first, so that it tells what was billed."""
    stores.opened.live.stage(context.partition_key, "sprint_report", context.run_id)
    vendors.reconcile(stores.opened, context.partition_key)
    return _told(reports.of_sprint(stores.opened, "sprint", context.partition_key))


@dg.asset(
    description="Where a running sprint stands, every hour: collection, quality, performance, issues and alerts, cost.",
    partitions_def=SPRINTS,
    group_name="reports",
    owners=_OWNERS,
    kinds=_KINDS,
)
def hourly_report(context: dg.AssetExecutionContext, stores: Stores, reports: Reports) -> dg.MaterializeResult[None]:
    """The report of the hour in the run's tag, or of the present one."""
    name = context.run.tags.get(HOUR_TAG)
    hour = periods.hour_named(name) if name else None
    return _told(reports.of_sprint(stores.opened, "hourly", context.partition_key, hour))


@dg.asset(
    description="What a sprint is going to collect, where, for how much, and what it will be judged by.",
    partitions_def=SPRINTS,
    group_name="reports",
    owners=_OWNERS,
    kinds=_KINDS,
)
def launch_report(context: dg.AssetExecutionContext, stores: Stores, reports: Reports) -> dg.MaterializeResult[None]:
    """The plan as it stands."""
    return _told(reports.of_sprint(stores.opened, "launch", context.partition_key))


def _roll_up(kind: ReportKind, about: str, partitions: dg.TimeWindowPartitionsDefinition) -> dg.AssetsDefinition:
    @dg.asset(
        name=f"{kind}_report",
        description=f"{about}, over all sprints.",
        partitions_def=partitions,
        group_name="reports",
        owners=_OWNERS,
        kinds=_KINDS,
    )
    def report(context: dg.AssetExecutionContext, stores: Stores, reports: Reports) -> dg.MaterializeResult[None]:
        period = periods.roll_up(kind, context.partition_time_window.start)
        return _told(reports.roll_up(stores.opened, kind, period))

    return report


daily_report = _roll_up(
    "daily",
    "Operations of a day: sprints, open matters, alerts, cost",
    dg.DailyPartitionsDefinition(start_date=FIRST_MONDAY),
)
weekly_report = _roll_up(
    "weekly",
    "Performance of a week: against the week before, day by day, pace, quality, cost",
    dg.WeeklyPartitionsDefinition(start_date=FIRST_MONDAY, day_offset=1),
)
monthly_report = _roll_up(
    "monthly",
    "A month for management: results, against the month before, cost and projection",
    dg.MonthlyPartitionsDefinition(start_date="2026-11-01"),
)
REPORTS = [sprint_report, hourly_report, launch_report, daily_report, weekly_report, monthly_report]


def _told(written: WrittenReport) -> dg.MaterializeResult[None]:
    states = Counter(each.state for each in written.deliveries if each.edition == written.edition)
    return dg.MaterializeResult(
        metadata={
            "says": written.headline,
            "html": written.html,
            "pdf": written.pdf,
            "as_of": dg.MetadataValue.timestamp(written.written_at),
            "delivered": states["delivered"],
            "not_delivered": states["failed"] + states["sending"],
            "channels_off": states["off"],
        }
    )
