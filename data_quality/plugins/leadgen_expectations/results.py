"""The store of validation results. It keeps no value of any row, whatever a checkpoint asked for.

It also writes the threshold into each description, because the pages show a description in place of the numbers.
"""

from __future__ import annotations

import json
from typing import Any

from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.data_context.store import ValidationResultsStore

from leadgen_assets.checks.thresholds import threshold

ROW_VALUES = (
    "partial_unexpected_list",
    "partial_unexpected_counts",
    "unexpected_list",
    "unexpected_rows",
    "unexpected_index_query",
    "details",
)
LEAD_IDS = "partial_unexpected_index_list"


def without_values(outcome: dict[str, Any]) -> dict[str, Any]:
    """One expectation's result with lead ids in place of values and the kind of an exception in place of its text."""
    result = {key: value for key, value in (outcome.get("result") or {}).items() if key not in ROW_VALUES}
    result.pop("unexpected_index_list", None)
    ids = result.pop(LEAD_IDS, None)
    if ids:
        result["partial_unexpected_list"] = [str(each) for each in ids]
    if isinstance(result.get("observed_value"), list | dict | str):
        del result["observed_value"]
    return {**outcome, "result": result, "exception_info": _without_text(outcome.get("exception_info"))}


def with_threshold(outcome: dict[str, Any]) -> dict[str, Any]:
    """The result with "Required: …" in its expectation's description."""
    config = outcome["expectation_config"]
    limit = threshold(config["type"], config["kwargs"])
    described = f"{config.get('description') or config['type']} Required: {limit}."
    return {**outcome, "expectation_config": {**config, "description": described}}


def _without_text(info: Any) -> dict[str, Any]:
    raised = "raised_exception" in (info or {}) and info["raised_exception"]
    nested = [each for each in (info or {}).values() if isinstance(each, dict) and each.get("raised_exception")]
    if not raised and not nested:
        return {"raised_exception": False, "exception_message": None, "exception_traceback": None}
    message = "could not be computed; the error's text may quote a row and is not kept"
    return {"raised_exception": True, "exception_message": message, "exception_traceback": "not kept"}


class ImpersonalResultsStore(ValidationResultsStore):
    """Writes counts, thresholds and lead ids; never names, addresses or any other cell."""

    def serialize(self, value: ExpectationSuiteValidationResult) -> str:
        """JSON of the suite's result, as Data Docs read it."""
        content = json.loads(super().serialize(value))
        content["results"] = [with_threshold(without_values(outcome)) for outcome in content["results"]]
        return json.dumps(content, indent=2, sort_keys=True)
