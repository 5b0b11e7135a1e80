"""A sprint whose data are not good enough: the check says so, nothing is delivered, and somebody is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest

from leadgen_assets.automation.alert_sensors import announce_failure, announce_recovery
from leadgen_assets.resources.notify import Desk
from leadgen_assets.resources.stores import Stores
from leadgen_assets.stores.lease import Lease
from leadgen_tests.sprint.office import Office, checks, definitions, failures, open_office
from leadgen_tests.sprint.plans import small_sprint


@dataclass
class Refused:
    """A sprint that asks for an average score of 99, and its runs."""

    office: Office
    key: str
    refined: dg.ExecuteInProcessResult
    delivered_alone: dg.ExecuteInProcessResult


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> Iterator[Refused]:
    with open_office(tmp_path_factory.mktemp("refused"), servers) as office:
        sprint = small_sprint("refused", {"apollo-1": 40}, gates={"average_quality_score": 99})
        refined = office.run(sprint)
        yield Refused(office, sprint.name, refined, office.deliver(sprint.name))


def test_the_check_fails_and_names_the_number(refused: Refused) -> None:
    """REQ-005. Done when 4: observed value and threshold are in the check's description and metadata."""
    found = checks(refused.refined)
    failed = {name for name, each in found.items() if not each.passed}
    verdict = found["average_quality_score"]
    score = refused.office.status(refused.key).average_quality_score

    assert failed == {"average_quality_score"}
    assert verdict.severity is dg.AssetCheckSeverity.ERROR
    assert verdict.metadata["observed"].value == pytest.approx(score)
    assert verdict.metadata["required"].value == ">= 99"
    assert f"{score:.4g}" in (verdict.description or "")
    assert "99" in (verdict.description or "")


def test_nothing_is_delivered_in_the_same_run(refused: Refused) -> None:
    """REQ-009. Done when 4: `crm_sync` does not run after a failed blocking check."""
    assert not refused.refined.success
    assert failures(refused.refined).keys() == {"scored_leads_expectations"}
    assert "average_quality_score" in failures(refused.refined)["scored_leads_expectations"]
    assert refused.refined.asset_materializations_for_node("crm_sync") == []
    assert refused.office.sandbox.crm()["count"] == 0


def test_nothing_is_delivered_when_the_sync_is_launched_alone(refused: Refused) -> None:
    """Design rule 8. Done when 4: the gate holds across runs, and the refusal names the check."""
    assert not refused.delivered_alone.success
    assert "average_quality_score has not passed" in failures(refused.delivered_alone)["crm_sync"]
    assert refused.office.sandbox.calls()["hubspot"]["operations"].get("upsert") is None
    assert refused.office.sandbox.crm()["count"] == 0


def test_the_status_shows_the_failed_gate(refused: Refused) -> None:
    """TL-08: value, threshold, verdict; the sprint is not delivered, the others gates passed."""
    status = refused.office.status(refused.key)

    assert not status.is_delivered
    assert status.gates["average_quality_score"] == {
        "value": pytest.approx(status.average_quality_score),
        "threshold": 99,
        "passed": False,
    }
    assert [name for name, gate in status.gates.items() if not gate["passed"]] == ["average_quality_score"]
    assert status.crm_synced == 0
    assert status.qualified


def test_a_failed_run_is_told_at_the_webhook(refused: Refused) -> None:
    """REQ-022: the run-failure sensor raises one alert that names job, sprint, step and check, and no second one; a later
    run of the job for the same sprint resolves it."""
    for _ in range(2):
        _announce(refused, announce_failure)
    [message] = [each for each in refused.office.sandbox.slack() if "refine failed" in str(each)]
    assert refused.key in str(message)
    assert "scored_leads_expectations" in str(message)
    assert "average_quality_score" in str(message)

    _announce(refused, announce_recovery)
    [alert] = [each for each in refused.office.stores.alerts.list() if each.rule == "workflow_failed"]
    assert (alert.sprint, alert.instance, alert.state) == (refused.key, "refine", "resolved")


def _announce(refused: Refused, sensor: Callable[..., Any]) -> None:
    """Hand the failed run to a sensor, as the daemon does."""
    instance, run = refused.office.instance, refused.refined.dagster_run
    with (
        refused.office.at_work(),
        dg.build_run_status_sensor_context(
            sensor_name="announce_failure",
            dagster_event=refused.refined.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=instance.get_run_by_id(run.run_id) or run,
            resources={"desk": Desk(), "stores": Stores()},
        ) as context,
    ):
        sensor(context.for_run_failure() if sensor is announce_failure else context)


def test_a_failed_check_is_told_at_the_webhook_once(refused: Refused) -> None:
    """REQ-022: the check sensor raises an alert for the gate that refuses, and remembers what it has seen. Who looks at the
    rules may have seen it before: it is one alert, told once."""
    cursors = [_tick(refused.office, "announce_checks")]
    cursors.append(_tick(refused.office, "announce_checks", cursors[0]))
    told = [each for each in refused.office.sandbox.slack() if "Gate refuses" in str(each)]

    assert cursors[0] == cursors[1]
    assert len(told) == 1
    assert "average_quality_score" in str(told[0])
    [alert] = [each for each in refused.office.stores.alerts.open(refused.key) if each.rule == "gate_failed"]
    assert alert.instance == "average_quality_score"


def test_what_was_materialised_raises_and_resolves(refused: Refused) -> None:
    """REQ-022: the average score that `scored_leads` wrote is below the agreed one; a better one ends the alert."""
    office = refused.office
    cursor = _tick(office, "scored_leads_alerts")
    [alert] = [each for each in office.stores.alerts.open(refused.key) if each.rule == "quality"]
    assert "99 are agreed" in alert.text
    better = dg.AssetMaterialization(
        "scored_leads", partition=refused.key, metadata={"average_score": 99.5, "leads": 40}
    )
    office.instance.report_runless_asset_event(better)
    assert _tick(office, "scored_leads_alerts", cursor) != cursor
    assert not office.stores.alerts.get(alert.id).is_open


def test_what_the_crm_did_not_take_is_told_until_it_did(refused: Refused) -> None:
    """REQ-022, REQ-019: from the materialisation of `crm_sync`."""
    office, cursor = refused.office, None
    for failed, expected in ((3, ["crm_failures"]), (0, [])):
        made = dg.AssetMaterialization(
            "crm_sync", partition=refused.key, metadata={"failed": failed, "target": "hubspot"}
        )
        office.instance.report_runless_asset_event(made)
        cursor = _tick(office, "crm_sync_alerts", cursor)
        assert [each.rule for each in office.stores.alerts.open(refused.key) if each.rule == "crm_failures"] == expected


def test_a_check_that_blocks_nothing_is_told_as_information(refused: Refused) -> None:
    """REQ-022: `check_failed` for a warning, by segment; it ends when a later run passes the check."""
    office, place = refused.office, dg.MultiPartitionKey({"sprint": refused.key, "segment": "apollo-1"})
    cursor = _tick(office, "announce_checks")
    office.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey("raw_apollo"),
            check_name="known_fields_only",
            passed=False,
            metadata={},
            severity=dg.AssetCheckSeverity.WARN,
            partition=str(place),
            description="2 unknown fields",
        )
    )
    for is_open in (True, False):
        cursor = _tick(office, "announce_checks", cursor)
        [alert] = [each for each in office.stores.alerts.list() if each.rule == "check_failed"]
        assert (alert.severity, alert.sprint, alert.is_open) == ("INFO", refused.key, is_open)
        assert alert.instance == "raw_apollo/known_fields_only apollo-1"
        if is_open:
            office.collect(refused.key, "apollo-1")


def test_the_daemon_watches_the_rules(refused: Refused) -> None:
    """One evaluator: `desk_watch` looks while it holds the lease, and says so when somebody else does."""
    sensor = definitions().resolve_sensor_def("desk_watch")
    other = Lease("alerts", refused.office.stores.redis, refused.office.stores.db, refused.office.home)
    with refused.office.at_work():
        assert other.take()
        context = dg.build_sensor_context(
            refused.office.instance, resources={"desk": Desk()}, definitions=definitions()
        )
        assert sensor.evaluate_tick(context).skip_message == "another process watches"
        other.give_back()
        assert sensor.evaluate_tick(context).skip_message != "another process watches"
    assert "gate_failed" in {each.rule for each in refused.office.stores.alerts.open(refused.key)}


def _tick(office: Office, name: str, cursor: str | None = None) -> str | None:
    """Evaluate a sensor as the daemon does; its new cursor."""
    resources = {"desk": Desk(), "stores": Stores()}
    with (
        office.at_work(),
        dg.build_sensor_context(
            office.instance, cursor=cursor, resources=resources, definitions=definitions()
        ) as context,
    ):
        done = definitions().resolve_sensor_def(name).evaluate_tick(context)
    return done.cursor
