"""The asset checks on a real Dagster instance: one result per expectation, always, per partition, without a person."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from leadgen_assets.checks import expectations
from leadgen_assets.checks.drift import build_drift_check
from leadgen_assets.checks.expectations import DELIVERY_CHECKS, EXPECTATIONS, GATED
from leadgen_assets.checks.gate import refusals
from leadgen_assets.checks.inputs import Quality
from leadgen_assets.partitions import GRID, SPRINTS, dimensions, lake_path
from leadgen_assets.sprint_file import Gates, Sprint, parse_sprint
from leadgen_tests.quality.frames import PLANTED, PLANTED_EMAIL, good, with_value

SPRINT = "2026-S47"
CELL = "apollo-1|2026-S47"
FILE = """
name: small
target: {collected: 20, unique: 10}
profile: {titles: [PPC Manager]}
segments:
  - {id: apollo-1, source: apollo, leads: 20}
  - {id: zoominfo-1, source: zoominfo, leads: 20}
gates: {unique_leads: 10}
budget: {usd: 10}
"""


class Frames:
    """Stores with frames in a dict, as the lake would hand them out."""

    def __init__(self) -> None:
        self.gates: dict[str, dict[str, Any]] = {}
        self.kept = {
            ("processed_records", SPRINT): good("deduplicated"),
            ("deduplicated_leads", SPRINT): good("golden"),
            ("scored_leads", SPRINT): good("scored"),
            ("normalized_apollo", f"{SPRINT}/apollo-1"): good("normalized"),
            ("normalized_zoominfo", f"{SPRINT}/apollo-1"): good("normalized").head(0),
        }

    def lake(self) -> "Frames":
        return self

    def read(self, asset: str, partition_path: str) -> pd.DataFrame:
        return self.kept[asset, partition_path]

    def record_gates(self, key: str, values: dict[str, dict[str, Any]]) -> None:
        self.gates |= values

    def sprint(self, key: str) -> Sprint:
        assert key == SPRINT
        return parse_sprint(FILE)


def asset_of(name: str, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    @dg.asset(name=name, partitions_def=partitions)
    def stand_in() -> None:
        """Stands for the asset of that name."""

    return stand_in


ASSETS = [asset_of(each.asset, each.partitions) for each in GATED] + [asset_of("raw_apollo", GRID)]


@pytest.fixture
def frames() -> Frames:
    return Frames()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as each:
        each.add_dynamic_partitions("sprint", [SPRINT])
        each.add_dynamic_partitions("segment", ["apollo-1", "zoominfo-1"])
        yield each


def results(
    instance: dg.DagsterInstance, frames: Frames, state: Path, asset: str, partition: str = SPRINT
) -> dict[str, dg.AssetCheckEvaluation]:
    """Evaluations by check name of one asset's materialisation with its checks."""
    drift = build_drift_check("apollo", lambda stores, sprint, segment: ["zodiac", "aura", "zodiac"])
    job = dg.define_asset_job("job", selection=dg.AssetSelection.assets(asset))
    defs = dg.Definitions(
        assets=ASSETS,
        asset_checks=[*EXPECTATIONS, drift],
        jobs=[job],
        resources={"quality": Quality(state_dir=str(state), stores=frames), "stores": frames},
    )
    done = defs.resolve_job_def("job").execute_in_process(
        instance=instance, tags={"dagster/partition": partition}, raise_on_error=False
    )
    return {each.check_name: each for each in done.get_asset_check_evaluations()}


def plain(value: Any) -> Any:
    return getattr(value, "value", getattr(value, "text", value))


def test_a_good_sprint_passes_every_delivery_check_and_the_gate(
    instance: dg.DagsterInstance, frames: Frames, tmp_path: Path
) -> None:
    """REQ-004 to REQ-009: with real Great Expectations, through real Dagster."""
    found = [results(instance, frames, tmp_path, asset) for asset in ("deduplicated_leads", "scored_leads")]
    assert sum(map(len, found)) == sum(len(each.expectations) for each in GATED if each.source is None)
    assert [each.description for every in found for each in every.values() if not each.passed] == []
    assert {each.partition for every in found for each in every.values()} == {SPRINT}
    assert refusals(instance, DELIVERY_CHECKS, SPRINT) == {}
    assert (tmp_path / "site" / "index.html").exists()
    assert set(frames.gates) == set(Gates.model_fields)
    assert frames.gates["email_availability"] == {"value": 0.5, "threshold": 0.25, "passed": True}


def test_a_failing_check_names_number_threshold_report_and_leads_but_no_person(
    instance: dg.DagsterInstance, frames: Frames, tmp_path: Path
) -> None:
    """NFR-011: the event log lives longer than a person's consent."""
    spoilt = with_value(good("scored"), "email", f"{PLANTED_EMAIL}@", 2)
    spoilt = with_value(spoilt, "full_name", PLANTED, 2)
    frames.kept["scored_leads", SPRINT] = with_value(spoilt, "target_title", PLANTED, 2)
    found = results(instance, frames, tmp_path, "scored_leads")
    failed = {name: each for name, each in found.items() if not each.passed}
    assert set(failed) == {"email_syntax", "title_in_profile"}
    for each in failed.values():
        metadata = {key: plain(value) for key, value in each.metadata.items()}
        assert each.severity == dg.AssetCheckSeverity.ERROR
        assert metadata["offenders"] == 2
        assert metadata["sample_lead_ids"] == list(good("scored")["lead_id"][:2])
        assert Path(metadata["report"].removeprefix("file://")).exists()
        assert metadata["required"] in str(each.description)
    for record in instance.all_logs(instance.get_runs()[0].run_id):
        assert "uackenbush" not in repr(record)


def test_a_frame_that_cannot_be_read_fails_every_check(
    instance: dg.DagsterInstance, frames: Frames, tmp_path: Path
) -> None:
    """Design rule 7: no data, no verdict, no delivery."""
    frames.kept.clear()
    found = results(instance, frames, tmp_path, "deduplicated_leads")
    assert len(found) == len(GATED[-2].expectations)
    assert not any(each.passed for each in found.values())
    assert "KeyError" in str(found["duplicate_rate"].description)


def test_an_expectation_without_outcome_fails(
    instance: dg.DagsterInstance, frames: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster runs on where a blocking check says nothing."""
    monkeypatch.setattr(expectations, "validate", lambda *_, **__: [])
    found = results(instance, frames, tmp_path, "scored_leads")
    assert len(found) == len(GATED[-1].expectations)
    assert {each.passed for each in found.values()} == {False}


def test_docs_that_cannot_be_built_do_not_fail_the_gate(
    instance: dg.DagsterInstance, frames: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verdict does not depend on its picture."""

    def broken(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(expectations.docs, "publish", broken)
    assert all(each.passed for each in results(instance, frames, tmp_path, "deduplicated_leads").values())


def test_segments_are_checked_against_their_own_source(
    instance: dg.DagsterInstance, frames: Frames, tmp_path: Path
) -> None:
    """REQ-011: warnings tell, structure blocks."""
    frames.kept["normalized_apollo", f"{SPRINT}/apollo-1"] = good("normalized").assign(is_valid=False)
    found = results(instance, frames, tmp_path, "normalized_apollo", CELL)
    assert [name for name, each in found.items() if not each.passed] == ["validation_rate"]
    assert found["validation_rate"].severity == dg.AssetCheckSeverity.WARN
    assert found["validation_rate"].partition == CELL


def test_a_segment_of_another_source_does_not_concern_an_asset_unless_it_has_rows(
    instance: dg.DagsterInstance, frames: Frames, tmp_path: Path
) -> None:
    """One run per segment materialises all four normalised assets; three of them hold nothing, as they should."""
    found = results(instance, frames, tmp_path, "normalized_zoominfo", CELL)
    assert all(each.passed for each in found.values())
    assert "does not apply" in str(found["source_expected"].description)
    frames.kept["normalized_zoominfo", f"{SPRINT}/apollo-1"] = good("normalized").assign(data_source="zoominfo")
    found = results(instance, frames, tmp_path, "normalized_zoominfo", CELL)
    assert not found["source_expected"].passed


def test_fields_nobody_maps_are_warned_about_once_each(
    instance: dg.DagsterInstance, frames: Frames, tmp_path: Path
) -> None:
    """TL-02: a vendor that changes its records is noticed, not suffered."""
    [found] = results(instance, frames, tmp_path, "raw_apollo", CELL).values()
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert found.description == "unexpected: aura, zodiac"


def test_grid_keys_are_read_from_their_text() -> None:
    """A run launched by tag knows only the text, whose dimensions are in alphabetical order."""
    assert dimensions(CELL) == (SPRINT, "apollo-1")
    assert lake_path(CELL) == f"{SPRINT}/apollo-1"
    assert lake_path(SPRINT) == SPRINT
    assert isinstance(SPRINTS, dg.DynamicPartitionsDefinition)
