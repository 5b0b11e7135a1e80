"""Unordered bulk writes whose failures are sorted by kind (DE-04, REQ-017): nothing that failed is lost or raised over.

Duplicate keys and validation errors belong to single documents and are returned with them; passing errors are tried
again; a missing write confirmation is reported. Only an unreachable server raises (`StoreUnavailable`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import bson
from bson.errors import BSONError, InvalidDocument
from pymongo import DeleteOne, InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, DocumentTooLarge

from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import Document, MongoCollection

Write = InsertOne[Document] | UpdateOne | DeleteOne
W = TypeVar("W", bound=Write)

BATCH = 500
"""REQ-017: 250 to 500 are preferred; measured fastest of 100, 250 and 500 (docs/benchmarks.md)."""

_DUPLICATE_KEY = 11000
_VALIDATION = 121
_PASSING = frozenset({6, 7, 89, 91, 112, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436})
"""Server codes of errors that pass: network, shutdown, stepped-down primary, write conflict, time limit."""
_PAUSES = (0.1, 0.4, 1.6)


@dataclass(frozen=True)
class Refused:
    """One write that was not done. `field` is the index key or the first field that broke the schema."""

    position: int
    kind: str
    """duplicate_key | validation | unencodable | other"""
    field: str
    code: int = 0


@dataclass
class BulkOutcome:
    """What became of a list of writes. `refused` positions count from 0 over the whole list."""

    inserted: int = 0
    matched: int = 0
    modified: int = 0
    upserted: int = 0
    deleted: int = 0
    refused: list[Refused] = field(default_factory=list)
    unconfirmed: bool = False
    """Some batch was written but not confirmed as durable in time; writing it again is safe."""

    def of_kind(self, *kinds: str) -> list[Refused]:
        """The refused writes of some kinds, by position."""
        return sorted((each for each in self.refused if each.kind in kinds), key=lambda each: each.position)


def write(target: MongoCollection, writes: Sequence[W], batch: int = BATCH) -> BulkOutcome:
    """Send writes unordered in batches. Raises `StoreUnavailable` only; repeating the whole call is then safe."""
    outcome = BulkOutcome()
    for start in range(0, len(writes), batch):
        pending = list(range(start, min(start + batch, len(writes))))
        for pause in (*_PAUSES, None):
            passing = _send(target, writes, pending, outcome)
            if not passing:
                break
            if pause is None:
                outcome.refused += passing
                break
            time.sleep(pause)
            pending = [each.position for each in passing]
    return outcome


def _send(target: MongoCollection, writes: Sequence[W], positions: list[int], outcome: BulkOutcome) -> list[Refused]:
    """One batch; adds to the outcome, returns the writes that failed for a reason that passes."""
    if not positions:
        return []
    try:
        with told_without_values(f"writing {len(positions)} documents to {target.name}"):
            try:
                _add(outcome, target.bulk_write([writes[at] for at in positions], ordered=False).bulk_api_result)
                return []
            except BulkWriteError as error:
                details: dict[str, Any] = dict(error.details or {})
    except (BSONError, InvalidDocument, DocumentTooLarge, OverflowError, UnicodeEncodeError):
        # One such document would refuse the whole batch before it is sent.
        sound = [at for at in positions if _is_encodable(writes[at])]
        broken = set(positions) - set(sound)
        if not broken:
            raise
        outcome.refused += [Refused(at, "unencodable", "_id") for at in sorted(broken)]
        return _send(target, writes, sound, outcome)
    _add(outcome, details)
    outcome.unconfirmed |= bool(details.get("writeConcernErrors"))
    passing: list[Refused] = []
    for each in details.get("writeErrors", []):
        refused = _refusal(positions[each["index"]], each)
        (passing if refused.code in _PASSING else outcome.refused).append(refused)
    return passing


def _add(outcome: BulkOutcome, result: dict[str, Any]) -> None:
    outcome.inserted += result.get("nInserted", 0)
    outcome.matched += result.get("nMatched", 0)
    outcome.modified += result.get("nModified", 0)
    outcome.upserted += result.get("nUpserted", 0)
    outcome.deleted += result.get("nRemoved", 0)


def _refusal(position: int, error: dict[str, Any]) -> Refused:
    code = error.get("code", 0)
    if code == _DUPLICATE_KEY:
        return Refused(position, "duplicate_key", next(iter(error.get("keyPattern") or {}), "_id"), code)
    if code == _VALIDATION:
        return Refused(position, "validation", _first_broken_field(error.get("errInfo") or {}), code)
    return Refused(position, "other", "", code)


def _first_broken_field(info: dict[str, Any]) -> str:
    for rule in (info.get("details") or {}).get("schemaRulesNotSatisfied", []):
        for each in rule.get("propertiesNotSatisfied", []):
            return str(each.get("propertyName", ""))
        for key in ("missingProperties", "additionalProperties"):
            if rule.get(key):
                return str(rule[key][0])
        # kinds of fields that the schema looks at together
        for kind in rule.get("schemasNotSatisfied", []):
            for each in kind.get("details", []):
                if each.get("failingProperty"):
                    return str(each["failingProperty"])
    return ""


def _is_encodable(each: Write) -> bool:
    """Whether a write can be sent at all: encodable as BSON and below the server's 16 MB."""
    body: Any = getattr(each, "_doc", None)  # a DeleteOne has none
    if body is None:
        return True
    try:
        return len(bson.encode(body if isinstance(body, dict) else {"pipeline": body})) < 16 * 1024 * 1024
    except (BSONError, OverflowError, UnicodeEncodeError, TypeError):
        return False
