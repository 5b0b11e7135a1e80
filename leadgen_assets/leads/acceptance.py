"""What cannot be a lead at all, and why: such records go to quarantine with their reason (REQ-011)."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from leadgen_assets.leads import linkedin
from leadgen_assets.leads.schema import DRAFT_FIELDS
from leadgen_assets.leads.text import printable

REASONS: dict[str, str] = {
    "field_too_large": "a field is larger than 10 kB",
    "control_characters": "the name is nothing but control characters",
    "not_a_person": "a company or other page without a person's name",
    "no_identity": "no profile, member token, e-mail address or vendor id, and not both a name and a company",
}
"""Reason words of quarantined records and their meaning."""

QUARANTINE_FIELDS: tuple[str, ...] = ("lead_id", "segment", "data_source", "page", "position", "reason", "field")

LARGEST_FIELD = 10 * 1024
"""Bytes of UTF-8."""

_NAME_FIELDS = ("full_name", "first_name", "last_name")
_IDENTITY_FIELDS = ("linkedin_url", "linkedin_member", "email", "vendor_id")

Reason = tuple[str, str]


def sizes(given: dict[str, list[Any]]) -> dict[str, float]:
    """Characters of the longest text of each draft field; infinite where something is no text."""
    return {name: _longest(given[name]) for name in DRAFT_FIELDS}


def reasons(
    given: dict[str, list[Any]], refined: dict[str, list[Any]], longest: dict[str, float]
) -> list[Reason | None]:
    """Per record None, or (reason, field): the field that decides, empty when it is the record as a whole.

    `given` has the drafts' columns, `refined` the normalised ones, as lists of equal length; `longest`: `sizes`.
    """
    found: list[Reason | None] = [None] * len(refined["full_name"])
    _no_identity(refined, found)
    _not_a_person(given, refined, found)
    _control_characters(given, refined, found)
    _too_large(given, longest, found)
    return found


def without_too_large(given: dict[str, list[Any]], longest: dict[str, float]) -> dict[str, list[Any]]:
    """The columns without texts that are too large in any encoding: their records are refused, so to refine them would
    be in vain, and takes a hundred times as long as a name of usual length."""
    return {
        name: _without_too_large(values) if longest.get(name, 0) > LARGEST_FIELD else values
        for name, values in given.items()
    }


def _without_too_large(values: list[Any]) -> list[Any]:
    return [None if each.__class__ is str and len(each) > LARGEST_FIELD else each for each in values]


def quarantined(given: dict[str, list[Any]], found: list[Reason | None]) -> pd.DataFrame:
    """The records with a reason. Columns: QUARANTINE_FIELDS; no personal data."""
    hits = [position for position, reason in enumerate(found) if reason is not None]
    columns: dict[str, list[Any]] = {
        name: [given[name][position] for position in hits] for name in QUARANTINE_FIELDS if name in given
    }
    columns["reason"] = [each[0] for each in found if each is not None]
    columns["field"] = [each[1] for each in found if each is not None]
    return pd.DataFrame({name: pd.Series(columns[name], dtype=_dtype(name)) for name in QUARANTINE_FIELDS})


def _dtype(name: str) -> str:
    return "int64" if name in {"page", "position"} else "str"


def _no_identity(refined: dict[str, list[Any]], found: list[Reason | None]) -> None:
    rows = zip(*(refined[name] for name in _IDENTITY_FIELDS), strict=True)
    without_key = [position for position, keys in enumerate(rows) if not any(keys)]
    for position in without_key:
        if not (refined["full_name"][position] and refined["company_name"][position]):
            found[position] = ("no_identity", "")


def _not_a_person(given: dict[str, list[Any]], refined: dict[str, list[Any]], found: list[Reason | None]) -> None:
    """A page of LinkedIn that is no profile, and nobody's name beside it: an employer, a job, a search."""
    rows = zip(refined["full_name"], refined["linkedin_url"], refined["linkedin_member"], strict=True)
    nobody = [position for position, (name, url, member) in enumerate(rows) if not (name or url or member)]
    for position in nobody:
        address = given["linkedin_url"][position]
        if address.__class__ is str and linkedin.is_linkedin(address):
            found[position] = ("not_a_person", "linkedin_url")


def _control_characters(given: dict[str, list[Any]], refined: dict[str, list[Any]], found: list[Reason | None]) -> None:
    nameless = [position for position, name in enumerate(refined["full_name"]) if name is None]
    for field in _NAME_FIELDS:
        for position in nameless:
            if _is_only_control(given[field][position]):
                found[position] = ("control_characters", field)


def _is_only_control(text: object) -> bool:
    return isinstance(text, str) and not text.isprintable() and text.strip() != "" and not printable(text)


def _too_large(given: dict[str, list[Any]], longest: dict[str, float], found: list[Reason | None]) -> None:
    longest_without_doubt = LARGEST_FIELD // 4
    for field in DRAFT_FIELDS:
        if longest[field] <= longest_without_doubt:
            continue
        for position, text in enumerate(given[field]):
            if text.__class__ is str and len(text) > longest_without_doubt and _size(text) > LARGEST_FIELD:
                found[position] = ("field_too_large", field)


def _longest(values: list[Any]) -> float:
    try:
        return max(map(len, filter(None, values)), default=0)
    except TypeError:
        return math.inf


def _size(text: str) -> int:
    return len(text.encode("utf-8", errors="surrogatepass"))
