"""Commands on real stores: what they print, how they exit, and what they say to a mistake."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadgen_assets.sprint_file import Sprint, dump_sprint
from leadgen_tests.cli.conftest import conducted_here, leadgen
from leadgen_tests.sprint.office import Office, open_office
from leadgen_tests.sprint.plans import small_sprint

SIZES = {"apollo-1": 30, "sales-navigator-1": 20}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> Iterator[Office]:
    """An office with an open sprint of which one segment is collected; Dagster on SQLite, for `doctor`."""
    with open_office(tmp_path_factory.mktemp("opened"), servers, dagster_home=True) as office:
        office.open(small_sprint("opened", SIZES))
        office.collect("opened", "sales-navigator-1")
        yield office


def test_before_the_first_sprint_commands_say_how_to_start_one(office: Office) -> None:
    """TL-01: exit code 2 and the command to type; the list is empty."""
    for words in (["status"], ["pause"], ["stop"], ["segment", "pause", "apollo-1"]):
        done = leadgen("sprint", *words, at=office)
        assert done.exit_code == 2
        assert "There is no sprint yet. Start one: leadgen sprint start" in done.output
    assert json.loads(leadgen("sprint", "list", "--json", at=office).stdout) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["status", "autumn"], "There is no sprint 'autumn'. On record: opened"),
        (["segment", "pause", "apollo-9"], "opened has no segment apollo-9; it has apollo-1, sales-navigator-1."),
        (["segment", "resume", "apollo-9"], "opened has no segment apollo-9"),
        (["segment", "retarget", "apollo-9", "--leads", "5"], "opened has no segment apollo-9"),
        (["segment", "retarget", "apollo-1", "--leads", "90", "--from", "x"], "opened has no segment x"),
        (
            ["segment", "retarget", "apollo-1", "--leads", "90", "--from", "sales-navigator-1"],
            "sales-navigator-1 has 20 leads, fewer than the 60 to be moved.",
        ),
        (["segment", "add", "apollo-1", "--source", "apollo", "--leads", "5"], "opened has a segment apollo-1 already"),
        (["segment", "add", "new", "--source", "linkedin", "--leads", "5"], "segment new: source: Input should be 'apollo'"),
        (["segment", "add", "new", "--source", "sales_navigator", "--leads", "5"], "files is for source sales_navigator"),
        (["segment", "add", "New!", "--source", "apollo", "--leads", "5"], "id: String should match pattern"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_met_says_why_and_changes_nothing(opened: Office, words: list[str], told: str) -> None:
    """Requirements §2: exit code 2, the names there are, and the sprint as it was."""
    before = opened.stores.book.get("opened")
    done = leadgen("sprint", *words, at=opened)

    assert done.exit_code == 2
    assert told in done.output
    assert opened.stores.book.get("opened") == before


def test_the_status_is_shown_to_people_and_programs(opened: Office) -> None:
    """TL-01, interfaces.md: figures and segments; the same from a name and for the latest."""
    shown = leadgen("sprint", "status", at=opened)
    told = json.loads(leadgen("sprint", "status", "opened", "--json", at=opened).stdout)
    segments = {each["id"]: each for each in told["segments"]}

    assert shown.exit_code == 0
    assert all(each in shown.output for each in (*SIZES, "Collected", "Delivered", "adds up"))
    assert (told["sprint"], told["qualified"], told["gates"], told["is_delivered"]) == ("opened", None, {}, False)
    assert (segments["apollo-1"]["state"], segments["sales-navigator-1"]["state"]) == ("waiting", "done")
    assert told["delivered"] == segments["sales-navigator-1"]["delivered"] >= 20


def test_a_sprint_is_paused_resumed_and_stopped(office: Office) -> None:
    """Requirements §2, PHX-05: every segment, and the list tells."""
    office.open(small_sprint("steered", SIZES))

    def paused() -> set[bool]:
        return {each.paused for each in office.stores.book.get("steered").sprint.segments}

    assert leadgen("sprint", "pause", at=office).exit_code == 0
    assert paused() == {True}
    assert leadgen("sprint", "resume", "steered", at=office).exit_code == 0
    assert paused() == {False}
    assert leadgen("sprint", "stop", at=office).exit_code == 0
    assert paused() == {True}
    assert json.loads(leadgen("sprint", "list", "--json", at=office).stdout)[0]["state"] == "stopped"


def test_doctor_says_go_without_spending_a_credit(opened: Office) -> None:
    """TL-07, TL-08, PHX-01: every vendor of the sprint answers, stores, disk, budget, thresholds, CRM mapping."""
    file = _file(opened)
    told = json.loads((done := leadgen("doctor", str(file), "--json", at=opened)).stdout)
    shown = leadgen("doctor", str(file), at=opened)
    findings = {each["subject"]: each for each in told["findings"]}

    assert (done.exit_code, told["go"], shown.exit_code) == (0, True, 0)
    assert {"MongoDB", "Redis", "Disk", "Budget", "Thresholds", "CRM mapping"} <= findings.keys()
    assert {
        "apollo",
        "sales_navigator",
        "brightdata",
        "clearbit",
        "hunter",
        "neverbounce",
        "hubspot",
    } <= findings.keys()
    assert shown.output.rstrip().endswith("Go.")
    assert all(each["credits_used"] == "0" for each in opened.sandbox.calls().values())
    assert opened.sandbox.crm()["count"] == 0


def test_doctor_says_no_go_and_why(opened: Office) -> None:
    """TL-07, TL-08: a refused key, a source that is down and a mapping that does not fit are named; exit code 1."""
    opened.sandbox.faults("apollo", expired_token=True)
    opened.sandbox.faults("hunter", down=True)
    mapping = opened.home / "mapping.yaml"
    mapping.write_text("crm: hubspot\nnonsense: true\n")
    done = leadgen("doctor", str(_file(opened)), "--json", at=opened, HUBSPOT_MAPPING=str(mapping))
    opened.sandbox.http.post("/_sandbox/reset").raise_for_status()
    told = json.loads(done.stdout)
    bad = {each["subject"]: each["detail"] for each in told["findings"] if each["required"] and not each["ok"]}

    assert (done.exit_code, told["go"]) == (1, False)
    assert bad.keys() == {"apollo", "hunter", "CRM mapping"}
    assert "APOLLO_API_KEY" in bad["apollo"]
    assert str(mapping) in bad["CRM mapping"]


def test_doctor_names_the_settings_that_are_missing_in_live_mode(opened: Office) -> None:
    """interfaces.md: a vendor without credentials is off; the sandbox is never asked instead."""
    before = opened.sandbox.requests()
    done = leadgen("doctor", str(_file(opened)), "--json", at=opened, LEADGEN_MODE="live")
    off = {each["subject"]: each["detail"] for each in json.loads(done.stdout)["findings"] if not each["ok"]}

    assert done.exit_code == 1
    assert off["apollo"] == "off: APOLLO_API_KEY not set"
    assert off["hubspot"] == "off: HUBSPOT_ACCESS_TOKEN not set"
    assert opened.sandbox.requests() == before


def _file(office: Office, sprint: Sprint | None = None) -> Path:
    path = office.home / "sprint.yaml"
    path.write_text(dump_sprint(sprint or small_sprint("examined", SIZES)))
    return path


def test_a_failed_gate_ends_with_exit_code_1_and_shows_the_number(office: Office) -> None:
    """REQ-005. Done when 4: the gate, its value and its threshold are shown, and nothing reached the CRM."""
    gates = {"average_quality_score": 99, "email_availability": 0, "company_completeness": 0}
    file = _file(office, small_sprint("strict", {"sales-navigator-2": 30}, gates=gates, enrichment={}))
    with conducted_here(office):
        shown = leadgen("sprint", "start", str(file), at=office)
    [gate] = [line for line in shown.output.splitlines() if line.strip().endswith("FAILED")]

    assert shown.exit_code == 1
    assert gate.strip().lower().startswith("average quality score")
    measured, required = (float(each) for each in re.findall(r"[\d.]+", gate))
    assert measured < required == 99
    assert "refine: " in shown.output
    assert "average_quality_score" in shown.output
    assert "Not delivered." in shown.output
    assert office.stores.book.get("strict").state == "failed"
    [alert] = [each for each in office.stores.alerts.open("strict") if each.rule == "workflow_failed"]
    assert alert.instance == "refine"
    assert "average_quality_score" in alert.text
    assert office.sandbox.crm()["count"] == 0


def test_a_segment_that_fails_does_not_stop_the_sprint(office: Office) -> None:
    """PHX-04, NFR-005: exit code 0 when the rest passes every gate, and the problem is told."""
    office.sandbox.faults("apollo", expired_token=True)
    gates = {"email_availability": 0, "average_quality_score": 10, "company_completeness": 0}
    sizes = {"sales-navigator-2": 30, "apollo-1": 25}
    file = _file(office, small_sprint("limping", sizes, gates=gates, enrichment={}))
    with conducted_here(office):
        shown = leadgen("sprint", "start", str(file), at=office)

    assert "apollo-1: raw_apollo: " in shown.output
    assert "Delivered: every gate passed." in shown.output
    assert shown.exit_code == 0
    assert office.sandbox.crm()["count"] == office.status("limping").qualified
    [alert] = [each for each in office.stores.alerts.open("limping") if each.rule == "workflow_failed"]
    assert alert.instance == "collect apollo-1"

    office.sandbox.faults("apollo", expired_token=False)
    with conducted_here(office):
        leadgen("sprint", "start", str(file), at=office)
    assert [each.rule for each in office.stores.alerts.open("limping") if each.rule == "workflow_failed"] == []


def test_another_content_under_the_same_name_is_refused(opened: Office) -> None:
    """Design: a sprint on record changes by commands only; exit code 2 says by which."""
    before = opened.stores.book.get("opened")
    with conducted_here(opened):
        done = leadgen("sprint", "start", str(_file(opened, small_sprint("opened", {"apollo-1": 77}))), at=opened)

    assert done.exit_code == 2
    assert "sprint opened is open with another content" in done.output
    assert "--key" in done.output
    assert opened.stores.book.get("opened") == before


def test_live_without_credentials_says_which_before_anything_is_spent(opened: Office) -> None:
    """interfaces.md "Settings". Done when 5: exit code 2, the settings by name, no call, no sprint on record."""
    requests = opened.sandbox.requests()
    file = _file(opened, small_sprint("unset"))
    with conducted_here(opened):
        done = leadgen("sprint", "start", str(file), at=opened, LEADGEN_MODE="live", ZOOMINFO_CLIENT_ID="someone",
                       APOLLO_API_KEY="")  # fmt: skip

    assert done.exit_code == 2
    for setting in ("APOLLO_API_KEY", "BRIGHTDATA_API_TOKEN", "ZOOMINFO_CLIENT_SECRET", "HUBSPOT_ACCESS_TOKEN"):
        assert setting in done.output
    assert "ZOOMINFO_CLIENT_ID" not in done.output
    assert "Nothing was started or spent" in done.output
    assert opened.sandbox.requests() == requests
    assert "unset" not in {each.key for each in opened.stores.book.list()}


def test_services_that_do_not_run_are_shown_as_stopped(nowhere: Path) -> None:
    """PHX-01: exit code 1, and looking starts nothing."""
    done = leadgen("services", "status", "--json")
    told = json.loads(done.stdout)

    assert (done.exit_code, told["ready"]) == (1, False)
    assert {each["state"] for each in told["services"]} == {"stopped"}
    assert leadgen("services", "status").exit_code == 1
    assert leadgen("services", "down").exit_code == 0


def test_a_store_that_is_not_there_is_named_without_its_password(nowhere: Path, mongo_uri: str) -> None:
    """NFR-010: setting, address without password, and the choices."""
    away = "redis://desk:hidden-word@127.0.0.1:9/0"
    done = leadgen("sprint", "status", LEADGEN_MONGO_URI=mongo_uri, LEADGEN_REDIS_URL=away)

    assert done.exit_code == 2
    assert "LEADGEN_REDIS_URL is set to redis://desk:***@127.0.0.1:9/0, which does not answer" in done.output
    assert "hidden-word" not in done.output


def test_a_setting_with_a_wrong_value_is_named(nowhere: Path) -> None:
    """interfaces.md "Settings": name and allowed values, exit code 2."""
    for words in (["sprint", "status"], ["services", "status"], ["doctor"]):
        done = leadgen(*words, LEADGEN_MODE="production")
        assert done.exit_code == 2
        assert "LEADGEN_MODE: Input should be 'sandbox' or 'live'" in done.output


def test_a_limits_file_with_a_mistake_is_named(opened: Office) -> None:
    """interfaces.md: file and key, exit code 2, before anything is started."""
    limits = opened.home / "limits.yaml"
    limits.write_text("apolo: {search: []}\n")
    done = leadgen("doctor", str(_file(opened)), at=opened, LEADGEN_LIMITS=str(limits))

    assert done.exit_code == 2
    assert f"{limits}: " in done.output
    assert "apolo" in done.output


@pytest.mark.parametrize("words", [[], ["sprint"], ["sprint", "segment"], ["services"], ["sandbox"]])
def test_a_group_without_a_command_shows_its_commands(nowhere: Path, words: list[str]) -> None:
    """interfaces.md: each with --help."""
    assert "Commands" in leadgen(*words).output
    assert leadgen(*words, "--help").exit_code == 0


def test_leads_are_exported_by_sprint_and_by_day(opened: Office, tmp_path: Path) -> None:
    """PHX-07: the latest sprint by default, days are inclusive, and the number is told."""
    stored = opened.stores.leads.count("opened")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    for number, words in enumerate(
        [[], ["--sprint", "opened"], ["--from", "2026-01-01"], ["--sprint", "opened", "--to", today]]
    ):
        done = leadgen("export", str(tmp_path / f"{number}.csv"), *words, "--json", at=opened)
        assert json.loads(done.stdout)["leads"] == stored
        assert len((tmp_path / f"{number}.csv").read_text().splitlines()) >= stored + 1
    assert f"{stored} leads in" in leadgen("export", str(tmp_path / "all.parquet"), at=opened).output
    none = leadgen("export", str(tmp_path / "old.csv"), "--to", "2020-01-01", "--json", at=opened)
    assert json.loads(none.stdout)["leads"] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["leads.xlsx"], "leads.xlsx: the name must end in .csv or .parquet."),
        (["leads.csv", "--from", "2026-02-02", "--to", "2026-02-01"], "--to 2026-02-01 is before --from 2026-02-02."),
        (["leads.csv", "--sprint", "autumn"], "There is no sprint 'autumn'."),
    ],
)
def test_an_export_that_makes_no_sense_says_why(
    opened: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    """PHX-07: exit code 2 and no file."""
    monkeypatch.chdir(tmp_path)
    done = leadgen("export", *words, at=opened)
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())
    assert list(tmp_path.iterdir()) == []
