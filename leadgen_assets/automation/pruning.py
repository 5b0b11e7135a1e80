"""Old runs out of Dagster's storage, without forgetting what is materialised.

Dagster deletes ticks by itself (`retention` in dagster.yaml), but never runs and their events. Deleting a run deletes the
materialisations it made, too; so the run that made a partition what it is now stays, however old: the asset graph shows
the partition as made, and the gate in front of the CRM finds the data that checks passed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import dagster as dg

PAGE = 200
"""Runs read at a time."""
_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


@dataclass
class Pruned:
    """What pruning did, or would do."""

    before: datetime
    is_rehearsal: bool
    deleted: int = 0
    kept: int = 0
    """Old runs that made what is there now."""
    jobs: dict[str, int] = field(default_factory=dict)
    """{job: runs deleted}."""


def prune(instance: dg.DagsterInstance, before: datetime, *, is_rehearsal: bool = False) -> Pruned:
    """Delete runs that were over before `before`, and their events; with `is_rehearsal` only count them."""
    done = Pruned(before, is_rehearsal)
    for run in list(_old(instance, before)):
        if _made_what_is_there(instance, run.run_id):
            done.kept += 1
            continue
        done.deleted += 1
        done.jobs[run.job_name] = done.jobs.get(run.job_name, 0) + 1
        if not is_rehearsal:
            instance.delete_run(run.run_id)
    return done


def _old(instance: dg.DagsterInstance, before: datetime) -> Iterator[dg.DagsterRun]:
    wanted = dg.RunsFilter(statuses=_OVER, updated_before=before)
    cursor = None
    while found := instance.get_runs(wanted, cursor=cursor, limit=PAGE):
        yield from found
        cursor = found[-1].run_id


def _made_what_is_there(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether any materialisation of the run is the latest of its partition."""
    made = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
    events = [record.event_log_entry.get_dagster_event() for record in made]
    return any(_latest_maker(instance, event) == run_id for event in events)


def _latest_maker(instance: dg.DagsterInstance, event: dg.DagsterEvent) -> str | None:
    """The run that materialised the same partition last."""
    asset = event.asset_key
    if asset is None:
        return None
    partitions = [event.partition] if event.partition is not None else None
    wanted = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=partitions)
    latest = instance.fetch_materializations(wanted, limit=1).records
    return latest[0].event_log_entry.run_id if latest else None
