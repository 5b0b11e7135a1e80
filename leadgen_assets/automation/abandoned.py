"""Runs whose process is gone: found and closed, whoever launched them and on whatever machine (NFR-006).

Three ways to know, the surest first: the process itself, for runs that are executed on this machine; the code server that
was to start it, for a run whose process has not told who it is; and the run's pulse, for all runs that are elsewhere. A run
of another machine is never judged by the process ids of this one. That a code server has gone says nothing about runs that
have told their process: they outlive it.
"""

import json
import os
from collections.abc import Mapping, Sequence

import dagster as dg
import psutil
from dagster._core.storage.tags import GRPC_INFO_TAG

from leadgen_assets.resources.stores import MACHINE_TAG, OWNER_TAG, TAGGED_RUN_TAG, Stores
from leadgen_assets.stores.owner import answers, mark_of, process_at
from leadgen_assets.stores.pulse import Pulses, machine

UNDER_WAY = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]
"""On record as running, whether their process lives or not."""
GONE = "The process that executed this run is gone."


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks runs whose process or machine is gone as failed and frees their pool slots; then Dagster retries them.",
)
def abandoned_runs(context: dg.SensorEvaluationContext, stores: Stores) -> dg.SkipReason:
    """No run monitoring of Dagster's sees a worker machine that has gone: its run launchers ask the worker."""
    closed = close_killed_runs(context.instance, stores.opened.pulses)
    return dg.SkipReason(f"{closed} runs were abandoned and are closed" if closed else "no run is abandoned")


def owner_tags() -> dict[str, str]:
    """Tags of a run that this process executes."""
    return {OWNER_TAG: mark_of(os.getpid()), MACHINE_TAG: machine()}


def close_killed_runs(instance: dg.DagsterInstance, pulses: Pulses) -> int:
    """Mark runs whose process is gone as failed and free their pool slots. Returns how many there were."""
    gone = killed_runs(instance, pulses)
    for run in gone:
        close(instance, pulses, run)
    return len(gone)


def close(instance: dg.DagsterInstance, pulses: Pulses, run: dg.DagsterRun) -> None:
    """Mark a run whose process is gone as failed and free its pool slots; unless it has ended well in the moment since."""
    if not is_here(run):
        pulses.end(run.run_id)
    now = instance.get_run_by_id(run.run_id)
    if now is not None and not now.is_finished:
        instance.report_run_failed(run, GONE)
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def killed_runs(
    instance: dg.DagsterInstance, pulses: Pulses, runs: Sequence[dg.DagsterRun] | None = None
) -> list[dg.DagsterRun]:
    """Runs, of these or of all, that are on record as running while their process is gone."""
    under_way = instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY)) if runs is None else runs
    elsewhere = [run.run_id for run in under_way if MACHINE_TAG in whereabouts(run) and not _can_be_seen(run)]
    silent = pulses.silent(elsewhere)
    return [run for run in under_way if run.run_id in silent or _is_seen_to_be_gone(run)]


def whereabouts(run: dg.DagsterRun) -> Mapping[str, str]:
    """The tags that say where the run is executed; not those that it has from the run whose retry it is."""
    is_own = run.tags.get(TAGGED_RUN_TAG, run.run_id) == run.run_id
    return {name: run.tags[name] for name in (OWNER_TAG, MACHINE_TAG) if is_own and name in run.tags}


def is_here(run: dg.DagsterRun) -> bool:
    """Whether the run is executed by a process of this machine whose id we know."""
    known = whereabouts(run)
    return OWNER_TAG in known and known.get(MACHINE_TAG, machine()) == machine()


def owner_process(run: dg.DagsterRun) -> psutil.Process | None:
    """The process of this machine that executes the run; None when it is gone, or elsewhere."""
    try:
        found = process_at(whereabouts(run)[OWNER_TAG]) if is_here(run) else None
        return None if found is None or found.status() == psutil.STATUS_ZOMBIE else found
    except psutil.Error:
        return None


def machine_mark() -> str:
    """Part of the path of every socket that a code server of ours has, so that others know which machine's it is."""
    return machine().rpartition("-")[2]


def _can_be_seen(run: dg.DagsterRun) -> bool:
    return is_here(run) or (whereabouts(run).get(MACHINE_TAG) == machine() and _code_server(run) is not None)


def _is_seen_to_be_gone(run: dg.DagsterRun) -> bool:
    if is_here(run):
        return owner_process(run) is None
    server, told = _code_server(run), whereabouts(run).get(MACHINE_TAG)
    if server is None or not (told == machine() or (told is None and machine_mark() in server)):
        return False
    return not answers(server)


def _code_server(run: dg.DagsterRun) -> str | None:
    """Path of the socket of the code server that was to start the run; on this machine or another."""
    known: dict[str, str] = json.loads(run.tags.get(GRPC_INFO_TAG, "{}"))
    return known.get("socket")
