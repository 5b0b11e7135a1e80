"""Rules and contacts as files: what is wrong with one is said by file and key, and the runbook keeps step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leadgen_assets.cli.workplace import PROJECT
from leadgen_assets.desk.alerts.contacts import load_contacts
from leadgen_assets.desk.alerts.probes import KNOWN
from leadgen_assets.desk.alerts.rules import load_rules
from leadgen_assets.desk.alerts.yaml_file import AlertFileError
from leadgen_tests.desk.alerts.room import CONTACTS

PARTS = ("Means", "Likely causes", "Look at", "Do", "Call")


def changed(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_file_changes_single_keys_and_adds_rules(tmp_path: Path) -> None:
    """OPS-03: thresholds in configuration; what a file does not name stays as it is."""
    more = """
    rules:
      cpu: {threshold: 0.95, clear: 0.9}
      network: {enabled: false}
      slow_claims: {metric: claim_p95_ms, threshold: 100, severity: WARNING, title: "Claims take {value}", text: x}
    """
    built_in, found = load_rules(), load_rules(changed(tmp_path / "alerts.yaml", more))
    assert (found["cpu"].threshold, found["cpu"].window) == (0.95, built_in["cpu"].window)
    assert found["slow_claims"].runbook == "docs/runbook.md#slow-claims"
    assert {each.id for each in built_in.measured} - {each.id for each in found.measured} == {"network"}
    assert found["disk"] == built_in["disk"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules: {cpu: {threshold: high}}", "rules.cpu.threshold"),
        ("rules: {cpu: {metric: warmth}}", "rules.cpu.metric: nothing measures 'warmth'; measured are alerts_open"),
        ("rules: {cpu: {clear: 0.9}}", "rules.cpu: clear: is beyond the threshold"),
        ("rules: {cpu: {window: soon}}", "rules.cpu.window: expected a duration such as 90s, 5m, 2h or 1d"),
        ("rules: {cpu: {severity: LOUD}}", "rules.cpu.severity: Input should be 'INFO', 'WARNING' or 'CRITICAL'"),
        ("rules: {cpu: {text: 'from {whom}'}}", "rules.cpu.text: unknown words ['whom']"),
        ("rules: {cpu: {treshold: 1}}", "rules.cpu.treshold: unknown key"),
        (
            "rules: {new: {severity: INFO, title: t, text: t, metric: cpu}}",
            "rules.new: threshold: a rule with a metric",
        ),
        ("rules: {cpu: 5}", "rules.cpu: expected keys of a rule"),
        ("cpu: {threshold: 1}", "expected one key, rules"),
        ("rules: [", "not YAML: "),
    ],
)
def test_a_mistake_in_a_rule_is_named_by_file_and_key(tmp_path: Path, text: str, says: str) -> None:
    """OPS-03: no traceback, no guessing."""
    path = changed(tmp_path / "alerts.yaml", text)
    with pytest.raises(AlertFileError) as problem:
        load_rules(path)
    assert str(problem.value).startswith(f"{path}: {says}")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("role: team,", "role: tems,", "levels: there is no role 'tems'; there are team, project_manager, management"),
        ("[slack, mail], level: 3", "[pager], level: 3", "severities.CRITICAL.channels: there is no channel 'pager'"),
        ("after_minutes: 45", "after_minutes: 5", "levels: levels must rise, and so must after_minutes"),
        ("{kind: email,", "{kind: pigeon,", "channels.mail.kind: Input should be 'slack', 'email' or 'url'"),
        ("{kind: email,", "{kind: url,", "channels.mail: url is for kind url, which needs it"),
        ("  INFO:", "  INFOS:", "severities.INFOS.[key]: Input should be"),
        ("pm@example.com", "pm at example", "roles.project_manager.email.0: String should match pattern"),
    ],
)
def test_a_mistake_in_the_contacts_is_named_without_quoting_an_address(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    """OPS-07, NFR-010: contacts hold addresses and keys."""
    assert old in CONTACTS
    path = changed(tmp_path / "contacts.yaml", CONTACTS.replace(old, new))
    with pytest.raises(AlertFileError) as problem:
        load_contacts(path)
    assert str(problem.value).startswith(f"{path}: {says}")
    assert "example" not in str(problem.value).replace(str(path), "")


def test_the_rules_of_the_requirements_are_there() -> None:
    """REQ-022, NFR-013: thresholds as agreed."""
    rules = load_rules()
    agreed = {"error_rate": 0.05, "api_quota": 0.80, "cpu": 0.80, "memory": 0.80}
    state = {"sprint": {"rate_target": 833}, "gates": {"average_quality_score": {"threshold": 75}}}
    assert {name: rules[name].threshold for name in agreed} == agreed
    rate, quality = rules["collection_rate"].limits(state), rules["quality"].limits(state)
    assert rate
    assert quality
    assert round(rate.threshold) == 700
    assert quality.threshold == 75
    assert [rules[f"budget_{each}"].limits({}).threshold for each in (60, 80, 95)] == [0.60, 0.80, 0.95]


def test_every_rule_has_a_section_in_the_runbook_and_every_section_a_rule() -> None:
    """OPS-08: what an alert means, likely causes, what to look at, what to do, whom to call."""
    text = (PROJECT / "docs" / "runbook.md").read_text()
    _, _, alerts = text.partition("## Alerts\n")
    sections = dict(re.findall(r"^### ([a-z0-9_-]+)\n(.*?)(?=^###? |\Z)", alerts, re.DOTALL | re.MULTILINE))
    anchors = {rule.runbook.partition("#")[2] for rule in load_rules().rules.values()}
    assert sections.keys() == anchors
    for name, section in sections.items():
        missing = [part for part in PARTS if f"**{part}.**" not in section]
        assert not missing, f"{name} lacks {missing}"


def test_every_name_a_rule_shows_is_in_the_state() -> None:
    """OPS-03: places in the state are spelled as the state spells them."""
    parts = {
        "sprint",
        "verdict",
        "progress",
        "rates",
        "quality",
        "vendors",
        "segments",
        "stores",
        "machine",
        "cost",
        "gates",
    }
    for rule in load_rules().rules.values():
        assert rule.metric is None or rule.metric in KNOWN
        for place in (*rule.figures.values(), *filter(None, (rule.detail, rule.provided))):
            assert place.partition(".")[0] in parts, f"{rule.id}: {place}"
