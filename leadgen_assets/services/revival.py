"""Starting the supervisor, and starting it again when it was killed while somebody needs its servers."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import Timeout

from leadgen_assets.services.home import ServiceHome

LOOK_SECONDS = 1.0
log = logging.getLogger(__name__)


def start_supervisor(home: ServiceHome) -> subprocess.Popen[bytes]:
    """Start the process that owns the home's servers. Call it with the home's `join_lock`."""
    path = home.logs / "supervisor.log"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "leadgen_assets.services.supervisor", str(home.leadgen_home)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


@contextmanager
def revived(home: ServiceHome, starter: subprocess.Popen[bytes] | None) -> Iterator[None]:
    """As long as the block lasts, a supervisor that was killed, which takes its servers along, is followed by another one
    (NFR-006). One that left in order stays away. `starter` is the supervisor's process if it is our child."""
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(home, starter, ended), name="supervisor's watcher", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _watch(home: ServiceHome, starter: subprocess.Popen[bytes] | None, ended: threading.Event) -> None:
    while not ended.wait(LOOK_SECONDS):
        if starter is not None and starter.poll() is None:
            continue
        try:
            if _was_killed(home):
                with home.join_lock:
                    if _was_killed(home) and not ended.is_set():
                        log.warning("the supervisor of %s was killed; starting another one", home.leadgen_home)
                        starter = start_supervisor(home)
        except (OSError, Timeout) as error:
            log.warning("the supervisor of %s cannot be started yet: %s", home.leadgen_home, error)


def _was_killed(home: ServiceHome) -> bool:
    """One that leaves takes its state away."""
    last = home.last_state()
    return last is not None and not last.supervisor.is_alive
