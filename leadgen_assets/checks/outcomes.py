"""What became of one expectation, for Dagster, reports and people. Holds lead ids, never a cell of a lead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import pandas as pd

from leadgen_assets.checks.suites import Expected
from leadgen_assets.checks.thresholds import threshold

SAMPLE = 20


@dataclass(frozen=True)
class Outcome:
    """One expectation's verdict.

    `observed` is the measured number: a mean, a row count, or the share (0..1) of values that were as expected.
    `offenders` are rows against it, `share` is their part of the rows examined; both 0 where rows cannot be blamed.
    """

    check: str
    passed: bool
    severity: str
    observed: float | None
    threshold: str
    offenders: int
    share: float
    sample_ids: tuple[str, ...]
    expectation: str
    docs_url: str | None
    detail: str
    """One sentence with number and threshold."""


def refused(expected: Expected, reason: str, parameters: Mapping[str, Any]) -> Outcome:
    """The failing outcome of an expectation that could not be judged."""
    try:
        limit = threshold(expected.type, expected.resolved(parameters))
    except KeyError:
        limit = "unknown"
    detail = f"{expected.check} was not judged (required: {limit}): {reason}"
    return Outcome(expected.check, False, expected.severity, None, limit, 0, 0.0, (), expected.type, None, detail)


def judged(
    expected: Expected,
    verdict: Mapping[str, Any],
    frame: pd.DataFrame,
    parameters: Mapping[str, Any],
    docs_url: str | None,
) -> Outcome:
    """The outcome of an evaluated expectation.

    `verdict` has `success` and `result` of Great Expectations, `frame` is indexed by lead id. Great Expectations also
    passes where it saw nothing (a column without values) and skips missing values in a mean: both fail here.
    """
    kwargs, result = expected.resolved(parameters), verdict["result"]
    observed, offenders, examined, ids = _measured(expected, kwargs, result, frame)
    reason = _vacuous(expected, result, frame, parameters)
    if observed is None and reason is None and examined:
        reason = "it yielded no number"
    if reason is not None:
        return refused(expected, reason, parameters)
    passed, limit = bool(verdict["success"]), threshold(expected.type, kwargs)
    detail = f"{expected.check} is {_shown(observed)}, {'as required' if passed else 'but required is'}: {limit}"
    if offenders and not passed:
        detail += f"; {offenders} of {examined} rows against it"
    share = offenders / examined if examined else 0.0
    return Outcome(
        expected.check,
        passed,
        expected.severity,
        observed,
        limit,
        offenders,
        share,
        ids,
        expected.type,
        docs_url,
        detail,
    )


def _measured(
    expected: Expected, kwargs: Mapping[str, Any], result: Mapping[str, Any], frame: pd.DataFrame
) -> tuple[float | None, int, int, tuple[str, ...]]:
    if "element_count" not in result:
        observed = result.get("observed_value")
        usable = isinstance(observed, Real) and not math.isnan(observed)
        offenders, ids = _against_rate(expected, kwargs, frame)
        return (_plain(observed) if usable else None), offenders, len(frame), ids
    offenders = int(result.get("unexpected_count") or 0)
    examined = int(result["element_count"]) - int(result.get("missing_count") or 0)
    ids = tuple(str(each) for each in result.get("partial_unexpected_index_list", ())[:SAMPLE])
    return (1 - offenders / examined if examined else None), offenders, examined, ids


def _against_rate(expected: Expected, kwargs: Mapping[str, Any], frame: pd.DataFrame) -> tuple[int, tuple[str, ...]]:
    """Rows that pull a rate (a mean of true and false) to the wrong side."""
    if expected.column is None or not pd.api.types.is_bool_dtype(frame[expected.column]):
        return 0, ()
    unwanted = frame[frame[expected.column] == ("max_value" in kwargs)]
    return len(unwanted), tuple(str(each) for each in unwanted.index[:SAMPLE])


def _vacuous(
    expected: Expected, result: Mapping[str, Any], frame: pd.DataFrame, parameters: Mapping[str, Any]
) -> str | None:
    if expected.column is None:
        return None
    missing = int(frame[expected.column].isna().sum())
    if expected.type == "expect_column_mean_to_be_between" and missing:
        return f"{missing} of {len(frame)} rows have no {expected.column}"
    if "missing_count" in result and missing == len(frame) and not _absence_is_fine(expected, parameters):
        return f"{expected.column} has no value at all"
    return None


def _absence_is_fine(expected: Expected, parameters: Mapping[str, Any]) -> bool:
    rule = expected.may_be_absent
    return rule if isinstance(rule, bool) else parameters.get(rule) == 0


def _plain(number: Any) -> float:
    """A Python number: Dagster stores no NumPy scalars."""
    return int(number) if isinstance(number, Integral) else float(number)


def _shown(observed: float | None) -> str:
    if observed is None:
        return "without values"
    return f"{observed:.4g}" if isinstance(observed, float) and observed < 1000 else f"{observed:,}"
