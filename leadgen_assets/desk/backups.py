"""Where backups are and how old the newest is: what the alert `backup_missing` and the health check ask."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

_NAME = re.compile(r"\d{8}T\d{6}Z")
_FORM = "%Y%m%dT%H%M%SZ"


def name_of(moment: datetime) -> str:
    """The folder of a backup that was begun at this moment."""
    return moment.astimezone(UTC).strftime(_FORM)


def time_of(name: str) -> datetime:
    """When the backup with this name was begun, UTC."""
    return datetime.strptime(name, _FORM).replace(tzinfo=UTC)


def backup_folders(backups: Path) -> list[Path]:
    """The folders of whole backups, the newest first. One that is being written has no name of this form yet."""
    if not backups.is_dir():
        return []
    found = (each for each in backups.iterdir() if _NAME.fullmatch(each.name) and (each / "manifest.json").is_file())
    return sorted(found, key=lambda each: each.name, reverse=True)


def backup_age_seconds(home: Path, backups: Path | None = None, now: datetime | None = None) -> float | None:
    """Seconds since the newest whole backup was begun; None when there is none. `backups` defaults to `home`/backups."""
    newest = next(iter(backup_folders(backups or home / "backups")), None)
    if newest is None:
        return None
    return ((now or datetime.now(UTC)) - time_of(newest.name)).total_seconds()
