"""`validate`: a frame against a suite, failing closed. Knows nothing of Dagster."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from leadgen_assets.checks.docs import page_url, site_of
from leadgen_assets.checks.frames import examined
from leadgen_assets.checks.outcomes import Outcome, judged, refused
from leadgen_assets.checks.suites import PROJECT, Expected, expected

logger = logging.getLogger(__name__)


def validate(
    suite: str,
    frame: pd.DataFrame | None,
    parameters: Mapping[str, Any],
    run_name: str,
    *,
    state: Path,
    docs_url: str | None = None,
    project: Path = PROJECT,
) -> list[Outcome]:
    """One outcome per expectation of the suite, in its order (REQ-004 to REQ-009; design rule 7).

    `frame` has the columns of the suite's layer, `parameters` the numbers the suite refers to (`Gates`, titles …),
    `run_name` names the result in the data docs under `docs_url`. Whatever prevents a verdict is a failing outcome
    for each expectation it prevents: an empty frame, a missing column or parameter, an expectation that did not load,
    an exception. A suite without expectations yields one failing outcome named after the suite.
    Results are stored under `state`; nothing is written into `project`.
    """
    wanted = expected(suite, project)
    if not wanted:
        return [_emptied(suite)]
    reason = _unusable(frame, parameters, wanted)
    if frame is None or reason is not None:
        return [refused(each, reason or "there is no frame", parameters) for each in wanted]
    prepared = examined(frame, [each.column for each in wanted if each.column])
    try:
        verdicts, page = _evaluate(suite, prepared, parameters, safe_name(run_name), state, project)
    except Exception as error:  # whatever it is, nothing was judged
        logger.error("suite %s was not evaluated: %s", suite, _place(error))
        reason = f"the evaluation broke with {type(error).__name__}"
        return [refused(each, reason, parameters) for each in wanted]
    return [
        _outcome(each, verdicts.get(each.id), prepared, parameters, page_url(page, state, docs_url)) for each in wanted
    ]


def safe_name(text: str) -> str:
    """The text as one path segment."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._") or "run"


def refuse_all(suite: str, reason: str, parameters: Mapping[str, Any], project: Path = PROJECT) -> list[Outcome]:
    """Failing outcomes for a suite whose frame or parameters could not be had."""
    return [refused(each, reason, parameters) for each in expected(suite, project)] or [_emptied(suite)]


def _emptied(suite: str) -> Outcome:
    detail = f"suite {suite} expects nothing; restore data_quality/expectations/{suite}.json"
    return Outcome(suite, False, "critical", 0, ">= 1 expectation", 0, 0.0, (), "suite", None, detail)


def _unusable(frame: pd.DataFrame | None, parameters: Mapping[str, Any], wanted: Iterable[Expected]) -> str | None:
    missing = sorted({name for each in wanted for name in each.parameters} - parameters.keys())
    if missing:
        return f"parameter {', '.join(missing)} is missing"
    if frame is None or frame.empty:
        return "the frame is empty"
    return None if "lead_id" in frame else "the frame has no column lead_id"


def _evaluate(
    suite: str, frame: pd.DataFrame, parameters: Mapping[str, Any], run_name: str, state: Path, project: Path
) -> tuple[dict[str, Mapping[str, Any]], tuple[str, ...]]:
    """Verdict by expectation id, and the key of the stored result."""
    from leadgen_assets.checks.project import opened

    with opened(state, site_of(state), project) as context:
        from great_expectations.core.run_identifier import RunIdentifier

        done = context.checkpoints.get(suite).run(
            batch_parameters={"dataframe": frame},
            expectation_parameters=dict(parameters),
            run_id=RunIdentifier(run_name=run_name, run_time=datetime.now(UTC)),
        )
    [(key, suite_result)] = done.run_results.items()
    verdicts: dict[str, Mapping[str, Any]] = {
        str(each.expectation_config.id): {"success": each.success, "result": each.result, "raised": each.exception_info}
        for each in suite_result.results
        if each.expectation_config is not None
    }
    parts: tuple[str, ...] = key.to_tuple()  # type: ignore[no-untyped-call]
    return verdicts, parts


def _outcome(
    wanted: Expected,
    verdict: Mapping[str, Any] | None,
    frame: pd.DataFrame,
    parameters: Mapping[str, Any],
    url: str,
) -> Outcome:
    if verdict is None:
        return refused(wanted, "Great Expectations did not load or evaluate it", parameters)
    if wanted.column is not None and wanted.column not in frame:
        return refused(wanted, f"the frame has no column {wanted.column}", parameters)
    if _raised(verdict["raised"]) or not isinstance(verdict["result"], dict) or not verdict["result"]:
        return refused(wanted, "Great Expectations could not compute it", parameters)
    return judged(wanted, verdict, frame, parameters, url)


def _raised(info: Any) -> bool:
    """Great Expectations reports exceptions flat or per metric."""
    if not isinstance(info, dict):
        return False
    nested = [each for each in info.values() if isinstance(each, dict)]
    return bool(info.get("raised_exception")) or any(each.get("raised_exception") for each in nested)


def _place(error: BaseException) -> str:
    """Kind and line of an error. Its message may quote a cell, so it is not logged."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} in {where}"
