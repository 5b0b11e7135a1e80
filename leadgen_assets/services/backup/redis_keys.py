"""A Redis or Valkey database into a file and back, key by key: independent of the server's version and file format.

Each key is one BSON document: `k` key, `t` type, `v` value, `x` the time it expires (ms since 1970, absent: never). Keys
change while they are read, so the file is of no single moment; MongoDB is the truth, and claims are confirmed there.
"""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

import bson
from bson.binary import Binary
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from leadgen_assets.services.backup.archive import documents as split
from leadgen_assets.services.backup.digest import Content
from leadgen_assets.services.backup.errors import BackupFailed

_AT_ONCE = 500
_OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(document_class=dict)

_READ: dict[str, Callable[[Any, bytes], Any]] = {
    "string": lambda pipe, key: pipe.get(key),
    "hash": lambda pipe, key: pipe.hgetall(key),
    "set": lambda pipe, key: pipe.smembers(key),
    "zset": lambda pipe, key: pipe.zrange(key, 0, -1, withscores=True),
    "list": lambda pipe, key: pipe.lrange(key, 0, -1),
    "stream": lambda pipe, key: pipe.xrange(key),
}


def dump_keys(client: Redis, path: Path) -> dict[str, Any]:
    """Write every key of the client's database. Returns {count, sha256}; the hash leaves out when keys expire.

    `client` must give bytes. Raises `BackupFailed`.
    """
    content = Content()
    try:
        with gzip.open(path, "wb", compresslevel=4) as out:
            for record in _records(client):
                out.write(bson.encode(record))
                content.add(_identity(record))
    except RedisError as error:
        raise BackupFailed(f"Redis could not be backed up: {type(error).__name__}") from None
    return content.to_json()


def load_keys(path: Path, client: Redis, *, keep_expired: bool = False) -> int:
    """Write the keys of a file into an empty database; those that expired meanwhile are left out. Returns how many.

    With `keep_expired` no key expires, for comparing.
    """
    now = int(time.time() * 1000)
    loaded = 0
    records = (each for each in _read(path) if keep_expired or each.get("x", now + 1) > now)
    try:
        while batch := list(islice(records, _AT_ONCE)):
            pipe = client.pipeline(transaction=False)
            for record in batch:
                _write(pipe, record)
                if "x" in record and not keep_expired:
                    pipe.pexpireat(record["k"], int(record["x"]))
            pipe.execute()
            loaded += len(batch)
    except RedisError as error:
        raise BackupFailed(f"Redis could not be restored: {type(error).__name__}") from None
    return loaded


def content_of_keys(client: Redis) -> dict[str, Any]:
    """{count, sha256} of a database as it is."""
    content = Content()
    for record in _records(client):
        content.add(_identity(record))
    return content.to_json()


def _records(client: Redis) -> Iterator[dict[str, Any]]:
    # SCAN may show a key twice
    seen: set[bytes] = set()
    found = iter(client.scan_iter(count=1000))
    while keys := list(islice(found, _AT_ONCE)):
        fresh = [key for key in dict.fromkeys(keys) if key not in seen]
        seen.update(fresh)
        yield from _values(client, fresh)


def _values(client: Redis, keys: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    pipe = client.pipeline(transaction=False)
    for key in keys:
        pipe.type(key)
        pipe.pttl(key)
    now = int(time.time() * 1000)
    answers = pipe.execute()
    kinds = [kind.decode() for kind in answers[::2]]
    known = [(key, kind, left) for key, kind, left in zip(keys, kinds, answers[1::2], strict=True) if kind != "none"]
    for key, kind, _ in known:
        if kind not in _READ:
            raise BackupFailed(f"Redis holds a key of type {kind}, which is not ours; use a database of its own")
        _READ[kind](pipe, key)
    for (key, kind, left), value in zip(known, pipe.execute(raise_on_error=False), strict=True):
        if isinstance(value, ResponseError):
            continue  # it became another type between the two looks
        if value is None or (kind != "string" and not value):
            continue  # it expired between the two looks
        record = {"k": key, "t": kind, "v": _plain(kind, value)}
        yield record | ({"x": now + int(left)} if left >= 0 else {})


def _plain(kind: str, value: Any) -> Any:
    """The value in one order, whatever order the server keeps it in."""
    if kind == "string":
        return bytes(value)
    if kind == "hash":
        return [[name, each] for name, each in sorted(value.items())]
    if kind == "set":
        return sorted(value)
    if kind == "zset":
        return [[member, float(score)] for member, score in sorted(value)]
    if kind == "stream":
        return [[entry, [[name, each] for name, each in fields.items()]] for entry, fields in value]
    return list(value)


def _write(pipe: Any, record: dict[str, Any]) -> None:
    key, kind, value = record["k"], record["t"], record["v"]
    if kind == "string":
        pipe.set(key, value)
    elif kind == "hash":
        pipe.hset(key, mapping=dict(value))
    elif kind == "set":
        pipe.sadd(key, *value)
    elif kind == "zset":
        pipe.zadd(key, dict(value))
    elif kind == "stream":
        for entry, fields in value:
            pipe.xadd(key, dict(fields), id=entry)
    else:
        pipe.rpush(key, *value)


def _identity(record: dict[str, Any]) -> bytes:
    return bson.encode({name: record[name] for name in ("k", "t", "v")})


def _read(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with io.BufferedReader(cast("io.RawIOBase", gzip.open(path, "rb")), 1 << 20) as source:
            while length := source.read(4):
                size = int.from_bytes(length, "little")
                for each in split(length + source.read(size - 4)):
                    yield _bytes_of(dict(bson.decode(each, _OPTIONS)))
    except (OSError, EOFError, bson.errors.BSONError) as error:
        raise BackupFailed(f"{path.name} cannot be read: {type(error).__name__}") from None


def _bytes_of(value: Any) -> Any:
    if isinstance(value, Binary | bytes):
        return bytes(value)
    if isinstance(value, list):
        return [_bytes_of(each) for each in value]
    if isinstance(value, dict | RawBSONDocument):
        return {name: _bytes_of(each) for name, each in value.items()}
    return value
