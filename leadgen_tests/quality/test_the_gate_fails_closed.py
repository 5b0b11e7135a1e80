"""Where Great Expectations would pass without having looked, the runner refuses (design rule 7)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from leadgen_assets.checks import runner
from leadgen_assets.checks.frames import LAYERS
from leadgen_assets.checks.outcomes import Outcome
from leadgen_assets.checks.runner import validate
from leadgen_assets.checks.suites import PROJECT, expected
from leadgen_tests.quality.frames import PARAMETERS, good


def run(
    layer: str, frame: pd.DataFrame | None, state: Path, project: Path = PROJECT, **changes: Any
) -> dict[str, Outcome]:
    outcomes = validate(layer, frame, PARAMETERS | changes, "closed", state=state, project=project)
    return {each.check: each for each in outcomes}


def assert_all_refused(outcomes: dict[str, Outcome], layer: str, reason: str) -> None:
    assert set(outcomes) == {each.check for each in expected(layer)}
    for outcome in outcomes.values():
        assert not outcome.passed
        assert reason in outcome.detail


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the committed project to damage."""
    return Path(shutil.copytree(PROJECT, tmp_path / "project"))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("empty", ["no rows", "no columns", "no frame"])
def test_an_empty_frame_fails_every_expectation(layer: str, empty: str, tmp_path: Path) -> None:
    """REQ-004 to REQ-009: nothing delivered is nothing checked."""
    frame = {"no rows": good(layer).head(0), "no columns": pd.DataFrame(), "no frame": None}[empty]
    assert_all_refused(run(layer, frame, tmp_path), layer, "frame")


def test_a_column_without_any_value_fails_what_looks_at_its_values(tmp_path: Path) -> None:
    """REQ-008: uniqueness of nothing, syntax of nothing and a set of nothing are not findings."""
    frame = good("crm_ready").assign(linkedin_url=None, target_title=None, data_quality_score=float("nan"), email=None)
    outcomes = run("crm_ready", frame, tmp_path)
    for check in ("linkedin_canonical", "linkedin_unique", "title_in_profile", "minimum_score", "email_syntax"):
        assert not outcomes[check].passed
        assert "no value at all" in outcomes[check].detail
    assert not outcomes["linkedin_url_present"].passed


def test_absent_addresses_are_fine_only_where_the_sprint_asks_for_none(tmp_path: Path) -> None:
    """REQ-006: a sprint without an email gate may have no addresses, and sources without addresses may be collected."""
    none = {"email": None, "email_kind": None}
    ready = good("crm_ready").assign(**none)
    assert not run("crm_ready", ready, tmp_path)["email_unique"].passed
    assert run("crm_ready", ready, tmp_path, email_availability=0.0)["email_unique"].passed
    assert run("golden", good("golden").assign(**none), tmp_path)["email_unique"].passed


@pytest.mark.parametrize("check", ["average_quality_score", "company_completeness", "email_availability"])
def test_a_rate_over_missing_values_is_no_rate(check: str, tmp_path: Path) -> None:
    """REQ-005: a mean silently leaves out what is missing, so one missing value refuses it."""
    column = {each.check: each.column for each in expected("scored")}[check]
    frame = good("scored")
    frame[column] = frame[column].astype(object)
    frame.loc[0, column] = None
    outcome = run("scored", frame, tmp_path)[check]
    assert not outcome.passed
    assert f"1 of 20 rows have no {column}" in outcome.detail


def test_a_missing_column_fails_the_expectations_that_need_it_and_no_other(tmp_path: Path) -> None:
    """REQ-007: a renamed column must not pass for a complete company."""
    outcomes = run("scored", good("scored").drop(columns=["company_complete"]), tmp_path)
    assert [check for check, outcome in outcomes.items() if not outcome.passed] == ["company_completeness"]
    assert "no column company_complete" in outcomes["company_completeness"].detail


def test_a_missing_parameter_fails_the_suite_and_is_named(tmp_path: Path) -> None:
    """REQ-008: without its threshold an expectation has nothing to compare with."""
    outcomes = validate("deduplicated", good("deduplicated"), {}, "closed", state=tmp_path)
    assert not any(each.passed for each in outcomes)
    assert all("duplicate_rate is missing" in each.detail for each in outcomes)


def test_an_expectation_nobody_defined_fails(project: Path, tmp_path: Path) -> None:
    """Great Expectations drops what it does not know from a suite and reports success for the rest."""
    path = project / "expectations" / "golden.json"
    path.write_text(path.read_text().replace("expect_column_values_to_be_unique", "expect_column_values_to_be_lovely"))
    outcomes = run("golden", good("golden"), tmp_path / "state", project)
    failed = {check: outcome.detail for check, outcome in outcomes.items() if not outcome.passed}
    assert set(failed) == {"lead_ids_unique", "linkedin_unique", "email_unique"}
    assert all("did not load" in detail for detail in failed.values())


def test_an_expectation_the_loaded_suite_lacks_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every expectation of the file must have a result of its own, known by its id."""
    evaluate = runner._evaluate

    def forgetful(*args: Any) -> Any:
        verdicts, page = evaluate(*args)
        return dict(list(verdicts.items())[1:]), page

    monkeypatch.setattr(runner, "_evaluate", forgetful)
    outcomes = list(run("golden", good("golden"), tmp_path).values())
    assert [each.passed for each in outcomes] == [False] + [True] * (len(outcomes) - 1)
    assert "did not load" in outcomes[0].detail


def test_an_emptied_suite_fails(project: Path, tmp_path: Path) -> None:
    """A file somebody emptied is not a gate that is open."""
    path = project / "expectations" / "scored.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"expectations": []}))
    [outcome] = run("scored", good("scored"), tmp_path / "state", project).values()
    assert not outcome.passed
    assert "expects nothing" in outcome.detail


def test_an_exception_fails_every_expectation_and_its_text_stays_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """NFR-011: an error's message may quote a person; neither outcome nor log repeats it."""

    def broken(*_: Any) -> Any:
        raise ValueError("could not convert 'Zebulon Quackenbush'")

    monkeypatch.setattr(runner, "_evaluate", broken)
    outcomes = run("scored", good("scored"), tmp_path)
    assert_all_refused(outcomes, "scored", "ValueError")
    assert "Quackenbush" not in caplog.text + repr(outcomes)
    assert "ValueError" in caplog.text


def test_values_that_cannot_be_compared_fail_their_expectation_alone(tmp_path: Path) -> None:
    """A text among the scores is a failure of the score, not of the gate's own working."""
    frame = good("scored")
    frame["data_quality_score"] = frame["data_quality_score"].astype(object)
    frame.loc[0, "data_quality_score"] = "eighty"
    failed = {check for check, outcome in run("scored", frame, tmp_path).items() if not outcome.passed}
    assert failed == {"score_range", "average_quality_score"}


def test_validating_writes_nothing_into_the_project(tmp_path: Path) -> None:
    """The committed tree is read; results and pages live under the state directory."""

    def listing() -> dict[str, int]:
        files = (each for each in PROJECT.rglob("*") if each.is_file() and "__pycache__" not in each.parts)
        return {str(each): each.stat().st_mtime_ns for each in files}

    before = listing()
    run("golden", good("golden"), tmp_path)
    assert listing() == before
    assert list((tmp_path / "validations" / "golden" / "closed").glob("*/*.json"))
