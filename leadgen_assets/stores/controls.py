"""Whether a sprint may buy (PHX-03): the emergency controls, each change on record with time, person and reason.

Pausing is stricter in steps: first enrichment, then everything. Who buys asks before each purchase; the answer is kept
for two seconds, so that asking costs nothing and a change is seen within that time by every process. While MongoDB is away
nothing is answered from memory: who buys waits, because what is bought could not be stored.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pymongo.errors import DuplicateKeyError

from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now, presence

SEEN_WITHIN = 2.0
"""Seconds after which a change is seen by those who buy."""


class Buying(StrEnum):
    """What a sprint may buy."""

    ON = "on"
    ENRICHMENT_PAUSED = "enrichment paused"
    PAUSED = "paused"


@dataclass(frozen=True)
class ControlChange:
    """One change, for the record."""

    at: datetime
    buying: Buying
    by: str
    reason: str


@dataclass(frozen=True)
class Control:
    """What a sprint may buy, and how that came."""

    buying: Buying = Buying.ON
    changes: tuple[ControlChange, ...] = ()
    """Oldest first."""
    steps: frozenset[str] = frozenset()
    """Automatic steps that have acted; each acts once a sprint, so that a person's `resume` stands."""

    @property
    def latest(self) -> ControlChange | None:
        """The change that holds; None when there never was one."""
        return self.changes[-1] if self.changes else None

    @property
    def says(self) -> str:
        """The control in one sentence."""
        if self.latest is None:
            return "Buying is on."
        when, why = f"{self.latest.at:%Y-%m-%d %H:%M} UTC", self.latest.reason or "no reason given"
        return f"Buying is {self.buying} since {when} by {self.latest.by}: {why}"


class Controls:
    """Pause, resume and look; one document a sprint. Safe between threads."""

    def __init__(self, db: MongoDatabase, clock: Callable[[], float] = time.monotonic) -> None:
        self._controls = collection(db, "cost_controls")
        self._presence = presence(db)
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, Control]] = {}

    def buying(self, sprint: str) -> Buying:
        """What the sprint may buy, at most `SEEN_WITHIN` seconds old."""
        return self.seen(sprint).buying

    def seen(self, sprint: str) -> Control:
        """The sprint's control, at most `SEEN_WITHIN` seconds old: for those who ask before each purchase."""
        with self._lock:
            known = self._seen.get(sprint)
            if known is not None and not self._presence.is_away:
                if self._clock() - known[0] < SEEN_WITHIN:
                    return known[1]
                # one looks again, the others go on with what is known
                self._seen[sprint] = self._clock(), known[1]
        return self.read(sprint)

    def is_fresh(self, sprint: str) -> bool:
        """Whether `seen` answers without the database, which is never while that is away."""
        if self._presence.is_away:
            return False
        with self._lock:
            known = self._seen.get(sprint)
        return known is not None and self._clock() - known[0] < SEEN_WITHIN

    def read(self, sprint: str) -> Control:
        """The sprint's control as it is now."""
        asked_at = self._clock()
        with told_without_values(f"reading the cost controls of {sprint}"):
            stored = self._controls.find_one({"_id": sprint})
        control = _control(stored) if stored else Control()
        with self._lock:
            self._seen[sprint] = asked_at, control
        return control

    def pause_enrichment(self, sprint: str, by: str, reason: str, *, once: str | None = None) -> bool:
        """Stop buying enrichment; collecting goes on. False when it is paused already, or the automatic step `once` has
        acted before."""
        return self._change(sprint, Buying.ENRICHMENT_PAUSED, (Buying.ON,), by, reason, once)

    def pause_all(self, sprint: str, by: str, reason: str, *, once: str | None = None) -> bool:
        """Stop buying anything. What is on its way is still taken in. False as for `pause_enrichment`."""
        return self._change(sprint, Buying.PAUSED, (Buying.ON, Buying.ENRICHMENT_PAUSED), by, reason, once)

    def resume(self, sprint: str, by: str, reason: str = "", *, collection_only: bool = False) -> bool:
        """Buy again: everything, or collection alone while enrichment stays paused. False when nothing was to change."""
        if collection_only:
            return self._change(sprint, Buying.ENRICHMENT_PAUSED, (Buying.PAUSED,), by, reason, None)
        return self._change(sprint, Buying.ON, (Buying.PAUSED, Buying.ENRICHMENT_PAUSED), by, reason, None)

    def _change(
        self, sprint: str, wanted: Buying, instead_of: tuple[Buying, ...], by: str, reason: str, once: str | None
    ) -> bool:
        """One conditional update, so that of many who do the same at once exactly one changes anything.

        A step that finds its work done already has acted, too.
        """
        query: Document = {"_id": sprint, "buying": {"$in": [each.value for each in instead_of]}}
        entry: Document = {"at": now(), "buying": wanted.value, "by": by, "reason": reason}
        update: Document = {"$set": {"buying": wanted.value}, "$push": {"changes": entry}}
        if once is not None:
            query["steps"] = {"$ne": once}
            update["$addToSet"] = {"steps": once}
        with told_without_values(f"changing the cost controls of {sprint}"):
            self._put_down(sprint)
            changed = bool(self._controls.update_one(query, update).matched_count)
            if once is not None and not changed:
                self._controls.update_one({"_id": sprint}, {"$addToSet": {"steps": once}})
        self.read(sprint)
        return changed

    def _put_down(self, sprint: str) -> None:
        fresh: Document = {"buying": Buying.ON.value, "changes": [], "steps": []}
        try:
            self._controls.update_one({"_id": sprint}, {"$setOnInsert": fresh}, upsert=True)
        except DuplicateKeyError:
            return  # somebody else put it down a moment ago


def _control(stored: Document) -> Control:
    changes = (
        ControlChange(each["at"], Buying(each["buying"]), each["by"], each["reason"]) for each in stored["changes"]
    )
    return Control(Buying(stored["buying"]), tuple(changes), frozenset(stored["steps"]))
