"""What an expectation demands, in words a person reads: `>= 0.25`, `< 0.1`, `every value unique`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def threshold(expectation: str, kwargs: Mapping[str, Any]) -> str:
    """The limit of an expectation with resolved kwargs. Rates are shares between 0 and 1."""
    if expectation == "expect_table_row_count_to_equal":
        return f"= {kwargs['value']}"
    if expectation in ("expect_table_row_count_to_be_between", "expect_column_mean_to_be_between"):
        return _bounds(kwargs)
    return f"{_share(kwargs)} {_condition(expectation, kwargs)}".strip()


def _bounds(kwargs: Mapping[str, Any]) -> str:
    lower, upper = kwargs.get("min_value"), kwargs.get("max_value")
    parts = []
    if lower is not None:
        parts.append(f"{'>' if kwargs.get('strict_min') else '>='} {_number(lower)}")
    if upper is not None:
        parts.append(f"{'<' if kwargs.get('strict_max') else '<='} {_number(upper)}")
    return " and ".join(parts)


def _share(kwargs: Mapping[str, Any]) -> str:
    mostly = kwargs.get("mostly", 1)
    return "every value" if mostly == 1 else f">= {_number(mostly)} of values"


def _condition(expectation: str, kwargs: Mapping[str, Any]) -> str:
    if expectation == "expect_column_values_to_be_between":
        return _bounds(kwargs)
    if expectation == "expect_column_values_to_be_in_set":
        return f"one of {', '.join(str(each) for each in kwargs['value_set'])}"
    return {
        "expect_column_values_to_not_be_null": "present",
        "expect_column_values_to_be_unique": "unique",
        "expect_column_values_to_be_email_addresses": "an RFC 5322 address",
        "expect_column_values_to_match_regex": "in canonical form",
    }.get(expectation, expectation)


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
