"""A sprint whose command was killed leaves no worker behind that goes on buying."""

from __future__ import annotations

import subprocess
import sys

WORKER = """
import sys, time
from leadgen_assets.cli.runs import end_with
from leadgen_assets.services.processes import ProcessIdentity

end_with(ProcessIdentity.of(int(sys.argv[1])))
print("works", flush=True)
time.sleep(120)
"""


def test_a_worker_ends_when_its_conductor_is_killed() -> None:
    """NFR-007: kill -9 ends the workers too, so that the next start finds nobody at its segments."""
    conductor = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(conductor.pid)], stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "works\n"
        conductor.kill()
        conductor.wait()
        assert worker.wait(timeout=60) == 1
    finally:
        for each in (conductor, worker):
            each.kill()
            each.wait()
