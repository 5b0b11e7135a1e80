"""What is backed up, and where it is restored to: store addresses, folders, and the folder of the backups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from leadgen_assets.services.backup.files import Folders
from leadgen_assets.settings import Settings

_FOLDERS = ("imports", "reports", "quality")


@dataclass(frozen=True)
class Place:
    """Settings whose store addresses are filled in, and the checkout's sprint files."""

    settings: Settings
    sprint_files: Path | None = None
    dagster_home: Path | None = None
    """Where Dagster keeps SQLite files; None when its storage is PostgreSQL."""

    @property
    def backups(self) -> Path:
        """The folder of all backups."""
        return self.settings.backups

    @property
    def mongo_uri(self) -> str:
        """MongoDB's address, with login."""
        return _known(self.settings.leadgen_mongo_uri, "LEADGEN_MONGO_URI")

    @property
    def redis_url(self) -> str:
        """Redis' address, with login."""
        return _known(self.settings.leadgen_redis_url, "LEADGEN_REDIS_URL")

    @property
    def pg_url(self) -> str | None:
        """The address of Dagster's PostgreSQL storage."""
        return None if self.dagster_home else _known(self.settings.dagster_pg_url, "DAGSTER_PG_URL")

    @property
    def folders(self) -> Folders:
        """Folders that belong to a backup."""
        local = {name: self.settings.home / name for name in _FOLDERS}
        if self.sprint_files:
            local["sprints"] = self.sprint_files
        if self.dagster_home:
            local["dagster"] = self.dagster_home
        return Folders(local, self.settings.storage)


def _known(address: str | None, setting: str) -> str:
    if address is None:
        raise ValueError(f"{setting} is not set and no embedded server runs")
    return address
