"""The errors a store may raise. Their messages name store, key or record id, never a value of a lead.

pymongo's own messages quote the offending document (addresses included), so none of them leaves this layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError


class StoreError(Exception):
    """Something a store could not do."""


class StoreUnavailable(StoreError):
    """The database cannot be reached or is changing its primary; doing the same again later is safe."""


class StoreConflict(StoreError):
    """What is stored under this key is something else."""


class StoreMissing(StoreError, LookupError):
    """Nothing is stored under this key."""


@contextmanager
def told_without_values(what: str) -> Iterator[None]:
    """Turn what pymongo raises inside into a `StoreError` that says what was tried, without quoting documents."""
    try:
        yield
    except ConnectionFailure as error:
        reason = type(error).__name__
        raise StoreUnavailable(f"{what}: MongoDB cannot be reached ({reason}); check the server, then repeat") from None
    except OperationFailure as error:
        name = (error.details or {}).get("codeName") or type(error).__name__
        raise StoreError(f"{what}: MongoDB refused with code {error.code} ({name})") from None
    except PyMongoError as error:
        raise StoreError(f"{what}: {type(error).__name__}") from None
