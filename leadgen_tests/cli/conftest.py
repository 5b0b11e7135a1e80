"""Commands in this process, in an office of their own or where nothing runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from leadgen_assets.cli.main import app
from leadgen_assets.cli.runs import RunOutcome, problem_of
from leadgen_assets.settings import Settings
from leadgen_tests.sprint.office import Office, open_office

Leadgen = Callable[..., Result]


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home and no settings of the developer's."""
    for name in [each for each in os.environ if each.lower() in Settings.model_fields or each.startswith("DAGSTER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LEADGEN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def servers(mongo_uri: str, redis_url: str) -> dict[str, str]:
    """Addresses of the session's stores, by setting."""
    return {"LEADGEN_MONGO_URI": mongo_uri, "LEADGEN_REDIS_URL": redis_url}


@pytest.fixture
def office(tmp_path: Path, servers: dict[str, str]) -> Iterator[Office]:
    """Stores and vendors of this test alone."""
    with open_office(tmp_path, servers) as opened:
        yield opened


def leadgen(*words: str, at: Office | None = None, **env: str) -> Result:
    """Run a command as its user would see it; a mistake of a user never shows a stack."""
    with at.at_work(**env) if at else nullcontext():
        done = CliRunner().invoke(app, list(words), env=env)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert "Traceback" not in done.output
    return done


class OwnProcess:
    """Stands in for the pool of worker processes: runs the same jobs here, one after the other."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def submit(
        self,
        _: Callable[..., RunOutcome],
        job: str,
        partition: str,
        log: Path,
        assets: list[str] | None,
        env: object,
        *,
        may_restart: object,
    ) -> Future[RunOutcome]:
        """The run, done."""
        done: Future[RunOutcome] = Future()
        result = self._office.execute(job, partition, assets)
        done.set_result(
            RunOutcome(result.run_id, result.success, None if result.success else problem_of(result.all_events))
        )
        return done


@contextmanager
def conducted_here(office: Office) -> Iterator[None]:
    """`sprint start` without processes of its own."""
    with (
        patch("leadgen_assets.cli.sprint.worker_pool", lambda size: nullcontext(OwnProcess(office))),
        patch.object(dg.DagsterInstance, "get", lambda: nullcontext(office.instance)),
    ):
        yield
