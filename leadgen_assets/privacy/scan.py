"""Looking for a person in everything that is stored, byte by byte: how an erasure is verified.

Knows nothing of how data got where they are, so that a place an erasure forgot is found by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from leadgen_assets.privacy.files import LARGEST, files_below, names_them, naming
from leadgen_assets.privacy.identifiers import Needles
from leadgen_assets.privacy.people import frames
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.raw_pages import unpack

_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)


def scan(stores: OpenStores, home: Path, needles: Needles, *, besides: str | None = None) -> dict[str, int]:
    """{place: documents, keys, rows or files that name the person}; empty when they are nowhere.

    `besides` is the id of an erasure record that may name them, because it is still open.
    """
    found: Counter[str] = Counter()
    if needles.texts:
        for part in (_mongo(stores, needles, besides), _redis(stores, needles), _lake(stores, needles)):
            found.update(part)
        found.update(_files(home, needles))
    return dict(found)


def _mongo(stores: OpenStores, needles: Needles, besides: str | None) -> Iterator[str]:
    for name in sorted(stores.db.list_collection_names()):
        if name.startswith("system."):
            continue
        raw: Any = stores.db.get_collection(name, codec_options=_RAW)
        for document in raw.find({} if besides is None else {"_id": {"$ne": besides}}):
            packed = document.get("packed")
            content = bytes(document.raw) + (_unpacked(packed) if packed is not None else b"")
            if needles.are_in_bytes(content):
                yield f"mongodb:{name}"


def _unpacked(packed: bytes) -> bytes:
    return str(unpack(packed)).encode("utf-8", "replace")


def _redis(stores: OpenStores, needles: Needles) -> Iterator[str]:
    client: Any = stores.redis
    readers = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"zset": lambda key: client.zrange(key, 0, -1),
        b"stream": client.xrange,
    }
    for key in client.scan_iter(count=1000):
        name = key if isinstance(key, bytes) else key.encode()
        if name.startswith(b"lead:"):  # the value is a lead id
            content = name
        else:
            kind = client.type(key)
            reader = readers.get(kind if isinstance(kind, bytes) else kind.encode())
            content = name + b" " + (str(reader(key)).encode("utf-8", "replace") if reader else b"")
        if needles.are_in_bytes(content):
            yield "redis"


def _lake(stores: OpenStores, needles: Needles) -> Iterator[str]:
    for asset, partition in frames(stores):
        for _ in range(int(naming(stores.lake.read(asset, partition), needles).sum())):
            yield f"lake:{asset}"


def _files(home: Path, needles: Needles) -> Iterator[str]:
    for path in files_below(home):
        if path.stat().st_size > LARGEST:
            continue
        if names_them(path, needles):
            yield f"files:{path.relative_to(home).parts[0]}"
