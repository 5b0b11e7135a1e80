"""A MongoDB database into one archive, all collections as of one moment.

Reads go through a snapshot session: every collection is read as of the same cluster time, while others write on. A
server that is no replica set has no snapshots; then each collection is read as it is when its turn comes, and the
manifest says so.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

from bson.json_util import CANONICAL_JSON_OPTIONS, dumps, loads
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError

from leadgen_assets.services.backup.archive import (
    BUCKETS,
    CollectionMeta,
    Prelude,
    documents,
    write_namespace,
    write_prelude,
)
from leadgen_assets.services.backup.digest import Content
from leadgen_assets.services.backup.errors import BackupFailed

TOOL_VERSION = "leadgen"
_NO_SNAPSHOTS = frozenset({20, 72, 115, 123})
_TOO_OLD, _CATALOGUE_CHANGED = 239, 246
_TRIES = 3
_COMPRESSION = 4
_BATCH = 1000

MongoDb = Database[dict[str, Any]]


@dataclass(frozen=True)
class MongoDump:
    """What was written. `point_in_time` None: collection by collection."""

    server: str
    point_in_time: datetime | None
    content: dict[str, dict[str, Any]]
    """{namespace without database: {count, sha256}}."""


def dump_database(client: MongoClient[dict[str, Any]], database: str, path: Path) -> MongoDump:
    """Write the archive. `BackupFailed` says what MongoDB did not allow; nothing of a document is quoted."""
    for attempt in range(1, _TRIES + 1):
        try:
            return _dumped(client, database, path, snapshot=True)
        except OperationFailure as error:
            if error.code in _NO_SNAPSHOTS:
                break
            if error.code == _CATALOGUE_CHANGED and attempt < _TRIES:
                continue  # a collection or index was made since the moment of the snapshot: take a later one
            raise _failed(error) from None
        except ConfigurationError:
            break
        except PyMongoError as error:
            raise _failed(error) from None
    try:
        return _dumped(client, database, path, snapshot=False)
    except PyMongoError as error:
        raise _failed(error) from None


def content_of(db: MongoDb) -> dict[str, dict[str, Any]]:
    """{namespace: {count, sha256}} of a database as it is."""
    found = {}
    for each in _collections(db):
        if each.data_name is not None:
            content = Content()
            for batch in _batches(db, each.data_name, None):
                content.add_all(documents(batch))
            found[each.data_name] = content.to_json()
    return found


def shape_of(db: MongoDb) -> dict[str, str]:
    """{collection: options and indexes as text}, for comparing a copy with its original; identifiers are left out."""
    found = {}
    for each in _collections(db):
        found[each.name] = comparable(each.metadata)
    return found


def comparable(metadata: str) -> str:
    """The metadata of a collection without what differs between copies: its id and the indexes' format versions."""
    meta = loads(metadata)
    indexes = sorted(({k: v for k, v in each.items() if k not in ("v", "ns")} for each in meta["indexes"]), key=str)
    return dumps({"options": meta.get("options", {}), "indexes": indexes}, json_options=CANONICAL_JSON_OPTIONS)


def _dumped(client: MongoClient[dict[str, Any]], database: str, path: Path, *, snapshot: bool) -> MongoDump:
    db = client[database]
    server = str(client.server_info()["version"])
    collections = tuple(_collections(db))
    content: dict[str, Content] = {}
    with client.start_session(snapshot=True) if snapshot else nullcontext() as session:
        moment = _moment(db, collections, session) if session else None
        with gzip.open(path, "wb", compresslevel=_COMPRESSION) as zipped:
            out = cast("IO[bytes]", zipped)
            write_prelude(out, Prelude(server, TOOL_VERSION, collections))
            for each in collections:
                name = each.data_name
                if name is not None:
                    content[name] = Content()
                    view = None if _is_capped(each) else session
                    write_namespace(out, database, name, _counted(_batches(db, name, view), content[name]))
    return MongoDump(server, moment, {name: each.to_json() for name, each in content.items()})


def _moment(db: MongoDb, collections: tuple[CollectionMeta, ...], session: ClientSession) -> datetime | None:
    """Fix the session's moment by its first read; the answer tells it."""
    name = next((each.data_name for each in collections if each.data_name), "sprints")
    answer = db.command({"find": name, "limit": 1}, session=session)
    at = answer["cursor"].get("atClusterTime")
    return datetime.fromtimestamp(at.time, UTC) if at else None


def _collections(db: MongoDb) -> Iterator[CollectionMeta]:
    listed = sorted(db.list_collections(), key=lambda each: str(each["name"]))
    for each in listed:
        if not each["name"].startswith("system."):
            yield _described(db, each)


def _described(db: MongoDb, listed: Mapping[str, Any]) -> CollectionMeta:
    name, kind = listed["name"], listed["type"]
    metadata: dict[str, Any] = {"options": listed.get("options", {})}
    metadata["indexes"] = [] if kind == "view" else [dict(each) for each in db[name].list_indexes()]
    uuid = listed.get("info", {}).get("uuid")
    if uuid is not None:
        metadata["uuid"] = bytes(uuid if isinstance(uuid, bytes) else uuid.bytes).hex()
    metadata |= {"collectionName": name, "type": kind}
    if kind == "view":
        size = 0
    else:
        place = f"{BUCKETS}{name}" if kind == "timeseries" else name
        size = int(db.command("collStats", place).get("size", 0))
    return CollectionMeta(db.name, name, dumps(metadata, json_options=CANONICAL_JSON_OPTIONS), size, kind)


def _is_capped(meta: CollectionMeta) -> bool:
    """MongoDB has no snapshots of capped collections; the product has none, yours may."""
    return bool(loads(meta.metadata)["options"].get("capped"))


def _batches(db: MongoDb, name: str, session: ClientSession | None) -> Iterator[bytes]:
    """Whole documents as MongoDB stores them, some hundred at a time."""
    yield from db[name].find_raw_batches({}, batch_size=_BATCH, session=session)


def _counted(batches: Iterator[bytes], content: Content) -> Iterator[bytes]:
    for batch in batches:
        content.add_all(documents(batch))
        yield batch


def _failed(error: PyMongoError) -> BackupFailed:
    code = getattr(error, "code", None)
    if code == _TOO_OLD:
        return BackupFailed(
            "MongoDB forgot the moment of the backup before everything was read. Raise its "
            "minSnapshotHistoryWindowInSeconds (default 300), or install mongodump and use --with-mongodump"
        )
    return BackupFailed(f"MongoDB could not be backed up: {type(error).__name__}{f', code {code}' if code else ''}")
