"""Proves a backup: restores it into scratch servers of its own and compares counts and contents (PHX-08).

Nothing of the system that was backed up is needed or touched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from redis import Redis

from leadgen_assets.services.backup import files, mongo_dump, mongo_load, mongo_tools, postgres_dump, redis_keys
from leadgen_assets.services.backup.digest import differences, sha256_of
from leadgen_assets.services.backup.errors import BackupFailed
from leadgen_assets.services.backup.manifest import Manifest, Part, read_manifest
from leadgen_assets.services.lifecycle import running
from leadgen_assets.settings import Settings

_SCRATCH = "verification"


@dataclass(frozen=True)
class Verdict:
    """How one part fared. `problems` is empty when it is whole and comes back the same."""

    part: str
    checked: str
    problems: list[str]


def verify_backup(folder: Path, settings: Settings, *, restore: bool = True) -> list[Verdict]:
    """Check every part's size and hash and, unless `restore` is false, restore all of them into scratch servers."""
    manifest = read_manifest(folder)
    verdicts = [_undamaged(folder, part) for part in manifest.parts]
    if restore and not any(each.problems for each in verdicts):
        verdicts += _restored(folder, manifest, settings)
    return verdicts


def damaged(folder: Path, manifest: Manifest) -> list[str]:
    """Parts that are missing or are not as they were written, one line each."""
    return [line for part in manifest.parts for line in _undamaged(folder, part).problems]


def _undamaged(folder: Path, part: Part) -> Verdict:
    path = folder / part.name
    if not path.is_file():
        problems = [f"{part.name} is missing"]
    elif path.stat().st_size != part.bytes:
        problems = [f"{part.name} has {path.stat().st_size:,} bytes, {part.bytes:,} were written"]
    else:
        problems = [] if sha256_of(path) == part.sha256 else [f"{part.name} is damaged: its SHA-256 differs"]
    return Verdict(part.name, "size and SHA-256", problems)


def _restored(folder: Path, manifest: Manifest, settings: Settings) -> list[Verdict]:
    compare: dict[str, Callable[[Path, Part, Settings], list[str]]] = {
        "mongo": lambda path, part, scratch: _mongo(path, part, scratch, manifest.database),
        "redis": _redis,
        "postgres": _postgres,
        "files": lambda path, part, _: differences(part.content, files.content_of_files(path)),
    }
    verdicts = []
    with TemporaryDirectory(prefix="leadgen-verify-") as home:
        embedded = {
            "leadgen_home": Path(home), "leadgen_mongo_uri": None, "leadgen_redis_url": None, "dagster_pg_url": None,
        }  # fmt: skip
        # a copy would keep the cached home of the original
        scratch = Settings.model_construct(**{**settings.model_dump(), **embedded})
        with running(scratch, postgres=manifest.part("postgres") is not None) as addresses:
            scratch = addresses.applied_to(scratch)
            for part in manifest.parts:
                try:
                    problems = compare[part.kind](folder / part.name, part, scratch)
                except BackupFailed as error:
                    problems = [str(error)]
                verdicts.append(Verdict(part.name, f"restored, {part.records:,} compared", problems))
    return verdicts


def _mongo(path: Path, part: Part, scratch: Settings, database: str) -> list[str]:
    client: MongoClient[dict[str, Any]]
    with MongoClient(scratch.leadgen_mongo_uri) as client:
        # what has expired since must not disappear while it is compared
        client.admin.command("setParameter", 1, ttlMonitorEnabled=False)
        if mongo_tools.has("mongorestore"):
            mongo_tools.mongorestore(str(scratch.leadgen_mongo_uri), database, _SCRATCH, path)
        else:
            mongo_load.load_archive(path, client[_SCRATCH])
        db: Database[dict[str, Any]] = client[_SCRATCH]
        wanted = {each.name: mongo_dump.comparable(each.metadata) for each in mongo_load.prelude_of(path).collections}
        shapes = mongo_dump.shape_of(db)
        return [
            *differences(part.content, mongo_dump.content_of(db)),
            *(f"{name}: options or indexes differ" for name in wanted if shapes.get(name) != wanted[name]),
        ]


def _redis(path: Path, part: Part, scratch: Settings) -> list[str]:
    with Redis.from_url(str(scratch.leadgen_redis_url)) as client:
        redis_keys.load_keys(path, client, keep_expired=True)
        return differences(part.content, {"keys": redis_keys.content_of_keys(client)})


def _postgres(path: Path, part: Part, scratch: Settings) -> list[str]:
    url = str(scratch.dagster_pg_url)
    postgres_dump.load_storage(url, path, scratch)
    return differences(part.content, postgres_dump.content_of(url))
