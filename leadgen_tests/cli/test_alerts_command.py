"""`leadgen alerts`: from a test alert to its end, as a person would do it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadgen_tests.cli.conftest import leadgen
from leadgen_tests.sprint.office import Office, open_office


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("desk"), servers) as office:
        yield office


def test_an_alert_is_tested_acknowledged_and_resolved(desk: Office) -> None:
    """OPS-04: a real message at the webhook, marked as a test; each step on record with who did it."""
    assert "No open alerts." in leadgen("alerts", "list", at=desk).output
    tested = json.loads(leadgen("alerts", "test", "redis_away", "--json", at=desk).stdout)
    assert [(each["channel"], each["state"]) for each in tested["messages"]] == [("slack", "sent")]
    assert "TEST · Redis is away" in str(desk.sandbox.slack()[-1])
    listed = leadgen("alerts", "list", at=desk).output
    assert tested["id"] in listed
    assert "TEST · Redis is away" in listed

    done = leadgen("alerts", "ack", tested["id"][:8], "--by", "somebody", "--json", at=desk)
    assert json.loads(done.stdout)["acked_by"] == "somebody"
    assert "is resolved" in leadgen("alerts", "resolve", tested["id"], "--reason", "done", "--by", "me", at=desk).output
    assert "Resolved: Redis is away" in str(desk.sandbox.slack()[-1])
    shown = leadgen("alerts", "show", tested["id"], at=desk).output
    for said in ("acknowledged (somebody)", "resolved (me, done)", "docs/runbook.md#redis-away", "slack (team"):
        assert said in shown
    assert json.loads(leadgen("alerts", "list", "--json", at=desk).stdout) == []
    assert [each["state"] for each in json.loads(leadgen("alerts", "list", "--all", "--json", at=desk).stdout)] == [
        "resolved"
    ]


def test_a_mistake_says_what_there_is(desk: Office, tmp_path: Path) -> None:
    """Exit code 2 and what to do; nothing is raised."""
    broken = tmp_path / "alerts.yaml"
    broken.write_text("rules: {cpu: {threshold: hot}}")
    for words, told in {
        ("test", "nothing"): "There is no alert rule nothing; there are api_quota",
        ("show", "Z1"): "there is no alert Z1",
        ("ack", "Z1"): "there is no alert Z1",
    }.items():
        done = leadgen("alerts", *words, at=desk)
        assert done.exit_code == 2
        assert told in done.output
    done = leadgen("alerts", "rules", at=desk, LEADGEN_ALERTS=str(broken))
    assert done.exit_code == 2
    assert "rules.cpu.threshold" in done.output


def test_rules_are_listed_and_kept_quiet(desk: Office) -> None:
    """OPS-03, OPS-04: thresholds as they are; the quiet list."""
    found = {each["id"]: each for each in json.loads(leadgen("alerts", "rules", "--json", at=desk).stdout)}
    assert (found["error_rate"]["threshold"], found["error_rate"]["window"]) == (0.05, "1 min")
    assert "quota above 80.0% for 2 min" in leadgen("alerts", "rules", at=desk).output
    assert "cpu is quiet until" in leadgen("alerts", "quiet", "cpu", "--minutes", "5", at=desk).output
    assert "cpu speaks again." in leadgen("alerts", "quiet", "cpu", "--minutes", "0", at=desk).output
