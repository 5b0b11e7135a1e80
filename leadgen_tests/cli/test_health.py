"""`leadgen health`, `leadgen diagnostics`: what is wrong is found, told plainly, and nothing that must stay is carried out."""

from __future__ import annotations

import json
import stat
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadgen_assets.desk import health as desk
from leadgen_assets.desk.backups import name_of
from leadgen_assets.desk.scrub import Scrubber
from leadgen_assets.services import configured
from leadgen_assets.stores.mongo import LEADS
from leadgen_assets.stores.query_plans import scans
from leadgen_tests.cli.conftest import leadgen
from leadgen_tests.sprint.office import Office, open_office
from leadgen_tests.sprint.plans import small_sprint


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> Any:
    """An office with a collected segment; Dagster on SQLite."""
    with open_office(tmp_path_factory.mktemp("health"), servers, dagster_home=True) as opened:
        opened.open(small_sprint("looked-at", {"sales-navigator-2": 30}))
        opened.collect("looked-at")
        yield opened


def examined(office: Office, *words: str, **env: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """Exit code and findings by subject."""
    done = leadgen("health", *words, "--json", at=office, **env)
    found: dict[str, list[dict[str, str]]] = {}
    for each in json.loads(done.stdout)["findings"]:
        found.setdefault(each["subject"], []).append(each)
    return done.exit_code, found


def test_a_healthy_system_is_told_so(office: Office) -> None:
    """PHX-01: quick, morning and deep; stores, sources, scheduler, messages, disk, indexes, last sprint; exit code 0."""
    code, found = examined(office, "--quick")
    assert code == 0
    expected = {"Secrets", "Scheduler", "Runs", "MongoDB", "Redis", "Disk", "Slack", "Mail", "Backup", "Last sprint"}
    assert set(found) == expected
    assert found["Scheduler"][0]["verdict"] == "warn"  # nobody runs `leadgen dev` here
    assert "records delivered" in found["Last sprint"][0]["detail"]

    requests = office.sandbox.requests("apollo")
    code, found = examined(office, "--deep")
    assert code == 0, [each for all_of in found.values() for each in all_of if each["verdict"] == "fail"]
    assert expected | {
        "Indexes",
        "Query plans",
        "Alerts",
        "Money",
        "Leads",
        "Storage",
        "hubspot",
        "CRM mapping",
    } <= set(found)
    assert office.sandbox.requests("apollo") - requests <= 2
    assert not office.sandbox.credits().get("apollo")


def test_a_missing_index_is_found_and_named(office: Office) -> None:
    """DE-06, DE-02: exit code 1, the index and the query that would read everything."""
    office.stores.db[LEADS].drop_index("identity_keys")
    try:
        assert examined(office, "--quick")[0] == 0
        assert scans(office.stores.db) == [f"{LEADS} by identity_keys reads the whole collection"]
        [finding] = list(desk._guarded("Indexes", lambda: desk._shape(office.stores.db, every_document=False)))
        assert finding.verdict is desk.Verdict.FAIL
        assert finding.detail == f"index {LEADS}.identity_keys is missing or differs"
    finally:
        office.stores.db[LEADS].create_index("identity_keys", name="identity_keys")


def test_a_lead_that_breaks_the_rules_is_found(office: Office) -> None:
    """DE-06: by its id, without its data."""
    office.stores.db.command(
        {
            "insert": LEADS,
            "documents": [{"_id": "L-broken", "email": "who@example.com"}],
            "bypassDocumentValidation": True,
        }
    )
    try:
        details = [each.detail for each in desk._shape(office.stores.db, every_document=True)]
        assert details == ["lead L-broken breaks the validator"]
    finally:
        office.stores.db[LEADS].delete_one({"_id": "L-broken"})


def test_counts_that_do_not_add_up_are_a_failure(office: Office) -> None:
    """NFR-007: a lost record is the first thing a health check must show."""
    outcomes = office.stores.db["page_outcomes"]
    page = outcomes.find_one({"sprint": "looked-at"})
    outcomes.update_one({"_id": page["_id"]}, {"$inc": {"counts.leads": -1}})
    try:
        code, found = examined(office)
        assert code == 1
        assert found["Last sprint"][0]["verdict"] == "fail"
    finally:
        outcomes.update_one({"_id": page["_id"]}, {"$inc": {"counts.leads": 1}})


@pytest.mark.parametrize(("hours", "verdict"), [(1, "ok"), (30, "warn"), (60, "fail")])
def test_an_old_backup_is_told(office: Office, tmp_path: Path, hours: int, verdict: str) -> None:
    """REQ-018: nightly, so one that is more than a day old is late and one of two days ago is missing."""
    folder = tmp_path / name_of(datetime.now(UTC) - timedelta(hours=hours))
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    _, found = examined(office, LEADGEN_BACKUPS=str(tmp_path))
    assert found["Backup"][0]["verdict"] == verdict
    assert f"{hours}.0 h old" in found["Backup"][0]["detail"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits seconds for a server that is known to be away."""
    for name in ("mongo", "redis"):
        ask = getattr(configured, f"_ask_{name}")
        monkeypatch.setattr(configured, f"_ask_{name}", lambda address, _, ask=ask: ask(address, 0.3))


@pytest.mark.usefixtures("impatient")
def test_a_store_that_is_away_is_a_finding_not_a_stack(office: Office) -> None:
    """PHX-01: the rest is looked at all the same; no password is shown."""
    dead = "mongodb://me:hidden-word@127.0.0.1:9/?serverSelectionTimeoutMS=200"
    code, found = examined(office, LEADGEN_MONGO_URI=dead)
    assert code == 1
    assert "LEADGEN_MONGO_URI is set to mongodb://me:***@127.0.0.1:9/" in found["MongoDB"][0]["detail"]
    assert "hidden-word" not in str(found)
    assert found["Disk"][0]["verdict"] in ("ok", "warn")

    code, found = examined(office, LEADGEN_REDIS_URL="redis://:hidden-word@127.0.0.1:9/0")
    assert code == 1
    assert [each["verdict"] for each in found["Redis"]] == ["fail"]
    assert found["MongoDB"][0]["verdict"] == "ok"
    assert "hidden-word" not in str(found)


def test_little_room_and_readable_credentials_are_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """PHX-01, NFR-010: before a sprint fills the disk; before somebody else reads the keys."""
    from shutil import _ntuple_diskusage

    monkeypatch.setattr(desk.shutil, "disk_usage", lambda _: _ntuple_diskusage(10**12, 10**12, 10**9))
    (office.home / ".env").write_text("APOLLO_API_KEY=x\n")
    (office.home / ".env").chmod(0o644)
    try:
        code, found = examined(office)
    finally:
        (office.home / ".env").unlink()
    assert code == 1
    assert found["Disk"][0]["verdict"] == "fail"
    assert found["Secrets"][0]["detail"] == ".env can be read by others: chmod 600 .env"


PLANTED = {
    "APOLLO_API_KEY": "planted-apollo-key-8841",
    "SLACK_WEBHOOK_URL": "https://hooks.example.com/services/T1/B1/planted-webhook",
    "SMTP_URL": "smtp://bot:planted-mail-password@mail.example.com:587",
    "SOME_VENDOR_TOKEN": "planted-token-of-the-environment",
}
PERSON = {"full_name": "Zbigniew Plantowski", "email": "zbigniew@plantowski.example", "phone": "+1 512 555 0134"}


def test_a_diagnostics_bundle_holds_no_secret_and_nobody(office: Office, tmp_path: Path) -> None:
    """PHX-05, NFR-010, NFR-011: planted in settings, environment, logs, records and leads; found in no part of the zip."""
    office.stores.db[LEADS].update_one({"sprint": "looked-at"}, {"$set": PERSON})
    profile = "https://www.linkedin.com/in/plantowski-77"
    logs = office.home / "logs"
    logs.mkdir(exist_ok=True)
    said = " ".join([*PLANTED.values(), *PERSON.values(), profile, "Bearer planted-bearer-1234567890abcdef"])
    (logs / "run.log").write_text(f"{'a line before, ' * 40}\nfailed for {said}\nand Plantowski, Zbigniew again\n")
    office.stores.book.pause("looked-at", "sales-navigator-2", f"asked by {PERSON['email']}")
    out = tmp_path / "bundle.zip"

    done = leadgen("diagnostics", "--out", str(out), "--json", at=office, **PLANTED)

    assert done.exit_code == 0
    with zipfile.ZipFile(out) as bundle:
        parts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    everything = "\n".join(parts.values())
    mongo = office.env["LEADGEN_MONGO_URI"].split("@")[0].rpartition(":")[2]
    planted = [
        *PLANTED.values(),
        *PERSON.values(),
        profile,
        "planted-bearer",
        "planted-mail-password",
        "plantowski",
        mongo,
    ]
    assert not [word for word in planted if word.casefold() in everything.casefold()]
    settings = json.loads(parts["settings.json"])
    assert settings["APOLLO_API_KEY"] == "set"
    assert settings["HUBSPOT_ACCESS_TOKEN"] is None
    assert "@" not in settings["LEADGEN_MONGO_URI"]
    expected = {
        "versions.json",
        "health.json",
        "services.json",
        "collections.json",
        "sprints.json",
        "runs.json",
        "logs/run.log",
    }
    assert expected <= set(parts)
    assert json.loads(parts["collections.json"])[LEADS]["documents"] > 0
    assert "a line before" in parts["logs/run.log"]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_names_are_taken_out_only_beside_each_other() -> None:
    """NFR-011: "Grant" in "grant access" is a word; "Grant Example" is a person."""
    scrub = Scrubber(["s3cr3t"], ["Grant Example", "Anna-Maria von Beispiel"])
    assert scrub.line("grant access to Grant Example, key s3cr3t") == "grant access to … …, key …"
    assert scrub.line("Anna-Maria Beispiel and von Beispiel") == "… … and … …"


@pytest.mark.usefixtures("impatient")
def test_a_bundle_is_made_when_the_database_is_away(office: Office, tmp_path: Path) -> None:
    """PHX-05: that is when it is wanted most."""
    out = tmp_path / "bundle.zip"
    dead = "mongodb://me:hidden-word@127.0.0.1:9/?serverSelectionTimeoutMS=200"
    assert leadgen("diagnostics", "--out", str(out), at=office, LEADGEN_MONGO_URI=dead).exit_code == 0
    with zipfile.ZipFile(out) as bundle:
        assert "does not answer" in bundle.read("stores.json").decode()
        assert "hidden-word" not in "".join(bundle.read(name).decode() for name in bundle.namelist())
