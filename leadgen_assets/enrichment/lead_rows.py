"""A frame of leads as rows that can be filled: every filled field gets its provenance, flags follow.

Plain lists inside, because enrichment touches single cells tens of thousands of times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leadgen_assets.leads import provenance
from leadgen_assets.leads.columns import TEXT, collector_paused, text_array
from leadgen_assets.leads.flags import as_list, in_order, refreshed

_LISTS = {"flags", "identity_keys"}
_YES_NO = {"email_verified"}
_PORTION = 20_000
"""Rows whose provenance is written at a time."""
SEGMENT = "enrichment"
"""Stands for the segment in the provenance and the ledger entries of everything enrichment adds."""


@dataclass(frozen=True)
class Origin:
    """Where a value comes from: who said it, and when (ISO 8601)."""

    source: str
    observed_at: str
    segment: str = SEGMENT
    lead_id: str | None = None


class LeadRows:
    """The leads by position. Reads give None for whatever counts as missing."""

    def __init__(self, leads: pd.DataFrame) -> None:
        self._leads = leads
        self._columns: dict[str, list[Any]] = {}
        self._changed: set[str] = set()
        self._origins: dict[int, dict[str, Origin]] = {}
        """What was said here; what was said before stays text until somebody asks."""

    def __len__(self) -> int:
        return len(self._leads)

    def get(self, row: int, name: str) -> Any:
        """The value, or None."""
        return self._column(name)[row]

    def text(self, row: int, name: str) -> str | None:
        """The value where it is text, or None."""
        value = self._column(name)[row]
        return value if isinstance(value, str) and value else None

    def fill(self, row: int, values: Mapping[str, str | None], origin: Origin) -> list[str]:
        """Set those of the values whose field is missing; returns the fields that were filled."""
        filled = [name for name, value in values.items() if value and self._column(name)[row] is None]
        for name in filled:
            self.put(row, name, values[name], origin)
        return filled

    def put(self, row: int, name: str, value: Any, origin: Origin | None = None) -> None:
        """Set a field, whatever it held; `origin` becomes its provenance."""
        self._column(name)[row] = value
        self._changed.add(name)
        if origin is not None:
            self._origins.setdefault(row, {})[name] = origin

    def origin(self, row: int, name: str) -> Origin:
        """Where a field's value came from; the lead itself where no provenance says otherwise."""
        here = self._origins.get(row, {}).get(name)
        said = provenance.read(self._column("provenance")[row]).get(name) if here is None else vars(here)
        if not isinstance(said, Mapping):
            said = {"source": self.get(row, "data_source"), "segment": self.get(row, "segment")}
        return Origin(
            source=str(said.get("source") or "unknown"),
            observed_at=str(said.get("observed_at") or self.get(row, "observed_at") or ""),
            segment=str(said.get("segment") or ""),
            lead_id=str(said.get("lead_id") or self.get(row, "lead_id")),
        )

    def flags(self, row: int) -> list[str]:
        """The row's flags."""
        return as_list(self._column("flags")[row])

    def flag(self, row: int, *names: str) -> None:
        """Add flags."""
        self.put(row, "flags", in_order([*self.flags(row), *names]))

    def add_key(self, row: int, key: str) -> None:
        """One more exact key ("kind:key") of the person, where deduplication has listed them."""
        keys = self.get(row, "identity_keys")
        if keys is not None:
            self.put(row, "identity_keys", sorted({*as_list(keys), key}))

    def values(self, name: str) -> list[Any]:
        """A whole column."""
        return self._column(name)

    def frame(self) -> pd.DataFrame:
        """The leads with everything that was filled and flags to match; same rows, same order, same index."""
        result = self._leads.copy(deep=False)
        for name in sorted(self._changed):
            dtype = self._dtype(name)
            values = text_array(self._columns[name]) if dtype == TEXT else self._columns[name]
            result[name] = pd.Series(values, index=result.index, dtype=dtype)
        if self._origins:
            result["provenance"] = self._provenance().set_axis(result.index)
        result["flags"] = refreshed(result)
        return result

    def _column(self, name: str) -> list[Any]:
        if name not in self._columns:
            given = self._leads[name].tolist() if name in self._leads else [None] * len(self._leads)
            if name in self._leads and self._leads[name].dtype == TEXT:
                self._columns[name] = [value if value.__class__ is str and value else None for value in given]
            else:
                self._columns[name] = [None if _is_missing(value) else value for value in given]
        return self._columns[name]

    def _dtype(self, name: str) -> Any:
        if name in _LISTS:
            return object
        if name in _YES_NO:
            return pd.BooleanDtype()
        known = self._leads[name].dtype if name in self._leads else None
        return known if isinstance(known, pd.StringDtype) else pd.StringDtype(na_value=float("nan"))

    def _said(self, row: int) -> dict[str, str]:
        """What was said here about a row, as texts of origins; they name the row's own lead where they name none."""
        lead = self._column("lead_id")[row]
        said = {id(each): each for each in self._origins[row].values()}
        texts = {
            key: provenance.origin_text(each.source, each.segment, each.observed_at, each.lead_id or lead)
            for key, each in said.items()
        }
        return {name: texts[id(each)] for name, each in self._origins[row].items()}

    def _provenance(self) -> pd.Series:
        """The column with what was said here, a portion at a time."""
        texts, parts = self._column("provenance"), []
        for start in range(0, len(texts), _PORTION):
            with collector_paused():
                part = [
                    provenance.amended(text, self._said(row)) if row in self._origins else text
                    for row, text in enumerate(texts[start : start + _PORTION], start)
                ]
            parts.append(pd.Series(text_array(part)))
        return pd.concat(parts, ignore_index=True)


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or value == ""
        or (isinstance(value, float) and value != value)
    )
