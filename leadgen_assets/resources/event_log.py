"""What Dagster stores about runs holds no secret and nobody's address: events, metadata, errors, failed ticks.

Dagster offers no hook between user code and its event log, so two of its functions are wrapped: the one through which every
event is stored, and the one that turns exceptions into text. `leadgen_tests/redaction` fails when a new version moves them.
"""

from __future__ import annotations

import json
from functools import wraps
from traceback import TracebackException
from typing import Any

import dagster as dg
from dagster import deserialize_value, serialize_value
from dagster_shared.error import SerializableErrorInfo

from leadgen_assets.redaction import logs
from leadgen_assets.redaction.text import clean

_WRAPPED = "_is_kept_clean"
_STRUCTURE = frozenset({"__class__", "__enum__", "run_id", "job_name", "step_key", "partition"})


def keep_event_log_clean() -> None:
    """Clean whatever this process stores from now on; further calls change nothing."""
    logs.install()
    if hasattr(dg.DagsterInstance.handle_new_event, _WRAPPED):
        return
    store, tell = dg.DagsterInstance.handle_new_event, SerializableErrorInfo.from_traceback.__func__  # type: ignore[attr-defined]

    @wraps(store)
    def stored(self: dg.DagsterInstance, event: dg.EventLogEntry, **options: Any) -> None:
        store(self, cleaned(event), **options)

    @wraps(tell)
    def told(cls: type[SerializableErrorInfo], error: TracebackException) -> Any:
        return cleaned(tell(cls, error))

    setattr(stored, _WRAPPED, True)
    dg.DagsterInstance.handle_new_event = stored  # type: ignore[method-assign, assignment]
    SerializableErrorInfo.from_traceback = classmethod(told)  # type: ignore[method-assign, assignment]


def cleaned(value: Any) -> Any:
    """An event or error without secrets and people; one without any is handed back as it is."""
    text = serialize_value(value)
    if clean(text) == text:
        return value
    return deserialize_value(json.dumps(_cleaned(json.loads(text))))


def _cleaned(value: Any) -> Any:
    """The texts in it. What says which run and partition it is about stays: a password may be an ordinary word."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if isinstance(value, dict) and "__class__" not in value:
        return {clean(name): _cleaned(each) for name, each in value.items()}
    if isinstance(value, dict) and value["__class__"] != "AssetKey":
        return {name: each if name in _STRUCTURE else _cleaned(each) for name, each in value.items()}
    return value
