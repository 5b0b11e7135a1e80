"""What the evaluator remembers between two looks, one small document a condition; and which alerts keep quiet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import DeleteOne, ReplaceOne

from leadgen_assets.stores.alerts import Key
from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now


@dataclass(frozen=True)
class Watched:
    """One condition as it stood at the last look. Times in UTC."""

    key: Key
    is_raised: bool = False
    bad_since: datetime | None = None
    """Since when it has been beyond its threshold without a break."""
    good_since: datetime | None = None
    """Since when it has been within its clear threshold without a break, while raised."""
    resolved_at: datetime | None = None
    """When it was last found to be over."""

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to remember."""
        return not (self.is_raised or self.bad_since or self.good_since or self.resolved_at)


@dataclass(frozen=True)
class Silence:
    """Alerts that are on record but tell nobody for a while."""

    rule: str
    instance: str
    """"" means every instance."""
    until: datetime
    by: str
    reason: str

    def covers(self, key: Key, at: datetime) -> bool:
        """Whether an alert of this key is to be kept quiet."""
        return key[0] == self.rule and self.instance in ("", key[2]) and at < self.until


class AlertWatch:
    """Remember and recall; silence and end a silence."""

    def __init__(self, db: MongoDatabase) -> None:
        self._conditions = collection(db, "alert_watch")
        self._silences = collection(db, "alert_silences")

    def recall(self) -> dict[Key, Watched]:
        """Every condition that is worth remembering."""
        with told_without_values("reading what the alerts watch"):
            return {each.key: each for each in map(_watched, self._conditions.find({}))}

    def recall_one(self, key: Key) -> Watched:
        """One condition; an idle one when there is nothing to remember."""
        with told_without_values("reading what the alerts watch"):
            found = self._conditions.find_one({"_id": _id(key)})
        return _watched(found) if found else Watched(key)

    def remember(self, conditions: Iterable[Watched]) -> None:
        """Keep these; an idle one is forgotten."""
        changes: list[Any] = [
            DeleteOne({"_id": _id(each.key)})
            if each.is_idle
            else ReplaceOne({"_id": _id(each.key)}, _stored(each), upsert=True)
            for each in conditions
        ]
        if changes:
            with told_without_values("keeping what the alerts watch"):
                self._conditions.bulk_write(changes, ordered=False)

    def silence(self, silence: Silence) -> None:
        """Keep a rule, or one instance of it, quiet until then."""
        with told_without_values(f"silencing {silence.rule}"):
            place = f"{silence.rule}|{silence.instance}"
            self._silences.replace_one({"_id": place}, {**vars(silence), "expires_at": silence.until}, upsert=True)

    def speak(self, rule: str, instance: str = "") -> bool:
        """End a silence; whether there was one."""
        with told_without_values(f"ending the silence of {rule}"):
            return self._silences.delete_one({"_id": f"{rule}|{instance}"}).deleted_count > 0

    def silences(self, at: datetime | None = None) -> list[Silence]:
        """The silences that hold."""
        names = Silence.__dataclass_fields__
        with told_without_values("reading silences"):
            found = self._silences.find({"until": {"$gt": at or now()}}).sort("until", 1)
            return [Silence(**{name: each[name] for name in names}) for each in found]


def _id(key: Key) -> str:
    return "|".join(key)


def _stored(watched: Watched) -> Document:
    return {**vars(watched), "key": list(watched.key), "_id": _id(watched.key)}


def _watched(stored: Document) -> Watched:
    rule, sprint, instance = stored["key"]
    known = {name: stored[name] for name in ("is_raised", "bad_since", "good_since", "resolved_at")}
    return Watched((rule, sprint, instance), **known)
