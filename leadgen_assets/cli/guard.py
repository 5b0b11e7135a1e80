"""A command in a session of its own, all of which ends when the command, or whoever asked for it, has gone.

`python -m leadgen_assets.cli.guard PARENT COMMAND…`, started as the leader of a new session. It works where no signal can:
a killed parent tells nobody, so the guard looks for itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

import psutil

LOOK_SECONDS = 0.3
PATIENCE_SECONDS = 20.0
"""How long the command may take to end in order."""
SHORT_PATIENCE_SECONDS = 5.0
"""The same when the parent was killed, and with it the databases that the command would take its leave of."""


def main(parent: int, command: list[str]) -> int:
    """Run the command until it ends, a signal comes or the parent is gone. Returns the command's exit code."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: told.set())
    process = subprocess.Popen(command)
    while process.poll() is None and os.getppid() == parent and not told.wait(LOOK_SECONDS):
        pass
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE_SECONDS if told.is_set() else SHORT_PATIENCE_SECONDS)
    end_session(os.getpid())
    return process.wait()


def end_session(leader: int) -> None:
    """Terminate, then kill, every process of a session but its leader and the caller."""
    for ask in (psutil.Process.terminate, psutil.Process.kill):
        left = [each for each in _members(leader) if each.pid not in (leader, os.getpid())]
        for each in left:
            with suppress(psutil.NoSuchProcess):
                ask(each)
        psutil.wait_procs(left, timeout=SHORT_PATIENCE_SECONDS)


def _members(leader: int) -> list[psutil.Process]:
    found = []
    for each in psutil.process_iter():
        with suppress(OSError, psutil.NoSuchProcess):
            if os.getsid(each.pid) == leader and each.status() != psutil.STATUS_ZOMBIE:
                found.append(each)
    return found


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
