"""The emergency stop and incidents: seconds, nothing lost, everything on record, and on again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest

from leadgen_assets.cli.emergency import put_stop_on_record, was_stopped_so
from leadgen_assets.sprint_file import dump_sprint
from leadgen_assets.stores.alerts import Alert
from leadgen_assets.stores.controls import Buying
from leadgen_assets.stores.sprint_book import OpenSprint
from leadgen_tests.cli.conftest import OwnProcess, conducted_here, leadgen
from leadgen_tests.sprint.office import Office, open_office
from leadgen_tests.sprint.plans import small_sprint
from leadgen_tests.sprint.test_a_killed_collector import COLLECT

GATES = {"email_availability": 0, "average_quality_score": 10, "company_completeness": 0}


@dataclass
class Halted:
    """A sprint that was stopped while a collector ran in a process of its own."""

    office: Office
    told: dict[str, Any]
    seconds: float
    exit_codes: list[int]
    statuses: list[dg.DagsterRunStatus]
    opened: OpenSprint
    buying: Buying


@pytest.fixture(scope="module")
def halted(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> Iterator[Halted]:
    root = tmp_path_factory.mktemp("halted")
    with open_office(root, servers, dagster_home=True) as office:
        sprint = small_sprint("halted", {"apollo-1": 120, "sales-navigator-2": 30}, gates=GATES, enrichment={})
        key = office.open(sprint)
        office.stores.book.pause(key, "sales-navigator-2", "wait for the file")
        office.sandbox.faults("apollo", latency_ms=300)
        with office.at_work():
            processes = [
                subprocess.Popen(
                    [sys.executable, "-c", COLLECT, key, each.id, each.source, str(root / f"{each.id}.log")]
                )
                for each in sprint.segments[:1]
            ]
        try:
            # twelve purchases, eight at once: those behind the first eight are held back, however late the stop arrives
            _until(lambda: any(office.stores.raw_pages.listings(key, "apollo-1")))
            office.sandbox.faults("apollo", latency_ms=20_000)
            _until(lambda: bool(office.stores.raw_pages.accounted(key)))  # some have landed and are leads
            began = time.monotonic()
            done = leadgen("sprint", "stop", key, "--emergency", "--reason", "wrong list", "--json", at=office)
            seconds = time.monotonic() - began
            exit_codes = [each.wait(15) for each in processes]
        finally:
            for each in processes:
                each.kill()
        office.sandbox.faults("apollo", latency_ms=0)
        opened, buying = office.stores.book.get(key), office.stores.controls.read(key).buying
        statuses = [each.status for each in office.instance.get_runs()]
        yield Halted(office, json.loads(done.stdout), seconds, exit_codes, statuses, opened, buying)


def _until(holds: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_everything_ends_within_seconds(halted: Halted) -> None:
    """PHX-05: its run ended in order, by being asked; nothing is left that could buy."""
    assert halted.exit_codes == [0]
    assert halted.statuses == [dg.DagsterRunStatus.CANCELED]
    assert halted.told["killed"] == []
    assert halted.told["ended"] == ["collect apollo-1|halted"]
    assert halted.told["seconds"] < 20


def test_the_stop_is_on_record_with_its_reason(halted: Halted) -> None:
    """PHX-05: state, buying, segments, and an incident of severity P1."""
    opened = halted.opened
    assert opened.state == "stopped"
    assert was_stopped_so(opened)
    stop = next(each for each in opened.changes if each.get("state") == "stopped")
    assert stop["reason"] == "emergency stop: wrong list"
    assert stop["by"]
    assert halted.told["paused"] == ["apollo-1"]
    assert halted.buying is Buying.PAUSED
    incident = halted.office.stores.incidents.get(halted.told["incident"])
    assert (incident.severity, incident.sprint, incident.is_open) == ("P1", "halted", True)


def test_nothing_is_lost_and_it_goes_on_where_it_stopped(halted: Halted) -> None:
    """PHX-05, NFR-007: start is refused until resume; then pages that had landed are not bought again."""
    office = halted.office
    file = office.home / "halted.yaml"
    file.write_text(dump_sprint(small_sprint(
        "halted", {"apollo-1": 120, "sales-navigator-2": 30}, gates=GATES, enrichment={}
    )))  # fmt: skip
    before = office.status("halted")
    assert before.counts_add_up
    with conducted_here(office):
        refused = leadgen("sprint", "start", str(file), at=office)
    assert refused.exit_code == 2
    assert "leadgen sprint resume halted" in refused.output

    resumed = leadgen("sprint", "resume", "halted", at=office)

    assert resumed.exit_code == 0, resumed.output
    opened = office.stores.book.get("halted")
    assert {each.id: each.paused for each in opened.sprint.segments} == {
        "apollo-1": False, "sales-navigator-2": True,
    }  # fmt: skip
    assert opened.state == "open"
    assert office.stores.controls.read("halted").buying is Buying.ON
    assert all(run.success for run in office.collect("halted"))
    after = office.status("halted")
    assert after.counts_add_up
    assert after.delivered >= 120 > before.delivered > 0
    # a call that broke off may have been billed without an answer: it stays reserved, and is not sent again
    uncertain = float(sum(each.usd for each in office.stores.ledger.uncertain(timedelta(0))))
    assert after.cost_usd <= office.sandbox.usd() <= after.cost_usd + uncertain + 0.01


def test_a_stop_while_collecting_prevents_the_refinement(tmp_path: Path, servers: dict[str, str]) -> None:
    """PHX-05: the conductor sees it, delivers nothing and leaves the state as it is."""
    with open_office(tmp_path, servers) as office:
        sprint = small_sprint("cut", {"sales-navigator-2": 20}, gates=GATES, enrichment={})
        file = tmp_path / "cut.yaml"
        file.write_text(dump_sprint(sprint))

        class Interrupted(OwnProcess):
            def submit(self, *work: Any, **how: Any) -> Any:
                done = super().submit(*work, **how)
                put_stop_on_record(office.stores, "cut", "somebody", "")
                return done

        with (
            conducted_here(office),
            patch("leadgen_assets.cli.sprint.worker_pool", lambda size: nullcontext(Interrupted(office))),
        ):
            done = leadgen("sprint", "start", str(file), "--json", at=office)
        assert done.exit_code == 1
        assert "emergency stop" in json.loads(done.stdout)["problems"]["refine"]
        assert "refine" not in office.runs
        assert office.stores.book.get("cut").state == "stopped"
        assert office.sandbox.crm()["count"] == 0


def test_an_incident_from_first_sign_to_report(halted: Halted, tmp_path: Path) -> None:
    """PHX-05: severity, notes, time line of alerts, runs, sprint and buying, cause and lessons; nobody's data."""
    office = halted.office
    office.stores.alerts.record(
        Alert("error_rate", "halted", "", "WARNING", "Errors | 7 %", "…", datetime.now(UTC), history=())
    )
    opened = leadgen("incident", "open", "Apollo refuses", "--severity", "P2", "--began", "20m", "--json", at=office)
    key = json.loads(opened.stdout)["id"]
    person = office.rows("halted")[0]
    note = f"seen with {person['full_name']} <{person['email'] or 'a@example.com'}>, token=abcdef1234567890abcdef"
    leadgen("incident", "note", note, "--incident", key, "--severity", "P1", at=office)
    listed = json.loads(leadgen("incident", "list", "--open", "--json", at=office).stdout)
    refused = leadgen("incident", "close", key, at=office)
    closed = leadgen("incident", "close", key, "--cause", "a wrong key", "--resolution", "a new one", at=office)
    written = leadgen("incident", "report", key, "--json", at=office)

    assert key in {each["id"] for each in listed}
    assert (refused.exit_code, closed.exit_code, written.exit_code) == (2, 0, 0)
    report = json.loads(written.stdout)
    text = Path(report["file"]).read_text()
    kinds = {each["kind"] for each in report["timeline"]}
    assert {"alert", "sprint", "buying", "run", "note", "incident"} <= kinds
    assert [each["at"] for each in report["timeline"]] == sorted(each["at"] for each in report["timeline"])
    assert text.startswith("# P1 Apollo refuses")
    assert "Errors \\| 7 %: raised" in text
    assert "emergency stop: wrong list" in text
    assert "a wrong key" in text
    assert "Counts add up: nothing is lost." in text
    assert "Draft" not in text
    for planted in (person["full_name"], person["email"], "abcdef1234567890"):
        assert not planted or planted not in text


def test_mistakes_with_incidents_are_told(halted: Halted) -> None:
    """Bad input: unknown ids, times and severities say what to do."""
    unknown = leadgen("incident", "note", "text", "--incident", "I0-x", at=halted.office)
    assert (unknown.exit_code, "leadgen incident list" in unknown.output) == (2, True)
    assert leadgen("incident", "open", "x", "--began", "yesterday", at=halted.office).exit_code == 2
    assert leadgen("incident", "open", "x", "--severity", "P9", at=halted.office).exit_code == 2
