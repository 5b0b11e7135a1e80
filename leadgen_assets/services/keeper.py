"""Keeps one server alive: prepares it, starts it, waits until it is ready, starts it again when it died."""

from __future__ import annotations

import subprocess
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from leadgen_assets.services import launch
from leadgen_assets.services.errors import ServiceUnavailable
from leadgen_assets.services.home import ServerState
from leadgen_assets.services.processes import ProcessIdentity
from leadgen_assets.services.servers import NotReady, Server

_TRIES_BEFORE_FAILED = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
_STEADY_SECONDS = 60.0
_STOP_SECONDS = 20.0


class Keeper:
    """Drives one server, a step at a time. Slow work goes to the pool; processes start in the calling thread."""

    def __init__(self, server: Server, pool: ThreadPoolExecutor) -> None:
        self.server = server
        self.state = ServerState()
        self._pool = pool
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._failures = 0
        self._retry_at = 0.0
        self._ready_at = 0.0
        self._preparing: Future[None] | None = pool.submit(server.prepare)
        self._settling: Future[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is about to change, so that the next look should come soon."""
        return self.state.state in ("starting", "restarting")

    def step(self) -> None:
        """Look once and do what is due. Does not wait for a server, save for one that will not end."""
        if self._preparing is not None:
            self._finish_preparing()
        elif self._process is None:
            if time.monotonic() >= self._retry_at:
                self._start()
        elif self._settling is not None and self._settling.done():
            self._finish_settling()
        elif self._process.poll() is not None and self._settling is None:
            self._fail(f"it ended with exit code {self._process.returncode}")
        elif self._failures and self.state.state == "ready" and time.monotonic() - self._ready_at > _STEADY_SECONDS:
            self._failures = 0

    def _finish_preparing(self) -> None:
        preparing = self._preparing
        if preparing is None or not preparing.done():
            return
        error = preparing.exception()
        if error is None:
            self._preparing = None
            self.state.port = self.server.port
            self._start()
            return
        # asked again later: somebody may have made room on the disk or repaired a path meanwhile
        self.state.state, self.state.error = "failed", _plain(error)
        if time.monotonic() >= self._retry_at:
            if self._retry_at:
                self._preparing = self._pool.submit(self.server.prepare)
            self._retry_at = time.monotonic() + _LONGEST_PAUSE

    def _start(self) -> None:
        try:
            self._process = launch.start(
                self.server.command(), self.server.identity, self.server.stop_signal, self.server.log
            )
        except OSError as error:  # no memory, process or disk left for the moment
            self._fail(_plain(error))
            return
        self.state.process = ProcessIdentity.of(self._process.pid)
        self._settling = self._pool.submit(self.server.settle, self._goes_on)

    def _goes_on(self) -> bool:
        return not self._stopping and self._process is not None and self._process.poll() is None

    def _finish_settling(self) -> None:
        settling, self._settling = self._settling, None
        error = settling.exception() if settling else None
        if error is None:
            self.state.state, self.state.error = "ready", None
            self._ready_at = time.monotonic()
        else:
            self._fail(_plain(error))

    def _fail(self, reason: str) -> None:
        self._end()
        self._failures += 1
        self.state.process = None
        if self.state.state == "ready":
            self.state.restarts += 1
        self.state.state = "failed" if self._failures >= _TRIES_BEFORE_FAILED else "restarting"
        self.state.error = f"{reason}; last words in {self.server.log}: {_last_words(self.server.log)}"
        self._retry_at = time.monotonic() + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (self._failures - 1))

    def ask_to_stop(self) -> None:
        """Send the stop signal and go on."""
        self._stopping = True
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(self.server.stop_signal)

    def _end(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(self.server.stop_signal)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def stop(self) -> None:
        """Stop the server, by force after 20 s."""
        self._stopping = True
        self._end()


def _plain(error: BaseException) -> str:
    return str(error) if isinstance(error, ServiceUnavailable | NotReady) else f"{type(error).__name__}: {error}"


def _last_words(log: Path, lines: int = 3) -> str:
    try:
        with log.open(errors="replace") as file:
            return " | ".join(line.strip()[:300] for line in deque(file, maxlen=lines)) or "nothing"
    except OSError:
        return "nothing"
