"""Sensors: dropped export files start their segments, a collected sprint is refined, failures are told once."""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg
from dagster import AssetCheckKey
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from leadgen_assets.assets.failures import told
from leadgen_assets.automation.jobs import COLLECT, REFINE
from leadgen_assets.partitions import SEGMENTS, SPRINTS
from leadgen_assets.resources.notify import Desk
from leadgen_assets.resources.stores import Stores
from leadgen_assets.sprint_file import Segment
from leadgen_assets.stores.sprint_book import SprintState

SETTLED_SECONDS = 5
"""A file that changed less than this ago may still be on its way."""


@dg.sensor(
    job=COLLECT,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sales Navigator exports dropped into LEADGEN_HOME/imports start the segments whose pattern they match.",
)
def dropped_exports(context: dg.SensorEvaluationContext, stores: Stores) -> dg.SensorResult | dg.SkipReason:
    """One run per segment and set of files: the same files again start nothing."""
    latest = stores.opened.book.latest()
    if latest is None or latest.state in (SprintState.FINISHED, SprintState.STOPPED):
        return dg.SkipReason("no sprint is open")
    seen: dict[str, str] = json.loads(context.cursor or "{}")
    requests = []
    for segment in latest.sprint.segments:
        files = _settled(stores.imports, segment)
        if segment.source != "sales_navigator" or segment.paused or not files:
            continue
        place, mark = f"{latest.key}/{segment.id}", _fingerprint(files)
        if seen.get(place) == mark:
            continue
        seen[place] = mark
        requests.append(_collect_request(latest.key, segment, f"{place}/{mark}"))
    partitions = [
        SPRINTS.build_add_request([latest.key]),
        SEGMENTS.build_add_request([each.id for each in latest.sprint.segments]),
    ]
    return dg.SensorResult(run_requests=requests, dynamic_partitions_requests=partitions, cursor=json.dumps(seen))


@dg.sensor(
    job=REFINE,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Refines a sprint as soon as every segment of it is normalised (REQ-019). Off by default: "
    "`leadgen sprint start` refines by itself; turn it on together with the schedule.",
)
def collected_sprint(context: dg.SensorEvaluationContext, stores: Stores) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per state of the sprint's normalised partitions."""
    latest = stores.opened.book.latest()
    if latest is None or latest.state is not SprintState.RUNNING:
        yield dg.SkipReason("no sprint is being collected")
        return
    marks: list[str] = []
    for segment in latest.sprint.segments:
        key = dg.MultiPartitionKey({"sprint": latest.key, "segment": segment.id})
        made = context.instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey(f"normalized_{segment.source}"), asset_partitions=[key]), limit=1
        ).records
        if not made and not segment.paused:
            yield dg.SkipReason(f"{segment.id} is not normalised yet")
            return
        marks.extend(str(each.storage_id) for each in made)
    mark = hashlib.sha256("/".join(marks).encode()).hexdigest()[:16]
    yield dg.RunRequest(run_key=f"{latest.key}/{mark}", partition_key=latest.key)


@dg.run_failure_sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells the desk about a failed run, on its first attempt, whoever launched it and from where.",
)
def announce_failure(context: dg.RunFailureSensorContext, desk: Desk) -> None:
    """One message per failed run, naming the failing steps."""
    run = context.dagster_run
    if int(run.tags.get("dagster/retry_number", 0)):
        return
    # assets that are materialised from the web UI run in a job without a name of its own
    what = "materialisation" if run.job_name.startswith("__") else run.job_name
    errors = {event.step_key or "run": told(event) for event in context.get_step_failure_events()}
    desk.tell(
        title=f"{what} failed: {run.tags.get('dagster/partition', 'no partition')}",
        text="; ".join(f"{step}: {error}" for step, error in errors.items())
        or context.failure_event.message
        or "failed",
        severity="CRITICAL",
        key=f"run-failure/{what}/{run.tags.get('dagster/partition')}",
    )


def build_check_sensor(keys: Iterable[AssetCheckKey]) -> dg.SensorDefinition:
    """A sensor that tells the desk about every failed check, once."""
    watched = sorted(keys, key=lambda each: each.to_user_string())

    @dg.sensor(
        name="announce_checks",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells the desk about failed checks, each once: a check that does not block fails no run.",
    )
    def announce_checks(context: dg.SensorEvaluationContext, desk: Desk) -> dg.SensorResult:
        seen = int(context.cursor or 0)
        failed = {AssetCheckExecutionRecordStatus.FAILED}
        storage = context.instance.event_log_storage
        fresh = sorted(
            (
                record
                for key in watched
                for record in storage.get_asset_check_execution_history(key, limit=20, status=failed)
                if record.id > seen
            ),
            key=lambda record: record.id,
        )
        if fresh:
            names = [f"{each.key.to_user_string()} [{each.partition}]" for each in fresh]
            desk.tell(
                title=f"{len(fresh)} failed quality checks" if len(fresh) > 1 else "A quality check failed",
                text="\n".join(names),
                severity="WARNING",
                key=f"check-failure/{fresh[-1].id}",
            )
        cursor = str(max([seen, *(each.id for each in fresh)]))
        return dg.SensorResult(skip_reason=f"{len(fresh)} new failures", cursor=cursor)

    return announce_checks


SENSORS = [dropped_exports, collected_sprint, announce_failure]


def _settled(imports: Path, segment: Segment) -> list[Path]:
    if not segment.files:
        return []
    now = time.time()
    return sorted(
        each for each in imports.glob(segment.files) if each.is_file() and now - each.stat().st_mtime > SETTLED_SECONDS
    )


def _fingerprint(files: list[Path]) -> str:
    parts = (f"{each.name}:{each.stat().st_size}:{each.stat().st_mtime_ns}" for each in files)
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _collect_request(sprint: str, segment: Segment, run_key: str) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=run_key,
        partition_key=dg.MultiPartitionKey({"sprint": sprint, "segment": segment.id}),
        asset_selection=[dg.AssetKey(f"raw_{segment.source}"), dg.AssetKey(f"normalized_{segment.source}")],
    )
