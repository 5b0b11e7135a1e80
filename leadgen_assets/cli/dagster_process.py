"""Dagster's web UI, daemon and code server as one session of processes: started together, each started again when it is
killed, ended together.

Not `dagster dev`, which ends them all when one of them ends, and the runs with them.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import yaml

from leadgen_assets.automation.abandoned import machine_mark
from leadgen_assets.cli.guard import MOST_DEATHS, PATIENCE_SECONDS, STEADY_SECONDS, end_session
from leadgen_assets.cli.launched import LOCATION, MODULE
from leadgen_assets.services.errors import ServiceUnavailable

HOST = "127.0.0.1"
READY_SECONDS = 180.0
STOP_SECONDS = PATIENCE_SECONDS + 15.0
"""How long the guard may take to end Dagster's processes."""


@dataclass
class DagsterProcess:
    """Dagster's processes, as long as they run. `command` starts their guard, the leader of the session they are in."""

    command: Sequence[str]
    environment: Mapping[str, str]
    url: str
    log: Path

    def __post_init__(self) -> None:
        self.log.write_bytes(b"")
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            return subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=self.environment, start_new_session=True,
            )  # fmt: skip

    def wait(self) -> int:
        """Wait until Dagster has ended for good; the guard's exit code. One that was killed is followed by another (NFR-006)."""
        deaths, started = 0, time.monotonic()
        while (code := self.process.wait()) < 0:
            deaths = 1 if time.monotonic() - started > STEADY_SECONDS else deaths + 1
            if deaths == MOST_DEATHS:
                break
            # its runs end, too: nobody would end them with us any more. They are closed and taken up again
            end_session(self.process.pid, 0.0)
            self.process, started = self._start(), time.monotonic()
        return code

    def wait_ready(self) -> None:
        """Wait until the web UI has loaded the code location. `ServiceUnavailable` when that does not happen."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._has_loaded():
            if self.process.poll() is not None:
                raise ServiceUnavailable(f"Dagster did not start. {self.last_words()}")
            if time.monotonic() > deadline:
                raise ServiceUnavailable(f"Dagster is not ready after {READY_SECONDS:.0f} s. {self.last_words()}")
            time.sleep(0.2)

    def _has_loaded(self) -> bool:
        question = {"query": "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }"}
        try:
            answer = httpx.post(f"{self.url}/graphql", json=question, timeout=5, trust_env=False).json()
            entries = answer["data"]["workspaceOrError"]["locationEntries"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return False
        return bool(entries) and all(each["loadStatus"] == "LOADED" for each in entries)

    def last_words(self, lines: int = 3) -> str:
        """The end of its log, for a message."""
        with self.log.open(errors="replace") as file:
            words = " | ".join(line.strip()[:300] for line in deque(file, maxlen=lines)) or "nothing"
        return f"Its log {self.log} ends with: {words}"

    def end(self) -> None:
        """Ask the guard to end Dagster; if the guard is gone or stuck, end the session without it."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        end_session(self.process.pid, 0.0)
        self.process.kill()
        self.process.wait()


@contextmanager
def running_dagster(port: int, home: Path) -> Iterator[DagsterProcess]:
    """Dagster on this port of loopback, for as long as the block lasts. It gets our environment.

    It is in a session of its own, so that Ctrl-C in the terminal reaches only us; a guard ends it when we are killed.
    """
    log = home / "logs" / "dagster.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # LEADGEN_HOME may come from a `.env`; run workers must not look for another one
    environment = {**os.environ, "LEADGEN_HOME": str(home)}
    # not below the home: its path may be too long for a socket
    with TemporaryDirectory(prefix=f"leadgen-{machine_mark()}-", ignore_cleanup_errors=True) as folder:
        guarded = [
            sys.executable,
            "-m",
            "leadgen_assets.cli.guard",
            str(os.getpid()),
            str(_commands(Path(folder), port)),
        ]
        dagster = DagsterProcess(guarded, environment, f"http://{HOST}:{port}", log)
        try:
            yield dagster
        finally:
            dagster.end()


def _commands(folder: Path, port: int) -> Path:
    """A file with the commands of Dagster's parts.

    The code server is a part of its own, and the parent of the runs, so that these outlive web UI and daemon.
    """
    socket_path, workspace = folder / "code", folder / "workspace.yaml"
    server = {"socket": str(socket_path), "location_name": LOCATION}
    workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}), "utf-8")
    code = ["dagster", "api", "grpc", "--socket", str(socket_path), "--lazy-load-user-code", "--log-level", "warning"]
    code += ["--module-name", MODULE, "--location-name", LOCATION]
    see = ["-w", str(workspace)]
    # a daemon without a code server drops what it cannot do: retries of runs, for instance
    parts = {
        "the code server": _part(code),
        "the web server": _part(["dagster_webserver", *see, "--host", HOST, "--port", str(port)], socket_path),
        "the daemon": _part(["dagster._daemon", "run", *see], socket_path),
    }
    file = folder / "parts.json"
    file.write_text(json.dumps(parts), "utf-8")
    return file


def _part(module: Sequence[str], after: Path | None = None) -> dict[str, Any]:
    return {"command": [sys.executable, "-m", *module], "after": str(after) if after else None}


def why_not(port: int) -> str | None:
    """Why the port cannot be used; None when it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.strerror
    return None
