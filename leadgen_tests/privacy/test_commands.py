"""`leadgen privacy` and `leadgen quarantine` as their users see them: they work, and print nobody's data unasked."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import dagster as dg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from leadgen_assets.cli.main import app
from leadgen_assets.settings import Settings
from leadgen_tests.privacy.town import EMAIL, KEY, SLUG, WORDS, Town

Leadgen = Callable[..., Result]


@pytest.fixture
def leadgen(town: Town, vendors, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Leadgen:
    """Runs a command in the town; Dagster's storage is one of its own."""
    for name in [each for each in os.environ if each.lower() in Settings.model_fields or each.startswith("DAGSTER_")]:
        monkeypatch.delenv(name)
    at = town.settings
    for name, value in {
        "LEADGEN_HOME": at.home, "LEADGEN_MONGO_URI": at.leadgen_mongo_uri, "LEADGEN_REDIS_URL": at.leadgen_redis_url,
        "LEADGEN_DATABASE": at.leadgen_database, "LEADGEN_SANDBOX_URL": vendors.url, "DAGSTER_HOME": at.home / "dagster",
        "LEADGEN_MODE": "sandbox", "HUBSPOT_BASE_URL": f"{vendors.url}/hubspot",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(at.home)
    monkeypatch.setattr("leadgen_assets.cli.workplace.running_sandbox", lambda settings: nullcontext(vendors.url))
    monkeypatch.setattr(dg.DagsterInstance, "get", lambda: dg.DagsterInstance.ephemeral())
    caplog.set_level(logging.DEBUG)

    def run(*words: str, code: int = 0) -> Result:
        done = CliRunner().invoke(app, list(words))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert "Traceback" not in done.output
        assert done.exit_code == code, done.output
        return done

    return run


def is_silent(text: str) -> bool:
    """Whether the text names nobody whom we know all about."""
    return not any(word in text.casefold() for word in WORDS)


def test_a_person_is_shown_erased_and_stays_away(
    town: Town, leadgen: Leadgen, caplog: pytest.LogCaptureFixture
) -> None:
    """status, export, erase, status: only the exported files name her, and they go with her."""
    assert json.loads(leadgen("privacy", "status", EMAIL, "--json").stdout)["records"] == 4
    exported = json.loads(leadgen("privacy", "export", SLUG_URL, "--json").stdout)
    assert "Quillfeather" in Path(exported["files"][1]).read_text()
    printed = leadgen("privacy", "status", EMAIL).output

    (done,) = json.loads(leadgen("privacy", "erase", EMAIL, "--json").stdout)

    assert (done["state"], done["left"]) == ("done", {})
    assert town.found() == {}
    assert json.loads(leadgen("privacy", "status", EMAIL, "--json").stdout)["erasure"]["state"] == "done"
    assert is_silent(printed + json.dumps(done) + caplog.text)


SLUG_URL = f"https://www.linkedin.com/in/{SLUG}"


def test_erasing_asks_first(town: Town, leadgen: Leadgen) -> None:
    leadgen("privacy", "erase", EMAIL, code=1)
    assert town.found() != {}


def test_an_open_erasure_is_told_by_the_exit_code(town: Town, leadgen: Leadgen) -> None:
    """Something still names her: 1, and where; then `--resume` ends it."""
    town.stores.db["elsewhere"].insert_one({"note": EMAIL})
    said = leadgen("privacy", "erase", EMAIL, "--yes", code=1).output
    assert "still found in mongodb:elsewhere: 1" in said

    town.stores.db["elsewhere"].drop()

    assert ": done," in leadgen("privacy", "erase", "--resume").output
    assert "Nothing to do" in leadgen("privacy", "sweep").output


def test_a_restored_backup_forgets_again_who_was_erased_since(
    town: Town, leadgen: Leadgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFR-011, issue 4: the backup still has her; the restore that brings her back erases her in the same command."""
    monkeypatch.setenv("LEADGEN_BACKUPS", str(tmp_path / "other-disk"))
    backup = json.loads(leadgen("backup", "create", "--json").stdout)["backup"]
    leadgen("privacy", "erase", EMAIL, "--yes")

    restored = json.loads(leadgen("backup", "restore", backup, "--replace", "--json").stdout)

    assert restored["erased_again"] > 0
    assert town.found() == {}
    said = leadgen("backup", "restore", backup, "--replace").output
    assert "They were erased again" in said
    assert is_silent(said)
    assert town.found() == {}


def test_a_list_is_imported(town: Town, leadgen: Leadgen, tmp_path: Path) -> None:
    """Counts and line numbers, no lines."""
    path = tmp_path / "list.csv"
    path.write_text(f"email\n{EMAIL}\nAda Quillfeather\n")

    said = leadgen("privacy", "suppress", str(path), "--reason", "by letter").output

    assert "lines name nobody: 3" in said
    assert is_silent(said)
    assert town.stores.suppressions.suppressed([("email", EMAIL)])
    leadgen("privacy", "suppress", "somebody@else.example", "--do-not-sell")
    assert town.stores.do_not_sell.suppressed([("email", "somebody@else.example")])


@pytest.mark.parametrize(
    "words",
    [("status", "Ada Quillfeather"), ("erase", "Ada Quillfeather", "-y"), ("export", "L" + "x" * 24), ("erase",),
     ("suppress", "nowhere.csv"), ("suppress", "Ada Quillfeather")],
    ids=" ".join,
)  # fmt: skip
def test_a_mistake_is_told_without_repeating_it(leadgen: Leadgen, words: tuple[str, ...]) -> None:
    """Exit code 2, a way on, and no name in the message."""
    assert is_silent(leadgen("privacy", *words, code=2).output)


def test_retention_is_told_place_by_place(leadgen: Leadgen) -> None:
    done = json.loads(leadgen("privacy", "retain", "--json").stdout)
    assert {each["place"] for each in done["kept"]} >= {"raw_pages", "lake", "performance_marketers", "logs"}
    assert "raw_pages" in leadgen("privacy", "retain").output


def test_the_quarantine_names_nobody_unless_asked_to(town: Town, leadgen: Leadgen) -> None:
    """list and show: reasons, places, sizes; with --reveal the record."""
    (held,) = town.stores.quarantine.list(KEY)

    said = leadgen("quarantine", "list").output + leadgen("quarantine", "show", held.lead_id).output
    said += (
        leadgen("quarantine", "list", "--json").output + leadgen("quarantine", "show", held.lead_id, "--json").output
    )

    assert held.lead_id in said
    assert held.reason in said
    assert is_silent(said)
    assert not is_silent(leadgen("quarantine", "show", held.lead_id, "--reveal").output)
    assert not is_silent(leadgen("quarantine", "list", "--reveal", "--json").output)
    leadgen("quarantine", "show", "L" + "0" * 24, code=2)


def test_records_are_corrected_and_replayed(town: Town, leadgen: Leadgen, tmp_path: Path) -> None:
    """By a file that `list` printed, and by --set; what became of them is told by lead id."""
    (held,) = town.stores.quarantine.list(KEY)
    path = tmp_path / "held.json"
    path.write_text(leadgen("quarantine", "list", "--reveal", "--json").stdout)

    assert json.loads(leadgen("quarantine", "replay", "--from", str(path), "--json").stdout)["quarantined"] == 1
    said = leadgen(
        "quarantine", "replay", held.lead_id, "--set", "title=PPC Manager", "--set", "organization.name=Inkwell"
    )

    assert "1 replayed: 0 leads, 1 duplicates" in said.output
    assert is_silent(said.output)
    assert "0 replayed" in leadgen("quarantine", "replay").output


@pytest.mark.parametrize("words", [("--set", "title=x"), ("L" + "0" * 24,), ("--from", "nowhere.json")], ids=" ".join)
def test_a_replay_that_makes_no_sense_is_told(town: Town, leadgen: Leadgen, words: tuple[str, ...]) -> None:
    town.stores.db["quarantine"].delete_many({})
    leadgen("quarantine", "replay", *words, code=2)
