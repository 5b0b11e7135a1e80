"""E-mail syntax by email-validator, because no regular expression gets RFC 5322 right. No DNS, no network."""

from __future__ import annotations

from typing import Any

import pandas as pd
from email_validator import EmailNotValidError, validate_email
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial


def is_address(value: object) -> bool:
    """Whether the value is one syntactically valid address and nothing else."""
    try:
        validate_email(str(value), check_deliverability=False, strict=True)
    except EmailNotValidError:
        return False
    return True


class ColumnValuesEmailAddress(ColumnMapMetricProvider):
    """Row condition: the value is an e-mail address. Each distinct value is parsed once."""

    condition_metric_name = "column_values.email_address"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls: Any, column: pd.Series, **_: Any) -> pd.Series:
        verdicts = {value: is_address(value) for value in column.unique()}
        return column.map(verdicts).astype(bool)


class ExpectColumnValuesToBeEmailAddresses(ColumnMapExpectation):
    """Expect every non-null value to be an e-mail address by RFC 5322 (REQ-012)."""

    map_metric = "column_values.email_address"
    success_keys = ("mostly",)
