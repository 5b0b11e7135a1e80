"""A disk of its own for the suite's home, small enough to be filled: a tmpfs, where this process may mount one."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_MB = 1500
_FILLER = "filler"
_BLOCK = bytes(1 << 20)


@contextmanager
def small_disk(folder: Path, size_mb: int = SIZE_MB) -> Iterator[bool]:
    """Mount a disk of that size at the folder. False when that is not allowed; then the folder stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0755", "leadgen-chaos", str(folder)]
    try:
        is_mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        is_mounted = False
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], capture_output=True)  # nosec B607 # where it is differs


def fill(folder: Path) -> None:
    """Leave no byte on the folder's disk."""
    with (folder / _FILLER).open("wb", buffering=0) as file:
        for block in (_BLOCK, _BLOCK[:4096], b"\0"):
            try:
                while True:
                    file.write(block)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def free(folder: Path) -> None:
    """Give it back."""
    (folder / _FILLER).unlink(missing_ok=True)
