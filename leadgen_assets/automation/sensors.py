"""Sensors that start runs: dropped export files start their segments, a collected sprint is refined."""

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from leadgen_assets.automation.jobs import COLLECT, REFINE
from leadgen_assets.partitions import SEGMENTS, SPRINTS
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
        requests.append(collect_request(latest.key, segment, f"{place}/{mark}"))
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


SENSORS = [dropped_exports, collected_sprint]


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


def collect_request(sprint: str, segment: Segment, run_key: str) -> dg.RunRequest:
    """A run that collects and normalises one segment."""
    return dg.RunRequest(
        run_key=run_key,
        partition_key=dg.MultiPartitionKey({"sprint": sprint, "segment": segment.id}),
        asset_selection=[dg.AssetKey(f"raw_{segment.source}"), dg.AssetKey(f"normalized_{segment.source}")],
    )
