"""Starting a program through the shim, with an environment that holds nothing of ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from leadgen_assets.services import exec_shim

_KEPT = ("PATH", "HOME", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")


def shimmed(command: list[str], identity: str, death_signal: signal.Signals) -> list[str]:
    """The command, run so that it gets `death_signal` when the thread that starts it ends."""
    shim = [sys.executable, "-I", "-S", str(Path(exec_shim.__file__)), str(os.getpid()), str(int(death_signal))]
    return [*shim, identity, *command]


def start(command: list[str], identity: str, death_signal: signal.Signals, log: Path) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own (Ctrl-C in the terminal does not reach it), printing to `log`.

    Call from the main thread: the kernel ties the death signal to the thread that started the child.
    """
    # vendor credentials are in our environment and no business of a database's
    environment = {key: os.environ[key] for key in _KEPT if key in os.environ} | {"LC_ALL": "C"}
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as output:
        return subprocess.Popen(
            shimmed(command, identity, death_signal),
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            cwd=log.parent, env=environment, start_new_session=True,
        )  # fmt: skip
