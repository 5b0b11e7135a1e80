"""Where something was measured."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Machine:
    """Where it was measured, without telling whose machine it is."""

    cores: int
    memory_gb: float
    processor: str
    system: str
    python: str
    load_before: float
    """Load average (1 minute) when the run began: work beside it shows here."""

    @classmethod
    def this(cls) -> Machine:
        """The machine this runs on, now."""
        return cls(
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            memory_gb=round(psutil.virtual_memory().total / 1e9),
            processor=_processor(),
            system=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
            load_before=round(os.getloadavg()[0], 2),
        )

    def __str__(self) -> str:
        """For people."""
        return f"{self.cores} cores ({self.processor}), {self.memory_gb:.0f} GB memory, {self.system}, Python {self.python}"


def _processor() -> str:
    """The processor's family, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
