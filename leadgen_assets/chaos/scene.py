"""What a fault may lay hands on: the command, its workers, the servers, the vendors of one case."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess

import psutil

from leadgen_assets.chaos.ground import Ground

GONE_SECONDS = 10.0


class NoVictim(RuntimeError):
    """What was to be hurt had ended a moment before."""


@dataclass
class Scene:
    """A running sprint at the moment of its fault."""

    ground: Ground
    sprint: str
    command: BaseProcess
    chance: random.Random
    healing: list[tuple[str, str, object]] = field(default_factory=list)
    """Vendor switches to set back before the next start: vendor, name, value."""

    def kill_command(self) -> None:
        """kill -9."""
        self.command.kill()
        self.command.join()

    def kill_worker(self) -> None:
        """kill -9 of one of the processes that execute runs now."""
        workers = sorted(self._workers())
        if not workers:
            raise NoVictim("no worker runs")
        os.kill(self.chance.choice(workers), signal.SIGKILL)

    def kill_server(self, name: str) -> None:
        """kill -9 of a store's server."""
        os.kill(self._server(name), signal.SIGKILL)

    def freeze_server(self, name: str) -> None:
        """Stop a store's server for one to three seconds: it is there and does not answer."""
        pid = self._server(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(self.chance.uniform(1.0, 3.0))
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def heal(self) -> None:
        """Set back what does not pass by itself, as a person would before starting again."""
        for vendor, name, value in self.healing:
            setattr(self.ground.sims[vendor].faults, name, value)

    def _server(self, name: str) -> int:
        pid = self.ground.server(name)
        if pid is None:
            raise NoVictim(f"{name} is not up")
        return pid

    def _workers(self) -> Iterator[int]:
        """Processes whose output goes to the log of one of this sprint's runs."""
        for each in psutil.process_iter():
            with suppress(OSError, psutil.Error):
                target = os.readlink(f"/proc/{each.pid}/fd/1")
                if target.startswith(str(self.ground.logs / f"{self.sprint}-")) and each.status() != "zombie":
                    yield each.pid
