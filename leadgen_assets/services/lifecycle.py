"""Starting, sharing and stopping the stores: `running` for as long as a block lasts, `up` until `down`."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from leadgen_assets.services import binaries, configured, mongo, postgres, valkey
from leadgen_assets.services.errors import HomeOwned, ServiceUnavailable
from leadgen_assets.services.home import EXIT_OWNED, ServiceHome
from leadgen_assets.services.processes import ProcessIdentity
from leadgen_assets.services.revival import revived, start_supervisor
from leadgen_assets.settings import Settings

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0
_ADDRESS_OF = {"mongo": mongo.uri, "redis": valkey.url, "postgres": postgres.url}
_SETTING_OF = {"mongo": "leadgen_mongo_uri", "redis": "leadgen_redis_url", "postgres": "dagster_pg_url"}


@dataclass(frozen=True)
class Addresses:
    """Where the stores are, with logins; None for one that was not asked for."""

    mongo_uri: str | None = None
    redis_url: str | None = None
    pg_url: str | None = None

    def applied_to(self, settings: Settings) -> Settings:
        """The same settings with these addresses filled in."""
        known = {_SETTING_OF[name]: address for name, address in self.by_service().items()}
        return settings.model_copy(update=known)

    def by_service(self) -> dict[str, str]:
        """Addresses that are known, by service."""
        addresses = {"mongo": self.mongo_uri, "redis": self.redis_url, "postgres": self.pg_url}
        return {name: address for name, address in addresses.items() if address}

    def __repr__(self) -> str:
        """Without passwords."""
        return f"Addresses({', '.join(map(configured.without_password, self.by_service().values()))})"


@contextmanager
def running(settings: Settings, mongo: bool = True, redis: bool = True, postgres: bool = True) -> Iterator[Addresses]:
    """The stores, ready for clients, for as long as the block lasts.

    A store whose URI is set is used as it is; the others are served by the supervisor of this `LEADGEN_HOME`, which is
    joined if it runs and started if not, and which leaves when its last user does. `LEADGEN_MONGO_URI`,
    `LEADGEN_REDIS_URL` and `DAGSTER_PG_URL` are in the environment meanwhile, for child processes.

    Raises:
        ServiceUnavailable: a set URI does not answer, no server program is found, or one does not start.
    """
    wanted = [name for name, is_wanted in (("mongo", mongo), ("redis", redis), ("postgres", postgres)) if is_wanted]
    given = _configured(settings, wanted)
    for name, address in given.items():
        configured.check(name, address)
    embedded = [name for name in wanted if name not in given]
    with _leased(settings, embedded) as served:
        addresses = _addresses(given | served)
        with _exported(addresses):
            yield addresses


def up(settings: Settings) -> Addresses:
    """Start every embedded store in the background, to run until `down`.

    Raises:
        ServiceUnavailable: as `running`.
        HomeOwned: they are up already; the text says under which supervisor.
    """
    given = _configured(settings, list(_SETTING_OF))
    for name, address in given.items():
        configured.check(name, address)
    embedded = [name for name in _SETTING_OF if name not in given]
    if not embedded:
        return _addresses(given)
    home = ServiceHome(settings.home)
    state = home.live_state()
    if state and (home.leases_folder / "up.json").exists():
        raise HomeOwned(f"already up in {settings.home} under supervisor {state.supervisor.pid}")
    home.create()
    lease, starter = _join(home, settings, embedded, lasting=True)
    try:
        return _addresses(given | _wait_ready(home, embedded, starter))
    except BaseException:
        lease.unlink(missing_ok=True)
        raise


def down(settings: Settings, force: bool = False) -> list[int]:
    """End what `up` began and wait for it.

    Servers that another command still uses stay until it ends; their users' pids are returned. With `force` they are
    stopped all the same.
    """
    home = ServiceHome(settings.home)
    state = home.live_state()
    if state is None:
        home.end_lasting_lease()
        return []
    home.end_lasting_lease()
    users = sorted({lease.holder.pid for lease in home.leases() if lease.holder})
    if users and not force:
        return users
    if force:
        with suppress(ProcessLookupError):
            os.kill(state.supervisor.pid, signal.SIGTERM)
    _wait_gone(home, state.supervisor, whoever_joins=force)
    return []


@contextmanager
def _leased(settings: Settings, embedded: list[str]) -> Iterator[dict[str, str]]:
    if not embedded:
        yield {}
        return
    home = ServiceHome(settings.home)
    home.create()
    lease, starter = _join(home, settings, embedded)
    try:
        served = _wait_ready(home, embedded, starter)
        with revived(home, starter):
            yield served
    finally:
        lease.unlink(missing_ok=True)
        state = home.live_state()
        supervisor = state.supervisor if state else starter and ProcessIdentity.of(starter.pid)
        if supervisor:
            _wait_gone(home, supervisor)
        if starter is not None:
            starter.poll()


def _join(
    home: ServiceHome, settings: Settings, embedded: list[str], lasting: bool = False
) -> tuple[Path, subprocess.Popen[bytes] | None]:
    """Write the lease and see to it that a supervisor reads it; returns both (no process: it ran already)."""
    deadline = time.monotonic() + _STOP_SECONDS
    while True:
        with home.join_lock:
            state = home.live_state()
            if state is None or state.phase == "running":
                served = {name for name, server in state.servers.items() if server.state == "ready"} if state else set()
                found = {
                    name: binaries.look_up(name, settings) if name in served else binaries.find(name, settings)
                    for name in embedded
                }
                lease = home.take_lease({name: str(path) for name, path in found.items() if path}, lasting)
                return lease, None if state else start_supervisor(home)
        if time.monotonic() > deadline:
            raise ServiceUnavailable(f"supervisor {state.supervisor.pid} of {home.leadgen_home} does not finish")
        time.sleep(0.1)  # it is leaving: wait for its place


def _wait_ready(home: ServiceHome, embedded: list[str], starter: subprocess.Popen[bytes] | None) -> dict[str, str]:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        state = home.live_state()
        servers = state.servers if state else {}
        found = {name: servers[name] for name in embedded if name in servers}
        broken = [f"{name}: {server.error}" for name, server in found.items() if server.state == "failed"]
        if broken:
            raise ServiceUnavailable("; ".join(broken))
        if len(found) == len(embedded) and all(server.state == "ready" for server in found.values()):
            return {name: _ADDRESS_OF[name](home, server.port or 0) for name, server in found.items()}
        if starter is not None and starter.poll() not in (None, EXIT_OWNED):
            raise ServiceUnavailable(f"the supervisor ended at once; see {home.logs / 'supervisor.log'}")
        if time.monotonic() > deadline:
            missing = sorted(set(embedded) - {name for name, server in found.items() if server.state == "ready"})
            raise ServiceUnavailable(f"not ready after {_START_SECONDS:.0f} s: {missing}; logs are in {home.logs}")
        time.sleep(0.02)


def _wait_gone(home: ServiceHome, supervisor: ProcessIdentity, whoever_joins: bool = False) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while supervisor.is_alive:
        now = home.live_state()
        if not whoever_joins and now and now.phase == "running" and any(home.leases()):
            return  # somebody else uses it
        if time.monotonic() > deadline:
            raise ServiceUnavailable(f"supervisor {supervisor.pid} does not finish; see {home.logs}")
        time.sleep(0.02)


def _configured(settings: Settings, wanted: list[str]) -> dict[str, str]:
    addresses = {name: getattr(settings, _SETTING_OF[name]) for name in wanted}
    return {
        name: configured.with_driver(address) if name == "postgres" else address
        for name, address in addresses.items()
        if address
    }


def _addresses(found: dict[str, str]) -> Addresses:
    return Addresses(found.get("mongo"), found.get("redis"), found.get("postgres"))


@contextmanager
def _exported(addresses: Addresses) -> Iterator[None]:
    names = {_SETTING_OF[name].upper(): address for name, address in addresses.by_service().items()}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
