"""Backup → everything lost → restore on a fresh machine → the sprint goes on, and buys nothing a second time."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg2
import pytest
from redis import Redis

from leadgen_assets.cli.workplace import PROJECT
from leadgen_assets.services.backup.create import create_backup
from leadgen_assets.services.backup.errors import BackupFailed
from leadgen_assets.services.backup.manifest import Manifest
from leadgen_assets.services.backup.place import Place
from leadgen_assets.services.backup.restore import Restored, restore_backup
from leadgen_assets.services.backup.verify import Verdict, verify_backup
from leadgen_assets.services.lifecycle import running
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import dump_sprint
from leadgen_assets.stores.opened import open_stores
from leadgen_tests.cli.conftest import conducted_here, leadgen
from leadgen_tests.conftest import embedded_settings
from leadgen_tests.sprint.office import Office, open_office
from leadgen_tests.sprint.plans import small_sprint

pytestmark = pytest.mark.timeout(300)

ENRICHMENT = {"company": ["clearbit"], "email": ["hunter"], "verify": ["neverbounce"]}
SPRINT = small_sprint("survivor", {"apollo-1": 60}, enrichment=ENRICHMENT)


@dataclass
class Survivor:
    """A sprint that was backed up, lost and restored, and what was known at each point."""

    office: Office
    """The fresh machine's."""
    manifest: Manifest
    verdicts: list[Verdict]
    tampered: list[Verdict]
    restored: Restored
    before: dict[str, Any]
    after: dict[str, Any]
    rows: tuple[list[dict[str, Any]], list[dict[str, Any]]]
    """Before and after."""
    bought: tuple[dict[str, dict[str, str]], float]
    """Credits by vendor and operation, and US dollars, as the vendors count them."""
    checks: int


@pytest.fixture(scope="module")
def survivor(
    tmp_path_factory: pytest.TempPathFactory, mongo_uri: str, redis_url: str, pg_url: str
) -> Iterator[Survivor]:
    root = tmp_path_factory.mktemp("survivor")
    servers = {"LEADGEN_MONGO_URI": mongo_uri, "LEADGEN_REDIS_URL": redis_url}
    old_pg = f"{pg_url.rpartition('/')[0]}/lost_{uuid.uuid4().hex[:8]}"
    with ExitStack() as stack:
        admin = stack.enter_context(closing(psycopg2.connect(pg_url.replace("postgresql+psycopg2:", "postgresql:"))))
        admin.autocommit = True
        cursor = admin.cursor()
        cursor.execute(f"CREATE DATABASE {old_pg.rpartition('/')[2]} STRATEGY file_copy")
        office = stack.enter_context(open_office(root, servers))
        with instance_at(root / "dagster-old", old_pg) as office.instance:
            assert office.run(SPRINT).success
        place = Place(Settings(_env_file=None, **at(office, dagster_pg_url=old_pg)), PROJECT / "sprints")
        manifest = create_backup(place)
        folder = root / "elsewhere" / manifest.id
        shutil.copytree(place.backups / manifest.id, folder)
        before, rows = office.status("survivor").to_json(), office.rows("survivor")
        verdicts, tampered = _verified(folder, place.settings)

        # everything is lost but the copy elsewhere
        office.stores.db.client.drop_database(office.stores.db.name)
        office.stores.redis.flushdb()
        cursor.execute(f"DROP DATABASE {old_pg.rpartition('/')[2]} WITH (FORCE)")
        shutil.rmtree(office.home)

        home = root / "fresh"
        fresh = embedded_settings(home)
        addresses = stack.enter_context(running(fresh))
        fresh = addresses.applied_to(fresh)
        restored = restore_backup(folder, Place(fresh, home / "sprints"))
        stores = stack.enter_context(open_stores(fresh))
        instance = stack.enter_context(instance_at(root / "dagster-new", str(fresh.dagster_pg_url)))
        env = {
            **office.env,
            **{name.upper(): value for name, value in addressed(fresh).items()},
            "LEADGEN_HOME": str(home),
        }
        env["LEADGEN_DATABASE"] = fresh.leadgen_database
        moved = Office(home, env, office.sandbox, instance, stores)
        checks = len(instance.get_dynamic_partitions("sprint"))
        after, bought = moved.status("survivor").to_json(), (office.sandbox.credits(), office.sandbox.usd())
        both = (rows, moved.rows("survivor"))
        yield Survivor(moved, manifest, verdicts, tampered, restored, before, after, both, bought, checks)


def at(office: Office, **more: str) -> dict[str, Any]:
    """An office's settings, by field."""
    return {name.lower(): value for name, value in office.env.items() if name.startswith("LEADGEN_")} | more


def addressed(settings: Settings) -> dict[str, str]:
    """Store addresses by field."""
    names = ("leadgen_mongo_uri", "leadgen_redis_url", "dagster_pg_url")
    return {name: str(getattr(settings, name)) for name in names}


def instance_at(home: Path, pg_url: str) -> dg.DagsterInstance:
    """A Dagster instance whose storage is a PostgreSQL database."""
    home.mkdir()
    settings = (PROJECT / "dagster.yaml").read_text().replace("env: DAGSTER_PG_URL", "")
    (home / "dagster.yaml").write_text(settings.replace("postgres_url:", f"postgres_url: {pg_url}"))
    return dg.DagsterInstance.from_config(str(home))


def _verified(folder: Path, settings: Settings) -> tuple[list[Verdict], list[Verdict]]:
    """As it is; and with a manifest that claims one more document, as if one had been lost on the way."""
    good = verify_backup(folder, settings)
    path = folder / "manifest.json"
    honest = path.read_text()
    claims = json.loads(honest)
    claims["parts"] = [part for part in claims["parts"] if part["kind"] == "mongo"]
    claims["parts"][0]["content"]["raw_pages"]["count"] += 1
    path.write_text(json.dumps(claims))
    try:
        return good, verify_backup(folder, settings)
    finally:
        path.write_text(honest)


def test_the_backup_is_proved_in_scratch_servers(survivor: Survivor) -> None:
    """PHX-08, REQ-018: each part restored and equal in counts and contents; a lost document would be found."""
    assert [each.problems for each in survivor.verdicts] == [[]] * 8
    told = [line for each in survivor.tampered for line in each.problems]
    assert len(told) == 1
    assert told[0].startswith("raw_pages has ")


def test_a_fresh_machine_has_the_same_figures(survivor: Survivor) -> None:
    """DE-06: status, rows, frames, claims, runs: all as before the loss."""
    # the estimate counts from the moment it is asked for
    assert {**survivor.after, "eta": None} == {**survivor.before, "eta": None}
    assert survivor.after["counts_add_up"]
    assert survivor.rows[0] == survivor.rows[1]
    assert len(survivor.office.frame("scored_leads", "survivor")) >= survivor.after["qualified"]
    assert survivor.restored.documents == survivor.manifest.part("mongo").records
    with Redis.from_url(survivor.office.env["LEADGEN_REDIS_URL"]) as client:
        assert client.dbsize() >= survivor.restored.keys - 200  # rate windows may have run out
    assert survivor.checks == 1


def test_the_sprint_goes_on_and_buys_nothing_again(survivor: Survivor) -> None:
    """Issue 4: backup → wipe → restore → `sprint start` continues: no lead, no dollar, no CRM record more."""
    office = survivor.office
    file = office.home / "survivor.yaml"
    file.write_text(dump_sprint(SPRINT))
    with conducted_here(office):
        done = leadgen("sprint", "start", str(file), "--json", at=office)
    result = json.loads(done.stdout)

    assert result["this_run"] == {"leads": 0, "usd": 0.0, "synced": 0}
    assert result["delivered"] == survivor.before["delivered"]
    assert result["is_delivered"] == survivor.before["is_delivered"]
    assert (office.sandbox.credits(), office.sandbox.usd()) == survivor.bought


def test_a_machine_that_is_in_use_is_not_overwritten(survivor: Survivor, tmp_path: Path) -> None:
    """DE-06: restoring twice needs to be asked for."""
    settings = Settings(_env_file=None, **at(survivor.office, dagster_pg_url=survivor.office.env["DAGSTER_PG_URL"]))
    folder = tmp_path.parent / "none"
    with pytest.raises(BackupFailed, match="is no backup"):
        restore_backup(folder, Place(settings))
    source = next(iter(Path(survivor.office.home).parent.joinpath("elsewhere").iterdir()))
    with pytest.raises(BackupFailed, match="runs in Dagster's storage would be overwritten"):
        restore_backup(source, Place(settings))
