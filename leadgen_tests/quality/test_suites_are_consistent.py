"""The committed Great Expectations project agrees with itself and with the sprint file. No import of it needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml

from leadgen_assets.checks.expectations import DELIVERY_CHECKS, GATED, unguarded_gates
from leadgen_assets.checks.frames import LAYERS
from leadgen_assets.checks.inputs import parameters_of
from leadgen_assets.checks.suites import PROJECT, expected
from leadgen_assets.checks.thresholds import threshold
from leadgen_assets.sprint_file import Gates, parse_sprint
from leadgen_tests.quality.frames import PARAMETERS

SPRINT = """
name: small
target: {collected: 20, unique: 18}
profile: {titles: [PPC Manager]}
segments: [{id: apollo-1, source: apollo, leads: 20, titles: [Media Buyer]}]
gates: {duplicate_rate: 0.05, unique_leads: 18}
budget: {usd: 10}
"""


def content(kind: str, name: str) -> dict:
    return json.loads((PROJECT / kind / f"{name}.json").read_text())


def test_every_threshold_of_the_sprint_file_is_guarded_by_a_blocking_check() -> None:
    """REQ-004 to REQ-009: a gate nobody checks is a promise nobody keeps."""
    assert unguarded_gates() == set()
    assert unguarded_gates(GATED[:-1]) == set(Gates.model_fields) - {"duplicate_rate", "unique_leads"}


def test_the_delivery_checks_are_the_critical_ones_of_the_sprint() -> None:
    """REQ-009: deduplication and score gates both stand before the CRM."""
    names = {key.to_user_string() for key in DELIVERY_CHECKS}
    assert {"deduplicated_leads:duplicate_rate", "scored_leads:average_quality_score"} <= names
    assert not any(name.startswith("normalized_") for name in names)


@pytest.mark.parametrize("layer", LAYERS)
def test_ids_and_names_of_a_layer_agree_over_all_files(layer: str) -> None:
    """An id that differs between files makes a checkpoint refuse to run."""
    suite, definition, checkpoint = (
        content(k, layer) for k in ("expectations", "validation_definitions", "checkpoints")
    )
    asset = yaml.safe_load((PROJECT / "great_expectations.yml").read_text())["fluent_datasources"]["leads"]["assets"][
        layer
    ]
    assert definition["suite"] == {"name": layer, "id": suite["id"]}
    assert checkpoint["validation_definitions"] == [{"name": layer, "id": definition["id"]}]
    assert definition["data"]["asset"]["id"] == asset["id"]
    assert definition["data"]["batch_definition"]["id"] == asset["batch_definitions"]["whole"]["id"]
    assert checkpoint["result_format"]["exclude_unexpected_values"] is True


def test_ids_of_expectations_are_unique() -> None:
    """Results are matched to expectations by id."""
    ids = [each.id for layer in LAYERS for each in expected(layer)]
    assert len(set(ids)) == len(ids)


def test_no_threshold_of_the_sprint_file_is_written_into_a_suite() -> None:
    """One place where thresholds live."""
    for layer in LAYERS:
        for each in expected(layer):
            if each.check in Gates.model_fields:
                assert each.parameters == {each.check}


def test_parameters_of_a_sprint_are_what_the_suites_ask_for() -> None:
    """REQ-005 to REQ-009: the file's gates reach the expectations."""
    parameters = parameters_of(parse_sprint(SPRINT))
    assert parameters["duplicate_rate"] == 0.05
    assert parameters["titles"] == ["PPC Manager", "Media Buyer"]
    asked = {name for layer in LAYERS for each in expected(layer) for name in each.parameters}
    assert asked - parameters.keys() == {"segments", "sources", "processed_leads"}


@pytest.mark.parametrize(
    ("layer", "check", "text"),
    [
        ("deduplicated", "duplicate_rate", "< 0.1"),
        ("golden", "unique_leads", ">= 10"),
        ("golden", "leads_reconcile", "= 20"),
        ("scored", "score_range", "every value >= 0 and <= 100"),
        ("crm_ready", "full_name_present", "every value present"),
        ("crm_ready", "country_in_profile", "every value one of US"),
        ("crm_ready", "linkedin_unique", "every value unique"),
    ],
)
def test_thresholds_read_as_a_person_would_say_them(layer: str, check: str, text: str) -> None:
    """OPS-05: a failing gate names its limit."""
    [found] = [each for each in expected(layer) if each.check == check]
    assert threshold(found.type, found.resolved(PARAMETERS)) == text


def test_the_checks_load_without_great_expectations() -> None:
    """The code location loads in under two seconds; Great Expectations alone takes four."""
    program = "import sys, leadgen_assets.checks.expectations; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
