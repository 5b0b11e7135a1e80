"""What cannot be a lead at all, and why: such records go to quarantine with their reason (REQ-011)."""

from __future__ import annotations

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


def reasons(given: dict[str, list[Any]], refined: dict[str, list[Any]]) -> list[Reason | None]:
    """Per record None, or (reason, field): the field that decides, empty when it is the record as a whole.

    `given` has the drafts' columns, `refined` the normalised ones, as lists of equal length.
    """
    found: list[Reason | None] = [None] * len(refined["full_name"])
    _no_identity(refined, found)
    _not_a_person(given, refined, found)
    _control_characters(given, refined, found)
    _too_large(given, found)
    return found


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
    keys = zip(*(refined[name] for name in _IDENTITY_FIELDS), strict=True)
    person = zip(refined["full_name"], refined["company_name"], strict=True)
    for position, (key, (name, company)) in enumerate(zip(keys, person, strict=True)):
        if not any(key) and not (name and company):
            found[position] = ("no_identity", "")


def _not_a_person(given: dict[str, list[Any]], refined: dict[str, list[Any]], found: list[Reason | None]) -> None:
    """A page of LinkedIn that is no profile, and nobody's name beside it: an employer, a job, a search."""
    rows = zip(refined["full_name"], refined["linkedin_url"], refined["linkedin_member"], strict=True)
    for position, (name, url, member) in enumerate(rows):
        address = given["linkedin_url"][position]
        if not name and not url and not member and address.__class__ is str and linkedin.is_linkedin(address):
            found[position] = ("not_a_person", "linkedin_url")


def _control_characters(given: dict[str, list[Any]], refined: dict[str, list[Any]], found: list[Reason | None]) -> None:
    for field in _NAME_FIELDS:
        for position, text in enumerate(given[field]):
            if refined["full_name"][position] is None and _is_only_control(text):
                found[position] = ("control_characters", field)


def _is_only_control(text: object) -> bool:
    return isinstance(text, str) and not text.isprintable() and text.strip() != "" and not printable(text)


def _too_large(given: dict[str, list[Any]], found: list[Reason | None]) -> None:
    longest_without_doubt = LARGEST_FIELD // 4
    for field in DRAFT_FIELDS:
        for position, text in enumerate(given[field]):
            if text.__class__ is str and len(text) > longest_without_doubt and _size(text) > LARGEST_FIELD:
                found[position] = ("field_too_large", field)


def _size(text: str) -> int:
    return len(text.encode("utf-8", errors="surrogatepass"))
