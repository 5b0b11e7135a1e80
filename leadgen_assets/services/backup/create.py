"""Makes a backup: parts in a temporary folder, which gets its name when all of them are there (DE-06, REQ-018).

The order is from what may be lost to what must not: Redis, Dagster's storage and the files first, MongoDB, which is the
truth, last. So nothing in a backup refers to something that MongoDB does not know.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pymongo import MongoClient
from pymongo.database import Database
from redis import Redis

from leadgen_assets.desk.backups import name_of
from leadgen_assets.services.backup import files, mongo_dump, mongo_load, mongo_tools, postgres_dump, redis_keys
from leadgen_assets.services.backup.digest import sha256_of
from leadgen_assets.services.backup.errors import BackupFailed
from leadgen_assets.services.backup.manifest import NAME, Kind, Manifest, Part
from leadgen_assets.services.backup.place import Place

MONGO_ARCHIVE, REDIS_KEYS, FILES = "mongo.archive.gz", "redis.bson.gz", "files.tar"


def create_backup(place: Place, *, with_mongodump: bool = False, now: datetime | None = None) -> Manifest:
    """Back up everything of a place whose stores are running. Raises `BackupFailed`; nothing half done stays."""
    started = now or datetime.now(UTC)
    name = name_of(started)
    place.backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(place.backups), _draft(place.backups, name) as draft:
        redis_part = _redis(place, draft)
        postgres_part = _postgres(place, draft)
        files_part = _files(place, draft)
        mongo_part, moment, sprints = _mongo(place, draft, with_mongodump)
        parts = (mongo_part, redis_part, *([postgres_part] if postgres_part else []), files_part)
        manifest = Manifest(
            id=name, started_at=started, finished_at=datetime.now(UTC), point_in_time=moment, leadgen=version("leadgen"),
            database=place.settings.leadgen_database, sprints=sprints, parts=parts,
        )  # fmt: skip
        (draft / NAME).write_text(manifest.model_dump_json(indent=2) + "\n")
    return manifest


@contextmanager
def _alone(backups: Path) -> Iterator[None]:
    try:
        with FileLock(backups / ".lock", timeout=0, mode=0o600):
            for stale in backups.glob(".*.partial"):
                shutil.rmtree(stale, ignore_errors=True)
            yield
    except Timeout:
        raise BackupFailed(f"another backup is being made in {backups}; wait for it") from None


@contextmanager
def _draft(backups: Path, name: str) -> Iterator[Path]:
    """A folder that becomes the backup at the end of the block, or disappears."""
    final, draft = backups / name, backups / f".{name}.partial"
    if final.exists():
        raise BackupFailed(f"{final} is there already; wait a second")
    before = os.umask(0o077)
    try:
        draft.mkdir(mode=0o700)
        yield draft
        for each in (*draft.iterdir(), draft):
            _sync(each)
        draft.rename(final)
        _sync(backups)
    except OSError as error:
        raise BackupFailed(f"the backup could not be written to {backups}: {error.strerror or error}") from None
    finally:
        os.umask(before)
        shutil.rmtree(draft, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _mongo(place: Place, draft: Path, with_mongodump: bool) -> tuple[Part, datetime | None, dict[str, str]]:
    path, database = draft / MONGO_ARCHIVE, place.settings.leadgen_database
    client: MongoClient[dict[str, Any]]
    with MongoClient(place.mongo_uri, serverSelectionTimeoutMS=10_000) as client:
        if with_mongodump:
            mongo_tools.mongodump(place.mongo_uri, database, path)
            server, moment = mongo_load.prelude_of(path).server_version, None
            content, tool = mongo_load.content_of_archive(path), mongo_tools.version_of("mongodump")
        else:
            dump = mongo_dump.dump_database(client, database, path)
            server, moment, content, tool = dump.server, dump.point_in_time, dump.content, mongo_dump.TOOL_VERSION
        db: Database[dict[str, Any]] = client[database]
        sprints = {str(each["_id"]): str(each["state"]) for each in db["sprints"].find({}, {"state": 1})}
    return _part(path, "mongo", tool, f"MongoDB {server}", content), moment, sprints


def _redis(place: Place, draft: Path) -> Part:
    path = draft / REDIS_KEYS
    with Redis.from_url(place.redis_url, socket_timeout=60) as client:
        content = redis_keys.dump_keys(client, path)
        about = client.info("server")
    server = f"{about.get('server_name', 'redis')} {about.get('valkey_version', about.get('redis_version'))}"
    return _part(path, "redis", "SCAN", server, {"keys": content})


def _postgres(place: Place, draft: Path) -> Part | None:
    """None where Dagster keeps SQLite files, which are among the folders then."""
    if place.pg_url is None:
        return None
    path, tool, content = postgres_dump.dump_storage(place.pg_url, draft, place.settings)
    return _part(path, "postgres", tool, None, content)


def _files(place: Place, draft: Path) -> Part:
    path = draft / FILES
    return _part(path, "files", "tar", None, files.dump_files(place.folders, path))


def _part(path: Path, kind: Kind, tool: str, server: str | None, content: dict[str, dict[str, Any]]) -> Part:
    return Part(
        name=path.name, kind=kind, made_with=tool, server=server, bytes=path.stat().st_size, sha256=sha256_of(path),
        content=content,
    )  # fmt: skip
