"""The instance files that people start Dagster with."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest
import yaml

ROOT = Path(__file__).parents[2]
POSTGRES, SQLITE = ROOT / "dagster.yaml", ROOT / "deploy" / "dagster.sqlite.yaml"


@dg.op
def write_something() -> int:
    return 1


@dg.job(executor_def=dg.in_process_executor)
def one_step() -> None:
    write_something()


@pytest.mark.parametrize(("file", "storage"), [(POSTGRES, "PostgresRunStorage"), (SQLITE, "SqliteRunStorage")])
def test_a_run_is_on_record_in_either_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pg_url: str, file: Path, storage: str
) -> None:
    """NFR-008: Dagster's history lives in the embedded PostgreSQL, or in SQLite where there is none."""
    monkeypatch.setenv("DAGSTER_PG_URL", pg_url)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    shutil.copy(file, tmp_path / "dagster.yaml")
    with dg.DagsterInstance.get() as instance:
        assert type(instance.run_storage).__name__ == storage
        run = one_step.execute_in_process(instance=instance)
        found = instance.get_run_by_id(run.run_id)
        assert found
        assert found.is_success
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled


def test_the_two_instance_files_differ_only_where_they_must() -> None:
    """What one storage needs and what it can bear at once; everything else is kept the same by this test."""
    postgres, sqlite = (yaml.safe_load(file.read_text()) for file in (POSTGRES, SQLITE))
    assert postgres.pop("storage") == {"postgres": {"postgres_url": {"env": "DAGSTER_PG_URL"}}}
    assert postgres["concurrency"]["runs"].pop("max_concurrent_runs") == 10
    assert sqlite["concurrency"]["runs"].pop("max_concurrent_runs") == 4
    assert postgres == sqlite
