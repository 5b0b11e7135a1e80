"""Incidents on record: what went wrong, how bad it is, what people noted, how it ended (PHX-05).

The time line is not stored: alerts, runs and changes of the sprint are on record elsewhere and are collected when asked.
"""

from __future__ import annotations

import builtins
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pymongo import ReturnDocument

from leadgen_assets.stores.errors import StoreMissing, told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now


class IncidentSeverity(StrEnum):
    """How bad it is, as in the operations manual."""

    P0 = "P0"
    """Data lost or leaked, or money spent out of control."""
    P1 = "P1"
    """The sprint stands still or will miss its target."""
    P2 = "P2"
    """A source, store or check is impaired; the sprint goes on."""
    P3 = "P3"
    """A nuisance, to be mended in working hours."""


@dataclass(frozen=True)
class Note:
    """What somebody wrote down."""

    at: datetime
    by: str
    text: str


@dataclass(frozen=True)
class Incident:
    """One incident. It is open until `closed_at`."""

    id: str
    severity: IncidentSeverity
    title: str
    sprint: str | None
    began_at: datetime
    """When the trouble began, which may be before anybody noticed."""
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    closed_by: str | None
    cause: str
    resolution: str
    lessons: str
    notes: tuple[Note, ...]

    @property
    def is_open(self) -> bool:
        """Whether somebody is still at it."""
        return self.closed_at is None


class IncidentBook:
    """Open, note, close, find. Text is stored as given: callers take personal data out first."""

    def __init__(self, db: MongoDatabase) -> None:
        self._incidents = collection(db, "incidents")

    def open(
        self,
        title: str,
        severity: IncidentSeverity,
        by: str,
        *,
        sprint: str | None = None,
        began_at: datetime | None = None,
    ) -> Incident:
        """Put a new incident on record."""
        moment = now()
        entry: Document = {
            "_id": f"I{moment:%y%m%d}-{secrets.token_hex(3)}", "severity": severity.value, "title": title, "sprint": sprint,
            "began_at": began_at or moment, "opened_at": moment, "opened_by": by, "closed_at": None, "closed_by": None,
            "cause": "", "resolution": "", "lessons": "", "notes": [],
        }  # fmt: skip
        with told_without_values("opening an incident"):
            self._incidents.insert_one(entry)
        return _incident(entry)

    def note(self, incident_id: str, text: str, by: str) -> Incident:
        """Add a note. `StoreMissing` when there is no such incident."""
        entry = {"at": now(), "by": by, "text": text}
        return self._change(incident_id, {"$push": {"notes": entry}})

    def rate(self, incident_id: str, severity: IncidentSeverity, by: str) -> Incident:
        """It is worse, or less bad, than thought; the change is among the notes."""
        entry = {"at": now(), "by": by, "text": f"severity is now {severity}"}
        return self._change(incident_id, {"$set": {"severity": severity.value}, "$push": {"notes": entry}})

    def close(self, incident_id: str, by: str, *, cause: str, resolution: str, lessons: str = "") -> Incident:
        """It is over. Closed again, the words are replaced and the first time stays."""
        found = self.get(incident_id)
        fields: Document = {"cause": cause, "resolution": resolution, "lessons": lessons}
        if found.is_open:
            fields |= {"closed_at": now(), "closed_by": by}
        return self._change(found.id, {"$set": fields})

    def get(self, incident_id: str) -> Incident:
        """An incident by id. `StoreMissing` when there is none."""
        with told_without_values(f"reading incident {incident_id}"):
            found = self._incidents.find_one({"_id": incident_id})
        if found is None:
            raise _missing(incident_id)
        return _incident(found)

    def list(self, *, only_open: bool = False, limit: int = 100) -> builtins.list[Incident]:
        """Incidents, the latest first."""
        wanted: Document = {"closed_at": None} if only_open else {}
        with told_without_values("listing incidents"):
            return [_incident(each) for each in self._incidents.find(wanted).sort("opened_at", -1).limit(limit)]

    def _change(self, incident_id: str, change: Document) -> Incident:
        with told_without_values(f"changing incident {incident_id}"):
            found = self._incidents.find_one_and_update(
                {"_id": incident_id}, change, return_document=ReturnDocument.AFTER
            )
        if found is None:
            raise _missing(incident_id)
        return _incident(found)


def _missing(incident_id: str) -> StoreMissing:
    return StoreMissing(f"there is no incident {incident_id}; see `leadgen incident list`")


def _incident(stored: Document) -> Incident:
    plain: dict[str, Any] = {name: stored[name] for name in Incident.__dataclass_fields__ if name in stored}
    notes = tuple(Note(each["at"], each["by"], each["text"]) for each in stored["notes"])
    severity = IncidentSeverity(stored["severity"])
    return Incident(**{**plain, "id": stored["_id"], "notes": notes, "severity": severity})
