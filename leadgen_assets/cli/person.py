"""Who is at the keyboard: for records of who did what."""

from __future__ import annotations

import getpass


def me() -> str:
    """The user of this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
