"""The frame each suite examines: the rows it is about, its columns and nothing else, blanks made missing.

Great Expectations counts "" as a value and hashes every column it is given, so both are settled before it looks.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from leadgen_assets.leads.flags import as_list, is_valid

LAYERS = ("normalized", "deduplicated", "golden", "scored", "crm_ready")
KEY_EMAIL_KINDS = ("personal", "free")


def rows_of(layer: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows the layer's suite speaks of.

    golden: without clusters of earlier sprints (`is_earlier`); crm_ready: scored leads that are qualified and not
    suppressed. A row whose `is_suppressed` is unknown stays in neither group: the scored suite refuses it.
    """
    if layer == "golden" and "is_earlier" in frame:
        return frame[~_true(frame["is_earlier"])]
    if layer == "crm_ready":
        return frame[_true(frame["is_qualified"]) & ~_true(frame["is_suppressed"])]
    return frame


def examined(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """The frame to hand over: the wanted columns that exist, derived ones included, indexed by lead id.

    The index has no name on purpose: with one, Great Expectations reports offenders row by row and very slowly.
    Derived columns: `key_email` (an address that identifies one person: personal or free kind, no identity conflict),
    `is_valid` (no ERROR flag) where the frame has only flags.
    """
    wanted = dict.fromkeys(["lead_id", *columns])
    full = _with_derived(frame, wanted)
    chosen = full[[column for column in wanted if column in full]].apply(_settled)
    return chosen.set_index("lead_id", drop=False).rename_axis(None)


def _with_derived(frame: pd.DataFrame, wanted: Iterable[str]) -> pd.DataFrame:
    derived = {}
    if "key_email" in wanted and {"email", "email_kind", "flags"} <= set(frame.columns):
        shared = frame["flags"].map(lambda flags: "identity_conflict" in as_list(flags)).astype(bool)
        derived["key_email"] = frame["email"].where(frame["email_kind"].isin(KEY_EMAIL_KINDS) & ~shared)
    if "is_valid" in wanted and "is_valid" not in frame and "flags" in frame:
        derived["is_valid"] = is_valid(frame["flags"])
    return frame.assign(**derived)


def _true(column: pd.Series) -> pd.Series:
    return column.map(lambda value: value is True or value == 1).astype(bool)


def _settled(column: pd.Series) -> pd.Series:
    """Blank text is missing; booleans that a file brought back as objects are booleans again."""
    if not (pd.api.types.is_string_dtype(column) or pd.api.types.is_object_dtype(column)):
        return column
    if len(column) and column.map(lambda value: isinstance(value, bool)).all():
        return column.astype(bool)
    return column.where(column.map(lambda value: not (isinstance(value, str) and not value.strip())).astype(bool))
