"""Dagster runs in worker processes: ten segments at once, then the refinement, each one run of one partition.

The workers are forked from a server process that has imported the code location once; a run then costs what it does,
not what Dagster's start costs.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from typing import Any, Protocol

import dagster as dg

from leadgen_assets.assets.failures import told
from leadgen_assets.automation.abandoned import owner_tags
from leadgen_assets.services.processes import ProcessIdentity

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended. `problem` is for people: the failing step and its message, without a stack."""

    run_id: str
    succeeded: bool
    problem: str | None = None


ENVIRONMENT = ("DAGSTER_", "LEADGEN_")
"""Prefixes of the variables that workers take over as they are when a run is started."""


MOST_STARTS = 3
"""How often a run is begun at most when its worker process is killed, or Dagster cannot write what the run does (NFR-006)."""
REST_SECONDS = (0.5, 3.0)
"""Before the second and before the third start: a full disk, a storage that is away may be well again."""


@dataclass(frozen=True)
class Workers:
    """Worker processes that have the code location loaded: so many at once, and each for one run, so that one that is
    killed takes no other along."""

    turns: ThreadPoolExecutor

    def submit(self, work: Callable[..., Any], *given: Any, may_restart: Callable[[], bool] = lambda: False) -> Any:
        """Do it in the next free worker; returns its future. When the worker is killed, or the work ends with an error, it is
        done again in another one, if `may_restart` says so; else the future has the error (`BrokenProcessPool`)."""
        return self.turns.submit(_in_a_worker, work, given, may_restart)


def _in_a_worker(work: Callable[..., Any], given: Sequence[Any], may_restart: Callable[[], bool]) -> Any:
    forked, me = multiprocessing.get_context("forkserver"), ProcessIdentity.current()
    for start in range(1, MOST_STARTS + 1):
        try:
            with ProcessPoolExecutor(1, mp_context=forked, initializer=end_with, initargs=(me,)) as worker:
                return worker.submit(work, *given).result()
        except Exception as error:
            if start == MOST_STARTS or not _may_begin_again(may_restart, REST_SECONDS[start - 1]):
                raise
            log.warning(
                "a run ended with its worker (%s); it begins again, %d of %d", _name(error), start + 1, MOST_STARTS
            )


def _may_begin_again(may_restart: Callable[[], bool], rest: float) -> bool:
    time.sleep(rest)
    try:
        return may_restart()
    except Exception as error:  # whom it asks may be away for the same reason; what the run ended with is what counts
        log.warning("whether the run may begin again cannot be asked (%s)", _name(error))
        return False


def _name(error: BaseException) -> str:
    return "killed" if isinstance(error, BrokenProcessPool) else type(error).__name__


@contextmanager
def worker_pool(size: int) -> Iterator[Workers]:
    """Workers; the code location is loaded for them at once, beside whatever else starts."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["leadgen_assets.cli.preload"])
    ensure_running()
    with ThreadPoolExecutor(size, thread_name_prefix="worker") as turns:
        yield Workers(turns)


def end_with(conductor: ProcessIdentity) -> None:
    """End this process when that one has ended. A killed conductor cannot end its workers, which hold each other's pipes
    open; so each looks for itself."""

    def watch() -> None:
        while conductor.is_alive:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Runs(Protocol):
    """Where runs are executed: in worker processes of this command, or wherever Dagster's run launcher puts them."""

    def start(self, job: str, partition: str, log: Path, assets: Sequence[str] | None) -> Future[RunOutcome]:
        """Begin a run of one partition; all assets of the job by default. `log` is for what it prints, if it is here."""
        ...


@dataclass(frozen=True)
class ForkedRuns:
    """Runs in worker processes of this command."""

    pool: Workers
    may_restart: Callable[[], bool]
    """Asked when a worker was killed: clears up after it, and tells whether its run is to begin again."""

    def start(self, job: str, partition: str, log: Path, assets: Sequence[str] | None) -> Future[RunOutcome]:
        """Begin a run in the next free worker."""
        given = (job, partition, log, assets, _environment())
        begun: Future[RunOutcome] = self.pool.submit(execute, *given, may_restart=self.may_restart)
        return begun


def start_collect(runs: Runs, logs: Path, sprint: str, segment: str, source: str) -> Future[RunOutcome]:
    """Collect and normalise one segment."""
    assets = [f"raw_{source}", f"normalized_{source}"]
    key = str(dg.MultiPartitionKey({"sprint": sprint, "segment": segment}))
    return runs.start("collect", key, logs / f"{sprint}-{segment}.log", assets)


def start_refine(runs: Runs, logs: Path, sprint: str) -> Future[RunOutcome]:
    """Refine, gate and deliver one sprint."""
    return runs.start("refine", sprint, logs / f"{sprint}-refine.log", None)


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
            tags=owner_tags(),
            raise_on_error=False,
        )
        return RunOutcome(result.run_id, result.success, None if result.success else problem_of(result.all_events))


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


def problem_of(events: Sequence[dg.DagsterEvent]) -> str:
    """What failed in a run, for people: its blocking checks, or else its steps."""
    checks = [each.asset_check_evaluation_data for each in events if each.event_type_value == "ASSET_CHECK_EVALUATION"]
    messages = [each.description or each.check_name for each in checks if not each.passed and each.blocking]
    if not messages:
        messages = [f"{event.step_key}: {told(event)}" for event in events if event.is_step_failure]
    return "; ".join(messages) or "the run failed before its first step; see its log"
