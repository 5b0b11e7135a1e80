"""Marketplace dataset filters (vendors.md §2.3): checked, then evaluated row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Row = TypeVar("Row")
Predicate = Callable[[Row], bool]
Fields = Mapping[str, Callable[[Row], Any]]

MOST_NESTING = 3
OPERATORS = (
    "=", "!=", "<", "<=", ">", ">=", "in", "not_in", "includes", "not_includes", "array_includes",
    "not_array_includes", "is_null", "is_not_null",
)  # fmt: skip
_WITHOUT_VALUE = ("is_null", "is_not_null")


class FilterProblem(ValueError):
    """Why a filter cannot be used, in words for `validation_errors`."""


def compile_filter(content: Any, fields: Fields[Row], depth: int = 1) -> Predicate[Row]:
    """The filter as a function of a row. Raises `FilterProblem`."""
    if not isinstance(content, dict):
        raise FilterProblem("filter must be an object")
    if "filters" in content:
        return _group(content, fields, depth)
    name, operator = content.get("name"), content.get("operator")
    if not isinstance(name, str) or name not in fields:
        raise FilterProblem(f"unknown field {name!r}")
    if operator not in OPERATORS:
        raise FilterProblem(f"unknown operator {operator!r}")
    if operator not in _WITHOUT_VALUE and content.get("value") is None:
        raise FilterProblem(f"{name}: value is required for operator {operator}")
    return _condition(fields[name], operator, content.get("value"))


def _group(content: Mapping[str, Any], fields: Fields[Row], depth: int) -> Predicate[Row]:
    if depth > MOST_NESTING:
        raise FilterProblem(f"filters may be nested {MOST_NESTING} deep")
    if content.get("operator") not in ("and", "or") or not isinstance(content["filters"], list):
        raise FilterProblem("a group needs operator and|or and a list of filters")
    parts = [compile_filter(each, fields, depth + 1) for each in content["filters"]]
    if not parts:
        raise FilterProblem("a group needs at least one filter")
    if content["operator"] == "and":
        return lambda row: all(part(row) for part in parts)
    return lambda row: any(part(row) for part in parts)


def _condition(field: Callable[[Row], Any], operator: str, value: Any) -> Predicate[Row]:
    if operator == "is_null":
        return lambda row: field(row) is None
    if operator == "is_not_null":
        return lambda row: field(row) is not None
    if operator.startswith("not_"):
        positive = _condition(field, operator.removeprefix("not_"), value)
        return lambda row: not positive(row)
    if operator == "!=":
        return lambda row: field(row) != value
    if operator == "in":
        values = frozenset(value if isinstance(value, list) else [value])
        return lambda row: field(row) in values
    if operator in ("includes", "array_includes"):
        words = [str(each).casefold() for each in (value if isinstance(value, list) else [value])]
        return lambda row: _includes(field(row), words)
    return _comparison(field, operator, value)


def _includes(text: Any, words: list[str]) -> bool:
    if text is None:
        return False
    folded = str(text).casefold()
    return any(word in folded for word in words)


def _comparison(field: Callable[[Row], Any], operator: str, value: Any) -> Predicate[Row]:
    def compare(row: Row) -> bool:
        found = field(row)
        if operator == "=":
            return bool(found == value)
        if found is None or type(found) is not type(value):
            return False
        less, more = found < value, found > value
        return (
            bool(less or (operator == "<=" and not more))
            if operator[0] == "<"
            else bool(more or (operator == ">=" and not less))
        )

    return compare
