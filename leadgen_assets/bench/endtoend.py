"""The whole sprint as a newcomer runs it: `leadgen sprint start` in an empty home, every process of it watched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import yaml

from leadgen_assets.bench.ground import REHEARSAL_FILE, SPRINT_FILE, Ground
from leadgen_assets.bench.measure import Elsewhere, Job
from leadgen_assets.bench.records import FULL_SPRINT
from leadgen_assets.bench.traffic import write_wide_limits
from leadgen_assets.bench.vendors import larger_world

_SAMPLE_SECONDS = 0.5
_MEMORY_EVERY = 4
"""Memory is read at every fourth sample: it costs the kernel a walk over each process."""


def sprinting(ground: Ground) -> AbstractContextManager[Job]:
    """The sprint as it ships: with the dashboard beside it, and five people looking at it."""
    return _sprinting(ground, viewers=5)


def sprinting_unwatched(ground: Ground) -> AbstractContextManager[Job]:
    """The same without a dashboard: what being watched costs is the ratio of the two."""
    return _sprinting(ground, viewers=0)


@contextmanager
def _sprinting(ground: Ground, viewers: int) -> Iterator[Job]:
    """Services, sandbox vendors, ten segments at once, refinement, gates, CRM. A sprint that is not delivered is no
    measurement.

    The real sprint file at 20,000 leads and the rehearsal below, both with documented rate limits. Above, the real file
    with everything that counts leads or money in proportion, vendors with as many times the people, and limits wide open:
    what is measured then is our side alone.
    """
    watch = ProcessTree()
    job = Job(lambda: 0, rounds=1, elsewhere=watch.figures)

    def run() -> int:
        log = ground.folder / f"sprint-{ground.size}.log"
        dashboard = "--dashboard" if viewers else "--no-dashboard"
        command = [sys.executable, "-m", "leadgen_assets.cli.main", "sprint", "start", str(file), "--json", dashboard]
        with log.open("wb") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment)
            with watch.over(process.pid, *vendors), looked_at(Path(home), viewers):
                answer, _ = process.communicate()
        result = json.loads(answer) if answer.strip() else {}
        if not result.get("is_delivered"):
            tail = log.read_text(errors="replace")[-500:]
            raise RuntimeError(f"the sprint was not delivered: {result.get('problems') or tail}")
        job.notes["unique"] = result["unique"]
        return int(result["collected"])

    job.run = run
    with ExitStack() as stack:
        home = stack.enter_context(TemporaryDirectory(prefix="sprint-", dir=ground.folder))
        file, environment, vendors = SPRINT_FILE, _fresh(Path(home)), []
        if ground.size < FULL_SPRINT:
            file = REHEARSAL_FILE
        elif ground.size > FULL_SPRINT:
            file, limits = _scaled_file(ground), ground.folder / "wide-limits.yaml"
            write_wide_limits(limits)
            environment["LEADGEN_LIMITS"] = str(limits)
            vendors.append(stack.enter_context(larger_world(ground.size, Path(home), limits))[1])
        yield job


def scaled_sprint(content: dict[str, Any], times: float) -> dict[str, Any]:
    """A sprint file's content with everything that counts leads or money so many times as large; shares and scores stay."""
    target, gates, budget = dict(content["target"]), dict(content["gates"]), dict(content["budget"])
    for part, names in (
        (target, ("collected", "unique", "leads_per_hour")), (gates, ("unique_leads",)), (budget, ("usd",)),
    ):  # fmt: skip
        part.update({name: round(part[name] * times) for name in names if name in part})
    segments = [{**each, "leads": round(each["leads"] * times)} for each in content["segments"]]
    return {**content, "target": target, "gates": gates, "budget": budget, "segments": segments}


def _scaled_file(ground: Ground) -> Path:
    path = ground.folder / f"sprint-{ground.size}.yaml"
    content = yaml.safe_load(SPRINT_FILE.read_text(encoding="utf-8"))
    path.write_text(
        yaml.safe_dump(scaled_sprint(content, ground.size / FULL_SPRINT), sort_keys=False), encoding="utf-8"
    )
    return path


def _fresh(home: Path) -> dict[str, str]:
    """The environment of a newcomer: an empty home, nothing running, the rate limits the product ships."""
    own = ("LEADGEN_DATABASE", "LEADGEN_LIMITS", "DAGSTER_HOME")
    empty = ("LEADGEN_MONGO_URI", "LEADGEN_REDIS_URL", "LEADGEN_SANDBOX_URL", "DAGSTER_PG_URL")
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return {**kept, **dict.fromkeys(empty, ""), "LEADGEN_HOME": str(home)}


@contextmanager
def looked_at(home: Path, viewers: int) -> Iterator[None]:
    """So many viewers read the live stream of the home's dashboard, from when it is up until the block ends."""
    over = threading.Event()
    threads = [threading.Thread(target=_look_on, args=(home, over), daemon=True) for _ in range(viewers)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join(_SAMPLE_SECONDS * 4)


def _look_on(home: Path, over: threading.Event) -> None:
    import httpx

    while not over.wait(_SAMPLE_SECONDS):
        with suppress(OSError, ValueError, KeyError, httpx.HTTPError):
            url = json.loads((home / "dashboard.json").read_text(encoding="utf-8"))["url"]
            with httpx.stream("GET", f"{url}/api/stream", timeout=10) as stream:
                for _ in stream.iter_lines():
                    if over.is_set():
                        return


@dataclass
class ProcessTree:
    """A process and all its descendants, sampled: CPU seconds in sum, and the most memory they held together."""

    _cpu: dict[tuple[int, float], float] = field(default_factory=dict)
    _peak: float = 0.0

    @contextmanager
    def over(self, *pids: int) -> Iterator[None]:
        """Sample these processes and their descendants while the block lasts."""
        ended = threading.Event()
        sampler = threading.Thread(target=self._sample, args=(pids, ended), daemon=True)
        sampler.start()
        try:
            yield
        finally:
            ended.set()
            sampler.join()

    def figures(self) -> Elsewhere:
        """What was seen. Memory that processes share is counted once."""
        return Elsewhere(sum(self._cpu.values()), self._peak)

    def _sample(self, pids: tuple[int, ...], ended: threading.Event) -> None:
        turn = 0
        while not ended.wait(_SAMPLE_SECONDS):
            processes: list[psutil.Process] = []
            for pid in pids:
                with suppress(psutil.Error):
                    root = psutil.Process(pid)
                    processes += [root, *root.children(recursive=True)]
            self._look(processes, with_memory=turn % _MEMORY_EVERY == 0)
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
