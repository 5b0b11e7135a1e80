"""Whose law protects a person: the EU and EEA, the United Kingdom, California, or none of these (NFR-011).

Where somebody is counts, not where their employer is; so the country decides, and only where it is unknown do the
telephone number and then the address tell. Pure and cautious: what cannot be told stays None.
"""

from __future__ import annotations

import pandas as pd

EU_EEA: frozenset[str] = frozenset(
    ["AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
     "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO"]
)  # fmt: skip
"""GDPR applies: the member states and, through the EEA agreement, Iceland, Liechtenstein and Norway."""
UK = "GB"
NOTICE_OWED: frozenset[str] = frozenset({"EU", "UK"})
"""Regions whose people must be told within a month that their data were collected (GDPR and UK GDPR, art. 14)."""

_DIALLING = {
    "30": "GR", "31": "NL", "32": "BE", "33": "FR", "34": "ES", "351": "PT", "352": "LU", "353": "IE", "354": "IS",
    "356": "MT", "357": "CY", "358": "FI", "359": "BG", "36": "HU", "370": "LT", "371": "LV", "372": "EE", "385": "HR",
    "386": "SI", "39": "IT", "40": "RO", "420": "CZ", "421": "SK", "423": "LI", "43": "AT", "44": "GB", "45": "DK",
    "46": "SE", "47": "NO", "48": "PL", "49": "DE",
}  # fmt: skip
_TOP_LEVEL = {**{code.lower(): code for code in EU_EEA}, "uk": "GB", "eu": "EU"}
_GENERIC_TODAY = {"is", "li"}
"""Sold all over the world as ordinary endings, so they say nothing about where somebody is."""


def regions(leads: pd.DataFrame) -> pd.Series:
    """EU, UK, US-CA, US, other, or None where nothing tells; index as given.

    Columns read, each if present: location_country (ISO 3166-1 alpha-2), location_state, phone (E.164), email.
    """
    columns = [_column(leads, name) for name in ("location_country", "location_state", "phone", "email")]
    found = [region(*row) for row in zip(*columns, strict=True)]
    return pd.Series(found, index=leads.index, dtype=object)


def region(country: str | None, state: str | None, phone: str | None, email: str | None) -> str | None:
    """The region of one person; see `regions`."""
    if country:
        return _named(country.upper(), state)
    for hint in (_of_phone(phone), _of_email(email)):
        if hint:
            return _named(hint, None)
    return None


def _named(country: str, state: str | None) -> str:
    if country in EU_EEA or country == "EU":
        return "EU"
    if country == UK:
        return "UK"
    if country == "US":
        return "US-CA" if state == "CA" else "US"
    return "other"


def _of_phone(phone: str | None) -> str | None:
    if not phone or not phone.startswith("+"):
        return None
    return next((_DIALLING[phone[1:end]] for end in (4, 3) if phone[1:end] in _DIALLING), None)


def _of_email(email: str | None) -> str | None:
    ending = email.rpartition(".")[2].lower() if email else ""
    return None if ending in _GENERIC_TODAY else _TOP_LEVEL.get(ending)


def _column(leads: pd.DataFrame, name: str) -> list[str | None]:
    if name not in leads:
        return [None] * len(leads)
    return [value if isinstance(value, str) and value else None for value in leads[name].tolist()]
