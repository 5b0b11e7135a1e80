"""What happened around an incident, from what is on record: alerts, changes of the sprint and of its buying, backups,
reports, notes, and the runs that the caller knows of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from leadgen_assets.desk.backups import backup_folders, time_of
from leadgen_assets.stores.errors import StoreMissing
from leadgen_assets.stores.incidents import Incident
from leadgen_assets.stores.mongo import now
from leadgen_assets.stores.opened import OpenStores

BEFORE, AFTER = timedelta(minutes=15), timedelta(minutes=5)
"""How much is shown before the trouble began and after it ended."""


@dataclass(frozen=True)
class Event:
    """One line. `kind`: alert, sprint, buying, run, backup, report, note, incident."""

    at: datetime
    kind: str
    text: str


def timeline(
    stores: OpenStores, incident: Incident, *, runs: Iterable[Event] = (), backups: Path | None = None
) -> list[Event]:
    """Everything that happened in the incident's time, oldest first."""
    since, until = incident.began_at - BEFORE, (incident.closed_at or now()) + AFTER
    found = [
        *_own(incident),
        *_alerts(stores, incident.sprint, since),
        *_sprint(stores, incident.sprint),
        *_buying(stores, incident.sprint),
        *_reports(stores, incident.sprint),
        *_backups(backups),
        *runs,
    ]
    return sorted((each for each in found if since <= each.at <= until), key=lambda each: (each.at, each.kind))


def _own(incident: Incident) -> Iterator[Event]:
    yield Event(incident.opened_at, "incident", f"opened by {incident.opened_by}")
    for each in incident.notes:
        yield Event(each.at, "note", f"{each.by}: {each.text}")
    if incident.closed_at:
        yield Event(incident.closed_at, "incident", f"closed by {incident.closed_by}")


def _alerts(stores: OpenStores, sprint: str | None, since: datetime) -> Iterator[Event]:
    for alert in stores.alerts.list(limit=1000):
        is_of_it = sprint is None or alert.sprint in ("", sprint)
        if alert.is_test or not is_of_it or (alert.resolved_at and alert.resolved_at < since):
            continue
        for step in alert.history:
            by = f" by {step['by']}" if step.get("by") else ""
            how = f" over {step['channel']}" if step.get("channel") else ""
            level = f" to level {step['level']}" if step.get("level") else ""
            yield Event(step["at"], "alert", f"{alert.severity} {alert.title}: {step['what']}{level}{how}{by}")


def _sprint(stores: OpenStores, key: str | None) -> Iterator[Event]:
    if key is None:
        return
    try:
        opened = stores.book.get(key)
    except StoreMissing:
        return
    yield Event(opened.opened_at, "sprint", f"{key} opened")
    for change in opened.changes:
        yield Event(change["at"], "sprint", f"{key}: {_said(change)}")


def _said(change: dict[str, Any]) -> str:
    what = str(change["what"]).replace("_", " ")
    if "state" in change:
        what = f"state {change['state']}"
    about = f" {change['segment']}" if change.get("segment") else ""
    leads = ", ".join(f"{segment} {count:,}" for segment, count in (change.get("leads") or {}).items())
    reason = f" ({change['reason']})" if change.get("reason") else ""
    return f"{what}{about}{f' {leads}' if leads else ''}{reason}"


def _buying(stores: OpenStores, sprint: str | None) -> Iterator[Event]:
    for change in stores.controls.read(sprint).changes if sprint else ():
        yield Event(
            change.at, "buying", f"{change.buying} by {change.by}{f': {change.reason}' if change.reason else ''}"
        )


def _reports(stores: OpenStores, sprint: str | None) -> Iterator[Event]:
    for each in stores.reports.list(sprint=sprint, limit=100):
        yield Event(each.written_at, "report", f"{each.kind} report written")


def _backups(folder: Path | None) -> Iterator[Event]:
    for each in backup_folders(folder) if folder else ():
        yield Event(time_of(each.name), "backup", f"{each.name} begun")
