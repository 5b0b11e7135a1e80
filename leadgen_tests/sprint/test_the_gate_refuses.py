"""A sprint whose data are not good enough: the check says so, nothing is delivered, and somebody is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg
import pytest

from leadgen_assets.automation.sensors import announce_failure
from leadgen_assets.resources.notify import Desk
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
    """REQ-022: the run-failure sensor sends one message that names job, sprint, step and check, and no second one."""
    instance, run = refused.office.instance, refused.refined.dagster_run
    with refused.office.at_work():
        for _ in range(2):
            context = dg.build_run_status_sensor_context(
                sensor_name="announce_failure",
                dagster_event=refused.refined.get_run_failure_event(),
                dagster_instance=instance,
                dagster_run=instance.get_run_by_id(run.run_id) or run,
                resources={"desk": Desk()},
            )
            announce_failure(context.for_run_failure())
    [message] = [each for each in refused.office.sandbox.slack() if "refine failed" in str(each)]

    assert f"refine failed: {refused.key}" in str(message)
    assert "scored_leads_expectations" in str(message)
    assert "average_quality_score" in str(message)


def test_a_failed_check_is_told_at_the_webhook_once(refused: Refused) -> None:
    """REQ-022: the check sensor tells new failures and remembers what it told."""
    office, cursors = refused.office, [None]
    sensor = definitions().resolve_sensor_def("announce_checks")
    for _ in range(2):
        with office.at_work():
            context = dg.build_sensor_context(
                office.instance, cursor=cursors[-1], resources={"desk": Desk()}, definitions=definitions()
            )
            cursors.append(sensor.evaluate_tick(context).cursor)
    told = [each for each in office.sandbox.slack() if "quality check failed" in str(each)]

    assert cursors[1] == cursors[2]
    assert len(told) == 1
    assert f"scored_leads:average_quality_score [{refused.key}]" in str(told[0])
