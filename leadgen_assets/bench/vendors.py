"""Sandbox vendors for sizes beyond one sprint: a world as many times as large, in a home of its own."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from leadgen_assets.bench.records import FULL_SPRINT
from leadgen_assets.sandbox.world.plan import FULL_SCALE

READY_SECONDS = 600
"""A world of a million people takes minutes to invent."""


def people_for(leads: int) -> int:
    """People of a world whose vendors have that many leads for the ten segments; never fewer than one sprint's."""
    return max(FULL_SCALE, math.ceil(FULL_SCALE * leads / FULL_SPRINT))


@contextmanager
def larger_world(leads: int, home: Path, limits: Path) -> Iterator[tuple[str, int]]:
    """URL and process id of sandbox vendors in `home`, their exports written there; whoever uses that home joins them."""
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "leadgen_assets.cli.main", "sandbox", "serve", "--port", "0"]
    command += ["--people", str(people_for(leads)), "--limits", str(limits)]
    environment = {**os.environ, "LEADGEN_HOME": str(home), "LEADGEN_SANDBOX_URL": ""}
    with (home / "sandbox.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            yield _ready(server, home / "sandbox.json"), server.pid
        finally:
            server.terminate()
            server.wait()


def _ready(server: subprocess.Popen[bytes], record: Path) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError, ValueError, KeyError, httpx.HTTPError):
            url = str(json.loads(record.read_text())["url"])
            httpx.get(f"{url}/_sandbox/state", timeout=5, trust_env=False).raise_for_status()
            return url
        time.sleep(0.2)
    raise RuntimeError(f"the sandbox vendors did not start; see {record.with_name('sandbox.log').name}")
