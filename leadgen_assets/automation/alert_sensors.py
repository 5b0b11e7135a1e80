"""Sensors that raise and resolve alerts: from runs, from checks, from what was materialised, and the watch over the rules."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import dagster as dg
from dagster import AssetCheckKey
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)

from leadgen_assets.assets.failures import told
from leadgen_assets.partitions import dimensions
from leadgen_assets.resources.notify import Desk
from leadgen_assets.resources.stores import Stores
from leadgen_assets.sprint_file import Gates
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.reports import ReportBook

RUNNING = dg.DefaultSensorStatus.RUNNING
WATCH_SECONDS = 10
"""Less than the evaluator's lease lasts, so that a daemon that watches keeps watching."""
LOOK_SECONDS = 30
_MOST = 200


@dg.run_failure_sensor(
    minimum_interval_seconds=LOOK_SECONDS,
    default_status=RUNNING,
    description="Raises `workflow_failed` for a failed run, on its first attempt, whoever launched it and from where.",
)
def announce_failure(context: dg.RunFailureSensorContext, stores: Stores, desk: Desk) -> None:
    """One alert per job and partition, naming the failing steps."""
    run = context.dagster_run
    if int(run.tags.get("dagster/retry_number", 0)):
        return
    errors = {event.step_key or "run": told(event) for event in context.get_step_failure_events()}
    said = "; ".join(f"{step}: {error}" for step, error in errors.items())
    sprint, what = subject(run)
    text = said or context.failure_event.message or "failed"
    desk.happened(stores.opened, "workflow_failed", sprint=sprint, instance=what, text=text, is_bad=True)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    minimum_interval_seconds=LOOK_SECONDS,
    default_status=RUNNING,
    description="Resolves `workflow_failed` when the same job succeeds for the same partition.",
)
def announce_recovery(context: dg.RunStatusSensorContext, stores: Stores, desk: Desk) -> None:
    """Nothing to do for most runs: their job had not failed."""
    sprint, what = subject(context.dagster_run)
    desk.happened(
        stores.opened, "workflow_failed", sprint=sprint, instance=what, text="A later run succeeded.", is_bad=False
    )


def subject(run: dg.DagsterRun) -> tuple[str, str]:
    """Sprint and name of what a run was to do: ("autumn", "collect apollo-1"). No sprint: ""."""
    # assets that are materialised from the web UI run in a job without a name of its own
    what = "materialisation" if run.job_name.startswith("__") else run.job_name
    sprint, segment = place(run.tags.get("dagster/partition", ""))
    return sprint, f"{what} {segment}".strip()


def place(partition: str | None) -> tuple[str, str]:
    """Sprint and segment of a partition key, "" where it has none."""
    return dimensions(partition) if partition and "|" in partition else (partition or "", "")


def build_check_sensor(keys: Iterable[AssetCheckKey]) -> dg.SensorDefinition:
    """A sensor that raises an alert for every failed check, and resolves it when the check passes."""
    watched = sorted(keys, key=lambda each: each.to_user_string())

    @dg.sensor(
        name="announce_checks",
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=RUNNING,
        description="Raises `gate_failed` for checks that block and `check_failed` for those that do not; resolves them "
        "when the check passes on the same partition.",
    )
    def announce_checks(context: dg.SensorEvaluationContext, stores: Stores, desk: Desk) -> dg.SensorResult:
        seen = int(context.cursor or 0)
        fresh = [each for each in _results(context.instance, watched) if each.id > seen]
        latest = {(each.key, each.partition): each for each in sorted(fresh, key=lambda each: each.id)}
        open_now = {each.key for each in stores.opened.alerts.open()}
        for record in latest.values():
            rule, sprint, instance, text, is_bad = _finding(record)
            for each in [rule] if is_bad else ["gate_failed", "check_failed"]:
                if is_bad or (each, sprint, instance) in open_now:
                    desk.happened(stores.opened, each, sprint=sprint, instance=instance, text=text, is_bad=is_bad)
        cursor = str(max([seen, *(each.id for each in fresh)]))
        failed = sum(_finding(each)[4] for each in latest.values())
        return dg.SensorResult(skip_reason=f"{failed} new failures", cursor=cursor)

    return announce_checks


def _results(instance: dg.DagsterInstance, keys: list[AssetCheckKey]) -> Iterator[AssetCheckExecutionRecord]:
    """The latest finished results of each check."""
    done = {AssetCheckExecutionRecordStatus.FAILED, AssetCheckExecutionRecordStatus.SUCCEEDED}
    for key in keys:
        yield from instance.event_log_storage.get_asset_check_execution_history(key, limit=_MOST, status=done)


def _finding(record: AssetCheckExecutionRecord) -> tuple[str, str, str, str, bool]:
    """Rule, sprint, instance, text, and whether it is bad."""
    evaluation, key = record.evaluation, record.key
    sprint, segment = place(record.partition)
    name = key.name if key.name in Gates.model_fields else f"{key.asset_key.to_user_string()}/{key.name}"
    is_bad = record.status is AssetCheckExecutionRecordStatus.FAILED
    blocks = evaluation is None or evaluation.severity is dg.AssetCheckSeverity.ERROR
    said = (evaluation.description if evaluation else None) or key.to_user_string()
    text = f"{key.to_user_string()}: {said}" if is_bad else f"{key.to_user_string()} passed."
    return "gate_failed" if blocks else "check_failed", sprint, f"{name} {segment}".strip(), text, is_bad


Handler = Callable[[OpenStores, Desk, str, dict[str, Any]], None]


def build_asset_sensor(asset: str, handle: Handler, description: str) -> dg.SensorDefinition:
    """A sensor that hands every materialisation of an asset to `handle`, each once, oldest first."""

    @dg.sensor(
        name=f"{asset}_alerts",
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=RUNNING,
        description=description,
    )
    def look(context: dg.SensorEvaluationContext, stores: Stores, desk: Desk) -> dg.SensorResult:
        seen = int(context.cursor) if context.cursor else 0
        wanted = dg.AssetRecordsFilter(dg.AssetKey(asset), after_storage_id=seen)
        found = context.instance.fetch_materializations(wanted, limit=_MOST, ascending=True).records
        latest = {each.partition_key: each for each in found}
        for partition, record in latest.items():
            made = record.asset_materialization
            metadata = {name: value.value for name, value in made.metadata.items()} if made else {}
            handle(stores.opened, desk, partition or "", metadata)
        cursor = str(max([seen, *(each.storage_id for each in found)]))
        return dg.SensorResult(skip_reason=f"{len(latest)} materialisations looked at", cursor=cursor)

    return look


def scored(stores: OpenStores, desk: Desk, sprint: str, metadata: dict[str, Any]) -> None:
    """`quality` from the average score of the scored leads against the sprint's gate."""
    asked = stores.book.get(sprint).sprint.gates.average_quality_score
    average = metadata.get("average_score")
    if average is not None and metadata.get("leads"):
        figures = {"Measured": f"{average:,.1f}", "Threshold": f"below {asked:g}"}
        text = f"{metadata['leads']:,} scored leads have {average:,.1f} points on average, {asked:g} are agreed."
        _tell(stores, desk, "quality", sprint, text, average < asked, figures)


def synced(stores: OpenStores, desk: Desk, sprint: str, metadata: dict[str, Any]) -> None:
    """`crm_failures` from what a CRM load could not do."""
    failed = int(metadata.get("failed") or 0) + int(metadata.get("refused_by_mapping") or 0)
    figures = {"Measured": f"{failed:,}", "Created": f"{metadata.get('created', 0):,}"}
    text = f"{failed:,} leads were not taken by {metadata.get('target', 'the CRM')}; the reasons are in crm_outcomes."
    _tell(stores, desk, "crm_failures", sprint, text, failed > 0, figures)


def reported(stores: OpenStores, desk: Desk, sprint: str, metadata: dict[str, Any]) -> None:  # noqa: ARG001
    """`report_not_delivered` from the deliveries of the reports on record."""
    failed = [
        f"{report.kind} report to {each.to_role} by {each.channel}: {each.error or 'failed'}"
        for report in ReportBook(stores.db).list(sprint=sprint or None, limit=20)
        for each in report.deliveries
        if each.state == "failed" and each.edition == report.edition
    ]
    text = "; ".join(failed) or "Every report arrived."
    _tell(stores, desk, "report_not_delivered", sprint, text, bool(failed), {"Measured": str(len(failed))})


def _tell(
    stores: OpenStores, desk: Desk, rule: str, sprint: str, text: str, is_bad: bool, figures: dict[str, str]
) -> None:
    desk.happened(stores, rule, sprint=sprint, instance="", text=text, is_bad=is_bad, figures=figures)


@dg.sensor(
    minimum_interval_seconds=WATCH_SECONDS,
    default_status=RUNNING,
    description="Evaluates the alert rules while a daemon runs; the dashboard does it otherwise. One of them at a time.",
)
def desk_watch(desk: Desk) -> dg.SkipReason:
    """What came of one look."""
    changes = desk.watch()
    if changes is None:
        return dg.SkipReason("another process watches")
    return dg.SkipReason(", ".join(f"{each.alert.rule} {each.what}" for each in changes) or "nothing new")


ALERT_SENSORS = [
    announce_failure,
    announce_recovery,
    desk_watch,
    build_asset_sensor("scored_leads", scored, "Raises or resolves `quality` from the average score that was written."),
    build_asset_sensor("crm_sync", synced, "Raises or resolves `crm_failures` from the outcome of a CRM load."),
    build_asset_sensor(
        "sprint_report", reported, "Raises or resolves `report_not_delivered` from a report's deliveries."
    ),
    build_asset_sensor("hourly_report", reported, "The same for hourly reports."),
]
