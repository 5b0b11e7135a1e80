"""The sandbox vendors as a process of their own: started once per home, joined by whoever comes later."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from filelock import FileLock

from leadgen_assets.services.errors import ServiceUnavailable
from leadgen_assets.settings import Settings

READY_SECONDS = 60


@contextmanager
def running_sandbox(settings: Settings) -> Iterator[str]:
    """URL of this home's sandbox vendors; started and stopped here unless they run already."""
    if settings.leadgen_sandbox_url:
        yield settings.leadgen_sandbox_url
        return
    record = settings.home / "sandbox.json"
    with FileLock(settings.home / "sandbox.lock", timeout=READY_SECONDS):
        url = _alive(record)
        process = None if url else _start(settings, record)
        url = url or _ready(record, process)
    try:
        yield url
    finally:
        if process is not None:
            process.terminate()
            process.wait(timeout=10)
            record.unlink(missing_ok=True)


def _alive(record: Path) -> str | None:
    try:
        url = str(json.loads(record.read_text())["url"])
        httpx.get(f"{url}/_sandbox/state", timeout=2, trust_env=False).raise_for_status()
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        return None
    return url


def _start(settings: Settings, record: Path) -> subprocess.Popen[bytes]:
    record.unlink(missing_ok=True)
    log = settings.home / "logs" / "sandbox.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "leadgen_assets.cli.main",
        "sandbox",
        "serve",
        "--port",
        "0",
        "--until-parent-ends",
    ]
    with log.open("ab") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, env=os.environ.copy())


def _ready(record: Path, process: subprocess.Popen[bytes] | None) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        url = _alive(record) if record.exists() else None
        if url:
            return url
        if process is not None and process.poll() is not None:
            break
        time.sleep(0.1)
    if process is not None and process.poll() is None:
        process.terminate()
    raise ServiceUnavailable("the sandbox vendors did not start; see logs/sandbox.log in LEADGEN_HOME")
