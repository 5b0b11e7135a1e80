"""The sprints there are: what each was asked to do, every change since, where it stands, what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from leadgen_assets.sprint_file import Segment, Sprint, require_key
from leadgen_assets.stores.errors import StoreConflict, StoreMissing, told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now


class SprintState(StrEnum):
    """Where a sprint stands."""

    OPEN = "open"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True)
class OpenSprint:
    """A sprint on record. `sprint` is its present content, changes included."""

    key: str
    sprint: Sprint
    opened_at: datetime
    state: SprintState
    counts: dict[str, dict[str, int]]
    """{segment: counts}, as last recorded."""
    pages: dict[str, int]
    result: dict[str, Any]
    changes: tuple[dict[str, Any], ...]
    """Each {at, what, …}, oldest first."""


class SprintBook:
    """Open, change, read. The key is the sprint's partition key."""

    def __init__(self, db: MongoDatabase) -> None:
        self._sprints = collection(db, "sprints")

    def open(self, key: str, sprint: Sprint) -> bool:
        """Put a sprint on record. False when it is there already, with this content now or when it was opened.

        Raises `StoreConflict` when another content is open under the key: change that one by the methods below.
        """
        require_key(key)
        content = sprint.model_dump(mode="json")
        entry: Document = {
            "_id": key,
            "sprint": content,
            "opened_as": _digest(content),
            "opened_at": now(),
            "state": SprintState.OPEN.value,
            "counts": {},
            "pages": {},
            "result": {},
            "changes": [],
            "version": 1,
        }
        with told_without_values(f"opening sprint {key}"):
            try:
                self._sprints.insert_one(entry)
                return True
            except DuplicateKeyError:
                stored = self._find(key)
        if _digest(content) not in (stored["opened_as"], _digest(stored["sprint"])):
            raise StoreConflict(
                f"sprint {key} is open with another content; add, pause or retarget its segments, or use another key"
            )
        return False

    def get(self, key: str) -> OpenSprint:
        """A sprint by key. `StoreMissing` (a `LookupError`) when there is none."""
        with told_without_values(f"reading sprint {key}"):
            return _open_sprint(self._find(key))

    def latest(self) -> OpenSprint | None:
        """The sprint opened last."""
        with told_without_values("reading the latest sprint"):
            found = self._sprints.find_one({}, sort=[("opened_at", -1)], hint=[("opened_at", -1)])
        return _open_sprint(found) if found else None

    def first_opened_at(self) -> datetime | None:
        """When the first sprint was opened; None before that."""
        with told_without_values("reading the first sprint"):
            found = self._sprints.find_one({}, {"opened_at": 1}, sort=[("opened_at", 1)], hint=[("opened_at", -1)])
        return found["opened_at"] if found else None

    def list(self, limit: int = 100) -> list[OpenSprint]:
        """Sprints, the one opened last first."""
        with told_without_values("listing sprints"):
            by_age = [("opened_at", -1)]
            return [_open_sprint(each) for each in self._sprints.find({}).sort(by_age).hint(by_age).limit(limit)]

    def add_segment(self, key: str, segment: Segment, reason: str = "") -> OpenSprint:
        """Add a segment while the sprint runs. The same segment again changes nothing; `StoreConflict` when its id is
        taken by another one."""

        def added(sprint: Sprint) -> Sprint:
            for each in sprint.segments:
                if each.id == segment.id:
                    if each == segment:
                        return sprint
                    raise StoreConflict(f"sprint {key} has another segment {segment.id} already")
            return sprint.model_copy(update={"segments": (*sprint.segments, segment)})

        return self._change(key, added, {"what": "add_segment", "segment": segment.id, "reason": reason})

    def pause(self, key: str, segment_id: str, reason: str = "") -> OpenSprint:
        """Stop collecting a segment. `KeyError` when the sprint has none of that id."""
        change = {"what": "pause", "segment": segment_id, "reason": reason}
        return self._change(key, lambda sprint: _with_segment(sprint, segment_id, paused=True), change)

    def resume(self, key: str, segment_id: str, reason: str = "") -> OpenSprint:
        """Go on collecting a paused segment."""
        change = {"what": "resume", "segment": segment_id, "reason": reason}
        return self._change(key, lambda sprint: _with_segment(sprint, segment_id, paused=False), change)

    def retarget(self, key: str, leads: Mapping[str, int], reason: str = "") -> OpenSprint:
        """Set how many leads segments are to bring, {segment id: leads}: how work moves to healthy sources (PHX-04)."""

        def retargeted(sprint: Sprint) -> Sprint:
            for segment_id, wanted in leads.items():
                sprint = _with_segment(sprint, segment_id, leads=wanted, is_relieved=False)
            return sprint

        return self._change(key, retargeted, {"what": "retarget", "leads": dict(leads), "reason": reason})

    def move(self, key: str, giver: str, takers: Mapping[str, int], reason: str = "") -> OpenSprint:
        """Take leads from one segment's target and add them to others', {segment id: leads}: one change, on record with
        its reason. `KeyError` when the sprint has no such segment, `ValueError` when the giver has fewer."""

        def moved(sprint: Sprint) -> Sprint:
            rest = sprint.segment(giver).leads - sum(takers.values())
            if rest < 0:
                raise ValueError(f"{giver} has {sprint.segment(giver).leads:,} leads, fewer than are to be moved")
            sprint = _with_segment(sprint, giver, leads=rest, is_relieved=rest == 0)
            for taker, leads in takers.items():
                sprint = _with_segment(sprint, taker, leads=sprint.segment(taker).leads + leads, is_relieved=False)
            return sprint

        change = {"what": "move", "segment": giver, "takers": dict(takers), "reason": reason}
        return self._change(key, moved, change)

    def record_counts(
        self, key: str, counts: Mapping[str, Mapping[str, int]], pages: Mapping[str, int] | None = None
    ) -> None:
        """Write down {segment: counts} and {segment: landed pages}; the last word wins."""
        fields: Document = {"counts": {segment: dict(each) for segment, each in counts.items()}}
        if pages is not None:
            fields["pages"] = dict(pages)
        self._set(key, fields)

    def record_result(self, key: str, result: Mapping[str, Any]) -> None:
        """Merge figures into the sprint's result, by top-level name."""
        self._set(key, {f"result.{name}": value for name, value in result.items()})

    def record_stop(self, key: str, segment_id: str, reason: str | None, blocked: str | None = None) -> None:
        """Say why a segment's collector ended before its target, and whether its vendor is blocked; None when not."""
        self._set(key, {f"result.stopped.{segment_id}": reason, f"result.blocked.{segment_id}": blocked})

    def set_state(self, key: str, state: SprintState | str, *, reason: str = "", by: str = "") -> None:
        """Say where the sprint stands. `ValueError` for an unknown state; the change is on record with its time."""
        value = SprintState(state).value
        said = {name: text for name, text in (("reason", reason), ("by", by)) if text}
        change = {"at": now(), "what": "state", "state": value, **said}
        with told_without_values(f"changing sprint {key}"):
            done = self._sprints.update_one(
                {"_id": key, "state": {"$ne": value}}, {"$set": {"state": value}, "$push": {"changes": change}}
            )
            if not done.matched_count:
                self._find(key)

    def _change(self, key: str, change: Callable[[Sprint], Sprint], on_record: dict[str, Any]) -> OpenSprint:
        """Apply a change to the stored content; somebody else's change in between makes it start over."""
        with told_without_values(f"changing sprint {key}"):
            while True:
                stored = self._find(key)
                before = Sprint.model_validate(stored["sprint"])
                # model_copy does not validate; the file's own rules must hold after a change too
                after = Sprint.model_validate(change(before).model_dump(mode="json"))
                if after == before:
                    return _open_sprint(stored)
                changed = self._sprints.find_one_and_update(
                    {"_id": key, "version": stored["version"]},
                    {
                        "$set": {"sprint": after.model_dump(mode="json")},
                        "$inc": {"version": 1},
                        "$push": {"changes": {"at": now(), **on_record}},
                    },
                    return_document=ReturnDocument.AFTER,
                )
                if changed is not None:
                    return _open_sprint(changed)

    def _set(self, key: str, fields: Document) -> None:
        with told_without_values(f"recording figures of sprint {key}"):
            if fields and not self._sprints.update_one({"_id": key}, {"$set": fields}).matched_count:
                raise _missing(key)

    def _find(self, key: str) -> Document:
        stored = self._sprints.find_one({"_id": key})
        if stored is None:
            raise _missing(key)
        return stored


def _missing(key: str) -> StoreMissing:
    return StoreMissing(f"no sprint is open as {key!r}; `leadgen sprint status` lists the open ones")


def _with_segment(sprint: Sprint, segment_id: str, **update: Any) -> Sprint:
    sprint.segment(segment_id)
    segments = tuple(each.model_copy(update=update) if each.id == segment_id else each for each in sprint.segments)
    return sprint.model_copy(update={"segments": segments})


def _digest(content: Mapping[str, Any]) -> str:
    # through the model, so that a default added later does not make an open sprint look changed
    return sha256(Sprint.model_validate(content).model_dump_json().encode()).hexdigest()


def _open_sprint(stored: Document) -> OpenSprint:
    return OpenSprint(
        stored["_id"],
        Sprint.model_validate(stored["sprint"]),
        stored["opened_at"],
        SprintState(stored["state"]),
        stored["counts"],
        stored["pages"],
        stored["result"],
        tuple(stored["changes"]),
    )
