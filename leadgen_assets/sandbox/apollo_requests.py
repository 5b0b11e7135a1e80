"""Apollo's request parameters (vendors.md §1.1, §1.3): query or JSON body, and which of them filter people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadgen_assets.sandbox.frame import Call
from leadgen_assets.sandbox.search import PeopleFilter


def parameters(call: Call) -> dict[str, Any]:
    """Body and query as one mapping; `name[]=a&name[]=b` becomes a list."""
    asked = {name.removesuffix("[]"): value for name, value in call.json_object.items()}
    for name in call.request.query_params:
        values = call.request.query_params.getlist(name)
        asked[name.removesuffix("[]")] = list(values) if name.endswith("[]") else values[-1]
    return asked


def number(value: Any, default: int) -> int:
    """A whole number; 0, which no parameter allows, for what is none."""
    try:
        return default if value is None else int(value)
    except (TypeError, ValueError):
        return 0


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def people_filter(asked: Mapping[str, Any]) -> PeopleFilter:
    """The filters Apollo knows; others are silently ignored, as Apollo ignores them."""
    statuses = _texts(asked.get("contact_email_status"))
    has_email = None if not statuses or set(statuses) > {"unavailable"} else statuses != ("unavailable",)
    sizes = tuple(pair for text in _texts(asked.get("organization_num_employees_ranges")) if (pair := _range(text)))
    return PeopleFilter(
        titles=_texts(asked.get("person_titles")),
        is_loose=asked.get("include_similar_titles") not in (False, "false"),
        locations=_texts(asked.get("person_locations")),
        headquarters=_texts(asked.get("organization_locations")),
        seniorities=_texts(asked.get("person_seniorities")),
        sizes=sizes,
        domains=_texts(asked.get("q_organization_domains_list")),
        keywords=str(asked.get("q_keywords") or ""),
        has_email=has_email,
    )


def _range(text: str) -> tuple[int, int] | None:
    low, _, high = text.partition(",")
    return (int(low), int(high or 10**9)) if low.strip().isdigit() and (high.strip() or "0").isdigit() else None
