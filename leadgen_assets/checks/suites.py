"""What the committed suites expect, read as JSON: check specs must not cost an import of Great Expectations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2] / "data_quality"
"""The Great Expectations project. It is read, never written."""


@dataclass(frozen=True)
class Expected:
    """One expectation of a suite. `check` is its name in Dagster, `kwargs` hold numbers or `{"$PARAMETER": name}`."""

    check: str
    id: str
    type: str
    kwargs: Mapping[str, Any]
    severity: str
    description: str
    may_be_absent: bool | str = False
    """Whether a column without any value passes; a name means: when that parameter is 0."""
    parameters: frozenset[str] = field(default=frozenset())

    @property
    def is_critical(self) -> bool:
        return self.severity == "critical"

    @property
    def column(self) -> str | None:
        return self.kwargs.get("column")

    def resolved(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The kwargs with the sprint's numbers in place. `KeyError` when a parameter is missing."""
        return {
            key: parameters[_parameter(value)] if _parameter(value) else value for key, value in self.kwargs.items()
        }


def expected(suite: str, project: Path = PROJECT) -> tuple[Expected, ...]:
    """The suite's expectations in order; none if it was emptied. `OSError` when there is no such file."""
    content = json.loads((project / "expectations" / f"{suite}.json").read_text(encoding="utf-8"))
    return tuple(_expected(each) for each in content["expectations"])


def _expected(content: Mapping[str, Any]) -> Expected:
    names = {_parameter(value) for value in content["kwargs"].values()} - {""}
    return Expected(
        check=content["meta"]["check"],
        id=content["id"],
        type=content["type"],
        kwargs=content["kwargs"],
        severity=content["severity"],
        description=content["description"],
        may_be_absent=content["meta"].get("may_be_absent", False),
        parameters=frozenset(names),
    )


def _parameter(value: Any) -> str:
    return str(value.get("$PARAMETER", "")) if isinstance(value, dict) else ""
