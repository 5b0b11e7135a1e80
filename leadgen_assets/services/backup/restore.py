"""Brings a backup back: into the empty stores of a fresh machine, or over what is there when told so (DE-06).

Passwords, credentials and `.env` are in no backup; a fresh machine makes its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from redis import Redis

from leadgen_assets.services.backup import files, mongo_load, mongo_tools, postgres_dump, redis_keys
from leadgen_assets.services.backup.errors import BackupFailed
from leadgen_assets.services.backup.manifest import Manifest, read_manifest
from leadgen_assets.services.backup.place import Place
from leadgen_assets.services.backup.verify import damaged
from leadgen_assets.stores.migrations import migrate
from leadgen_assets.stores.mongo import connect, disconnect

PEOPLE_WHO_SAID_NO = ("suppressions", "do_not_sell", "erasures")
"""Hashes of people who must be left alone: what came in after the backup stays, or a restore would forget them."""
_KEYS = "privacy_keys"
"""The key of those hashes: without it they match nobody."""


@dataclass(frozen=True)
class Restored:
    """What came back."""

    manifest: Manifest
    documents: int
    keys: int
    files: int
    kept_refusals: int
    """Entries of the lists of people who said no that the backup does not have and that were kept."""


def restore_backup(folder: Path, place: Place, *, replace: bool = False) -> Restored:
    """Restore every part into a place whose stores are running, then bring the database to this version's shape.

    Raises `BackupFailed` when a part is damaged, or when the place is not empty and `replace` is false; then nothing
    was changed. A restore that was interrupted is repeated with `replace`.
    """
    manifest = read_manifest(folder)
    if problems := damaged(folder, manifest):
        raise BackupFailed(f"{folder.name} is damaged, nothing was restored: {'; '.join(problems)}")
    if manifest.part("postgres") and place.pg_url is None:
        raise BackupFailed(f"{folder.name} holds Dagster's PostgreSQL storage; unset DAGSTER_HOME to restore it")
    if not replace and (there := what_is_there(place)):
        raise BackupFailed(
            f"nothing was restored, because {', '.join(there)} would be overwritten. Use an empty LEADGEN_HOME, or "
            "--replace to throw away what is there"
        )
    documents, kept = _mongo(folder, manifest, place)
    keys = _redis(folder, manifest, place)
    postgres = manifest.part("postgres")
    if postgres and place.pg_url:
        postgres_dump.load_storage(place.pg_url, folder / postgres.name, place.settings)
    part = manifest.part("files")
    written = files.load_files(folder / part.name, place.folders) if part else 0
    return Restored(manifest, documents, keys, written, kept)


def what_is_there(place: Place) -> list[str]:
    """What a restore would overwrite: leads, keys, runs."""
    there = []
    client: MongoClient[dict[str, Any]]
    with MongoClient(place.mongo_uri) as client:
        db: Database[dict[str, Any]] = client[place.settings.leadgen_database]
        names = [name for name in db.list_collection_names() if not name.startswith("system.")]
        full = [name for name in names if db[name].find_one({}, {"_id": 1})]
        if full:
            there.append(f"the database {db.name} ({', '.join(sorted(full)[:5])})")
    with Redis.from_url(place.redis_url) as redis:
        if number := redis.dbsize():
            there.append(f"{number:,} keys in Redis")
    if place.pg_url:
        runs = postgres_dump.content_of(place.pg_url).get("runs", {"count": 0})["count"]
        if runs:
            there.append(f"{runs:,} runs in Dagster's storage")
    return there


def _mongo(folder: Path, manifest: Manifest, place: Place) -> tuple[int, int]:
    part = manifest.part("mongo")
    if part is None:
        return 0, 0
    client: MongoClient[dict[str, Any]]
    with MongoClient(place.mongo_uri, tz_aware=True) as client:
        db: Database[dict[str, Any]] = client[place.settings.leadgen_database]
        refusals = _refusals(db)
        client.drop_database(db.name)
        if mongo_tools.has("mongorestore"):
            mongo_tools.mongorestore(place.mongo_uri, manifest.database, db.name, folder / part.name)
        else:
            loaded = mongo_load.load_archive(folder / part.name, db)
            short = [name for name, each in part.content.items() if loaded.get(name, 0) != each["count"]]
            if short:
                raise BackupFailed(f"the archive holds other numbers than the manifest for {', '.join(sorted(short))}")
        kept = _keep(db, refusals)
    handle = connect(place.mongo_uri, place.settings.leadgen_database)
    try:
        migrate(handle)
    finally:
        disconnect(handle)
    return part.records, kept


def _redis(folder: Path, manifest: Manifest, place: Place) -> int:
    part = manifest.part("redis")
    if part is None:
        return 0
    with Redis.from_url(place.redis_url, socket_timeout=60) as client:
        client.flushdb()
        return redis_keys.load_keys(folder / part.name, client)


def _refusals(db: Database[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {name: list(db[name].find({})) for name in (_KEYS, *PEOPLE_WHO_SAID_NO)}


def _keep(db: Database[dict[str, Any]], refusals: dict[str, list[dict[str, Any]]]) -> int:
    """Put back what the backup does not know. Returns how many people's entries.

    A backup of another database has another key, under which these hashes mean nobody; then nothing is put back.
    """
    own = {each["_id"]: each["key"] for each in refusals[_KEYS]}
    if any(own.get(each["_id"], each["key"]) != each["key"] for each in db[_KEYS].find({})):
        return 0
    kept = 0
    for name, entries in refusals.items():
        known = {each["_id"] for each in db[name].find({}, {"_id": 1})}
        fresh = [each for each in entries if each["_id"] not in known]
        if fresh:
            db[name].insert_many(fresh)
            kept += len(fresh) if name in PEOPLE_WHO_SAID_NO else 0
    return kept
