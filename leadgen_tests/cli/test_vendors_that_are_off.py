"""Live mode: who has no credentials is told before anything is spent (interfaces: settings)."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadgen_assets.cli.sprint import vendors_off
from leadgen_assets.cli.workplace import PROJECT, wants_postgres
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import load_sprint

SPRINT = load_sprint(PROJECT / "sprints" / "rehearsal.yaml")


def live(**credentials: str) -> Settings:
    """Live settings with these credentials and no others, whatever the environment says."""
    return Settings(_env_file=None, leadgen_mode="live", **credentials)


@pytest.fixture(autouse=True)
def _no_credentials_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_without_credentials_every_paid_vendor_is_off() -> None:
    """TL-07: sources and CRM are needed, enrichers are not; files need no credentials."""
    needed, optional = vendors_off(SPRINT, live())
    assert needed == ["apollo", "brightdata", "hubspot", "zoominfo"]
    assert optional == ["clearbit", "hunter", "neverbounce"]


def test_paused_segments_need_nobody() -> None:
    """Requirements §2: a blocked source is paused, and the sprint goes on without it."""
    segments = tuple(each.model_copy(update={"paused": each.source == "zoominfo"}) for each in SPRINT.segments)
    paused = SPRINT.model_copy(update={"segments": segments})
    needed, _ = vendors_off(paused, live(apollo_api_key="a", brightdata_api_token="b", hubspot_access_token="c"))
    assert needed == []


def test_postgres_is_started_only_where_dagster_reads_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """deploy/dagster.sqlite.yaml is for machines where PostgreSQL cannot run: then nobody starts it."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    home = tmp_path / "dagster.yaml"
    home.write_text((PROJECT / "deploy" / "dagster.sqlite.yaml").read_text())
    assert not wants_postgres()
    home.write_text((PROJECT / "dagster.yaml").read_text())
    assert wants_postgres()
    monkeypatch.delenv("DAGSTER_HOME")
    assert wants_postgres()
