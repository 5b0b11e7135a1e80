"""Reading files people name: never more than is sensible, so that a device without end does not fill the memory."""

from __future__ import annotations

from pathlib import Path


class CannotRead(ValueError):
    """A file that cannot be read; says why, without its name."""


def read_at_most(path: Path, limit: int) -> bytes:
    """The content of a file of at most `limit` bytes. Raises `CannotRead`."""
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise CannotRead(f"cannot be read: {getattr(error, 'strerror', None) or 'not a usable file name'}") from None
    if len(content) > limit:
        raise CannotRead(f"larger than {limit // 1024**2} MB")
    return content
