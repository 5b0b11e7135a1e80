"""The company record Clearbit made common (vendors.md §5.1), turned into lead fields; Hunter uses the same shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def company_fields(company: Any) -> dict[str, str]:
    """Lead fields of a Clearbit-shaped company: website, domain, industry, size, LinkedIn slug, where present."""
    if not isinstance(company, Mapping):
        return {}
    domain = _text(company.get("domain"))
    category = _part(company, "category")
    handle = _text(_part(company, "linkedin").get("handle"))
    fields = {
        "company_website": f"https://{domain}" if domain else None,
        "company_domain": domain,
        "company_industry": next(
            (found for key in ("industry", "industryGroup", "sector") if (found := _text(category.get(key)))), None
        ),
        "company_size": _size(_part(company, "metrics")),
        "company_linkedin": handle.rstrip("/").rsplit("/", 1)[-1] if handle else None,
    }
    return {name: value for name, value in fields.items() if value}


def _size(metrics: Mapping[str, Any]) -> str | None:
    """The head count where it is known: Clearbit's own bands (251-1K) straddle the usual ones."""
    employees = metrics.get("employees")
    if isinstance(employees, int) and not isinstance(employees, bool) and employees > 0:
        return str(employees)
    band = _text(metrics.get("employeesRange"))
    return re.sub(r"(\d+)K", lambda match: f"{match[1]}000", band, flags=re.IGNORECASE) if band else None


def _part(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = record.get(key)
    return part if isinstance(part, Mapping) else {}


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
