"""Dagster on an external PostgreSQL as deploy/postgres describes it: roles, tables, upgrade, pruning."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import psycopg2
import pytest

from leadgen_assets.automation.pruning import prune
from leadgen_assets.cli.workplace import PROJECT
from leadgen_tests.cli.conftest import leadgen
from leadgen_tests.databases import asking, own_names

DEPLOYED = PROJECT / "deploy" / "postgres"
ROLES = ("leadgen_dagster_owner", "leadgen_dagster")


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
def made() -> int:
    """Something that is made again and again."""
    return 1


MADE = dg.Definitions(assets=[made], jobs=[dg.define_asset_job("make", [made])], executor=dg.in_process_executor)


@dataclass(frozen=True)
class Deployed:
    """A database that was set up by the book."""

    owner: str
    user: str
    home: Path
    """DAGSTER_HOME of the role that only uses the tables."""
    migrated: str


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, pg_url: str) -> Iterator[Deployed]:
    """By the statements of the files, with names of this test alone: other tests share the server."""
    root, mine = tmp_path_factory.mktemp("postgres"), own_names("leadgen_dagster", "dagster")
    server = pg_url.replace("+psycopg2", "").rpartition("/")[0]
    address = server.rpartition("@")[2]
    owner, user = (f"postgresql+psycopg2://{mine(role)}:secret@{address}/{mine('dagster')}" for role in ROLES)
    with asking(f"{server}/postgres") as ask:
        try:
            for statement in _statements("roles.sql", mine):
                ask(statement)
            for role in ROLES:
                ask(f"ALTER ROLE {mine(role)} PASSWORD 'secret'")
            with asking(owner) as ask_as_owner:
                for statement in _statements("grants.sql", mine):
                    ask_as_owner(statement)
            migrated = _migrate(_home(root / "owner", PROJECT / "dagster.yaml"), owner)
            yield Deployed(owner, user, _home(root / "user", DEPLOYED / "dagster.yaml"), migrated)
        finally:
            ask(f"DROP DATABASE IF EXISTS {mine('dagster')} WITH (FORCE)")
            for role in ROLES:
                ask(f"DROP ROLE IF EXISTS {mine(role)}")


def _statements(file: str, mine: Callable[[str], str]) -> list[str]:
    lines = [line for line in (DEPLOYED / file).read_text().splitlines() if not line.startswith("--")]
    return [mine(each) for each in "\n".join(lines).split(";") if each.strip()]


def _home(folder: Path, configuration: Path) -> Path:
    folder.mkdir()
    shutil.copyfile(configuration, folder / "dagster.yaml")
    return folder


def _migrate(home: Path, url: str) -> str:
    environment = {**os.environ, "DAGSTER_HOME": str(home), "DAGSTER_PG_URL": url}
    command = [sys.executable, "-m", "dagster", "instance", "migrate"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def instance(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_PG_URL", deployed.user)
    with dg.DagsterInstance.from_config(str(deployed.home)) as opened:
        yield opened


def test_the_owner_makes_the_tables_and_migrates_them(deployed: Deployed) -> None:
    """deploy/postgres: `dagster instance migrate` on an empty database and again on a full one."""
    assert "Running migration" in deployed.migrated
    with asking(deployed.owner) as ask, psycopg2.connect(deployed.owner.replace("+psycopg2", "")) as connection:
        ask("SELECT 1")
        with connection.cursor() as cursor:
            cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
            tables = {name for (name,) in cursor.fetchall()}
    assert {"runs", "event_logs", "asset_check_executions", "dynamic_partitions", "concurrency_slots"} <= tables


def test_the_role_of_the_runs_uses_tables_and_changes_none(deployed: Deployed, instance: dg.DagsterInstance) -> None:
    """NFR-010: least privilege; whoever gets hold of a worker's credentials cannot drop the history."""
    done = MADE.resolve_job_def("make").execute_in_process(instance=instance, partition_key="a")
    assert done.success
    assert instance.get_materialized_partitions(made.key) == {"a"}
    with asking(deployed.user) as ask:
        for forbidden in ("CREATE TABLE mine (x int)", "DROP TABLE event_logs", "TRUNCATE runs"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                ask(forbidden)


def test_pruning_forgets_runs_and_keeps_what_is_materialised(instance: dg.DagsterInstance) -> None:
    """deploy/postgres: superseded runs and their events go; the run behind each partition's latest materialisation stays,
    so do younger runs, and a rehearsal deletes nothing."""
    job = MADE.resolve_job_def("make")
    old = [job.execute_in_process(instance=instance, partition_key=key).run_id for key in ("a", "b", "a")]
    time.sleep(0.01)
    between = datetime.now(UTC)
    young = job.execute_in_process(instance=instance, partition_key="a").run_id
    younger = job.execute_in_process(instance=instance, partition_key="a").run_id

    with (
        patch("leadgen_assets.cli.dagster_storage.workplace", lambda **_: nullcontext()),
        patch.object(dg.DagsterInstance, "get", lambda: nullcontext(instance)),
    ):
        said = leadgen("dagster", "prune", "--older-than", between.isoformat(), "--dry-run", "--json")
        wrong = leadgen("dagster", "prune", "--older-than", "yesterday")
    assert wrong.exit_code == 2
    assert "--older-than yesterday: a time as in" in wrong.output
    counted = prune(instance, between, is_rehearsal=True)
    assert json.loads(said.stdout)["deleted"] == counted.deleted > 0
    assert instance.has_run(old[0])
    done = prune(instance, between)

    assert (done.deleted, done.kept) == (counted.deleted, counted.kept)
    assert done.jobs == {"make": done.deleted}
    assert [instance.has_run(each) for each in (*old, young, younger)] == [False, True, False, True, True]
    assert instance.all_logs(old[0]) == []
    assert instance.get_materialized_partitions(made.key) == {"a", "b"}
    wanted = dg.AssetRecordsFilter(asset_key=made.key, asset_partitions=["b"])
    assert instance.fetch_materializations(wanted, limit=1).records[0].run_id == old[1]
    assert prune(instance, between - timedelta(days=1)).deleted == 0
