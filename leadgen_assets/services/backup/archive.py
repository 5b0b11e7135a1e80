"""mongodump's archive format, written and read: what `mongorestore --archive` takes.

Layout (mongo-tools, common/archive/spec.md): magic number; prelude = header, one metadata document a collection,
terminator; then blocks = namespace header, documents, terminator; each namespace ends with an EOF header that carries
the CRC-64 of all its documents. Documents travel as the bytes that MongoDB sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

import bson
from bson.errors import BSONError
from bson.int64 import Int64

from leadgen_assets.services.backup.crc64 import Crc64, crc64, signed
from leadgen_assets.services.backup.errors import BackupFailed

MAGIC = (0x8199E26D).to_bytes(4, "little")
TERMINATOR = b"\xff\xff\xff\xff"
FORMAT_VERSION = "0.1"
LARGEST_DOCUMENT = 16 * 1024 * 1024 + 16 * 1024
BUCKETS = "system.buckets."
"""Before the name of a time-series collection: where its data are."""


@dataclass(frozen=True)
class CollectionMeta:
    """One collection in the prelude."""

    database: str
    name: str
    metadata: str
    """Options and indexes as canonical extended JSON, as in mongodump's `.metadata.json`."""
    size: int
    kind: str
    """collection, timeseries or view."""

    @property
    def data_name(self) -> str | None:
        """The namespace its documents are stored under; None for a view."""
        if self.kind == "view":
            return None
        return f"{BUCKETS}{self.name}" if self.kind == "timeseries" else self.name


@dataclass(frozen=True)
class Prelude:
    """What an archive says before its data."""

    server_version: str
    tool_version: str
    collections: tuple[CollectionMeta, ...]


@dataclass(frozen=True)
class Block:
    """Some documents of one namespace, as they follow each other in the archive."""

    database: str
    name: str
    documents: tuple[bytes, ...]
    is_last: bool = False
    """True once for each namespace, without documents: all of it was read and its check sum is right."""


def write_prelude(out: IO[bytes], prelude: Prelude) -> None:
    """Magic number, header and the metadata of every collection."""
    out.write(MAGIC)
    header = {
        "concurrent_collections": 1,
        "version": FORMAT_VERSION,
        "server_version": prelude.server_version,
        "tool_version": prelude.tool_version,
    }
    out.write(bson.encode(header))
    for each in prelude.collections:
        fields = {
            "db": each.database, "collection": each.name, "metadata": each.metadata, "size": each.size,
            "type": each.kind,
        }  # fmt: skip
        out.write(bson.encode(fields))
    out.write(TERMINATOR)


def write_namespace(out: IO[bytes], database: str, name: str, batches: Iterable[bytes]) -> None:
    """All documents of one namespace; each batch is whole documents, one after the other."""
    check = crc64()
    out.write(_header(database, name))
    for batch in batches:
        check.update(batch)
        out.write(batch)
    out.write(TERMINATOR)
    out.write(_header(database, name, signed(check.value()), is_eof=True))
    out.write(TERMINATOR)


def _header(database: str, name: str, crc: int = 0, *, is_eof: bool = False) -> bytes:
    return bson.encode({"db": database, "collection": name, "EOF": is_eof, "CRC": Int64(crc)})


def read_prelude(source: IO[bytes]) -> Prelude:
    """The beginning of an archive. `BackupFailed` when it is none."""
    if source.read(4) != MAGIC:
        raise BackupFailed("this is no mongodump archive: it does not begin with the magic number")
    header = _decoded(_document_or_end(source), "header", version=str, server_version=str, tool_version=str)
    if header["version"] != FORMAT_VERSION:
        raise BackupFailed(f"the archive has format {header['version']}, this version reads {FORMAT_VERSION}")
    found = []
    while (raw := _document_or_end(source)) is not None:
        each = _decoded(raw, "collection metadata", db=str, collection=str, metadata=str)
        kind = each.get("type") or "collection"
        found.append(CollectionMeta(each["db"], each["collection"], each["metadata"], each.get("size") or 0, str(kind)))
    return Prelude(header["server_version"], header["tool_version"], tuple(found))


def read_blocks(source: IO[bytes], at_once: int = 1000) -> Iterator[Block]:
    """Everything after the prelude, at most `at_once` documents a block.

    Raises `BackupFailed` when the archive ends early, is damaged, or a check sum differs.
    """
    checks: dict[tuple[str, str], Crc64] = {}
    closed: set[tuple[str, str]] = set()
    while (length := source.read(4)) != b"":
        header = _decoded(_document(source, length), "namespace header", db=str, collection=str, EOF=bool, CRC=int)
        place = (header["db"], header["collection"])
        if place in closed:
            raise BackupFailed(f"the archive is damaged: {'.'.join(place)} goes on after its end")
        check = checks.setdefault(place, crc64())
        pending: list[bytes] = []
        while (raw := _document_or_end(source)) is not None:
            check.update(raw)
            pending.append(raw)
            if len(pending) >= at_once:
                yield Block(*place, tuple(pending))
                pending = []
        if pending:
            yield Block(*place, tuple(pending))
        if header["EOF"]:
            if signed(checks.pop(place).value()) != header["CRC"]:
                raise BackupFailed(f"the archive is damaged: the check sum of {'.'.join(place)} differs")
            closed.add(place)
            yield Block(*place, (), is_last=True)
    if checks:
        names = ", ".join(".".join(place) for place in sorted(checks))
        raise BackupFailed(f"the archive ends in the middle of {names}")


def documents(batch: bytes) -> Iterator[bytes]:
    """Documents that follow each other without a gap, each as its own bytes."""
    at = 0
    while at < len(batch):
        size = int.from_bytes(batch[at : at + 4], "little")
        if size < 5 or at + size > len(batch):
            raise BackupFailed("MongoDB sent a batch that is not whole documents")
        yield batch[at : at + size]
        at += size


def _document_or_end(source: IO[bytes]) -> bytes | None:
    length = source.read(4)
    return None if length == TERMINATOR else _document(source, length)


def _document(source: IO[bytes], length: bytes) -> bytes:
    size = int.from_bytes(length, "little")
    if len(length) < 4 or not 5 <= size <= LARGEST_DOCUMENT:
        raise BackupFailed("the archive is damaged: neither a document nor the end of a block")
    rest = source.read(size - 4)
    if len(rest) != size - 4 or rest[-1] != 0:
        raise BackupFailed("the archive is damaged: it ends in the middle of a document")
    return length + rest


def _decoded(raw: bytes | None, what: str, **fields: type) -> Any:
    """The document, with at least these fields of these types."""
    try:
        found = bson.decode(raw) if raw is not None else {}
    except BSONError:
        found = {}
    if any(not isinstance(found.get(name), kind) for name, kind in fields.items()):
        raise BackupFailed(f"the archive is damaged: {what} is missing or not as it should be")
    return found
