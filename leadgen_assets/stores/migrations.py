"""Bring a database to the shape this version needs: collections, validator, indexes, expiry (DE-01).

Idempotent, and safe when many processes do it at the same moment: each step is one that MongoDB serialises, and
losing a race to somebody who does the same is success.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pymongo import IndexModel
from pymongo.errors import CollectionInvalid, OperationFailure

from leadgen_assets.stores.errors import StoreError, StoreUnavailable, told_without_values
from leadgen_assets.stores.lead_schema import COLLECTION_OPTIONS, LEAD_INDEXES, LEAD_VALIDATOR, SIDE_INDEXES
from leadgen_assets.stores.mongo import LEADS, MongoDatabase, collection
from leadgen_assets.stores.suppressions import Suppressions

_NAMESPACE_EXISTS = 48
_DUPLICATES_IN_DATA = 11000
_INDEX_DIFFERS = frozenset({85, 86})
_INDEX_GONE = frozenset({26, 27})
_SOMEBODY_ELSE_IS_AT_IT = frozenset({46, 112, 117, 211, 276, 12586, 12587})


def migrate(db: MongoDatabase) -> None:
    """Create what is missing and change what differs. Raises `StoreError` when data forbids a unique index."""
    with told_without_values(f"preparing database {db.name}"):
        present = {each["name"]: each for each in db.list_collections()}
        for name in (LEADS, *SIDE_INDEXES):
            if name not in present or _is_of_another_kind(db, name, present[name]):
                _create(db, name)
        validator = present.get(LEADS, {}).get("options", {}).get("validator")
        if validator != LEAD_VALIDATOR:
            _patiently(lambda: db.command("collMod", LEADS, **_VALIDATION))
    for name, indexes in ((LEADS, LEAD_INDEXES), *SIDE_INDEXES.items()):
        missing = _not_as_wanted(db, name, indexes)
        if missing and not _built_together(db, name, missing):
            for index in missing:
                _build(db, name, index)
    Suppressions(db).make_key()  # before the first backup: a restored list without its key would match nobody


def problems(db: MongoDatabase, *, every_document: bool = False) -> list[str]:
    """What differs from the shape this version needs, one line each; empty when all is well (DE-06).

    `every_document` also looks for leads that break the validator, which reads the whole collection.
    """
    with told_without_values(f"checking database {db.name}"):
        present = {each["name"]: each for each in db.list_collections()}
        found = [f"collection {name} is missing" for name in (LEADS, *SIDE_INDEXES) if name not in present]
        wanted = [name for name, options in COLLECTION_OPTIONS.items() if name in present and "timeseries" in options]
        found += [f"collection {name} is no time series" for name in wanted if present[name]["type"] != "timeseries"]
        if LEADS in present and present[LEADS]["options"].get("validator") != LEAD_VALIDATOR:
            found.append(f"the validator of {LEADS} differs")
        for name, indexes in ((LEADS, LEAD_INDEXES), *SIDE_INDEXES.items()):
            missing = _not_as_wanted(db, name, indexes)
            found += [f"index {name}.{index.document['name']} is missing or differs" for index in missing]
        if every_document:
            broken = db[LEADS].find({"$nor": [LEAD_VALIDATOR]}, {"_id": 1}).limit(20)
            found += [f"lead {each['_id']} breaks the validator" for each in broken]
        return found


_VALIDATION: dict[str, Any] = {
    "validator": LEAD_VALIDATOR, "validationLevel": "strict", "validationAction": "error",
}  # fmt: skip


def _is_of_another_kind(db: MongoDatabase, name: str, present: Mapping[str, Any]) -> bool:
    """Whether an ordinary collection was in the place of a time series, which is then free."""
    if "timeseries" not in COLLECTION_OPTIONS.get(name, {}) or present.get("type") == "timeseries":
        return False
    if db[name].find_one({}, {"_id": 1}) is not None:
        raise StoreError(f"collection {name} is not a time series but holds documents; rename it, then try again")
    db.drop_collection(name)
    return True


def _create(db: MongoDatabase, name: str) -> None:
    options = _VALIDATION if name == LEADS else COLLECTION_OPTIONS.get(name, {})
    try:
        _patiently(lambda: db.create_collection(name, check_exists=False, **options))
    except CollectionInvalid:
        return
    except OperationFailure as error:
        if error.code != _NAMESPACE_EXISTS:
            raise


def _not_as_wanted(db: MongoDatabase, name: str, wanted: Sequence[IndexModel]) -> list[IndexModel]:
    present = {each["name"]: _comparable(dict(each)) for each in collection(db, name).list_indexes()}
    return [index for index in wanted if present.get(index.document["name"]) != _comparable(dict(index.document))]


def _comparable(index: dict[str, Any]) -> tuple[Any, ...]:
    return (
        list(dict(index["key"]).items()),
        bool(index.get("unique")),
        index.get("expireAfterSeconds"),
        index.get("partialFilterExpression"),
    )


def _built_together(db: MongoDatabase, name: str, indexes: list[IndexModel]) -> bool:
    """Build all missing indexes in one pass over the collection; False when one of them needs care."""
    try:
        collection(db, name).create_indexes(indexes)
    except OperationFailure:
        return False
    return True


def _build(db: MongoDatabase, name: str, index: IndexModel) -> None:
    target, label = collection(db, name), f"{name}.{index.document['name']}"
    with told_without_values(f"building index {label}"):
        for _ in range(10):
            try:
                _patiently(lambda: target.create_indexes([index]))
                return
            except OperationFailure as error:
                if error.code == _DUPLICATES_IN_DATA:
                    raise StoreError(
                        f"index {label} cannot be unique: stored leads share a value; deduplicate them first"
                    ) from None
                if error.code not in _INDEX_DIFFERS:
                    raise
                _drop_differing(db, name, index)
    raise StoreUnavailable(f"index {label} keeps changing; is another version of the system running?")


def _drop_differing(db: MongoDatabase, name: str, index: IndexModel) -> None:
    """Drop what stands in the way of an index: its name with other options, or its keys under another name."""
    keys = list(dict(index.document["key"]).items())
    for each in collection(db, name).list_indexes():
        same_name = each["name"] == index.document["name"]
        if each["name"] != "_id_" and (same_name or list(dict(each["key"]).items()) == keys):
            try:
                collection(db, name).drop_index(each["name"])
            except OperationFailure as error:
                if error.code not in _INDEX_GONE:
                    raise


def _patiently(action: Callable[[], object]) -> None:
    """Repeat an action for up to 30 s while MongoDB says that a concurrent one stands in its way."""
    deadline = time.monotonic() + 30
    while True:
        try:
            action()
            return
        except OperationFailure as error:
            if error.code not in _SOMEBODY_ELSE_IS_AT_IT or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
