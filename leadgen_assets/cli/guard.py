"""Commands in a session of their own: each is started again when it ends, and all end when whoever asked for them has gone.

`python -m leadgen_assets.cli.guard PARENT FILE`, started as the leader of a new session. FILE holds
{name: {"command": […], "after": SOCKET or null}} as JSON; what has an `after` is started when somebody listens there.
It works where no signal can: a killed parent tells nobody, so the guard looks for itself.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from leadgen_assets.stores.owner import answers

LOOK_SECONDS = 0.3
PATIENCE_SECONDS = 20.0
"""How long the commands may take to end in order."""
MOST_DEATHS = 5
"""How often a command may end in a row, each time within `STEADY_SECONDS`, before all is given up."""
STEADY_SECONDS = 60.0
FIRST_REST_SECONDS = 0.5
"""Before a command is started again; twice as long after each further death in a row."""


@dataclass
class Kept:
    """A command that is started again when it ends, whatever ended it (NFR-006)."""

    name: str
    command: Sequence[str]
    after: str | None = None
    """A UNIX socket at which somebody must listen before it is started."""
    deaths: int = 0
    """In a row."""
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)
    _due: float = field(default=0.0, init=False)

    @property
    def pid(self) -> int | None:
        """Of its process; None before it is started, and while it rests."""
        return self._process.pid if self._process else None

    def step(self) -> bool:
        """Look once, and start it when that is due. False when it has ended too often."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._due and (self.after is None or answers(self.after)):
                with suppress(OSError):  # no process or no memory left; tried again at the next look
                    self._process, self._started = subprocess.Popen(self.command), now
            return True
        code = self._process.poll()
        if code is None:
            return True
        self.deaths = 1 if now - self._started > STEADY_SECONDS else self.deaths + 1
        self._process, self._due = None, now + FIRST_REST_SECONDS * 2 ** (self.deaths - 1)
        gives_up = self.deaths == MOST_DEATHS
        _say(f"{self.name} ended ({_how(code)}){'' if gives_up else '; it is started again'}")
        return not gives_up


def main(parent: int, kept: Sequence[Kept]) -> int:
    """Keep the commands running until a signal comes, the parent is gone, or one of them ends too often: then 1."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: told.set())
    while os.getppid() == parent and not told.is_set():
        lost = [each.name for each in kept if not each.step()]
        if lost:
            end_session(os.getpid(), PATIENCE_SECONDS)
            _say(f"gave up: {lost[0]} ended {MOST_DEATHS} times in a row, each time within {STEADY_SECONDS:.0f} s")
            return 1
        told.wait(LOOK_SECONDS)
    # with a killed parent the databases end: a run that is asked to end would only put on record that it failed,
    # where one that was killed is taken up again
    end_session(os.getpid(), PATIENCE_SECONDS if told.is_set() else 0.0)
    return 0


def end_session(leader: int, patience: float) -> None:
    """End every process of a session but its leader and the caller. `patience`: seconds to end in order; 0 kills at once."""
    asks = [psutil.Process.terminate] if patience else []
    for ask in (*asks, psutil.Process.kill):
        left = [each for each in _members(leader) if each.pid not in (leader, os.getpid())]
        for each in left:
            with suppress(psutil.NoSuchProcess):
                ask(each)
        psutil.wait_procs(left, timeout=patience or 5.0)


def _members(leader: int) -> list[psutil.Process]:
    found = []
    for each in psutil.process_iter():
        with suppress(OSError, psutil.NoSuchProcess):
            if os.getsid(each.pid) == leader and each.status() != psutil.STATUS_ZOMBIE:
                found.append(each)
    return found


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _say(words: str) -> None:
    print(f"guard: {words}", flush=True)  # noqa: T201 - its output is Dagster's log


if __name__ == "__main__":
    parts = json.loads(Path(sys.argv[2]).read_text("utf-8"))
    sys.exit(main(int(sys.argv[1]), [Kept(name, **part) for name, part in parts.items()]))
