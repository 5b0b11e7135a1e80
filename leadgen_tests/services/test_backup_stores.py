"""Each store goes into its file and comes back the same: documents, options, indexes, keys, rows."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from bson import Binary, Decimal128, Int64, ObjectId
from pymongo import MongoClient
from pymongo.database import Database
from redis import Redis

from leadgen_assets.services import binaries
from leadgen_assets.services.backup import mongo_tools, postgres_copy, postgres_dump, redis_keys
from leadgen_assets.services.backup.digest import differences
from leadgen_assets.services.backup.errors import BackupFailed
from leadgen_assets.services.backup.mongo_dump import content_of, dump_database, shape_of
from leadgen_assets.services.backup.mongo_load import content_of_archive, load_archive
from leadgen_assets.services.backup.redis_keys import content_of_keys, dump_keys, load_keys
from leadgen_assets.stores.lead_schema import LEAD_VALIDATOR
from leadgen_assets.stores.migrations import problems
from leadgen_assets.stores.mongo import LEADS
from leadgen_tests.conftest import embedded_settings

Db = Database[dict[str, Any]]


@pytest.fixture
def other(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Db]:
    """An empty database to restore into."""
    name = f"restored_{uuid.uuid4().hex[:12]}"
    yield mongo_client[name]
    mongo_client.drop_database(name)


def filled(db: Db) -> Db:
    """Every kind of collection and value that a copy could get wrong."""
    db["notes"].insert_many(
        [
            {"_id": 1, "long": Int64(2**60), "money": Decimal128("0.10"), "raw": Binary(b"\0\xff"), "none": None},
            {"_id": ObjectId(), "at": datetime(2026, 11, 22, 5, 0, 0, 123000, UTC), "nested": {"b": 1, "a": [1.0, 2]}},
            {"_id": "x" * 10, "text": "Zoë 🦉", "empty": {}, "list": []},
        ]
    )
    db["notes"].create_index([("at", -1), ("text", 1)], name="mixed", unique=True, sparse=True)
    db.create_collection("series", timeseries={"timeField": "at", "metaField": "meta", "granularity": "seconds"},
                         expireAfterSeconds=90 * 86400)  # fmt: skip
    db["series"].insert_many(
        [{"at": datetime(2026, 11, 22, 5, 0, second, tzinfo=UTC), "meta": {"sprint": "s"}, "x": 1.5 * second}
         for second in range(50)]
    )  # fmt: skip
    db["series"].create_index([("meta.sprint", 1), ("at", 1)])
    db.create_collection("ring", capped=True, size=4096, max=5)
    db["ring"].insert_many([{"_id": number} for number in range(5)])
    db.create_collection("names", viewOn="notes", pipeline=[{"$project": {"text": 1}}])
    return db


def test_a_database_comes_back_with_everything(database: Db, other: Db, tmp_path: Path) -> None:
    """DE-06, DE-01: documents byte for byte; validator, indexes, time series, capped collection and view too."""
    source = filled(database)
    path = tmp_path / "mongo.archive.gz"
    dump = dump_database(source.client, source.name, path)

    load_archive(path, other)

    assert dump.content["notes"]["count"] == 3
    assert differences(dump.content, content_of(other)) == []
    assert shape_of(other) == shape_of(source)
    assert problems(other) == []
    assert list(other["series"].find({}, {"_id": 0}).sort("at")) == list(
        source["series"].find({}, {"_id": 0}).sort("at")
    )
    assert other["names"].count_documents({}) == 3
    assert other["ring"].options()["max"] == 5
    assert other[LEADS].options()["validator"] == LEAD_VALIDATOR
    assert content_of_archive(path) == dump.content


def test_a_dump_is_of_one_moment_while_others_write(bare: Db, tmp_path: Path) -> None:
    """DE-06: a writer that adds to two collections in turn is caught at one point of both."""
    first, second = bare["first"], bare["second"]
    for each in (first, second):
        each.insert_many([{"_id": -number} for number in range(1, 3000)])
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            first.insert_one({"_id": number})
            second.insert_one({"_id": number})
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        began = datetime.now(UTC).replace(microsecond=0)
        dumps = [dump_database(bare.client, bare.name, tmp_path / f"{number}.gz") for number in range(3)]
    finally:
        ended.set()
        writer.join()

    for dump in dumps:
        counts = {name: dump.content[name]["count"] for name in ("first", "second")}
        assert counts["first"] - counts["second"] in (0, 1), counts
        assert dump.point_in_time
        assert began <= dump.point_in_time <= datetime.now(UTC)
    assert dumps[-1].content["first"]["count"] < first.count_documents({})


def test_a_server_without_snapshots_is_dumped_and_told(bare: Db, tmp_path: Path, monkeypatch) -> None:
    """DE-06: a standalone MongoDB of yours is backed up too, but the backup claims no moment."""
    from pymongo.errors import ConfigurationError

    plain = bare.client.start_session

    def refuse(**options: Any) -> Any:
        if options.get("snapshot"):
            raise ConfigurationError("sessions are not supported by this MongoDB deployment")
        return plain(**options)

    monkeypatch.setattr(bare.client, "start_session", refuse)
    bare["notes"].insert_one({"_id": 1})

    dump = dump_database(bare.client, bare.name, tmp_path / "plain.gz")

    assert dump.point_in_time is None
    assert dump.content["notes"]["count"] == 1


def test_documents_that_the_validator_refuses_now_come_back(bare: Db, other: Db, tmp_path: Path) -> None:
    """NFR-007: what was stored once is not lost because a rule became stricter."""
    bare["strict"].insert_one({"_id": 1, "old": True})
    bare.command("collMod", "strict", validator={"new": {"$exists": True}})
    dump_database(bare.client, bare.name, tmp_path / "a.gz")

    load_archive(tmp_path / "a.gz", other)

    assert list(other["strict"].find()) == [{"_id": 1, "old": True}]


def test_existing_documents_are_not_overwritten(bare: Db, tmp_path: Path) -> None:
    """DE-06: an archive goes into an empty database, or nowhere."""
    bare["notes"].insert_one({"_id": 1})
    dump_database(bare.client, bare.name, tmp_path / "a.gz")
    with pytest.raises(BackupFailed, match="code 48"):
        load_archive(tmp_path / "a.gz", bare)


def test_mongorestore_is_preferred_and_sees_no_password_on_its_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFR-010: the tool gets the address in a private file that is gone afterwards."""
    tool, seen = tmp_path / "mongorestore", tmp_path / "seen"
    tool.write_text(f'#!/bin/sh\nstat -c %a "$2" >{seen}\ncat "$2" >>{seen}\necho "$@" >>{seen}\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert mongo_tools.has("mongorestore")

    mongo_tools.mongorestore("mongodb://me:hidden-word@127.0.0.1:1/", "lead_generation", "other", tmp_path / "a.gz")

    mode, login, arguments = seen.read_text().splitlines()
    assert mode == "600"
    assert login == "uri: mongodb://me:hidden-word@127.0.0.1:1/"
    assert "hidden-word" not in arguments
    assert "--gzip --nsInclude lead_generation.* --nsFrom lead_generation.* --nsTo other.*" in arguments
    assert not Path(arguments.split()[1]).exists()


def test_a_tool_that_fails_is_told_without_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFR-010: the last line of the tool, without the address."""
    tool = tmp_path / "mongodump"
    tool.write_text("#!/bin/sh\necho 'cannot reach mongodb://me:hidden-word@127.0.0.1:1/' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(BackupFailed, match="exit code 1: cannot reach …") as failure:
        mongo_tools.mongodump("mongodb://me:hidden-word@127.0.0.1:1/", "db", tmp_path / "a.gz")
    assert "hidden-word" not in str(failure.value)


@pytest.fixture
def two_redis(redis_url: str) -> Iterator[tuple[Redis, Redis]]:
    """Two empty databases of the session's server, giving bytes."""
    base = redis_url.rpartition("/")[0]
    with Redis.from_url(f"{base}/14") as first, Redis.from_url(f"{base}/15") as second:
        for each in (first, second):
            each.flushdb()
        yield first, second
        for each in (first, second):
            each.flushdb()


def test_every_kind_of_key_comes_back(
    two_redis: tuple[Redis, Redis], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TL-03: claims, windows, counters; binary values; keys keep the time they expire, and what expired stays away."""
    source, target = two_redis
    moment = time.time()
    source.set("lead:email:ada@example.com", b"\x00\xffL1", ex=600)
    source.hset("counters", mapping={"leads": 3, b"\xfe": b"\x01"})
    source.sadd("set", *(f"m{number}" for number in range(300)))
    source.zadd("window", {"a": 1.5, "b": 1764000000123.0})
    source.rpush("list", "1", "2", "1")
    source.xadd("stream", {"a": "b"}, id="5-1")
    source.set("short", "x", ex=100)
    for number in range(1200):
        source.set(f"many:{number}", number)

    content = dump_keys(source, tmp_path / "keys.gz")
    source.delete("short")
    monkeypatch.setattr(redis_keys.time, "time", lambda: moment + 200)
    loaded = load_keys(tmp_path / "keys.gz", target)

    assert content["count"] == 1207
    assert loaded == 1206
    assert content_of_keys(source) == content_of_keys(target)
    assert target.get("lead:email:ada@example.com") == b"\x00\xffL1"
    assert 500 < target.ttl("lead:email:ada@example.com") <= 600
    assert target.ttl("counters") == -1
    assert target.lrange("list", 0, -1) == [b"1", b"2", b"1"]
    target.flushdb()
    assert load_keys(tmp_path / "keys.gz", target, keep_expired=True) == 1207
    assert content_of_keys(target) == content


def test_a_damaged_file_of_keys_is_refused(two_redis: tuple[Redis, Redis], tmp_path: Path) -> None:
    """PHX-08: cut in the middle."""
    source, target = two_redis
    source.set("a", "b" * 1000)
    path = tmp_path / "keys.gz"
    dump_keys(source, path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BackupFailed, match="cannot be read"):
        load_keys(path, target)


@pytest.fixture(scope="module")
def new_storage(pg_url: str) -> Iterator[Callable[[], str]]:
    """Makes empty databases on the session's server."""
    admin = psycopg2.connect(postgres_copy.plain(pg_url))
    admin.autocommit = True
    names: list[str] = []
    with admin.cursor() as cursor:

        def new() -> str:
            names.append(f"storage_{uuid.uuid4().hex[:10]}")
            cursor.execute(f"CREATE DATABASE {names[-1]} STRATEGY file_copy")
            return f"{pg_url.rpartition('/')[0]}/{names[-1]}"

        yield new
        for name in names:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


@pytest.fixture(scope="module")
def dagster_storage(new_storage: Callable[[], str]) -> str:
    """A database with Dagster's tables and a few rows."""
    url = new_storage()
    postgres_copy._make_tables(url)
    with closing(psycopg2.connect(postgres_copy.plain(url))) as connection, connection, connection.cursor() as rows:
        rows.execute(
            "INSERT INTO kvs (key, value) SELECT 'k' || n, 'Zoë'||chr(9)||'\\N'||n FROM generate_series(1, 500) n"
        )
        rows.execute("INSERT INTO dynamic_partitions (partitions_def_name, partition) VALUES ('sprint', 'a\\b')")
    return url


@pytest.mark.parametrize("has_pg_dump", [True, False])
def test_dagsters_storage_comes_back(
    dagster_storage: str,
    new_storage: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_pg_dump: bool,
) -> None:
    """REQ-018: every row, by pg_dump where there is one and by COPY where not; new rows get numbers after the old."""
    target, settings = new_storage(), embedded_settings(tmp_path)
    if not has_pg_dump:
        monkeypatch.setattr(postgres_dump, "find_tool", lambda *_: None)

    path, tool, content = postgres_dump.dump_storage(dagster_storage, tmp_path, settings)
    postgres_dump.load_storage(target, path, settings)

    assert path.name == ("dagster.pgdump" if has_pg_dump else "dagster.copy.tar")
    assert tool.startswith("pg_dump" if has_pg_dump else "COPY")
    assert content["kvs"]["count"] == 500
    assert content["alembic_version"]["count"] == 1
    assert postgres_dump.content_of(target) == content
    with (
        closing(psycopg2.connect(postgres_copy.plain(target))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO dynamic_partitions (partitions_def_name, partition) VALUES ('sprint', 'b') RETURNING id"
        )
        assert cursor.fetchone() == (2,)
    # over what is there, as `restore --replace` does it
    postgres_dump.load_storage(target, path, settings)
    assert postgres_dump.content_of(target) == content


def test_the_pg_dump_of_the_embedded_server_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """REQ-018: one that is older than the server refuses to dump, so it is not even tried."""
    settings = embedded_settings(tmp_path)
    server = binaries.look_up("postgres", settings)
    assert server
    assert postgres_dump.find_tool("pg_dump", 18, settings) == server.with_name("pg_dump")
    monkeypatch.setattr(binaries, "look_up", lambda *_: None)
    assert postgres_dump.find_tool("pg_dump", 99, settings) is None
