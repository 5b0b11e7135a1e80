"""What the stores' servers are doing, for people and for programs. Never holds a password."""

from __future__ import annotations

from dataclasses import dataclass

from leadgen_assets.services import configured
from leadgen_assets.services.errors import ServiceUnavailable
from leadgen_assets.services.home import ServiceHome
from leadgen_assets.settings import Settings

_SETTINGS = {"mongo": "leadgen_mongo_uri", "redis": "leadgen_redis_url", "postgres": "dagster_pg_url"}


@dataclass(frozen=True)
class ServiceStatus:
    """One store. `state`: ready, starting, restarting, failed, stopped, or unreachable (configured ones)."""

    service: str
    origin: str
    """embedded, or the setting that names the server."""
    state: str
    address: str | None = None
    pid: int | None = None
    restarts: int = 0
    error: str | None = None


@dataclass(frozen=True)
class ServicesStatus:
    """All stores of one home. `users` are the pids of the commands that use the embedded ones now."""

    home: str
    supervisor: int | None
    users: list[int]
    stays_up: bool
    services: list[ServiceStatus]

    @property
    def is_ready(self) -> bool:
        """Whether every store would serve a client now."""
        return all(service.state == "ready" for service in self.services)


def status(settings: Settings) -> ServicesStatus:
    """Look at every store; configured ones are asked, embedded ones are told by their supervisor. Starts nothing."""
    home = ServiceHome(settings.home)
    state = home.live_state()
    leases = list(home.leases()) if state else []
    return ServicesStatus(
        home=str(settings.home),
        supervisor=state.supervisor.pid if state else None,
        users=sorted({lease.holder.pid for lease in leases if lease.holder}),
        stays_up=any(lease.holder is None for lease in leases),
        services=[
            _ask(name, getattr(settings, setting), setting.upper())
            if getattr(settings, setting)
            else _embedded(home, name)
            for name, setting in _SETTINGS.items()
        ],
    )


def _ask(name: str, address: str, setting: str) -> ServiceStatus:
    shown = configured.without_password(address)
    try:
        configured.check(name, address, seconds=3)
    except ServiceUnavailable as error:
        return ServiceStatus(name, setting, "unreachable", shown, error=str(error))
    return ServiceStatus(name, setting, "ready", shown)


def _embedded(home: ServiceHome, name: str) -> ServiceStatus:
    state = home.live_state()
    server = state.servers.get(name) if state else None
    if server is None:
        return ServiceStatus(name, "embedded", "stopped")
    return ServiceStatus(
        name,
        "embedded",
        server.state,
        f"127.0.0.1:{server.port}" if server.port else None,
        server.process.pid if server.process else None,
        server.restarts,
        server.error,
    )
