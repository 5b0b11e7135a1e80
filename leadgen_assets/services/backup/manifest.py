"""What a backup says about itself: `manifest.json`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from leadgen_assets.services.backup.errors import BackupFailed

NAME = "manifest.json"
FORMAT = 1

Kind = Literal["mongo", "redis", "postgres", "files"]


class Part(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Kind
    made_with: str
    server: str | None
    bytes: int
    sha256: str
    content: dict[str, dict[str, Any]]
    """{collection, table or folder: {count, sha256}}."""

    @property
    def records(self) -> int:
        """Documents, keys, rows or files."""
        return sum(int(each["count"]) for each in self.content.values())


class Manifest(BaseModel):
    """A whole backup. Times are UTC."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    id: str
    started_at: datetime
    finished_at: datetime
    point_in_time: datetime | None
    """The moment all of MongoDB is of; None: it was read collection by collection."""
    leadgen: str
    database: str
    sprints: dict[str, str]
    """{sprint: state} as restored."""
    parts: tuple[Part, ...]

    @property
    def bytes(self) -> int:
        """Of all parts."""
        return sum(each.bytes for each in self.parts)

    def part(self, kind: Kind) -> Part | None:
        """The part of a kind, where there is one."""
        return next((each for each in self.parts if each.kind == kind), None)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup. `BackupFailed` when there is none, or one of a later version."""
    try:
        found = Manifest.model_validate_json((folder / NAME).read_bytes())
    except FileNotFoundError:
        raise BackupFailed(f"{folder} is no backup: it has no {NAME}") from None
    except (OSError, ValidationError) as error:
        raise BackupFailed(f"{folder / NAME} cannot be read: {type(error).__name__}") from None
    if found.format > FORMAT:
        raise BackupFailed(f"{folder.name} was written by a later version of leadgen ({found.leadgen}); use that one")
    return found
