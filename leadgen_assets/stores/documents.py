"""A row of leads as the document that `performance_marketers` holds, and nothing else.

Fields that `interfaces.md` names are at the top, everything else is under `additional_data`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, overload

import numpy as np
import pandas as pd

from leadgen_assets.leads import provenance
from leadgen_assets.leads.columns import collector_paused
from leadgen_assets.stores.mongo import Document

TOP_FIELDS: tuple[str, ...] = (
    "lead_id", "sprint", "segment", "linkedin_url", "full_name", "first_name", "last_name", "job_title",
    "company_name", "location_city", "location_state", "location_country", "email", "phone", "company_website",
    "company_industry", "company_size", "profile_picture_url", "data_source", "data_collected_date",
    "data_quality_score", "is_qualified", "email_verified",
)  # fmt: skip
"""Plain fields at the top of a document. With them: _id, flags, provenance, identity_keys, email_is_key,
crm_synced, crm_sync_date, created_at, updated_at, content_hash, additional_data."""

STORE_FIELDS: tuple[str, ...] = ("_id", "created_at", "updated_at", "crm_synced", "crm_sync_date", "content_hash")
"""What the store itself keeps; rows never set them."""

LIST_FIELDS = frozenset({"flags", "sources", "members", "merged_by", "identity_keys", "not_qualified_because"})
JSON_FIELDS = frozenset({"provenance", "score_parts"})
"""Columns that may come as JSON text and are stored as what the text says."""

_TOP = frozenset(TOP_FIELDS)
_TIMES = frozenset({"data_collected_date"})
_KEY_KINDS = frozenset({"personal", "free"})


def to_document(row: Mapping[str, Any]) -> Document:
    """One lead row (columns of `LEAD_FIELDS` and any further ones) as a document; `lead_id` becomes `_id`.

    NaN and NaT become None, numpy values plain Python, ISO text a time, JSON text a dictionary. Raises `ValueError`
    when `lead_id` is missing.
    """
    clean = {str(name): _clean(str(name), value) for name, value in row.items()}
    return _assembled(clean, {n: value for n, value in clean.items() if value is not None and n not in _ELSEWHERE})


def frame_documents(frame: pd.DataFrame) -> list[Document]:
    """The rows of a frame as documents, in order; as `to_document` does it, but column by column."""
    with collector_paused():
        columns = {str(name): _clean_column(str(name), frame[name]) for name in frame.columns}
        further = [name for name in columns if name not in _ELSEWHERE]
        beside = zip(*(columns[name] for name in further), strict=True) if further else [()] * len(frame)
        needed = [name for name in columns if name in _NEEDED]
        return [
            _assembled(
                dict(zip(needed, values, strict=True)),
                {name: value for name, value in zip(further, more, strict=True) if value is not None},
            )
            for values, more in zip(zip(*(columns[name] for name in needed), strict=True), beside, strict=True)
        ]


class FrameDocuments(Sequence[Document]):
    """The rows of a frame as documents that are made when they are asked for: all at once would take gigabytes."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def __len__(self) -> int:
        return len(self._frame)

    @overload
    def __getitem__(self, at: int) -> Document: ...
    @overload
    def __getitem__(self, at: slice) -> list[Document]: ...
    def __getitem__(self, at: int | slice) -> Document | list[Document]:
        if isinstance(at, slice):
            return frame_documents(self._frame.iloc[at])
        return self[at : at + 1][0] if at >= 0 else self[at + len(self)]

    def at(self, rows: Sequence[int]) -> list[Document]:
        """The documents of some rows."""
        return frame_documents(self._frame.iloc[list(rows)])

    def addresses(self) -> list[tuple[str, str | None]]:
        """Per row its lead id, and its e-mail address where that is a merge key."""
        names = [name for name in self._frame.columns if name in _IDENTITY]
        columns = [_clean_column(str(name), self._frame[name]) for name in names]
        rows = (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
        return [(row["lead_id"], row.get("email") if _has_key_address(row, _keys_of(row)) else None) for row in rows]


def key_address(document: Document) -> str | None:
    """The address of a document where it is a merge key."""
    return document.get("email") if document.get("email_is_key") else None


def identity_keys(document: Mapping[str, Any]) -> list[str]:
    """Exact keys of one row, `kind:key`, for rows that have not been through deduplication (design.md, identity)."""
    found = []
    if document.get("linkedin_url"):
        found.append(f"linkedin:{document['linkedin_url']}")
    if document.get("linkedin_member"):
        found.append(f"member:{document['linkedin_member']}")
    if document.get("email") and document.get("email_kind") in _KEY_KINDS:
        found.append(f"email:{document['email']}")
    if document.get("vendor_id") and document.get("data_source"):
        found.append(f"vendor:{document['data_source']}:{document['vendor_id']}")
    return found


def _assembled(row: dict[str, Any], further: Document) -> Document:
    """A document of clean values; `further` are those that go under `additional_data`."""
    lead = row.get("lead_id")
    if not lead:
        raise ValueError("a lead without lead_id cannot be stored; see leads.identity.lead_ids")
    keys = _keys_of(row)
    flags = row.get("flags") or []
    score = row.get("data_quality_score")
    document: Document = {"_id": lead, **{name: row.get(name) for name in TOP_FIELDS}}
    document["data_quality_score"] = None if score is None else float(score)
    document["is_qualified"] = bool(row.get("is_qualified"))
    document["flags"] = flags
    document["provenance"] = row.get("provenance") or {}
    document["identity_keys"] = keys
    document["email_is_key"] = _has_key_address(row, keys)
    document["additional_data"] = further
    return document


def _keys_of(row: Mapping[str, Any]) -> list[str]:
    keys = row.get("identity_keys")
    return identity_keys(row) if keys is None else sorted(set(keys))


def _has_key_address(row: Mapping[str, Any], keys: list[str]) -> bool:
    """An address that several people share may repeat; only a merge key is unique (decision in migrations)."""
    return f"email:{row.get('email')}" in keys and "identity_conflict" not in (row.get("flags") or [])


_IDENTITY = frozenset(
    {
        "lead_id",
        "linkedin_url",
        "linkedin_member",
        "email",
        "email_kind",
        "data_source",
        "vendor_id",
        "identity_keys",
        "flags",
    }
)
_NEEDED = _TOP | _IDENTITY | {"provenance"}
_ELSEWHERE = _TOP | {"flags", "provenance", "identity_keys", "email_is_key", *STORE_FIELDS}


def _clean_column(name: str, column: pd.Series) -> list[Any]:
    """A column as plain Python values with None for what is missing."""
    if name not in LIST_FIELDS and name not in JSON_FIELDS and name not in _TIMES:
        if isinstance(column.dtype, pd.StringDtype):
            # a third of the time of `astype(object).where(...)`, and a collector does this for each column of each batch
            return [value if isinstance(value, str) else None for value in column.tolist()]
        if pd.api.types.is_numeric_dtype(column.dtype) and not column.isna().any():
            plain: list[Any] = column.tolist()
            return plain
    known: dict[Any, Any] = {}
    return [_remembered(known, name, value) for value in column.astype(object).tolist()]


def _remembered(known: dict[Any, Any], name: str, value: Any) -> Any:
    """Times repeat (one a page), so each is parsed once."""
    if name not in _TIMES:
        return _clean(name, value)
    if value not in known:
        known[value] = _clean(name, value)
    return known[value]


def _clean(name: str, value: Any) -> Any:
    if name in LIST_FIELDS:
        return _as_list(value)
    if name in JSON_FIELDS and isinstance(value, str):
        return provenance.as_stored(value) if name == "provenance" else json.loads(value)
    if name in _TIMES and isinstance(value, str):
        return _time(datetime.fromisoformat(value))
    return plain(value)


def _as_list(value: Any) -> list[Any] | None:
    if isinstance(value, str):
        value = json.loads(value)
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [each if each.__class__ is str else plain(each) for each in value]
    return None


def plain(value: Any) -> Any:
    """A value as BSON can hold it: numpy to Python, NaN and NaT to None, dates to UTC times, tuples to lists."""
    if value is None or isinstance(value, str | bool | int):
        # numpy's text and pandas' own subclasses would be refused by the encoder
        return value if value is None or type(value) in (str, bool, int) else _builtin(value)
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return _time(value.to_pydatetime())
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [plain(each) for each in value]
    return value


def _builtin(value: Any) -> Any:
    return str(value) if isinstance(value, str) else bool(value) if isinstance(value, bool) else int(value)


def _time(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
