"""Runs that Dagster's run launcher starts, on Celery workers or in Kubernetes pods: launched, followed to their end, and
launched again when the worker that executed them has gone (NFR-006, NFR-009).

Which launcher that is stands in Dagster's `dagster.yaml`; with the default one `leadgen sprint start` uses its own workers.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import dagster as dg
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from leadgen_assets.automation.abandoned import UNDER_WAY, close, killed_runs
from leadgen_assets.cli.runs import RunOutcome, problem_of
from leadgen_assets.stores.pulse import Pulses

if TYPE_CHECKING:
    from dagster._core.workspace.context import BaseWorkspaceRequestContext

log = logging.getLogger(__name__)

MODULE, LOCATION = "leadgen_assets.definitions", "leadgen"
"""The code location, as workspace.yaml has it."""
LOOK_SECONDS = 1.0
LAUNCHES = 3
"""How often a run is launched at most when its worker goes (NFR-006)."""
TELLING = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.ASSET_CHECK_EVALUATION}
WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]


def launches_elsewhere(instance: dg.DagsterInstance) -> bool:
    """Whether `dagster.yaml` names a run launcher that is not this machine's."""
    return not isinstance(instance.run_launcher, DefaultRunLauncher | SyncInMemoryRunLauncher)


@dataclass(frozen=True)
class _Followed:
    """A run on its way, and how to launch it again."""

    done: Future[RunOutcome]
    job: str
    partition: str
    assets: tuple[str, ...] | None
    launches: int = 1


@dataclass
class LaunchedRuns:
    """Runs by Dagster's run launcher. One thread follows them all, with one question to Dagster's storage a second."""

    instance: dg.DagsterInstance
    pulses: Pulses
    _followed: dict[str, _Followed] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _follower: threading.Thread | None = None

    def start(self, job: str, partition: str, _log: Path, assets: Sequence[str] | None) -> Future[RunOutcome]:
        """Launch a run, or follow the one that is under way: a command that was killed leaves its runs with the workers."""
        wanted = _Followed(Future(), job, partition, tuple(assets) if assets else None)
        under_way = dg.RunsFilter(job_name=job, tags={"dagster/partition": partition}, statuses=[*UNDER_WAY, *WAITING])
        known = self.instance.get_runs(under_way, limit=1)
        run_id = known[0].run_id if known else launch(self.instance, job, partition, wanted.assets)
        with self._lock:
            self._followed[run_id] = wanted
            if self._follower is None:
                self._follower = threading.Thread(target=self._follow, name="launched runs", daemon=True)
                self._follower.start()
        return wanted.done

    def _follow(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(LOOK_SECONDS)
            with self._lock:
                if not self._followed:
                    self._follower = None
                    return
                followed = dict(self._followed)
            try:
                self._look(followed)
            except Exception:  # Dagster's storage may be away for a moment; the runs are not
                log.warning("the state of launched runs cannot be read", exc_info=True)

    def _look(self, followed: dict[str, _Followed]) -> None:
        runs = {run.run_id: run for run in self.instance.get_runs(dg.RunsFilter(run_ids=list(followed)))}
        for run in killed_runs(self.instance, self.pulses, [run for run in runs.values() if run.status in UNDER_WAY]):
            close(self.instance, self.pulses, run)
            self._take_up_again(run.run_id, followed[run.run_id])
        for run_id in followed.keys() - runs.keys():
            self._settle(run_id, RunOutcome(run_id, False, "its record was deleted from Dagster's storage"))
        for run in runs.values():
            if run.is_finished:
                self._end(run, followed[run.run_id])

    def _end(self, run: dg.DagsterRun, wanted: _Followed) -> None:
        if run.status is dg.DagsterRunStatus.SUCCESS:
            self._settle(run.run_id, RunOutcome(run.run_id, True))
            return
        told = [each.get_dagster_event() for each in self.instance.all_logs(run.run_id, of_type=TELLING)]
        if run.status is dg.DagsterRunStatus.FAILURE and not any(each.is_step_failure for each in told):
            self._take_up_again(run.run_id, wanted)  # Dagster's own monitoring closed it
        else:
            self._settle(run.run_id, RunOutcome(run.run_id, False, problem_of(told)))

    def _take_up_again(self, run_id: str, wanted: _Followed) -> None:
        if wanted.launches >= LAUNCHES:
            gone = f"the worker that executed it has gone, {LAUNCHES} times in a row"
            self._settle(run_id, RunOutcome(run_id, False, gone))
            return
        log.warning("the worker of %s %s has gone; it is launched again", wanted.job, wanted.partition)
        again = launch(self.instance, wanted.job, wanted.partition, wanted.assets)
        with self._lock:
            del self._followed[run_id]
            self._followed[again] = replace(wanted, launches=wanted.launches + 1)

    def _settle(self, run_id: str, outcome: RunOutcome) -> None:
        with self._lock:
            wanted = self._followed.pop(run_id, None)
        if wanted is not None:
            wanted.done.set_result(outcome)


def launch(instance: dg.DagsterInstance, job: str, partition: str, assets: Sequence[str] | None) -> str:
    """Hand a run of one partition to the instance's run launcher. Returns its id.

    Dagster's own retries are off for it: whoever launched it follows it, and two would take it up again.
    """
    from leadgen_assets.definitions import defs

    whole = defs.resolve_job_def(job)
    selection = frozenset(dg.AssetKey(each) for each in assets) if assets else None
    run = instance.create_run_for_job(
        job_def=whole,
        asset_selection=selection,
        tags={**whole.get_tags_for_partition_key(partition, selection), "dagster/max_retries": "0"},
        remote_job_origin=_remote_origin(job),
        job_code_origin=_code_origin(job),
    )
    # no workspace: workers load the code themselves, which the default launcher, that wants one, does not let them
    instance.launch_run(run.run_id, cast("BaseWorkspaceRequestContext", None))
    return run.run_id


def _code_origin(job: str) -> JobPythonOrigin:
    """Where workers find the job: their own installation of this package."""
    pointer = ModuleCodePointer(MODULE, "defs", working_directory=None)
    return JobPythonOrigin(job, RepositoryPythonOrigin(sys.executable, pointer, None, ["dagster"], None))


def _remote_origin(job: str) -> RemoteJobOrigin:
    """Where the web UI finds it."""
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=MODULE)
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, LOCATION)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), job)
