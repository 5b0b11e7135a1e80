"""What every embedded server has in common: a folder, a port, a command, and a moment when it is truly ready."""

from __future__ import annotations

import signal
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from leadgen_assets.services.home import ServiceHome

LOOPBACK = "127.0.0.1"


class NotReady(RuntimeError):
    """The server does not answer as it should within its time."""


class Server(ABC):
    """One embedded server. Knows its command and its readiness; starting and mending is the keeper's work."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, home: ServiceHome, binary: Path) -> None:
        self.home = home
        self.binary = binary
        self.port = 0
        self.identity = "self"
        """Whom the process shall be, in the words of `exec_shim`."""

    @property
    def folder(self) -> Path:
        """Where this server keeps its data."""
        return self.home.root / self.name

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.home.logs / f"{self.name}.log"

    def prepare(self) -> None:
        """Everything before the first start: folder, port, first files. May take seconds."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.port = self.home.choose_port(self.name)

    @abstractmethod
    def command(self) -> list[str]:
        """The program and its arguments; no secret may be among them, since anybody can list processes."""

    @abstractmethod
    def settle(self, goes_on: Callable[[], bool]) -> None:
        """Return once a client can work; do what the first start needs.

        `goes_on` tells whether the process still runs and is still wanted.

        Raises:
            NotReady: it does not answer, or `goes_on` became false.
        """

    def wait_for_port(self, goes_on: Callable[[], bool], seconds: float = 60.0) -> None:
        """Return as soon as the port accepts a connection."""

        def accepts() -> bool:
            try:
                socket.create_connection((LOOPBACK, self.port), timeout=1).close()
            except OSError:
                return False
            return True

        wait_until(accepts, goes_on, seconds, f"port {self.port} does not answer")


def wait_until(
    holds: Callable[[], bool], goes_on: Callable[[], bool], seconds: float, complaint: str, pause: float = 0.02
) -> None:
    """Ask until `holds`; `NotReady` with the complaint when the time is over or `goes_on` is false."""
    deadline = time.monotonic() + seconds
    while not holds():
        if not goes_on():
            raise NotReady("the process ended")
        if time.monotonic() > deadline:
            raise NotReady(complaint)
        time.sleep(pause)
