"""What a fault may lay hands on: the command, its workers, the servers, the vendors, the disk of one case."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil

from leadgen_assets.chaos.disk import fill, free
from leadgen_assets.chaos.ground import Ground


class NoVictim(RuntimeError):
    """What was to be hurt had ended a moment before."""


@dataclass
class Scene:
    """A running sprint at the moment of its fault."""

    ground: Ground
    sprint: str
    command: BaseProcess
    chance: random.Random
    vendor: str = ""
    """The vendor that is asked at this moment."""
    passing: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    """What passes by itself: when, and how."""

    def kill_command(self) -> None:
        """kill -9."""
        if not self.command.is_alive():
            raise NoVictim("the command has ended")
        self.command.kill()
        self.command.join()

    def kill_worker(self) -> None:
        """kill -9 of one of the processes that execute runs now."""
        workers = sorted(self._workers())
        if not workers:
            raise NoVictim("no worker runs")
        os.kill(self.chance.choice(workers), signal.SIGKILL)

    def kill_server(self, name: str) -> None:
        """kill -9 of a store's server; its supervisor starts it again."""
        os.kill(self._server(name), signal.SIGKILL)

    def kill_supervisor(self) -> None:
        """kill -9 of the process that keeps the stores' servers: all of them die with it. Another one follows."""
        state = self.ground.services.live_state()
        if state is None:
            raise NoVictim("the servers are between two supervisors")
        os.kill(state.supervisor.pid, signal.SIGKILL)

    def freeze_server(self, name: str) -> None:
        """Stop a store's server for up to three seconds: it is there and does not answer."""
        pid = self._server(name)
        os.kill(pid, signal.SIGSTOP)
        self._passes(partial(_go_on, pid), 3.0)

    def flush_redis(self) -> None:
        """Forget everything."""
        self.ground.redis.flushall()

    def fill_disk(self) -> None:
        """Not a byte is left in the home, for up to three seconds."""
        fill(self.ground.home)
        self._passes(partial(free, self.ground.home), 3.0)

    def switch(self, vendor: str, seconds: float = 2.0, **faults: Any) -> None:
        """Set a vendor's fault switches for up to so many seconds."""
        sim = self.ground.sims[vendor or self.vendor]
        before = {name: getattr(sim.faults, name) for name in faults}

        def lay(values: dict[str, Any]) -> None:
            for name, value in values.items():
                setattr(sim.faults, name, value)
            sim.faults_changed()

        lay(faults)
        self._passes(partial(lay, before), seconds)

    def look(self) -> None:
        """Let pass what is due."""
        now = time.monotonic()
        due = [each for each in self.passing if each[0] <= now]
        self.passing = [each for each in self.passing if each[0] > now]
        for _, undo in due:
            undo()

    def heal(self) -> None:
        """Let everything pass, as a person would wait for it before starting again."""
        for _, undo in self.passing:
            undo()
        self.passing = []

    def _passes(self, undo: Callable[[], None], within: float) -> None:
        self.passing.append((time.monotonic() + self.chance.uniform(within / 4, within), undo))

    def _server(self, name: str) -> int:
        pid = self.ground.server(name)
        if pid is None:
            raise NoVictim(f"{name} is not up")
        return pid

    def _workers(self) -> Iterator[int]:
        """Processes that have the log of one of this sprint's runs open; Dagster's log readers, their children, apart."""
        log = str(self.ground.logs / f"{self.sprint}-")
        for each in psutil.process_iter():
            with suppress(OSError, psutil.Error):
                is_python = "multiprocessing.forkserver" in " ".join(each.cmdline())
                if is_python and any(_target(file).startswith(log) for file in Path(f"/proc/{each.pid}/fd").iterdir()):
                    yield each.pid


def _target(file: Path) -> str:
    with suppress(OSError):
        return os.readlink(file)
    return ""


def _go_on(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
