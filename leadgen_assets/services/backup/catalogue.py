"""The backups there are: listed, found by name, and thrown away when newer ones make them needless (REQ-018)."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from leadgen_assets.desk.backups import backup_folders, time_of
from leadgen_assets.services.backup.errors import BackupFailed
from leadgen_assets.services.backup.manifest import Manifest, read_manifest
from leadgen_assets.services.home import read_json, write_json

FEWEST_DAYS, USUAL_DAYS = 7, 14
_VERIFIED = "verified.json"


@dataclass(frozen=True)
class Listed:
    """One backup in the list. `manifest` is None when it cannot be read; `problem` then says why."""

    folder: Path
    manifest: Manifest | None
    problem: str | None
    verified_at: datetime | None
    """When it was restored into scratch servers last, and all was equal."""


def listed(backups: Path) -> list[Listed]:
    """Every backup, the newest first."""
    return [_looked_at(folder) for folder in backup_folders(backups)]


def found(backups: Path, name: str | None) -> Path:
    """The folder of a backup: by name, by path, or the newest. `BackupFailed` when there is none."""
    known = backup_folders(backups)
    if name is None:
        if not known:
            raise BackupFailed(f"there is no backup in {backups}; make one: leadgen backup create")
        return known[0]
    for folder in (backups / name, Path(name)):
        if (folder / "manifest.json").is_file():
            return folder
    names = ", ".join(each.name for each in known[:5]) or "none"
    raise BackupFailed(f"there is no backup {name!r}; the newest in {backups}: {names}")


def needless(backups: Path, days: int = USUAL_DAYS, now: datetime | None = None) -> list[Path]:
    """Backups that `prune` would throw away: all but the newest one, those of the last 24 hours, and the newest of
    each of the last `days` days (at least seven)."""
    moment = now or datetime.now(UTC)
    days = max(days, FEWEST_DAYS)
    kept_days: set[str] = set()
    gone = []
    for position, folder in enumerate(backup_folders(backups)):
        at = time_of(folder.name)
        day = f"{at:%Y-%m-%d}"
        is_daily = moment - at <= timedelta(days=days) and day not in kept_days
        kept_days.add(day)
        if position and not is_daily and moment - at > timedelta(hours=24):
            gone.append(folder)
    return gone


def prune(backups: Path, days: int = USUAL_DAYS, now: datetime | None = None) -> list[str]:
    """Throw needless backups away; returns their names. A damaged or foreign folder is never touched."""
    names = []
    for folder in needless(backups, days, now):
        # out of the list first: a half removed folder must not look like a backup
        doomed = folder.with_name(f".{folder.name}.partial")
        folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
        names.append(folder.name)
    return names


def note_verified(folder: Path, problems: list[str]) -> None:
    """Put on record how a verification ended."""
    write_json(folder / _VERIFIED, {"at": datetime.now(UTC).isoformat(), "problems": problems})


def _looked_at(folder: Path) -> Listed:
    noted = read_json(folder / _VERIFIED) or {}
    at = datetime.fromisoformat(noted["at"]) if noted and not noted.get("problems") else None
    try:
        return Listed(folder, read_manifest(folder), None, at)
    except BackupFailed as error:
        return Listed(folder, None, str(error), at)
