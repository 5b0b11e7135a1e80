"""Runs whose process is gone: found and closed, whoever launched them and on whatever machine (NFR-006).

Three ways to know, the surest first: the process itself, for runs that a command executes on this machine; the code server
that is the parent of a run launched from this machine's web UI; and the run's pulse, for all runs that are elsewhere. A run
of another machine is never judged by the process ids of this one.
"""

import json
import os
import socket
from collections.abc import Mapping, Sequence

import dagster as dg
import psutil
from dagster._core.storage.tags import GRPC_INFO_TAG

from leadgen_assets.resources.stores import MACHINE_TAG, Stores
from leadgen_assets.stores.owner import mark_of, process_at
from leadgen_assets.stores.pulse import Pulses, machine

OWNER_TAG = "leadgen/process"
"""Run tag with the id and start time of the process that executes the run: tells a killed run from a slow one."""
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
    """Mark a run whose process is gone as failed and free its pool slots."""
    if not is_here(run.tags):
        pulses.end(run.run_id)
    instance.report_run_failed(run, GONE)
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def killed_runs(
    instance: dg.DagsterInstance, pulses: Pulses, runs: Sequence[dg.DagsterRun] | None = None
) -> list[dg.DagsterRun]:
    """Runs, of these or of all, that are on record as running while their process is gone."""
    under_way = instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY)) if runs is None else runs
    elsewhere = [run.run_id for run in under_way if MACHINE_TAG in run.tags and not _can_be_seen(run.tags)]
    silent = pulses.silent(elsewhere)
    return [run for run in under_way if run.run_id in silent or _is_seen_to_be_gone(run.tags)]


def is_here(tags: Mapping[str, str]) -> bool:
    """Whether the run is executed by a process of this machine whose id we know."""
    return OWNER_TAG in tags and tags.get(MACHINE_TAG, machine()) == machine()


def owner_process(tags: Mapping[str, str]) -> psutil.Process | None:
    """The process of this machine that executes a run with these tags; None when it is gone, or elsewhere."""
    try:
        return process_at(tags[OWNER_TAG]) if is_here(tags) else None
    except psutil.AccessDenied:
        return None


def _can_be_seen(tags: Mapping[str, str]) -> bool:
    return is_here(tags) or (tags.get(MACHINE_TAG) == machine() and _code_server(tags) is not None)


def _is_seen_to_be_gone(tags: Mapping[str, str]) -> bool:
    if is_here(tags):
        return owner_process(tags) is None
    # launched from the web UI or by a sensor: a child of a code server, which ends with it
    server = _code_server(tags)
    return server is not None and tags.get(MACHINE_TAG) == machine() and not _answers(server)


def _code_server(tags: Mapping[str, str]) -> str | None:
    """Path of the socket of the code server that the run is a child of; on this machine or another."""
    known: dict[str, str] = json.loads(tags.get(GRPC_INFO_TAG, "{}"))
    return known.get("socket")


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(path)
        except OSError:
            return False
    return True
