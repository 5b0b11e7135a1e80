"""The whole sprint as a newcomer runs it: `leadgen sprint start` in an empty home, every process of it watched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

from leadgen_assets.bench.ground import REHEARSAL_FILE, SPRINT_FILE, Ground
from leadgen_assets.bench.measure import Elsewhere, Job
from leadgen_assets.bench.records import FULL_SPRINT

_SAMPLE_SECONDS = 0.5
_MEMORY_EVERY = 4
"""Memory is read at every fourth sample: it costs the kernel a walk over each process."""


@contextmanager
def sprinting(ground: Ground) -> Iterator[Job]:
    """Services, sandbox vendors, ten segments at once, refinement, gates, CRM; documented rate limits.

    The real sprint file from 20,000 leads on, the rehearsal below. A sprint that is not delivered is no measurement.
    """
    file = SPRINT_FILE if ground.size >= FULL_SPRINT else REHEARSAL_FILE
    watch = ProcessTree()
    job = Job(lambda: 0, rounds=1, elsewhere=watch.figures)

    def run() -> int:
        log = ground.folder / f"sprint-{ground.size}.log"
        command = [sys.executable, "-m", "leadgen_assets.cli.main", "sprint", "start", str(file), "--json"]
        with log.open("wb") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=_fresh(ground))
            with watch.over(process.pid):
                answer, _ = process.communicate()
        result = json.loads(answer) if answer.strip() else {}
        if not result.get("is_delivered"):
            tail = log.read_text(errors="replace")[-500:]
            raise RuntimeError(f"the sprint was not delivered: {result.get('problems') or tail}")
        job.notes["unique"] = result["unique"]
        return int(result["collected"])

    job.run = run
    yield job


def _fresh(ground: Ground) -> dict[str, str]:
    """The environment of a newcomer: an empty home, nothing running, the rate limits the product ships."""
    own = ("LEADGEN_DATABASE", "LEADGEN_LIMITS", "DAGSTER_HOME")
    empty = ("LEADGEN_MONGO_URI", "LEADGEN_REDIS_URL", "LEADGEN_SANDBOX_URL", "DAGSTER_PG_URL")
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return {**kept, **dict.fromkeys(empty, ""), "LEADGEN_HOME": str(ground.folder / f"sprint-{ground.size}")}


@dataclass
class ProcessTree:
    """A process and all its descendants, sampled: CPU seconds in sum, and the most memory they held together."""

    _cpu: dict[tuple[int, float], float] = field(default_factory=dict)
    _peak: float = 0.0

    @contextmanager
    def over(self, pid: int) -> Iterator[None]:
        """Sample while the block lasts."""
        ended = threading.Event()
        sampler = threading.Thread(target=self._sample, args=(pid, ended), daemon=True)
        sampler.start()
        try:
            yield
        finally:
            ended.set()
            sampler.join()

    def figures(self) -> Elsewhere:
        """What was seen. Memory that processes share is counted once."""
        return Elsewhere(sum(self._cpu.values()), self._peak)

    def _sample(self, pid: int, ended: threading.Event) -> None:
        turn = 0
        while not ended.wait(_SAMPLE_SECONDS):
            with suppress(psutil.Error):
                root = psutil.Process(pid)
                self._look([root, *root.children(recursive=True)], with_memory=turn % _MEMORY_EVERY == 0)
            turn += 1

    def _look(self, processes: list[psutil.Process], *, with_memory: bool) -> None:
        held = 0.0
        for each in processes:
            with suppress(psutil.Error):
                times = each.cpu_times()
                self._cpu[each.pid, each.create_time()] = times.user + times.system
                if with_memory:
                    full = each.memory_full_info()
                    held += getattr(full, "pss", full.uss) / 1e6
        self._peak = max(self._peak, held)
