"""Backups as a whole: they appear complete or not at all, are private, found, pruned, checked, and never overwrite by chance."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg2
import pytest
from filelock import FileLock
from pymongo.database import Database
from redis import Redis

from leadgen_assets.desk.backups import backup_age_seconds, backup_folders, name_of, time_of
from leadgen_assets.services.backup import catalogue, files
from leadgen_assets.services.backup.create import create_backup
from leadgen_assets.services.backup.errors import BackupFailed
from leadgen_assets.services.backup.manifest import read_manifest
from leadgen_assets.services.backup.place import Place
from leadgen_assets.services.backup.restore import restore_backup, what_is_there
from leadgen_assets.services.backup.verify import verify_backup
from leadgen_assets.settings import Settings
from leadgen_assets.stores.mongo import LEADS
from leadgen_assets.stores.suppressions import Suppressions

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def empty_storage(pg_url: str) -> Iterator[str]:
    """A database for Dagster's storage, without tables."""
    with closing(psycopg2.connect(pg_url.replace("postgresql+psycopg2:", "postgresql:"))) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute("CREATE DATABASE backed_up STRATEGY file_copy")
            yield f"{pg_url.rpartition('/')[0]}/backed_up"
            cursor.execute("DROP DATABASE backed_up WITH (FORCE)")


@pytest.fixture
def place(
    tmp_path: Path,
    mongo_uri: str,
    redis_url: str,
    empty_storage: str,
    bare: Database,
    embedded: Callable[..., Settings],
) -> Iterator[Place]:
    """Stores with a little in them, and folders."""
    sprint_files = tmp_path / "checkout" / "sprints"
    sprint_files.mkdir(parents=True)
    (sprint_files / "a.yaml").write_text("name: a\n")
    url = f"{redis_url.rpartition('/')[0]}/13"
    settings = embedded(
        tmp_path / "home", leadgen_mongo_uri=mongo_uri, leadgen_redis_url=url, dagster_pg_url=empty_storage,
        leadgen_database=bare.name,
    )  # fmt: skip
    for folder, name in (("imports", "export.csv"), ("reports", "a.html"), ("lake/scored_leads", "a.parquet")):
        (settings.home / folder).mkdir(parents=True)
        (settings.home / folder / name).write_bytes(b"content of " + name.encode())
    bare["notes"].insert_one({"_id": 1})
    bare["sprints"].insert_one({"_id": "a", "state": "finished"})
    with Redis.from_url(url) as client:
        client.flushdb()
        client.set("claim", "L1")
        yield Place(settings, sprint_files)
        client.flushdb()


def test_a_backup_is_whole_and_private(place: Place) -> None:
    """REQ-018, NFR-010: every store, counts and hashes, point in time; nobody else can read it."""
    manifest = create_backup(place, now=NOON)

    folder = place.backups / manifest.id
    assert manifest.id == "20261122T120000Z"
    assert [each.kind for each in manifest.parts] == ["mongo", "redis", "postgres", "files"]
    assert manifest.point_in_time
    assert manifest.sprints == {"a": "finished"}
    content = {kind: manifest.part(kind).content for kind in ("mongo", "redis", "files")}
    assert {name: each["count"] for name, each in content["mongo"].items()} == {"notes": 1, "sprints": 1}
    assert content["redis"]["keys"]["count"] == 1
    expected = {"imports": 1, "reports": 1, "quality": 0, "sprints": 1, "lake": 1}
    assert {name: each["count"] for name, each in content["files"].items()} == expected
    assert read_manifest(folder) == manifest
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(place.backups.stat().st_mode) == 0o700
    secrets = ("leadgen:", place.settings.leadgen_mongo_uri.split("@")[0].rpartition(":")[2])
    assert not [word for word in secrets if word in (folder / "manifest.json").read_text()]


def test_a_backup_that_fails_leaves_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """REQ-018: a full disk in mid-way is told, and no half backup is taken for one."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "dump_files", full)
    with pytest.raises(BackupFailed, match="No space left on device"):
        create_backup(place)
    assert [each.name for each in place.backups.iterdir()] == [".lock"]
    assert backup_age_seconds(place.settings.home) is None


def test_what_a_killed_backup_left_is_swept_away(place: Place) -> None:
    """REQ-018: the next backup removes it; two at once are refused."""
    rest = place.backups / ".20261121T000000Z.partial"
    rest.mkdir(parents=True)
    (rest / "manifest.json").write_text("{}")
    assert backup_folders(place.backups) == []
    create_backup(place, now=NOON)
    assert not rest.exists()
    with FileLock(place.backups / ".lock"), pytest.raises(BackupFailed, match="another backup is being made"):
        create_backup(place)


def test_the_age_is_that_of_the_newest_whole_backup(place: Place) -> None:
    """OPS-03: what the alert `backup_missing` asks."""
    create_backup(place, now=NOON - timedelta(days=3))
    create_backup(place, now=NOON)
    assert backup_age_seconds(place.settings.home, now=NOON + timedelta(hours=2)) == 7200
    (place.backups / name_of(NOON) / "manifest.json").unlink()
    assert backup_age_seconds(place.settings.home, now=NOON) == 3 * 86400


def test_pruning_keeps_the_newest_the_last_day_and_one_a_day(tmp_path: Path) -> None:
    """REQ-018: seven days at the very least, whatever is asked."""
    ages = [0, 3, 20, 26, 30, 50, 24 * 6 + 1, 24 * 6 + 5, 24 * 8, 24 * 30]
    for hours in ages:
        folder = tmp_path / name_of(NOON - timedelta(hours=hours))
        folder.mkdir()
        (folder / "manifest.json").write_text("{}")
    (tmp_path / "my own notes").mkdir()

    gone = catalogue.prune(tmp_path, days=1, now=NOON)

    kept = {round((NOON - time_of(each.name)).total_seconds() / 3600) for each in backup_folders(tmp_path)}
    assert kept == {0, 3, 20, 50, 24 * 6 + 1}
    assert len(gone) == 5
    assert (tmp_path / "my own notes").is_dir()


def test_an_old_backup_that_is_the_only_one_stays(tmp_path: Path) -> None:
    """REQ-018: the newest is never thrown away."""
    folder = tmp_path / name_of(NOON - timedelta(days=400))
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    assert catalogue.prune(tmp_path, now=NOON) == []


def test_a_damaged_part_is_told_and_not_restored(place: Place) -> None:
    """PHX-08: one changed byte is found by the hash, one missing by the size; nothing is touched then."""
    manifest = create_backup(place, now=NOON)
    folder = place.backups / manifest.id
    assert not any(each.problems for each in verify_backup(folder, place.settings, restore=False))

    archive = folder / "mongo.archive.gz"
    good = archive.read_bytes()
    archive.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    [first, *_] = verify_backup(folder, place.settings, restore=True)
    assert first.problems == ["mongo.archive.gz is damaged: its SHA-256 differs"]
    with pytest.raises(BackupFailed, match="is damaged, nothing was restored"):
        restore_backup(folder, place, replace=True)
    archive.write_bytes(good[:-1])
    assert "bytes" in verify_backup(folder, place.settings, restore=False)[0].problems[0]
    assert len(what_is_there(place)) == 2


def test_nothing_is_overwritten_unless_asked(place: Place, bare: Database) -> None:
    """DE-06: what is there is named; with `replace` the backup's state comes back, also where it had less."""
    manifest = create_backup(place, now=NOON)
    folder = place.backups / manifest.id
    bare["notes"].insert_one({"_id": 2})
    (place.settings.home / "imports" / "export.csv").write_text("changed")

    with pytest.raises(BackupFailed, match=r"the database .*notes.* and 1 keys|1 keys in Redis would be overwritten"):
        restore_backup(folder, place)
    assert bare["notes"].count_documents({}) == 2

    done = restore_backup(folder, place, replace=True)

    assert done.documents == 2
    assert list(bare["notes"].find()) == [{"_id": 1}]
    assert bare[LEADS].index_information()
    assert (place.settings.home / "imports" / "export.csv").read_text() == "content of export.csv"
    assert (place.settings.home / "lake" / "scored_leads" / "a.parquet").read_text() == "content of a.parquet"


def test_a_restore_does_not_forget_who_said_no(place: Place, bare: Database) -> None:
    """NFR-011: opt-outs and records of erasures that came after the backup stay."""
    before, after = ("email", "before@example.com"), ("email", "after@example.com")
    Suppressions(bare).add_many([before], "test")
    manifest = create_backup(place, now=NOON)
    Suppressions(bare).add_many([after], "test")
    bare["erasures"].insert_one({"_id": "e1", "state": "done", "hashes": [], "lead_ids": ["L7"]})

    done = restore_backup(place.backups / manifest.id, place, replace=True)

    assert bare["suppressions"].count_documents({}) == 2
    assert done.kept_refusals == 2
    assert bare["erasures"].find_one({"_id": "e1"}) is not None


def test_a_file_that_leads_elsewhere_is_refused(place: Place, tmp_path: Path) -> None:
    """Bad input: a tar file that was tampered with writes nothing outside its folders."""
    import io
    import tarfile

    path = tmp_path / "files.tar"
    for name in ("imports/../../escaped", "/imports/x", "imports"):
        with tarfile.open(path, "w") as archive:
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, io.BytesIO(b"x"))
        with pytest.raises(BackupFailed, match="no file of a backup"):
            files.load_files(path, place.folders)
    assert not (tmp_path / "escaped").exists()


def test_a_database_in_use_is_copied_whole(tmp_path: Path) -> None:
    """REQ-018: with Dagster on SQLite its files go through SQLite itself, open transactions left out."""
    import sqlite3

    home = tmp_path / "dagster"
    home.mkdir()
    with closing(sqlite3.connect(home / "runs.db")) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE runs (id)")
        writer.executemany("INSERT INTO runs VALUES (?)", [(number,) for number in range(100)])
        writer.commit()
        writer.execute("INSERT INTO runs VALUES (100)")
        found = files.dump_files(files.Folders({"dagster": home}, (tmp_path / "lake").as_uri()), tmp_path / "files.tar")
    assert found["dagster"]["count"] == 1
    target = tmp_path / "back"
    files.load_files(tmp_path / "files.tar", files.Folders({"dagster": target}, (tmp_path / "lake2").as_uri()))
    with closing(sqlite3.connect(target / "runs.db")) as copy:
        assert copy.execute("SELECT count(*) FROM runs").fetchone() == (100,)


def test_a_backup_of_a_later_version_is_refused(place: Place) -> None:
    """DE-06: told instead of half understood; the list shows it, and an unreadable one, as unusable."""
    manifest = create_backup(place, now=NOON)
    path = place.backups / manifest.id / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(BackupFailed, match="later version"):
        restore_backup(path.parent, place)
    assert "later version" in (catalogue.listed(place.backups)[0].problem or "")
    path.write_text("{")
    assert "cannot be read" in (catalogue.listed(place.backups)[0].problem or "")
    with pytest.raises(BackupFailed, match="there is no backup 'x'; the newest"):
        catalogue.found(place.backups, "x")


def test_no_server_is_left_running(place: Place) -> None:
    """House rule: backing up starts nothing of its own."""
    before = {each.pid for each in psutil.Process().children(recursive=True)}
    create_backup(place, now=NOON)
    assert {each.pid for each in psutil.Process().children(recursive=True)} <= before
