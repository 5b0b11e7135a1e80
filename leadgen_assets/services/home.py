"""What the services keep under `LEADGEN_HOME/services`: data, passwords, ports, leases and the supervisor's state.

Everything is private to the user (folders 0700, files 0600) and replaced atomically: nobody ever reads half a file.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from leadgen_assets.redaction.known import KNOWN
from leadgen_assets.services.processes import ProcessIdentity

_PORTS = range(20_000, 32_000)
"""Below the range from which systems take ports for outgoing connections, so that a kept port stays free."""
EXIT_OWNED = 75
"""Exit code of a supervisor that finds another one in its place."""
_ONE_WRITER = threading.Lock()
"""Servers are prepared side by side; other processes only read."""


@dataclass(frozen=True)
class Lease:
    """Somebody's wish that servers run. `holder` None = until `services down` is called.

    `wanted` maps a service (mongo, redis, postgres) to the binary that the holder found for it.
    """

    holder: ProcessIdentity | None
    wanted: dict[str, str]

    @property
    def is_live(self) -> bool:
        """Whether the holder still runs."""
        return self.holder is None or self.holder.is_alive


@dataclass
class ServerState:
    """One server as its supervisor sees it. `state`: starting, ready, restarting, failed."""

    state: str = "starting"
    process: ProcessIdentity | None = None
    port: int | None = None
    restarts: int = 0
    error: str | None = None


@dataclass
class SupervisorState:
    """The supervisor and its servers. `phase`: running, stopping."""

    supervisor: ProcessIdentity
    phase: str = "running"
    servers: dict[str, ServerState] = field(default_factory=dict)


class ServiceHome:
    """Folders and small files of the services of one `LEADGEN_HOME`."""

    def __init__(self, leadgen_home: Path) -> None:
        self.leadgen_home = leadgen_home
        self.root = leadgen_home / "services"

    def create(self) -> None:
        """Make the folders, private to the user. A `LEADGEN_HOME` that is there already keeps its mode."""
        self.leadgen_home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.root, self.leases_folder, self.logs):
            folder.mkdir(mode=0o700, exist_ok=True)

    @property
    def logs(self) -> Path:
        """One log file a server."""
        return self.root / "logs"

    @property
    def leases_folder(self) -> Path:
        """One file a lease."""
        return self.root / "leases"

    @property
    def owner_lock(self) -> FileLock:
        """Held by the supervisor for its whole life; the kernel frees it even after kill -9."""
        return FileLock(self.root / "owner.lock")

    @property
    def join_lock(self) -> FileLock:
        """Held for moments: nobody joins while the supervisor decides to leave."""
        return FileLock(self.root / "join.lock", timeout=30)

    def secret(self, name: str) -> str:
        """A random password, made at the first call and kept."""
        path = self.root / "secrets.json"
        with _ONE_WRITER:
            known = read_json(path) or {}
            if name not in known:
                known[name] = secrets.token_hex(24)
                write_json(path, known)
        KNOWN.learn([str(known[name])])
        return str(known[name])

    def known_port(self, name: str) -> int | None:
        """The port this service has used last."""
        return (read_json(self.root / "ports.json") or {}).get(name)

    def choose_port(self, name: str) -> int:
        """The port of last time if it is still free, else another free one on loopback, which is then kept."""
        path = self.root / "ports.json"
        with _ONE_WRITER:
            known = read_json(path) or {}
            candidates = [known[name]] if name in known else []
            taken = set(known.values())
            candidates += random.sample([port for port in _PORTS if port not in taken], 50)  # nosec B311 # ports
            port = next(port for port in candidates if _is_free(port))
            if known.get(name) != port:
                write_json(path, {**known, name: port})
        return int(port)

    def take_lease(self, wanted: dict[str, str], lasting: bool = False) -> Path:
        """Write a lease of this process (or a lasting one, without holder) and return its file."""
        holder = None if lasting else ProcessIdentity.current()
        name = "up.json" if lasting else f"{os.getpid()}-{uuid.uuid4().hex[:8]}.json"
        path = self.leases_folder / name
        write_json(path, {"holder": holder and asdict(holder), "wanted": wanted})
        return path

    def leases(self) -> Iterator[Lease]:
        """Every live lease; stale ones are removed on the way."""
        for path in sorted(self.leases_folder.glob("*.json")):
            content = read_json(path)
            if content is None:
                continue
            lease = Lease(_identity(content["holder"]), dict(content["wanted"]))
            if lease.is_live:
                yield lease
            else:
                path.unlink(missing_ok=True)

    def end_lasting_lease(self) -> bool:
        """Take back `services up`; False when there was none."""
        path = self.leases_folder / "up.json"
        existed = path.exists()
        path.unlink(missing_ok=True)
        return existed

    def write_state(self, state: SupervisorState | None) -> None:
        """Publish the supervisor's state; None = it has left."""
        path = self.root / "state.json"
        if state is None:
            path.unlink(missing_ok=True)
        else:
            write_json(path, asdict(state))

    def last_state(self) -> SupervisorState | None:
        """The state as last written, be its supervisor alive or not."""
        content = read_json(self.root / "state.json")
        if content is None:
            return None
        supervisor = _identity(content["supervisor"])
        if supervisor is None:
            return None
        servers = {
            name: ServerState(**{**server, "process": _identity(server["process"])})
            for name, server in content["servers"].items()
        }
        return SupervisorState(supervisor, content["phase"], servers)

    def live_state(self) -> SupervisorState | None:
        """The state of the supervisor that runs now, None when there is none."""
        state = self.last_state()
        return state if state and state.supervisor.is_alive else None


def _identity(content: dict[str, Any] | None) -> ProcessIdentity | None:
    return ProcessIdentity(int(content["pid"]), str(content["mark"])) if content else None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in the file; None when the file is missing or damaged."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace the file in one step, readable by its owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:6]}")
    with suppress(FileNotFoundError):
        draft.unlink()
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(content, file)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
