"""Taking figures: wall and CPU seconds, and the peak memory of the process that does the work."""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil

from leadgen_assets.bench.ground import Ground
from leadgen_assets.leads.columns import give_back_memory

T = TypeVar("T")

ROUNDS = 3
ENOUGH_SECONDS = 8.0
"""A job that took this long in all is not repeated."""


@dataclass(frozen=True)
class Elsewhere:
    """CPU seconds and peak memory of a job whose work is done by other processes."""

    cpu: float
    peak_mb: float


@dataclass
class Apart:
    """What a job's input costs that is read while it runs: seconds that are not the job's."""

    wall: float = 0.0
    cpu: float = 0.0

    def reading(self, items: Iterable[T]) -> Iterator[T]:
        """The items; the time it takes to get each is counted here."""
        given = iter(items)
        while True:
            cpu, began = cpu_seconds(), time.perf_counter()
            each = next(given, None)
            self.wall += time.perf_counter() - began
            self.cpu += cpu_seconds() - cpu
            if each is None:
                return
            yield each


@dataclass
class Job:
    """One stage, ready to run: `run` is timed and says how many leads went through it."""

    run: Callable[[], int]
    before: Callable[[], None] = lambda: None
    """Before every round, untimed."""
    after: Callable[[], None] = lambda: None
    """Once, when all rounds are over: keeps what the next stage starts from."""
    rounds: int = ROUNDS
    elsewhere: Callable[[], Elsewhere] | None = None
    notes: dict[str, float] = field(default_factory=dict)
    """Further numbers of the last round (HTTP requests, for the baseline)."""
    apart: Apart = field(default_factory=Apart)
    seconds: float | None = None
    """What the job says it took, where its process measures that itself."""


Setup = Callable[[Ground], AbstractContextManager[Job]]
"""Prepares a job, untimed, and takes it down."""


@dataclass(frozen=True)
class Figures:
    """One job's figures: those of the median round, and how far the rounds were apart."""

    leads: int
    wall: float
    """Seconds."""
    cpu: float
    """Seconds of this process, all threads; servers it talks to are not in it."""
    peak_mb: float
    """Most memory the process held while the job ran."""
    start_mb: float
    """What it held before: interpreter, libraries, the job's input."""
    rounds: int
    spread: float
    """(slowest - fastest) / median wall of the rounds; 0 for a single one."""
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        """Leads a second."""
        return self.leads / self.wall if self.wall else 0.0


def measured(job: Job, rounds: int | None = None) -> Figures:
    """Run a job up to `rounds` times, fewer when it is slow, and give the median round's figures."""
    done: list[tuple[float, float, int]] = []
    peak = start = 0.0
    while len(done) < (rounds or job.rounds) and sum(wall for wall, _, _ in done) < ENOUGH_SECONDS:
        job.before()
        gc.collect()
        give_back_memory()
        forget_peak()
        start = max(start, _held_mb())
        job.apart.wall = job.apart.cpu = 0.0
        cpu, began = cpu_seconds(), time.perf_counter()
        leads = job.run()
        wall = time.perf_counter() - began if job.seconds is None else job.seconds
        done.append((wall - job.apart.wall, cpu_seconds() - cpu - job.apart.cpu, leads))
        peak = max(peak, peak_mb())
    job.after()
    done.sort()
    wall, cpu, leads = done[len(done) // 2]
    if job.elsewhere is not None:
        others = job.elsewhere()
        cpu, peak, start = others.cpu, others.peak_mb, 0.0
    spread = (done[-1][0] - done[0][0]) / wall if wall else 0.0
    return Figures(leads, wall, cpu, peak, start, len(done), spread, dict(job.notes))


def forget_peak() -> None:
    """Let the kernel count the peak anew from here (Linux); elsewhere it stays that of the whole process."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """Most resident memory since `forget_peak`, in MB (10^6 bytes)."""
    with suppress(OSError, IndexError):
        # `ru_maxrss` would include the parent's memory from before exec
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _held_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def cpu_seconds() -> float:
    """User and system seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
