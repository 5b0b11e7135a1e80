"""Messages about alerts on their way to people: put down first, sent by whoever comes by, tried again until they arrive.

A message's id is made of what it is about, so that it cannot be put down twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pymongo import ReturnDocument
from pymongo.errors import BulkWriteError

from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now

About = Literal["raised", "escalated", "resolved"]
MessageState = Literal["due", "sending", "sent", "failed", "withdrawn"]

LEASE = timedelta(minutes=2)
"""How long a message belongs to the process that took it; after that the process is thought dead."""
RETENTION = timedelta(days=90)
_DUPLICATE = 11000


@dataclass(frozen=True)
class Delivery:
    """One message for one channel."""

    alert: str
    about: About
    number: int
    """Which escalation (its level) or resolution (the how-manieth); 0 for the raise."""
    channel: str
    severity: str
    roles: tuple[str, ...]
    """To whom, as roles; addresses are looked up when it is sent."""
    due_at: datetime
    state: MessageState = "due"
    attempts: int = 0
    error: str = ""
    created_at: datetime | None = None
    sent_at: datetime | None = None

    @property
    def id(self) -> str:
        """Alert, occasion and channel."""
        return f"{self.alert}/{self.about}-{self.number}/{self.channel}"

    def to_json(self) -> dict[str, Any]:
        """Plain values for programs."""
        times = {name: value.isoformat() for name in ("due_at", "sent_at") if (value := getattr(self, name))}
        return {
            **{name: getattr(self, name) for name in ("about", "channel", "state", "attempts", "error")},
            "roles": list(self.roles),
            **times,
        }


class Outbox:
    """Put, claim, settle, look."""

    def __init__(self, db: MongoDatabase) -> None:
        self._messages = collection(db, "alert_deliveries")

    def put(self, messages: Iterable[Delivery]) -> None:
        """Put messages down; one that is there already stays as it is."""
        entries = [_entry(each) for each in messages]
        if not entries:
            return
        with told_without_values("putting down messages"):
            try:
                self._messages.insert_many(entries, ordered=False)
            except BulkWriteError as error:
                if any(each["code"] != _DUPLICATE for each in error.details["writeErrors"]):
                    raise

    def due(self, at: datetime | None = None) -> dict[str, int]:
        """{channel: messages} that should go out now."""
        steps: list[Document] = [{"$match": _ready(at or now())}, {"$group": {"_id": "$channel", "n": {"$sum": 1}}}]
        with told_without_values("reading the outbox"):
            return {each["_id"]: each["n"] for each in self._messages.aggregate(steps)}

    def claim(self, channel: str, limit: int, at: datetime | None = None) -> list[Delivery]:
        """Take up to `limit` messages of a channel that are due, oldest first; others will not take them meanwhile."""
        moment = at or now()
        taken: list[Delivery] = []
        with told_without_values(f"taking messages for {channel}"):
            while len(taken) < limit:
                found = self._messages.find_one_and_update(
                    {"channel": channel, **_ready(moment)},
                    {"$set": {"state": "sending", "leased_until": moment + LEASE}, "$inc": {"attempts": 1}},
                    sort=[("due_at", 1)],
                    return_document=ReturnDocument.AFTER,
                )
                if found is None:
                    break
                taken.append(_delivery(found))
        return taken

    def sent(self, message: Delivery, at: datetime | None = None) -> None:
        """It arrived."""
        self._settle(message, {"state": "sent", "sent_at": at or now(), "error": ""})

    def put_off(self, message: Delivery, due_at: datetime, error: str = "") -> None:
        """It did not arrive: once more, then."""
        self._settle(message, {"state": "due", "due_at": due_at, "error": error})

    def give_up(self, message: Delivery, error: str) -> None:
        """It will not arrive."""
        self._settle(message, {"state": "failed", "error": error})

    def withdraw(self, alert: str, about: Iterable[About], reason: str) -> int:
        """Take back what has not been sent yet; returns how many messages."""
        wanted = {"alert": alert, "about": {"$in": list(about)}, "state": "due"}
        with told_without_values(f"withdrawing messages about {alert}"):
            done = self._messages.update_many(wanted, {"$set": {"state": "withdrawn", "error": reason}})
        return done.modified_count

    def take_back(self, message: Delivery, reason: str) -> None:
        """The same for a message one has claimed."""
        self._settle(message, {"state": "withdrawn", "error": reason})

    def of(self, alert: str) -> list[Delivery]:
        """Every message about an alert, oldest first."""
        with told_without_values(f"reading messages about {alert}"):
            return [_delivery(each) for each in self._messages.find({"alert": alert}).sort("created_at", 1)]

    def undelivered(self) -> list[Delivery]:
        """Messages that were tried and have not arrived: still tried, or given up; oldest first."""
        wanted = {"state": {"$in": ["due", "sending", "failed"]}, "attempts": {"$gt": 0}}
        with told_without_values("reading the outbox"):
            return [_delivery(each) for each in self._messages.find(wanted).sort("created_at", 1).limit(200)]

    def count_sent(self, channel: str, since: datetime) -> int:
        """Messages a channel took since then."""
        with told_without_values("counting messages"):
            return self._messages.count_documents({"channel": channel, "state": "sent", "sent_at": {"$gte": since}})

    def _settle(self, message: Delivery, fields: Document) -> None:
        with told_without_values(f"settling message {message.id}"):
            self._messages.update_one({"_id": message.id}, {"$set": fields, "$unset": {"leased_until": ""}})


def _ready(moment: datetime) -> Document:
    return {
        "$or": [
            {"state": "due", "due_at": {"$lte": moment}},
            {"state": "sending", "leased_until": {"$lte": moment}},
        ]
    }


def _entry(message: Delivery) -> Document:
    created = message.created_at or now()
    fields = {**vars(message), "roles": list(message.roles), "created_at": created}
    return {"_id": message.id, **fields, "expires_at": created + RETENTION}


def _delivery(stored: Document) -> Delivery:
    known = {name: stored[name] for name in Delivery.__dataclass_fields__ if name in stored}
    return Delivery(**{**known, "roles": tuple(stored["roles"])})
