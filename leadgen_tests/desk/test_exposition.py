"""`/metrics`, and the Grafana and Prometheus files that stand on it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from leadgen_assets.desk.exposition import CONTENT_TYPE, exposition, metric_name
from leadgen_assets.desk.state import MEASURES, measures
from leadgen_tests.desk.state.full import both_states, full_state

GRAFANA = Path(__file__).resolve().parents[2] / "deploy" / "grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards" / "operations-desk.json").read_text())
RULES = yaml.safe_load((GRAFANA / "prometheus" / "leadgen.rules.yml").read_text())
NAME = re.compile(r"leadgen_[a-z0-9_]+")
REQ_022 = {
    "LeadgenErrorRate", "LeadgenCollectionRate", "LeadgenApiQuota", "LeadgenWorkflowFailed", "LeadgenCpu",
    "LeadgenMemory", "LeadgenMongoAway", "LeadgenRedisAway", "LeadgenNetwork", "LeadgenQuality",
}  # fmt: skip


def samples() -> dict[str, list[dict[str, str]]]:
    """{name: the labels of its samples} as a scraper reads them."""
    found: dict[str, list[dict[str, str]]] = {}
    for state in both_states():
        for family in text_string_to_metric_families(exposition(state).decode()):
            for each in family.samples:
                found.setdefault(each.name, []).append(dict(each.labels))
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """(where, PromQL) of every panel, variable and rule."""
    for panel in DASHBOARD["panels"]:
        yield from ((panel["title"], target["expr"]) for target in panel.get("targets", ()))
    yield from (("variable", each["definition"]) for each in DASHBOARD["templating"]["list"])
    for group in RULES["groups"]:
        yield from ((rule["alert"], rule["expr"]) for rule in group["rules"])


def test_every_measure_is_exposed_with_its_value() -> None:
    """OPS-01: the numbers of the dashboard, in the text format of Prometheus."""
    assert CONTENT_TYPE.startswith("text/plain; version=0.0.4")
    exposed = samples()
    assert {metric_name(each) for each in MEASURES.values()} - exposed.keys() == set()
    assert exposed["leadgen_verdict"][0] == {"sprint": "autumn", "word": "on track"}
    assert exposed["leadgen_quota"][0] == {"sprint": "autumn", "vendor": "apollo"}
    assert exposed["leadgen_cpu"][0] == {}
    told = exposition(full_state()).decode()
    assert 'leadgen_vendor_calls_total{sprint="autumn",vendor="apollo"} 20.0' in told
    values = {each.name: each.value for f in text_string_to_metric_families(told) for each in f.samples}
    assert values["leadgen_average_quality_score"] == measures(full_state())["average_quality_score", ""]


def test_without_a_sprint_there_are_still_the_machines_figures() -> None:
    """OPS-01: Prometheus scrapes all day."""
    state: dict[str, Any] = full_state() | {"sprint": None, "vendors": [], "segments": [], "gates": {}}
    assert b"leadgen_cpu 0.4" in exposition(state)


def test_a_name_that_would_break_the_format_is_quoted() -> None:
    """NFR-010: text from data cannot forge a line."""
    state = full_state()
    state["segments"][0]["id"] = 'a"}\nleadgen_forged 1'
    forged = [each.name for each in text_string_to_metric_families(exposition(state).decode())]
    assert "leadgen_forged" not in forged


def test_every_name_in_grafana_and_in_the_rules_exists() -> None:
    """OPS-01, REQ-022: with the labels that are asked for."""
    exposed = samples()
    unknown = [(where, name) for where, expr in expressions() for name in NAME.findall(expr) if name not in exposed]
    assert unknown == []
    for where, expr in expressions():
        for name, selector in re.findall(r"(leadgen_[a-z0-9_]+)\{([^}]*)\}", expr):
            asked = set(re.findall(r"(\w+)=", selector))
            assert asked <= exposed[name][0].keys(), (where, name)
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            wanted = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert wanted <= exposed[NAME.findall(target["expr"])[0]][0].keys(), panel["title"]


def test_the_dashboard_finds_its_datasource_and_overlaps_nowhere() -> None:
    """OPS-01: provisioning and panels belong together."""
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    uids = {panel["datasource"]["uid"] for panel in DASHBOARD["panels"] if panel["type"] != "row"}
    assert uids == {source["uid"]}
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        columns, rows = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        cells = {(x, y) for x in columns for y in rows}
        assert max(columns) < 24
        assert not cells & taken, panel["title"]
        taken |= cells
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/leadgen.yaml").read_text())["providers"]
    assert provider["type"] == "file"


def test_the_requirements_alerts_are_among_the_rules() -> None:
    """REQ-022."""
    rules = [rule for group in RULES["groups"] for rule in group["rules"]]
    assert REQ_022 - {rule["alert"] for rule in rules} == set()
    assert {rule["labels"]["severity"] for rule in rules} == {"info", "warning", "critical"}
    (job,) = yaml.safe_load((GRAFANA / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    assert job["metrics_path"] == "/metrics"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool on PATH (Debian: apt-get install prometheus)")
def test_prometheus_takes_the_files() -> None:
    """OPS-01: its own check."""
    done = subprocess.run(
        ["promtool", "check", "config", "prometheus.yml"], cwd=GRAFANA / "prometheus", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
