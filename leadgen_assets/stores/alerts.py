"""Alerts on record: one open alert a rule, sprint and instance, every step of its life with its time (OPS-04)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from leadgen_assets.stores.errors import StoreConflict, StoreMissing, told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now

Severity = Literal["INFO", "WARNING", "CRITICAL"]
State = Literal["raised", "delivered", "acknowledged", "escalated", "resolved"]
Key = tuple[str, str, str]
"""Rule, sprint ("" for none), instance ("" for none)."""

RESOLVED = "resolved"
ITSELF = "itself"
"""Who resolved an alert whose condition cleared."""


@dataclass(frozen=True)
class Alert:
    """One alert. `figures` are what it rests on, ready to be shown; nothing in it is personal."""

    rule: str
    sprint: str
    instance: str
    severity: Severity
    title: str
    text: str
    raised_at: datetime
    figures: dict[str, str] = field(default_factory=dict)
    runbook: str = ""
    is_test: bool = False
    level: int = 1
    """How far up it has gone: 1 team, 2 project manager, 3 management."""
    id: str = field(default_factory=lambda: f"A{uuid.uuid4().hex[:11]}")
    state: State = "raised"
    delivered_at: datetime | None = None
    acked_at: datetime | None = None
    acked_by: str | None = None
    escalated_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolutions: int = 0
    """How often it was resolved; more than one says that the condition flapped."""
    history: tuple[dict[str, Any], ...] = ()
    """Each {at, what, …}, oldest first."""

    @property
    def key(self) -> Key:
        """What can be open only once, beside tests."""
        return self.rule, self.sprint, self.instance

    @property
    def is_open(self) -> bool:
        """Whether its condition is still thought to hold."""
        return self.state != RESOLVED

    def to_json(self) -> dict[str, Any]:
        """Plain values; times as ISO 8601 with Z."""
        found = {name: _plain(value) for name, value in vars(self).items()}
        return {**found, "history": [{name: _plain(value) for name, value in each.items()} for each in self.history]}


Alerts = list[Alert]


class AlertBook:
    """Raise, deliver, acknowledge, escalate, resolve. Every method is one atomic update; steps out of turn change nothing."""

    def __init__(self, db: MongoDatabase) -> None:
        self._alerts = collection(db, "alerts")

    def record(self, alert: Alert) -> bool:
        """Put a new alert on record. False when one of the same key is open already (the unique index decides)."""
        first = {"at": alert.raised_at, "what": "raised"}
        history = list(alert.history) or [first, *_up_at_once(alert)]
        stored = {**{k: v for k, v in vars(alert).items() if k != "id"}, "history": history, "_id": alert.id}
        with told_without_values(f"recording an alert of {alert.rule}"):
            try:
                self._alerts.insert_one({**stored, **({"is_open": True} if alert.is_open else {})})
            except DuplicateKeyError:
                return False
        return True

    def reopen(self, key: Key, since: datetime, *, at: datetime | None = None) -> Alert | None:
        """Open the alert of this key that resolved itself after `since` again; None when there is none."""
        last = self.last(key)
        if last is None or last.resolved_by != ITSELF or last.resolved_at is None or last.resolved_at < since:
            return None
        change = {
            "$set": {"state": _standing(last), "is_open": True, "resolved_at": None, "resolved_by": None},
            "$push": {"history": {"at": at or now(), "what": "reopened"}},
        }
        try:
            return self._step(last.id, {"state": RESOLVED}, change)
        except DuplicateKeyError:
            return None

    def deliver(self, alert_id: str, channel: str, what: str = "raised", *, at: datetime | None = None) -> Alert | None:
        """A channel took a message about it."""
        moment = at or now()
        told = {"at": moment, "what": "told", "channel": channel, "about": what}
        self._step(alert_id, {"state": "raised"}, {"$set": {"state": "delivered"}})
        self._step(alert_id, {"delivered_at": None}, {"$set": {"delivered_at": moment}})
        return self._step(alert_id, {}, {"$push": {"history": told}})

    def acknowledge(self, alert_id: str, by: str, *, at: datetime | None = None) -> Alert:
        """Somebody takes care of it: it goes no higher. Again, or once resolved, it changes nothing.

        Raises `StoreMissing` for an unknown id.
        """
        moment = at or now()
        change = {
            "$set": {"state": "acknowledged", "acked_at": moment, "acked_by": by},
            "$push": {"history": {"at": moment, "what": "acknowledged", "by": by}},
        }
        return self._step(alert_id, {"is_open": True, "acked_at": None}, change) or self.get(alert_id)

    def escalate(self, alert_id: str, level: int, *, at: datetime | None = None) -> Alert | None:
        """It goes up to a level. None when it is acknowledged, resolved or that far up already."""
        moment = at or now()
        change = {
            "$set": {"state": "escalated", "level": level, "escalated_at": moment},
            "$push": {"history": {"at": moment, "what": "escalated", "level": level}},
        }
        return self._step(alert_id, {"is_open": True, "acked_at": None, "level": {"$lt": level}}, change)

    def resolve(self, alert_id: str, by: str, reason: str = "", *, at: datetime | None = None) -> Alert | None:
        """It is over. None when it was already."""
        moment = at or now()
        change = {
            "$set": {"state": RESOLVED, "resolved_at": moment, "resolved_by": by},
            "$unset": {"is_open": ""},
            "$inc": {"resolutions": 1},
            "$push": {"history": {"at": moment, "what": RESOLVED, "by": by, "reason": reason}},
        }
        return self._step(alert_id, {"is_open": True}, change)

    def refresh(self, alert_id: str, text: str, figures: Mapping[str, str]) -> None:
        """Show the present figures of an open alert; nobody is told."""
        self._step(alert_id, {"is_open": True}, {"$set": {"text": text, "figures": dict(figures)}})

    def note(self, alert_id: str, what: str, *, at: datetime | None = None) -> None:
        """Add a line to its history."""
        self._step(alert_id, {}, {"$push": {"history": {"at": at or now(), "what": what}}})

    def get(self, alert_id: str) -> Alert:
        """An alert by id, or by the beginning of one. `StoreMissing` when there is none, `StoreConflict` for several."""
        with told_without_values(f"reading alert {alert_id}"):
            span = {"_id": {"$gte": alert_id, "$lt": alert_id + "\uffff"}}
            found = list(self._alerts.find(span).sort("_id").limit(2))
        exact = [each for each in found if each["_id"] == alert_id] or found
        if not exact:
            raise StoreMissing(f"there is no alert {alert_id}; see `leadgen alerts list --all`")
        if len(exact) > 1:
            raise StoreConflict(f"several alerts begin with {alert_id}; give more of the id")
        return _alert(exact[0])

    def open(self, sprint: str | None = None) -> Alerts:
        """Open alerts, the latest first; of one sprint and of none in particular, when a sprint is named."""
        wanted: Document = {"is_open": True}
        if sprint is not None:
            wanted["sprint"] = {"$in": [sprint, ""]}
        return self._find(wanted, 500)

    def is_open(self, key: Key) -> bool:
        """Whether an alert of this key is open, tests aside."""
        rule, sprint, instance = key
        wanted = {"rule": rule, "sprint": sprint, "instance": instance, "is_test": False, "is_open": True}
        with told_without_values(f"looking for an alert of {rule}"):
            return self._alerts.count_documents(wanted, limit=1) > 0

    def list(self, limit: int = 100, state: State | None = None, sprint: str | None = None) -> Alerts:
        """Alerts, the latest first."""
        wanted: Document = {} if state is None else {"state": state}
        if sprint is not None:
            wanted["sprint"] = sprint
        return self._find(wanted, limit)

    def last(self, key: Key) -> Alert | None:
        """The latest alert of a key, tests aside."""
        rule, sprint, instance = key
        wanted = {"sprint": sprint, "rule": rule, "instance": instance, "is_test": False}
        found = self._find(wanted, 1)
        return found[0] if found else None

    def _find(self, wanted: Document, limit: int) -> Alerts:
        with told_without_values("listing alerts"):
            return [_alert(each) for each in self._alerts.find(wanted).sort("raised_at", -1).limit(limit)]

    def _step(self, alert_id: str, wanted: Document, change: Document) -> Alert | None:
        """Change an alert that is as wanted. Losing a race for a unique key is the caller's to judge."""
        with told_without_values(f"changing alert {alert_id}"):
            try:
                found = self._alerts.find_one_and_update(
                    {"_id": alert_id, **wanted}, change, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError as lost:
                conflict = lost
            else:
                return _alert(found) if found else None
        raise conflict


def _standing(alert: Alert) -> State:
    """The state an alert had before it was resolved."""
    if alert.acked_at:
        return "acknowledged"
    if alert.escalated_at:
        return "escalated"
    return "delivered" if alert.delivered_at else "raised"


def _up_at_once(alert: Alert) -> list[dict[str, Any]]:
    if alert.escalated_at is None:
        return []
    return [{"at": alert.escalated_at, "what": "escalated", "level": alert.level}]


def _alert(stored: Document) -> Alert:
    known = {name: stored[name] for name in Alert.__dataclass_fields__ if name in stored}
    return Alert(**{**known, "id": stored["_id"], "history": tuple(stored.get("history", ()))})


def _plain(value: Any) -> Any:
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z") if isinstance(value, datetime) else value
