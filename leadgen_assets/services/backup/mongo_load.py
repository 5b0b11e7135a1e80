"""An archive back into a MongoDB database: collections with options and validators, documents, then indexes.

Where `mongorestore` is on PATH it does the work (`mongo_tools`); this is the same in Python, for machines without it.
"""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any, cast

from bson.json_util import loads
from bson.raw_bson import RawBSONDocument
from pymongo import WriteConcern
from pymongo.database import Database
from pymongo.errors import BulkWriteError, PyMongoError

from leadgen_assets.services.backup.archive import Block, CollectionMeta, Prelude, read_blocks, read_prelude
from leadgen_assets.services.backup.digest import Content
from leadgen_assets.services.backup.errors import BackupFailed

_BUFFER = 1 << 20
_DURABLE = WriteConcern("majority", j=True)


def load_archive(path: Path, db: Database[dict[str, Any]]) -> dict[str, int]:
    """Restore the archive's collections into `db`, whatever the database was called. Returns {namespace: documents}.

    Collections of the same names must not exist. Raises `BackupFailed`.
    """
    counts: dict[str, int] = {}
    try:
        with opened(path) as source:
            prelude = read_prelude(source)
            for each in prelude.collections:
                _create(db, each)
            for block in read_blocks(source):
                counts[block.name] = counts.get(block.name, 0) + len(block.documents)
                _insert(db, block)
        for each in prelude.collections:
            _build_indexes(db, each)
    except BulkWriteError as error:
        first = (error.details.get("writeErrors") or [{}])[0]
        raise BackupFailed(f"MongoDB refused documents of the archive, code {first.get('code')}") from None
    except PyMongoError as error:
        # the driver's text may quote a document
        raise BackupFailed(
            f"MongoDB could not be restored: {type(error).__name__}, code {getattr(error, 'code', None)}"
        ) from None
    except (OSError, EOFError) as error:
        raise BackupFailed(f"{path.name} cannot be read: {type(error).__name__}") from None
    return counts


def prelude_of(path: Path) -> Prelude:
    """What an archive says about its collections."""
    with opened(path) as source:
        return read_prelude(source)


def content_of_archive(path: Path) -> dict[str, dict[str, Any]]:
    """{namespace: {count, sha256}} of what is in an archive, whoever wrote it; its check sums are verified."""
    found: dict[str, Content] = {}
    with opened(path) as source:
        read_prelude(source)
        for block in read_blocks(source):
            found.setdefault(block.name, Content()).add_all(block.documents)
    return {name: each.to_json() for name, each in found.items()}


def opened(path: Path) -> io.BufferedReader:
    """A gzipped archive, buffered: it is read in small pieces."""
    return io.BufferedReader(cast("io.RawIOBase", gzip.open(path, "rb")), _BUFFER)


def _create(db: Database[dict[str, Any]], meta: CollectionMeta) -> None:
    options = loads(meta.metadata).get("options", {})
    db.command({"create": meta.name, **{name: value for name, value in options.items() if name != "autoIndexId"}})


def _insert(db: Database[dict[str, Any]], block: Block) -> None:
    if block.documents:
        target = db.get_collection(block.name, write_concern=_DURABLE)
        raw: list[Any] = [RawBSONDocument(each) for each in block.documents]
        # what was stored once is restored as it is, also when a validator has become stricter since
        target.insert_many(raw, ordered=False, bypass_document_validation=True)


def _build_indexes(db: Database[dict[str, Any]], meta: CollectionMeta) -> None:
    listed = loads(meta.metadata).get("indexes", [])
    wanted = [
        {name: value for name, value in each.items() if name not in ("v", "ns")}
        for each in listed
        if list(each["key"]) != ["_id"]
    ]
    if wanted:
        db.command({"createIndexes": meta.name, "indexes": wanted})
