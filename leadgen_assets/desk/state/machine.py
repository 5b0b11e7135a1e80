"""This machine's load (REQ-022, OPS-01): what changed since the last look, so rates are None on the first."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psutil

_FRESH_SECONDS = 0.8
"""A look sooner than this gets the last figures again: the difference would say nothing."""
_MEGA, _GIGA = 1_000_000, 1_000_000_000


class Machine:
    """CPU, memory, disk and network, as shares 0..1 and absolute."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._looked_at = 0.0
        self._times: Any = None
        self._traffic: Any = None
        self._figures: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """The state's part `machine`."""
        moment = time.monotonic()
        elapsed = moment - self._looked_at
        if self._figures and elapsed < _FRESH_SECONDS:
            return self._figures
        memory, disk = psutil.virtual_memory(), psutil.disk_usage(str(_existing(self._home)))
        times, traffic = psutil.cpu_times(), psutil.net_io_counters()
        self._figures = {
            "cpu": _busy(self._times, times),
            "memory": round(1 - memory.available / memory.total, 4),
            "memory_mb": round((memory.total - memory.available) / _MEGA),
            "disk": round(disk.used / (disk.used + disk.free), 4),
            "disk_free_gb": round(disk.free / _GIGA, 1),
            "net_in_kbps": _rate(self._traffic, traffic, "bytes_recv", elapsed),
            "net_out_kbps": _rate(self._traffic, traffic, "bytes_sent", elapsed),
            "load": round(psutil.getloadavg()[0], 2),
        }
        self._looked_at, self._times, self._traffic = moment, times, traffic
        return self._figures


def _existing(path: Path) -> Path:
    return next((each for each in (path, *path.parents) if each.exists()), Path("/"))


def _busy(before: Any, after: Any) -> float | None:
    if before is None:
        return None
    spent = {name: getattr(after, name) - getattr(before, name) for name in after._fields}
    # guest time is counted in user time already
    total = sum(value for name, value in spent.items() if not name.startswith("guest"))
    idle = spent["idle"] + spent.get("iowait", 0.0)
    return round(min(1.0, max(0.0, 1 - idle / total)), 4) if total > 0 else None


def _rate(before: Any, after: Any, name: str, seconds: float) -> float | None:
    if before is None or after is None:
        return None
    changed: int = getattr(after, name) - getattr(before, name)
    return round(max(0, changed) / seconds / 1000, 1)
