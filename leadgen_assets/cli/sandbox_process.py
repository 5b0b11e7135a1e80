"""The sandbox vendors as a process of their own: started once per home, joined by whoever comes later, gone with the
last who used them (also when that one was killed)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock, Timeout

from leadgen_assets.services.errors import ServiceUnavailable
from leadgen_assets.services.home import read_json, write_json
from leadgen_assets.services.processes import ProcessIdentity
from leadgen_assets.settings import CREDENTIALS, Settings

READY_SECONDS = 60
LEAVING_SECONDS = 10
LOOK_SECONDS = 0.3


@contextmanager
def running_sandbox(settings: Settings) -> Iterator[str]:
    """URL of this home's sandbox vendors, started unless they run already. They stay as long as anybody uses them."""
    if settings.leadgen_sandbox_url:
        yield settings.leadgen_sandbox_url
        return
    home = settings.home
    with _lock(home):
        lease = _take_lease(home)
        try:
            url = _alive(home)
            process = None if url else _start(settings)
            url = url or _ready(home, process)
        except BaseException:
            lease.unlink(missing_ok=True)
            raise
    try:
        yield url
    finally:
        server = _leaving_server(home)
        lease.unlink(missing_ok=True)
        _wait_gone(home, server, process)


def announce(home: Path, url: str, *, while_used: bool) -> None:
    """Called by the server: say where it is; with `while_used`, end it when its last user has gone."""
    home.mkdir(parents=True, exist_ok=True)
    write_json(_record(home), {"url": url, "pid": os.getpid(), "while_used": while_used})
    if while_used:
        threading.Thread(target=_leave_with_last_user, args=(home,), daemon=True).start()


def _leave_with_last_user(home: Path) -> None:
    """A killed user cannot stop the server, so the server looks for itself. Nobody joins while it decides."""
    while True:
        time.sleep(LOOK_SECONDS)
        if any(_users(home)):
            continue
        try:
            with _lock(home, timeout=0):
                if not any(_users(home)):
                    _record(home).unlink(missing_ok=True)
                    os._exit(0)
        except Timeout:
            continue


def _record(home: Path) -> Path:
    return home / "sandbox.json"


def _lock(home: Path, timeout: float = READY_SECONDS) -> FileLock:
    return FileLock(home / "sandbox.lock", timeout=timeout)


def _take_lease(home: Path) -> Path:
    path = home / "sandbox-users" / f"{os.getpid()}-{uuid.uuid4().hex[:6]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(ProcessIdentity.current()))
    return path


def _users(home: Path) -> Iterator[ProcessIdentity]:
    """Live users; the leases of dead ones are removed on the way."""
    for path in (home / "sandbox-users").glob("*.json"):
        content = read_json(path)
        if content is None:
            continue
        user = ProcessIdentity(**content)
        if user.is_alive:
            yield user
        else:
            path.unlink(missing_ok=True)


def _leaving_server(home: Path) -> ProcessIdentity | None:
    """The server, if it is one that leaves with its last user."""
    record: dict[str, Any] = read_json(_record(home)) or {}
    return ProcessIdentity.of(int(record["pid"])) if record.get("while_used") else None


def _wait_gone(home: Path, server: ProcessIdentity | None, process: subprocess.Popen[bytes] | None) -> None:
    deadline = time.monotonic() + LEAVING_SECONDS
    while server and server.is_alive and not any(_users(home)) and time.monotonic() < deadline:
        time.sleep(0.05)
    if process is not None:
        process.poll()


def _alive(home: Path) -> str | None:
    try:
        url = str(json.loads(_record(home).read_text())["url"])
        httpx.get(f"{url}/_sandbox/state", timeout=2, trust_env=False).raise_for_status()
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        return None
    return url


def _start(settings: Settings) -> subprocess.Popen[bytes]:
    _record(settings.home).unlink(missing_ok=True)
    log = settings.home / "logs" / "sandbox.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "leadgen_assets.cli.main", "sandbox", "serve", "--port", "0", "--while-used"]
    with log.open("ab") as output:
        # a session of its own: Ctrl-C in the terminal must not end the vendors before whoever uses them
        return subprocess.Popen(command, stdout=output, stderr=output, env=_environment(), start_new_session=True)


def _environment() -> dict[str, str]:
    """Ours without credentials: the simulated vendors have no business with those of the real ones."""
    return {name: value for name, value in os.environ.items() if name.lower() not in CREDENTIALS}


def _ready(home: Path, process: subprocess.Popen[bytes] | None) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        url = _alive(home) if _record(home).exists() else None
        if url:
            return url
        if process is not None and process.poll() is not None:
            break
        time.sleep(0.1)
    if process is not None and process.poll() is None:
        process.terminate()
    raise ServiceUnavailable("the sandbox vendors did not start; see logs/sandbox.log in LEADGEN_HOME")
