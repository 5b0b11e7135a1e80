"""Dagster runs in worker processes: ten segments at once, then the refinement, each one run of one partition.

The workers are forked from a server process that has imported the code location once; a run then costs what it does,
not what Dagster's start costs.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.forkserver import ensure_running
from pathlib import Path

import dagster as dg
import psutil
from dagster._core.storage.tags import GRPC_INFO_TAG

from leadgen_assets.assets.failures import told
from leadgen_assets.services.processes import ProcessIdentity

OWNER_TAG = "leadgen/process"
"""Run tag with the id and start time of the process that executes the run: tells a killed run from a slow one."""


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended. `problem` is for people: the failing step and its message, without a stack."""

    run_id: str
    succeeded: bool
    problem: str | None = None


UNDER_WAY = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]
"""On record as running, whether their process lives or not."""
ENVIRONMENT = ("DAGSTER_", "LEADGEN_")
"""Prefixes of the variables that workers take over as they are when a run is started."""


@contextmanager
def worker_pool(size: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of processes that have the code location loaded; loading starts at once, beside whatever else starts."""
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload(["leadgen_assets.cli.preload"])
    ensure_running()
    me = ProcessIdentity.current()
    with ProcessPoolExecutor(size, mp_context=forked, initializer=end_with, initargs=(me,)) as pool:
        yield pool


def end_with(conductor: ProcessIdentity) -> None:
    """End this process when that one has ended. A killed conductor cannot end its workers, which hold each other's pipes
    open; so each looks for itself."""

    def watch() -> None:
        while conductor.is_alive:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def start_collect(pool: ProcessPoolExecutor, logs: Path, sprint: str, segment: str, source: str) -> Future[RunOutcome]:
    """Collect and normalise one segment in a worker."""
    assets = [f"raw_{source}", f"normalized_{source}"]
    key = str(dg.MultiPartitionKey({"sprint": sprint, "segment": segment}))
    return pool.submit(execute, "collect", key, logs / f"{sprint}-{segment}.log", assets, _environment())


def start_refine(pool: ProcessPoolExecutor, logs: Path, sprint: str) -> Future[RunOutcome]:
    """Refine, gate and deliver one sprint in a worker."""
    return pool.submit(execute, "refine", sprint, logs / f"{sprint}-refine.log", None, _environment())


def execute(
    job: str, partition: str, log: Path, assets: Sequence[str] | None, environment: Mapping[str, str]
) -> RunOutcome:
    """Execute one run in this process; what it prints goes to `log`."""
    os.environ.update(environment)
    from leadgen_assets.definitions import defs
    from leadgen_assets.partitions import GRID

    print_to(log)
    with dg.DagsterInstance.get() as instance:
        key = GRID.get_partition_key_from_str(partition) if "|" in partition else partition
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance,
            partition_key=key,
            asset_selection=[dg.AssetKey(each) for each in assets] if assets else None,
            tags={OWNER_TAG: owner()},
            raise_on_error=False,
        )
        return RunOutcome(result.run_id, result.success, None if result.success else _problem(result))


def outcome_of(run: Future[RunOutcome]) -> RunOutcome:
    """How a finished run ended, also when its worker process did not survive it."""
    try:
        return run.result()
    except Exception as error:
        return RunOutcome(
            "", False, f"the worker process ended: {type(error).__name__}; its log is in LEADGEN_HOME/logs"
        )


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(ENVIRONMENT)}


def owner() -> str:
    """This process, by id and start time."""
    return f"{os.getpid()}@{psutil.Process().create_time():.2f}"


def close_killed_runs(instance: dg.DagsterInstance) -> int:
    """Mark runs whose process is gone as failed and free their pool slots. Returns how many there were."""
    gone = killed_runs(instance)
    for run in gone:
        instance.report_run_failed(run, "The process that executed this run is gone.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(gone)


def killed_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Runs that are on record as running, while their process is gone."""
    return [run for run in instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY)) if _is_gone(run.tags)]


def _is_gone(tags: Mapping[str, str]) -> bool:
    """Whether the process that executes the run has certainly ended; runs that others launch are left to them."""
    if OWNER_TAG in tags:
        return not _is_alive(tags[OWNER_TAG])
    # launched from the web UI or by a sensor: a child of a code server, which ends with it
    code_server = json.loads(tags.get(GRPC_INFO_TAG, "{}"))
    return "socket" in code_server and not _answers(code_server["socket"])


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(path)
        except OSError:
            return False
    return True


def _is_alive(held_by: str) -> bool:
    return owner_process({OWNER_TAG: held_by}) is not None


def owner_process(tags: Mapping[str, str]) -> psutil.Process | None:
    """The process that executes a run with these tags; None when it is gone."""
    pid, _, started = tags[OWNER_TAG].partition("@")
    try:
        process = psutil.Process(int(pid))
        return process if abs(process.create_time() - float(started)) < 1 else None
    except (psutil.Error, ValueError):
        return None


def print_to(log: Path) -> None:
    """Let what this process and its children print go to a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _problem(result: dg.ExecuteInProcessResult) -> str:
    messages = [
        each.description or each.check_name
        for each in result.get_asset_check_evaluations()
        if not each.passed and each.blocking
    ]
    if not messages:
        messages = [f"{event.step_key}: {told(event)}" for event in result.all_events if event.is_step_failure]
    return "; ".join(messages) or "the run failed before its first step; see its log"
