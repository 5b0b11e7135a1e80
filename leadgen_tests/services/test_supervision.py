"""Servers live exactly as long as somebody needs them, whatever is killed."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

import psutil
import pytest
from pymongo import MongoClient
from redis import Redis

from leadgen_assets.services import binaries, down, launch, postgres, revival, running, status, up
from leadgen_assets.services.errors import HomeOwned, ServiceUnavailable
from leadgen_assets.services.home import EXIT_OWNED, ServiceHome, SupervisorState, read_json, write_json
from leadgen_assets.services.lifecycle import Addresses
from leadgen_assets.services.postgres import PostgresServer
from leadgen_assets.services.processes import ProcessIdentity
from leadgen_assets.services.supervisor import Supervisor
from leadgen_assets.settings import Settings
from leadgen_tests.services.conftest import eventually, process_of, status_of


def _remember(addresses: Addresses, note: str) -> None:
    if addresses.mongo_uri:
        with MongoClient(addresses.mongo_uri) as client:
            client.kept.notes.insert_one({"note": note})
    if addresses.redis_url:
        with Redis.from_url(addresses.redis_url) as redis:
            redis.set("note", note)
    if addresses.pg_url:
        _sql(addresses.pg_url, f"CREATE TABLE notes AS SELECT '{note}' AS note")


def _recall(addresses: Addresses) -> set[str]:
    notes = set()
    if addresses.mongo_uri:
        with MongoClient(addresses.mongo_uri) as client:
            notes |= {each["note"] for each in client.kept.notes.find()}
    if addresses.redis_url:
        with Redis.from_url(addresses.redis_url, decode_responses=True) as redis:
            notes.add(str(redis.get("note")))
    if addresses.pg_url:
        notes |= {row[0] for row in _sql(addresses.pg_url, "SELECT note FROM notes")}
    return notes


def _sql(url: str, statement: str) -> list[tuple[str]]:
    import psycopg2

    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_killing_the_supervisor_leaves_no_orphan_and_loses_nothing(alone: Settings) -> None:
    """NFR-007: kill -9 of the supervisor takes every server along, and the next start finds all data."""
    _remember(up(alone), "before the kill")
    supervisor = status(alone).supervisor
    assert supervisor
    family = [ProcessIdentity.of(child.pid) for child in psutil.Process(supervisor).children(recursive=True)]
    assert len(family) >= 3
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: not any(member and member.is_alive for member in family))
    with running(alone) as addresses:
        assert _recall(addresses) == {"before the kill"}


def test_a_killed_supervisor_is_followed_by_another_one_while_servers_are_needed(alone: Settings) -> None:
    """NFR-006: kill -9 of the supervisor under a running command, which takes every server along: they are back at their
    addresses, with their data; and one that was told to leave stays away."""
    with running(alone, postgres=False) as addresses:
        _remember(addresses, "before the kill")
        killed = status(alone).supervisor
        assert killed
        os.kill(killed, signal.SIGKILL)
        eventually(
            lambda: status(alone).supervisor not in (killed, None) and status_of(alone, "mongo").state == "ready"
        )
        assert _recall(addresses) == {"before the kill"}

        assert down(alone, force=True) == []
        time.sleep(revival.LOOK_SECONDS * 2)
        assert status(alone).supervisor is None


def test_a_full_disk_does_not_take_the_servers_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFR-006: the supervisor cannot write its state, nor say so, because its log is on the same disk."""

    class FullDisk(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def write_nothing(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    home = ServiceHome(tmp_path)
    home.create()
    supervisor = Supervisor(home)
    with monkeypatch.context() as full:
        full.setattr(ServiceHome, "write_state", write_nothing)
        full.setattr("sys.stderr", FullDisk())
        supervisor._publish("running")
    assert home.live_state() is None

    supervisor._publish("running")

    assert home.live_state() == SupervisorState(ProcessIdentity.current())


def test_a_file_that_finds_no_room_leaves_the_old_one_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFR-007: what was there stays whole, and nothing half-written stays beside it."""
    path = tmp_path / "state.json"
    write_json(path, {"phase": "running"})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("json.dump", full)
    with pytest.raises(OSError, match="No space"):
        write_json(path, {"phase": "stopping"})

    assert read_json(path) == {"phase": "running"}
    assert list(tmp_path.iterdir()) == [path]


def test_down_and_up_again_keeps_data_and_ports(alone: Settings) -> None:
    """NFR-007: an orderly stop loses nothing, and clients find the servers where they were."""
    before = up(alone)
    _remember(before, "before the stop")
    assert down(alone) == []
    assert {each.state for each in status(alone).services} == {"stopped"}
    with running(alone) as after:
        assert _recall(after) == {"before the stop"}
        assert after.by_service() == before.by_service()


@pytest.mark.parametrize("service", ["mongo", "redis", "postgres"])
def test_a_killed_server_is_started_again(alone: Settings, service: str) -> None:
    """NFR-006: a dead server comes back by itself, with its data, at its address."""
    wanted = {name: name == service for name in ("mongo", "redis", "postgres")}
    with running(alone, **wanted) as addresses:
        _remember(addresses, "written")
        victim = process_of(alone, service)
        os.kill(victim, signal.SIGKILL)
        now = eventually(lambda: each if (each := status_of(alone, service)).pid not in (victim, None) else None)
        eventually(lambda: status_of(alone, service).state == "ready")
        assert _recall(addresses) == {"written"}
        assert now.restarts == 1


def test_a_second_user_joins_and_the_last_one_stops_the_servers(alone: Settings) -> None:
    """One supervisor a home: whoever comes second shares it, and it leaves with the last user."""
    with running(alone, mongo=False, postgres=False) as first:
        supervisor = status(alone).supervisor
        with running(alone, mongo=False) as second:
            assert second.redis_url == first.redis_url
            assert second.pg_url
            assert status(alone).supervisor == supervisor
        assert status_of(alone, "redis").state == "ready"
    assert status(alone).supervisor is None


def test_a_second_owner_is_refused_and_told_who_owns_the_home(alone: Settings) -> None:
    """Two supervisors on the same data folders would be an accident."""
    with running(alone, mongo=False, postgres=False):
        supervisor = status(alone).supervisor
        second = subprocess.run(
            [sys.executable, "-m", "leadgen_assets.services.supervisor", str(alone.home)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert second.returncode == EXIT_OWNED
        assert str(supervisor) in second.stderr
        assert process_of(alone, "redis")


def test_up_while_up_says_who_serves(alone: Settings) -> None:
    """The second `services up` changes nothing and names the supervisor."""
    up(alone)
    supervisor = status(alone).supervisor
    with pytest.raises(HomeOwned, match=str(supervisor)):
        up(alone)
    assert status(alone).supervisor == supervisor


def test_down_waits_for_users_unless_forced(alone: Settings) -> None:
    """`services down` does not pull the database away under a running sprint."""
    with running(alone, mongo=False, postgres=False):
        assert down(alone) == [os.getpid()]
        assert status_of(alone, "redis").state == "ready"
        assert down(alone, force=True) == []
        assert status(alone).supervisor is None


def test_servers_stop_when_their_only_user_is_killed(alone: Settings) -> None:
    """No orphan after kill -9 of a command: its lease dies with it."""
    user = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(alone.home)], stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert user.stdout
    assert user.stdout.readline() == "ready\n"
    server, supervisor = (
        ProcessIdentity.of(pid or 0) for pid in (process_of(alone, "redis"), status(alone).supervisor)
    )
    assert server
    assert supervisor
    user.kill()
    user.communicate()
    eventually(lambda: not server.is_alive and not supervisor.is_alive)


_HOLD = """
import sys, time
from pathlib import Path
from leadgen_assets.services import running
from leadgen_tests.conftest import embedded_settings
with running(embedded_settings(Path(sys.argv[1])), mongo=False, postgres=False):
    print("ready", flush=True)
    time.sleep(600)
"""


def test_stale_files_are_harmless(alone: Settings, stranger: ProcessIdentity) -> None:
    """Files of a dead supervisor that name a pid which now is a stranger's: the stranger lives, the servers start."""
    with running(alone):
        pass
    home = ServiceHome(alone.home)
    dead = ProcessIdentity(stranger.pid, "another-life")
    state = SupervisorState(dead)
    with running(alone, mongo=False, postgres=False):
        live = home.live_state()
        assert live
        state.servers = live.servers
    for server in state.servers.values():
        server.process = dead
    home.write_state(state)
    lease = home.take_lease({"redis": "/nowhere"})
    lease.write_text(lease.read_text().replace(ProcessIdentity.current().mark, "another-life"))
    (alone.home / "services" / "postgres" / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n")
    (alone.home / "services" / "mongo" / "data" / "mongod.lock").write_text(f"{stranger.pid}\n")
    with running(alone):
        assert status(alone).is_ready
        assert status(alone).users == [os.getpid()]
    assert stranger.is_alive


def test_addresses_are_in_the_environment_for_children_and_gone_afterwards(
    alone: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Child processes find the stores without being told; what was set before comes back."""
    monkeypatch.setenv("LEADGEN_REDIS_URL", "redis://elsewhere.example")
    monkeypatch.delenv("DAGSTER_PG_URL", raising=False)
    with running(alone, mongo=False) as addresses:
        assert os.environ["LEADGEN_REDIS_URL"] == addresses.redis_url
        assert os.environ["DAGSTER_PG_URL"].startswith("postgresql+psycopg2://")
        assert addresses.applied_to(alone).leadgen_redis_url == addresses.redis_url
    assert os.environ["LEADGEN_REDIS_URL"] == "redis://elsewhere.example"
    assert "DAGSTER_PG_URL" not in os.environ


def test_a_port_that_was_taken_meanwhile_is_replaced(alone: Settings) -> None:
    """A stranger on the port of last time costs the port, not the data."""
    with running(alone, redis=False, postgres=False) as before:
        _remember(before, "on the old port")
    old = ServiceHome(alone.home).known_port("mongo")
    assert old
    with ThreadingTCPServer(("127.0.0.1", old), BaseRequestHandler) as stranger:
        Thread(target=stranger.serve_forever, daemon=True).start()
        with running(alone, redis=False, postgres=False) as after:
            assert after.mongo_uri != before.mongo_uri
            assert _recall(after) == {"on the old port"}
        stranger.shutdown()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
@pytest.mark.parametrize("identity", ["nobody", "namespace"])
def test_postgres_serves_root_in_either_way(alone: Settings, monkeypatch: pytest.MonkeyPatch, identity: str) -> None:
    """PostgreSQL refuses root, so root's server runs as nobody or in a user namespace."""
    home = ServiceHome(alone.home)
    home.create()
    server = PostgresServer(home, binaries.find("postgres", alone))
    monkeypatch.setattr(server, "_working_identity", lambda: identity)
    try:
        server.prepare()
    except ServiceUnavailable as refusal:
        pytest.skip(f"this system does not allow it: {refusal}")
    process = launch.start(server.command(), identity, server.stop_signal, server.log)
    try:
        server.settle(lambda: process.poll() is None)
        assert _sql(postgres.url(home, server.port), "SELECT current_database()") == [("dagster",)]
    finally:
        process.send_signal(server.stop_signal)
        assert process.wait(20) == 0
