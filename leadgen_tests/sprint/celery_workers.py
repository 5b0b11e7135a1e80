"""Celery workers as deploy/celery describes them: processes with a home of their own that share stores, lake and Dagster's
storage."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster_celery.launcher import CeleryRunLauncher

from leadgen_assets.cli.workplace import PROJECT
from leadgen_tests.databases import asking
from leadgen_tests.sprint.office import Office

DEPLOYED = PROJECT / "deploy" / "celery"


@dataclass(frozen=True)
class Worker:
    """One worker machine, as far as one machine can be two: a process with homes of its own."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_ready(self) -> bool:
        """Whether it has loaded the code and waits for runs."""
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        return " ready." in self.log.read_text()

    def kill(self) -> None:
        """As a power cut does it: its own processes end with it."""
        self.process.kill()
        self.process.wait()


@contextmanager
def empty_database(pg_url: str) -> Iterator[str]:
    """Address of a database for one Dagster instance on the session's PostgreSQL."""
    name = f"dagster_{uuid.uuid4().hex[:8]}"
    with asking(pg_url) as ask:
        ask(f'CREATE DATABASE "{name}"')
        try:
            yield f"{pg_url.rpartition('/')[0]}/{name}"
        finally:
            ask(f'DROP DATABASE "{name}" WITH (FORCE)')


def dagster_home(home: Path) -> Path:
    """A DAGSTER_HOME as the README says."""
    home.mkdir(parents=True)
    shutil.copyfile(DEPLOYED / "dagster.yaml", home / "dagster.yaml")
    return home


@contextmanager
def distributed(office: Office, root: Path, pg_url: str) -> Iterator[None]:
    """The office's Dagster instance is the one that workers share."""
    home = dagster_home(root / "dagster")
    office.env.update(DAGSTER_HOME=str(home), DAGSTER_PG_URL=pg_url)
    with office.at_work(), dg.DagsterInstance.from_config(str(home)) as instance:
        office.instance = instance
        yield


@contextmanager
def workers(office: Office, root: Path, count: int) -> Iterator[list[Worker]]:
    """Workers with one process each, started; killed at the end."""
    with ExitStack() as stack:
        started = []
        for number in range(1, count + 1):
            started.append(_started(root / f"worker-{number}", office.env))
            stack.callback(started[-1].kill)
        yield started


def _started(root: Path, env: Mapping[str, str]) -> Worker:
    home = root / "home"
    home.mkdir(parents=True)
    path = os.pathsep.join([str(DEPLOYED), *filter(None, [os.environ.get("PYTHONPATH")])])
    ours = {**env, "LEADGEN_HOME": str(home), "DAGSTER_HOME": str(dagster_home(root / "dagster")), "PYTHONPATH": path}
    command = ["-A", "dagster_celery.app", "worker", "-I", "leadgen_assets.cli.preload", "-n", f"{root.name}@%h"]
    log = root / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", *command, "--concurrency", "1", "--loglevel", "INFO"],
            env={**os.environ, **ours}, cwd=home, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    return Worker(root.name, process, log)


def executed_by(office: Office, partition: str) -> str:
    """Name of the worker that has taken the newest run of a partition, as Celery knows it."""
    run = office.instance.get_runs(dg.RunsFilter(tags={"dagster/partition": partition}), limit=1)[0]
    launcher = office.instance.run_launcher
    assert isinstance(launcher, CeleryRunLauncher)
    return str(launcher.celery.AsyncResult(run.tags["dagster-celery/task_id"]).info["hostname"]).partition("@")[0]
