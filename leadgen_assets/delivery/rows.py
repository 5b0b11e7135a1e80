"""Leads into CRM rows, as a mapping says: text values by CRM field name, or the reason why a lead cannot be sent."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from leadgen_assets.delivery.mapping import FieldRule, Mapping
from leadgen_assets.delivery.transforms import TRANSFORMS, text

CrmRow = dict[str, str]
"""CRM field name → text. Fields without a value are absent, so that a sync never blanks what people entered."""


@dataclass
class MappedLeads:
    """What became of the leads: `rows` and `refused` (reason) by lead_id, and how often a field was changed to fit."""

    rows: dict[str, CrmRow] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    adjusted: Counter[str] = field(default_factory=Counter)
    """"field: trimmed", "field: dropped, too long", "field: no option for the value" → number of leads."""


class _Refused(Exception):
    """This lead cannot be sent; the text names the field, never the value."""


def map_leads(leads: pd.DataFrame, mapping: Mapping, describe: MappingOf[str, MappingOf[str, Any]]) -> MappedLeads:
    """Rows for `leads` (columns: lead_id, flags and `mapping.lead_columns`; a missing column is a missing value)."""
    mapped = MappedLeads()
    columns = [_values_of(leads, rule) for rule in mapping.fields.values()]
    lengths = [describe.get(name, {}).get("length") for name in mapping.fields]
    flags = leads["flags"].tolist() if "flags" in leads else [[]] * len(leads)
    values = zip(*columns, strict=True) if len(leads) else iter(())
    for lead_id, flagged, lead_values in zip(leads["lead_id"].tolist(), flags, values, strict=True):
        row: CrmRow = {}
        adjusted: list[str] = []
        try:
            for (name, rule), value, length in zip(mapping.fields.items(), lead_values, lengths, strict=True):
                sent = _fitted(name, rule, value, length, flagged, adjusted)
                if sent is not None:
                    row[name] = sent
        except _Refused as refusal:
            mapped.refused[lead_id] = str(refusal)
        else:
            mapped.rows[lead_id] = row
            mapped.adjusted.update(adjusted)
    return mapped


def payload_hash(row: CrmRow) -> str:
    """A digest that changes exactly when what the CRM would receive changes."""
    return hashlib.sha256(json.dumps(row, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _values_of(leads: pd.DataFrame, rule: FieldRule) -> Iterator[str | None]:
    """The column as text, transformed once per distinct value."""
    if rule.constant is not None:
        return iter([rule.constant] * len(leads))
    if rule.lead not in leads:
        return iter([None] * len(leads))
    change = TRANSFORMS[rule.transform] if rule.transform else text
    known: dict[Any, str | None] = {}
    return iter([_once(value, change, known) for value in leads[rule.lead].tolist()])


def _once(value: Any, change: Callable[[Any], str | None], known: dict[Any, str | None]) -> str | None:
    if isinstance(value, list | tuple):
        return change(value)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if value not in known:
        known[value] = change(value)
    return known[value]


def _fitted(
    name: str, rule: FieldRule, value: str | None, length: int | None, flagged: Any, adjusted: list[str]
) -> str | None:
    if value is not None and rule.unless_flagged and any(flag in rule.unless_flagged for flag in flagged or ()):
        value = None
    if value is not None and rule.options:
        option = rule.options.get(value, rule.unknown_option)
        if option is None:
            adjusted.append(f"{name}: no option for the value")
        value = option
    if value is not None and length and len(value) > length:
        value = _shortened(name, rule, value, length, adjusted)
    if value is None:
        value = rule.default
    if value is None and rule.required:
        raise _Refused(f"{name}: required by the mapping, but the lead has no usable {rule.lead}")
    return value


def _shortened(name: str, rule: FieldRule, value: str, length: int, adjusted: list[str]) -> str | None:
    if rule.too_long == "refuse":
        raise _Refused(f"{name}: {len(value)} characters, the CRM takes {length}")
    if rule.too_long == "drop":
        adjusted.append(f"{name}: dropped, too long")
        return None
    adjusted.append(f"{name}: trimmed")
    return value[:length].rstrip()
