"""`leadgen dashboard` as a process: it serves, records, leaves in order, and takes nobody along."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from leadgen_assets.cli.dashboard import dashboard
from leadgen_assets.cli.dashboard_parts import gate_checks
from leadgen_assets.cli.dashboard_process import dashboard_beside
from leadgen_assets.cli.errors import told
from leadgen_assets.cli.whereabouts import DASHBOARD, announced, known
from leadgen_assets.sprint_file import Gates
from leadgen_tests.browser.desk import environment
from leadgen_tests.desk.dashboard.served import emptied, migrated_database

DASHBOARD_COMMAND = [sys.executable, "-m", "leadgen_assets.cli.dashboard", "--no-open"]


@pytest.fixture(scope="module")
def migrated(mongo_client: Any) -> Iterator[Any]:
    """One database for the module, because migrating takes longer than starting."""
    with migrated_database(mongo_client) as database:
        yield database


@pytest.fixture
def database(migrated: Any) -> Any:
    """Empty."""
    return emptied(migrated)


@pytest.fixture
def env(tmp_path: Path, mongo_uri: str, redis_url: str, database: Any, redis_client: Any) -> dict[str, str]:
    """The session's stores and a home of this test alone."""
    stores = {"LEADGEN_MONGO_URI": mongo_uri, "LEADGEN_REDIS_URL": redis_url, "LEADGEN_DATABASE": database.name}
    (tmp_path / "home").mkdir()
    return {**environment(tmp_path / "home"), **stores}


@contextmanager
def started(env: dict[str, str], *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and where it says it is."""
    process = subprocess.Popen(
        [*DASHBOARD_COMMAND, "--port", "0", *arguments],
        cwd=env["LEADGEN_HOME"], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("Dashboard"), said + process.stdout.read()
        yield process, said.split()[1]
    finally:
        process.kill()
        process.wait()


def until(what: Any, seconds: float = 20) -> Any:
    """The first true answer."""
    deadline = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def test_it_serves_records_and_leaves_in_order(env: dict[str, str], database: Any, redis_client: Any) -> None:
    """Issue: the page, the time series and the alert rules in one process; another one may take over at once."""
    home = Path(env["LEADGEN_HOME"])
    with started(env) as (process, url):
        assert known(home, DASHBOARD) == url
        found = httpx.get(f"{url}/api/state", trust_env=False).json()
        assert found["verdict"]["word"] == "no sprint"
        assert until(lambda: database["metrics"].find_one({})), "no sample was recorded"
        assert until(lambda: redis_client.exists("leadgen:desk:lock:recorder", "leadgen:desk:lock:alerts") == 2)
        parts = httpx.get(f"{url}/api/state", trust_env=False).json()["desk"]["parts"]
        assert [(each["name"], each["ok"]) for each in parts] == [("recorder", True), ("alerts", True)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert known(home, DASHBOARD) is None
    assert redis_client.exists("leadgen:desk:lock:recorder", "leadgen:desk:lock:alerts") == 0


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    """The command in this process, with nothing set and nothing started."""
    monkeypatch.setenv("LEADGEN_HOME", str(tmp_path))
    monkeypatch.delenv("LEADGEN_DASHBOARD_TOKEN", raising=False)
    app = typer.Typer()
    app.command()(told(dashboard))
    return app


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_elsewhere_it_asks_for_a_token(here: typer.Typer, host: str) -> None:
    """Issue: `--host` elsewhere demands LEADGEN_DASHBOARD_TOKEN; nothing is started without."""
    done = CliRunner().invoke(here, ["--host", host, "--no-open"])
    assert done.exit_code == 2
    assert "LEADGEN_DASHBOARD_TOKEN" in done.stderr


def test_a_port_that_is_taken_is_named(here: typer.Typer) -> None:
    """Issue: port free choice; the message says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = CliRunner().invoke(here, ["--port", port, "--no-open"])
    assert done.exit_code == 2
    assert f"Port {port}" in done.stderr
    assert "--port" in done.stderr


def test_beside_a_command_it_ends_with_it(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue: `leadgen sprint start` starts it as a child and ends it; a second one is not started."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    home = Path(env["LEADGEN_HOME"])
    with dashboard_beside(home, sprint="an/other") as page:
        assert page is not None
        assert page.endswith("/?sprint=an%2Fother")
        url = page.partition("/?")[0]
        assert until(lambda: known(home, DASHBOARD)) == url
        with dashboard_beside(home) as again:
            assert again == url
        assert until(lambda: _answers(url))
    assert not _answers(url)
    assert known(home, DASHBOARD) is None


def test_a_start_that_fails_harms_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue: a failure to start it never harms the sprint."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    with dashboard_beside(tmp_path) as page:
        assert page is None


def test_it_ends_when_its_command_was_killed(env: dict[str, str]) -> None:
    """Issue: nothing is left behind, kill -9 included."""
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with started(env, "--parent", str(parent.pid)) as (process, _):
        parent.kill()
        parent.wait()
        assert process.wait(15) == 0


def test_a_record_of_a_process_that_is_gone_counts_for_nothing(tmp_path: Path) -> None:
    """Issue: found again only while it is there."""
    with announced(tmp_path, DASHBOARD, "http://127.0.0.1:1"):
        assert known(tmp_path, DASHBOARD) == "http://127.0.0.1:1"
        record = tmp_path / f"{DASHBOARD}.json"
        record.write_text(record.read_text().replace(str(os.getpid()), "999999999"))
        assert known(tmp_path, DASHBOARD) is None


def test_every_gate_leads_to_a_check() -> None:
    """Issue: gate → asset check."""
    assert gate_checks().keys() == Gates.model_fields.keys()
    assert gate_checks()["duplicate_rate"] == "assets/deduplicated_leads?view=checks&checkDetail=duplicate_rate"


def _answers(url: str) -> bool:
    try:
        return bool(httpx.get(f"{url}/healthz", timeout=1, trust_env=False).json()["ok"])
    except httpx.HTTPError:
        return False
