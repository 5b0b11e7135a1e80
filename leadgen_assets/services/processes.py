"""Knowing a process again: a pid alone is not enough, because pids are used again.

A *mark* names one life of one process: boot and start tick on Linux (both immune to clock changes), the start time
elsewhere. Stale files hold a pid and a mark, so that nobody ever waits for, trusts or ends a stranger.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import psutil


@lru_cache(maxsize=1)
def _boot() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


def mark_of(pid: int) -> str | None:
    """The mark of a living process; None when there is none with this pid or it is a zombie."""
    if _boot() is None:
        try:
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
        except psutil.Error:
            return None
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if state in "ZX" else f"{_boot()}:{fields[18]}"


@dataclass(frozen=True)
class ProcessIdentity:
    """One life of one process."""

    pid: int
    mark: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The identity of a living process, or None."""
        mark = mark_of(pid)
        return cls(pid, mark) if mark else None

    @classmethod
    def current(cls) -> Self:
        """This process."""
        identity = cls.of(os.getpid())
        assert identity is not None  # noqa: S101 – we are alive
        return identity

    @property
    def is_alive(self) -> bool:
        """Whether that very process still runs."""
        return mark_of(self.pid) == self.mark

    def end(self, patience: float = 5.0) -> None:
        """Wait for the process to leave by itself, then ask, then insist. `patience` in seconds for each step."""
        for action in (psutil.Process.is_running, psutil.Process.terminate, psutil.Process.kill):
            if not self.is_alive:
                return
            try:
                process = psutil.Process(self.pid)
                action(process)
                process.wait(patience)
            except psutil.TimeoutExpired:
                continue
            except psutil.NoSuchProcess:
                return
