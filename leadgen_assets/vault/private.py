"""Files for one pair of eyes: written whole or not at all, and refused when others could read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from leadgen_assets.vault.errors import VaultError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def exposure(path: Path) -> str | None:
    """Why the file is not private, with the remedy; None when it is. Windows has no such modes."""
    found = path.stat()
    if os.name != "posix":
        return None
    if found.st_uid not in (os.geteuid(), 0):
        return f"{path} belongs to another user (id {found.st_uid}): chown it to yourself, or make it anew"
    if found.st_mode & _OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        return f"{path} can be used by others (mode {mode:04o}): chmod {'700' if path.is_dir() else '600'} {path}"
    return None


def read_private(path: Path) -> bytes:
    """The content of a private file. Raises `VaultError` when others could read it too, `OSError` as usual."""
    problem = exposure(path)
    if problem:
        raise VaultError(problem)
    return path.read_bytes()


def write_private(path: Path, content: bytes) -> None:
    """Replace the file in one step, mode 0600, on the disk when this returns. One writer at a time, please."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)  # of a writer that was killed
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
