"""The errors a store may raise. Their messages name store, key or record id, never a value of a lead.

pymongo's own messages quote the offending document (addresses included), so none of them leaves this layer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from pymongo.errors import ConnectionFailure, ExecutionTimeout, OperationFailure, PyMongoError

_BREAKS_OFF_WITHIN = 60.0
"""Seconds in which a command that cannot be repeated breaks off, also when the server is frozen."""


class StoreError(Exception):
    """Something a store could not do."""


class StoreUnavailable(StoreError):
    """The database cannot be reached or is changing its primary; doing the same again later is safe."""


class StoreAwayTooLong(StoreUnavailable):
    """The database did not come back within the time that this client waits for it."""


class StoreConflict(StoreError):
    """What is stored under this key is something else."""


class StoreMissing(StoreError, LookupError):
    """Nothing is stored under this key."""


@contextmanager
def told_without_values(what: str) -> Iterator[None]:
    """Turn what pymongo raises inside into a `StoreError` that says what was tried, without quoting documents."""
    began = time.monotonic()
    try:
        yield
    except PyMongoError as error:
        raise _told(what, error, time.monotonic() - began) from None


def _told(what: str, error: PyMongoError, seconds: float) -> StoreError:
    if isinstance(error, ConnectionFailure | ExecutionTimeout):
        # a client that has waited in vain raises what it met first, which need not be a time-out
        kind = StoreAwayTooLong if error.timeout or seconds > _BREAKS_OFF_WITHIN else StoreUnavailable
        reason = type(error).__name__
        return kind(f"{what}: MongoDB cannot be reached ({reason}); check the server, then repeat")
    if isinstance(error, OperationFailure):
        name = (error.details or {}).get("codeName") or type(error).__name__
        return StoreError(f"{what}: MongoDB refused with code {error.code} ({name})")
    return StoreError(f"{what}: {type(error).__name__}")
