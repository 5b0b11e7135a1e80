"""The dashboard beside another command: a process of its own that ends with the command and never harms it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import httpx

from leadgen_assets.cli.dagster_process import HOST
from leadgen_assets.cli.dashboard import PORT
from leadgen_assets.cli.whereabouts import DASHBOARD, known
from leadgen_assets.desk.dashboard.server import listen

END_SECONDS = 6.0
LAST_LOOK_SECONDS = 4.0
"""How long a page that is open gets to see how things ended."""


@contextmanager
def dashboard_beside(home: Path, *, sprint: str | None = None, dagster: str | None = None) -> Iterator[str | None]:
    """Address of this home's dashboard, started unless one runs already; None when it cannot be started."""
    running = known(home, DASHBOARD)
    if running:
        yield _page(running, sprint)
        return
    process, url = _start(home, dagster)
    try:
        yield _page(url, sprint) if url else None
    finally:
        if process is not None:
            _end(process, url)


def _page(url: str, sprint: str | None) -> str:
    return f"{url}/?sprint={quote(sprint, safe='')}" if sprint else url


def _start(home: Path, dagster: str | None) -> tuple[subprocess.Popen[bytes] | None, str | None]:
    try:
        # bound here and handed over, so that nobody takes the port before the child is up
        listener = _listener()
        log = home / "logs" / "dashboard.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "leadgen_assets.cli.dashboard",
            "--no-open",
            "--listener",
            str(listener.fileno()),
        ]
        command += ["--parent", str(os.getpid()), *(["--dagster", dagster] if dagster else [])]
        # LEADGEN_HOME may come from a `.env`; the child must not look for another one
        environment = {**os.environ, "LEADGEN_HOME": str(home)}
        port = listener.getsockname()[1]
        with listener, log.open("ab") as output:
            # a session of its own: Ctrl-C in the terminal reaches only us, and we end it in order
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True,
                pass_fds=(listener.fileno(),),
            )  # fmt: skip
    except OSError:
        return None, None
    return process, f"http://{HOST}:{port}"


def _listener() -> socket.socket:
    """On the usual port, or on a free one while another home's dashboard has it."""
    try:
        return listen(HOST, PORT)
    except OSError:
        return listen(HOST, 0)


def _end(process: subprocess.Popen[bytes], url: str | None) -> None:
    with suppress(httpx.HTTPError, ValueError):
        if process.poll() is None and url and httpx.get(f"{url}/healthz", timeout=1, trust_env=False).json()["viewers"]:
            time.sleep(LAST_LOOK_SECONDS)
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
