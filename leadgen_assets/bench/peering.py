"""Collection of the two Apollo segments by us and by peers, from the same vendor, which limits nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from leadgen_assets.bench.collecting import collecting_from
from leadgen_assets.bench.endtoend import ProcessTree
from leadgen_assets.bench.ground import PROJECT, Ground
from leadgen_assets.bench.measure import Job, Setup
from leadgen_assets.collection.workbench import Assignment
from leadgen_assets.settings import SANDBOX_CREDENTIAL
from leadgen_assets.vendors.apollo import search_body

PEERS = Path(__file__).with_name("peers")
PEERS_PYTHON = PROJECT / ".venv-bench" / "bin" / "python"
"""Where `make bench` puts what peers need (requirements/bench.txt)."""

collecting_apollo = collecting_from("apollo")


def peers_missing() -> str | None:
    """Why peers of other packages cannot run; None when they can."""
    return None if PEERS_PYTHON.exists() else "`make bench` installs it"


@cache
def peer(script: str, *, is_foreign: bool = False) -> Setup:
    """A peer in a process of its own. What it takes to start Python and import packages is not in its time."""

    @contextmanager
    def collecting(ground: Ground) -> Iterator[Job]:
        task = _task(ground, script)
        python = str(PEERS_PYTHON) if is_foreign else sys.executable
        watch = ProcessTree()
        job = Job(lambda: 0, rounds=1, elsewhere=watch.figures)

        def run() -> int:
            command = [python, str(PEERS / f"{script}.py"), str(task)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_plain())
            with watch.over(process.pid):
                answer, errors = process.communicate()
            if process.returncode:
                raise RuntimeError(f"{script} failed: {errors.strip()[-300:]}")
            told = json.loads(answer.strip().splitlines()[-1])
            job.seconds = float(told["seconds"])
            return int(told["leads"])

        job.run = run
        yield job

    return collecting


def _task(ground: Ground, script: str) -> Path:
    """What a peer is told: the vendor, the segments' searches as Apollo wants them, where to store."""
    folder = ground.folder / f"{script}-{ground.size}"
    folder.mkdir()
    sprint = ground.sprint
    segments = [each for each in sprint.segments if each.source == "apollo"]
    task = {
        "base": f"{os.environ['LEADGEN_SANDBOX_URL']}/apollo/api/v1",
        "key": SANDBOX_CREDENTIAL,
        "searches": [
            {"body": search_body(Assignment("peer", sprint, each).query), "leads": each.leads} for each in segments
        ],
        "mongo": os.environ["LEADGEN_MONGO_URI"],
        "folder": str(folder),
    }
    path = folder / "task.json"
    path.write_text(json.dumps(task))
    return path


def _plain() -> dict[str, str]:
    """The environment without what is ours, and without telling anybody that a benchmark ran."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("LEADGEN_") and name != "PYTHONPATH"
    }
    return {**kept, "RUNTIME__DLTHUB_TELEMETRY": "false", "DO_NOT_TRACK": "1"}
