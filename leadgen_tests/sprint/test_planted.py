"""Planted secrets and planted people over a whole sprint's output: with faults, at debug level, everything written is read.

Issue "Trust": a planted secret and a planted person are found nowhere they should not be.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

import dagster as dg
import pytest
from typer.testing import CliRunner

from leadgen_assets.cli.main import app
from leadgen_assets.cli.workplace import PROJECT
from leadgen_assets.desk.exposition import exposition
from leadgen_assets.desk.state.reader import StateReader
from leadgen_assets.resources.notify import Desk
from leadgen_assets.services.backup.create import create_backup
from leadgen_assets.services.backup.place import Place
from leadgen_assets.settings import Settings, password_in
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_assets.vault.vault import Vault
from leadgen_tests.sprint import planted
from leadgen_tests.sprint.office import Office, open_office
from leadgen_tests.sprint.plans import small_sprint
from leadgen_tests.sprint.planted import LEAD, SUPPRESSED, UNUSABLE

MAY_HOLD_PEOPLE = ("performance_marketers", "raw_pages", "quarantine", "lead_keys", "enrichment_cache")
AS_DELIVERED = {
    "collection raw_pages",
    "file home/imports/sales_navigator/segment-1-a-planted.csv",
    "file home/lake/normalized_sales_navigator/planted/sales-navigator-1.parquet",
}
COMMANDS = (
    ("sprint", "status"), ("sprint", "status", "--json"), ("cost", "show"), ("alerts", "list"), ("report", "list"),
    ("quarantine", "list"), ("backup", "list"), ("secrets", "list", "--json"), ("secrets", "check"),
    ("diagnostics", "--out", "diagnostics.zip"),
)  # fmt: skip


@dataclass
class Written:
    """Everything, by where it is, and the secrets that must not be there."""

    office: Office = field(repr=False)
    texts: dict[str, str] = field(repr=False)
    secrets: dict[str, str] = field(repr=False)

    def naming(self, *traces: str) -> set[str]:
        """Where any of these texts is, whatever the case."""
        return {where for where, text in self.texts.items() if any(each in text.lower() for each in traces)}


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> Iterator[Written]:
    root = tmp_path_factory.mktemp("planted")
    key_file = tmp_path_factory.mktemp("keys") / "master.key"
    master = planted.make_key(key_file)
    with ExitStack() as stack:
        for each in ("frame", "zoominfo", "salesforce"):
            stack.enter_context(patch(f"leadgen_assets.sandbox.{each}.SANDBOX_CREDENTIAL", planted.KEY))
        dagster_home = tmp_path_factory.mktemp("dagster")
        shutil.copyfile(PROJECT / "deploy" / "dagster.sqlite.yaml", dagster_home / "dagster.yaml")
        office = stack.enter_context(
            open_office(root, servers, settings_at=lambda url: planted.settings_at(url, key_file, dagster_home))
        )
        stack.enter_context(office.at_work())
        vault = Vault(office.home)
        vault.put("HUBSPOT_ACCESS_TOKEN", planted.KEY)
        vault.put("SLACK_WEBHOOK_URL", f"{office.sandbox.url}/slack/services/T000/B000/{planted.KEY}")
        with planted.at_debug_level(office.home / "logs" / "everything.log") as (out, err):
            said = _work(office)
        screen = {"screen": out.getvalue(), "errors": err.getvalue(), "office": "\n".join(office.told), **said}
        passwords = {f"password of {name}": password_in(servers[name]) or "" for name in servers}
        secrets = {**planted.SECRETS, **passwords, "master key": master}
        yield Written(office, {**planted.written(office, root), **screen}, secrets)


def _work(office: Office) -> dict[str, str]:
    """A sprint with troubles, what the desk tells about it, a backup, and what people ask for. Returns what was said."""
    planted.drop_export(office.home)
    barred = SUPPRESSED.row()
    office.stores.suppressions.add_many(
        [("linkedin", barred["LinkedIn URL Public"]), ("email", barred["Email"])], "asked"
    )
    office.sandbox.faults("apollo", error_rate=0.2)
    office.sandbox.faults("zoominfo", expired_token=True)
    office.sandbox.faults("hubspot", error_rate=0.2)
    sprint = small_sprint(
        "planted", {"sales-navigator-1": 12, "apollo-1": 10, "zoominfo-1": 8},
        enrichment={"company": ["clearbit"], "email": ["hunter", "pdl"], "verify": ["neverbounce"]},
    )  # fmt: skip
    key = office.open(sprint)
    office.stores.book.set_state(key, SprintState.RUNNING)
    office.collect(key)
    office.refine(key)
    Desk().happened(office.stores, "workflow_failed", sprint=key, instance="x", text="a test", is_bad=True)
    office.stores.book.set_state(key, SprintState.FINISHED)
    state = StateReader(office.stores).read(key)
    said = {"state": json.dumps(state, default=str), "metrics": exposition(state).decode()}
    with patch.object(dg.DagsterInstance, "get", lambda: nullcontext(office.instance)):
        for words in COMMANDS:
            done = CliRunner().invoke(app, list(words))
            assert done.exception is None or isinstance(done.exception, SystemExit), (words, done.exception)
            said[f"leadgen {' '.join(words)}"] = done.output
    create_backup(Place(Settings(), dagster_home=Path(office.env["DAGSTER_HOME"])))
    return said


def test_a_secret_is_nowhere(output: Written) -> None:
    """NFR-010: not in logs at debug level, events, metadata, records, Redis, metrics, alerts, reports as HTML and PDF, quality
    pages, messages, bundle, backup or lake; neither as it is nor in a URL or a login."""
    found = {}
    for name, secret in output.secrets.items():
        forms = {
            secret,
            quote(secret, safe=""),
            *(base64.b64encode(f"{x}:{secret}".encode()).decode()[8:-6] for x in ("", "a", "ab")),
        }
        found[name] = {where for where, text in output.texts.items() if any(each in text for each in forms)}

    assert {name: places for name, places in found.items() if places} == {}


def test_a_lead_is_where_people_belong_and_nowhere_else(output: Written) -> None:
    """NFR-011: lead collections, raw pages, claims, lake, import file, CRM; in a backup those again, and that is all."""
    found = output.naming(*LEAD.traces)
    elsewhere = {each for each in found if not _holds_people(each)}

    assert elsewhere == set()
    assert {"collection performance_marketers", "collection raw_pages", "redis claims"} <= found
    assert any(each.startswith("file home/lake/scored_leads") for each in found)
    assert any("mongo.archive.gz" in each for each in found)


def test_a_suppressed_person_is_a_hash(output: Written) -> None:
    """NFR-011: no lead, never asked about; only the record as delivered has the row, and its normalised form."""
    found = output.naming(*SUPPRESSED.traces)
    office = output.office

    assert _outside_of_backups(found) <= AS_DELIVERED
    assert office.stores.suppressions.count() >= 2
    assert office.status("planted").suppressed >= 1


def test_a_record_that_cannot_be_a_lead_is_in_quarantine_only(output: Written) -> None:
    """NFR-011: and the commands that list quarantine do not name it."""
    found = output.naming(*UNUSABLE.traces)

    assert "collection quarantine" in found
    assert _outside_of_backups(found) <= AS_DELIVERED | {"collection quarantine"}


def test_everything_was_read(output: Written) -> None:
    """A search that looks at nothing finds nothing: each kind of output is there, with what it is about."""
    texts = output.texts
    kinds = {
        "file home/logs/everything.log": "planted",
        "errors": "STEP_SUCCESS",
        "dagster": "ASSET_MATERIALIZATION",
        "state": "planted",
        "metrics": "leadgen_",
        "slack": "a test",
        "collection alerts": "workflow_failed",
        "collection reports": "planted",
        "leadgen sprint status": "planted",
        "leadgen secrets list --json": "HUBSPOT_ACCESS_TOKEN",
    }
    endings = (
        ".html",
        ".pdf",
        ".parquet",
        "mongo.archive.gz",
        "redis.bson.gz",
        "!sprints.json",
        "!logs/everything.log",
    )

    assert {where: word for where, word in kinds.items() if word not in texts[where]} == {}
    assert [each for each in endings if not any(where.endswith(each) and texts[where] for where in texts)] == []
    assert output.office.status("planted").crm_synced > 0


def _outside_of_backups(found: set[str]) -> set[str]:
    return {each for each in found if not each.startswith("file home/backups/")}


def _holds_people(where: str) -> bool:
    kind, _, name = where.partition(" ")
    if kind == "collection":
        return name in MAY_HOLD_PEOPLE
    if kind == "file":
        return name.startswith(("home/lake/", "home/imports/")) or (
            name.startswith("home/backups/")
            and ("archive" in name or "redis" in name or "!lake/" in name or "!imports/" in name)
        )
    return where == "redis claims"
