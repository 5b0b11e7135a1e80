"""Dagster's web UI, daemon and code location as one session of processes: started together, ended together."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from leadgen_assets.cli.guard import PATIENCE_SECONDS, end_session
from leadgen_assets.services.errors import ServiceUnavailable

HOST = "127.0.0.1"
READY_SECONDS = 180.0
STOP_SECONDS = PATIENCE_SECONDS + 15.0
"""How long the guard may take to end Dagster's processes."""


@dataclass(frozen=True)
class DagsterProcess:
    """A running `dagster dev`. `process` is its guard, the leader of the session they are in."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

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
        end_session(self.process.pid)
        self.process.kill()
        self.process.wait()


@contextmanager
def running_dagster(port: int, workspace: Path, home: Path) -> Iterator[DagsterProcess]:
    """`dagster dev` on this port of loopback, for as long as the block lasts. It gets our environment.

    It is in a session of its own, so that Ctrl-C in the terminal reaches only us; a guard ends it when we are killed.
    """
    log = home / "logs" / "dagster.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(workspace), "--host", HOST, "--port", str(port)]
    # LEADGEN_HOME may come from a `.env`; run workers must not look for another one
    environment = {**os.environ, "LEADGEN_HOME": str(home)}
    guarded = [sys.executable, "-m", "leadgen_assets.cli.guard", str(os.getpid()), *command]
    with log.open("wb") as output:
        process = subprocess.Popen(
            guarded,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env=environment, start_new_session=True,
        )  # fmt: skip
    dagster = DagsterProcess(process, f"http://{HOST}:{port}", log)
    try:
        yield dagster
    finally:
        dagster.end()


def why_not(port: int) -> str | None:
    """Why the port cannot be used; None when it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.strerror
    return None
