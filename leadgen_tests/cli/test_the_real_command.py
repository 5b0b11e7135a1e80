"""`leadgen` as people type it: processes of its own, embedded servers, forked workers, its own home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from leadgen_assets.sandbox.sales_navigator import write_exports
from leadgen_assets.services import Addresses, running
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Segment, Sprint, dump_sprint
from leadgen_assets.stores.mongo import connect
from leadgen_assets.stores.sprint_book import SprintBook
from leadgen_tests.conftest import embedded_settings
from leadgen_tests.sprint.plans import SEGMENTS, small_sprint
from leadgen_tests.sprint.test_a_sprint_is_delivered import FIGURES
from leadgen_tests.sprint.vendors import Sandbox, no_limits, serving, world

pytestmark = pytest.mark.timeout(600)  # a busy machine runs a dozen processes here

ENRICHMENT = {"company": ["clearbit"], "email": ["hunter"], "verify": []}
DAY = small_sprint("day", {"apollo-1": 120, "zoominfo-1": 50, "brightdata-1": 30}, enrichment=ENRICHMENT)


@dataclass(frozen=True)
class Shell:
    """A home, its environment, and sandbox vendors beside it."""

    home: Path
    env: dict[str, str]
    sandbox: Sandbox
    addresses: Addresses
    """Of the embedded servers that `leadgen services up` started."""

    def popen(self, *words: str, **env: str) -> subprocess.Popen[str]:
        command = [str(Path(sys.executable).with_name("leadgen")), *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, env={**self.env, **env}, cwd=self.home, stdout=pipe, stderr=pipe, text=True
        )  # fmt: skip

    def leadgen(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        process = self.popen(*words, **env)
        out, err = process.communicate(timeout=200)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def file(self, sprint: Sprint) -> str:
        """The sprint as a file."""
        path = self.home / f"{sprint.name}.yaml"
        path.write_text(dump_sprint(sprint))
        return str(path)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """The embedded servers run from first to last, so that each command joins them."""
    root = tmp_path_factory.mktemp("real")
    home = root / "home"
    home.mkdir()
    limits = no_limits(root / "limits.yaml")
    write_exports(world(), home / "imports" / "sales_navigator")
    foreign = {each.upper() for each in Settings.model_fields}
    kept = {name: value for name, value in os.environ.items() if name not in foreign and "DAGSTER" not in name}
    with serving(limits) as sandbox:
        env = {"LEADGEN_HOME": str(home), "LEADGEN_LIMITS": str(limits), "LEADGEN_SANDBOX_URL": sandbox.url}
        opened = Shell(home, {**kept, **env}, sandbox, Addresses(None, None, None))
        up = opened.leadgen("services", "up", "--json")
        assert up.returncode == 0, up.stderr
        with running(embedded_settings(home)) as addresses:
            opened = replace(opened, addresses=addresses)
        try:
            yield opened
        finally:
            opened.leadgen("services", "down", "--force")


@dataclass
class Day:
    """A sprint that was started, changed while it ran, and started again."""

    first: subprocess.CompletedProcess[str]
    again: subprocess.CompletedProcess[str]
    credits: tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]
    crm: tuple[dict[str, Any], dict[str, Any]]

    @property
    def told(self) -> dict[str, Any]:
        return dict(json.loads(self.first.stdout))


@pytest.fixture(scope="module")
def day(shell: Shell) -> Day:
    shell.sandbox.faults("apollo", latency_ms=800)
    process = shell.popen("sprint", "start", shell.file(DAY), "--json")
    _add_when_something_landed(shell, process)
    shell.sandbox.faults("apollo", latency_ms=0)
    out, err = process.communicate(timeout=200)
    first = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    before = shell.sandbox.credits(), shell.sandbox.crm()
    again = shell.leadgen("sprint", "start", shell.file(DAY))
    after = shell.sandbox.credits(), shell.sandbox.crm()
    return Day(first, again, (before[0], after[0]), (before[1], after[1]))


def _add_when_something_landed(shell: Shell, process: subprocess.Popen[str]) -> None:
    """As `leadgen sprint segment add` does, without the seconds that a further process takes to start."""
    late = Segment(id="late", leads=40, **SEGMENTS["sales-navigator-1"])
    deadline = time.monotonic() + 200
    db = connect(str(shell.addresses.mongo_uri), "lead_generation")
    with db.client:
        while not db["raw_pages"].count_documents({"kind": "listing"}, limit=1):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        SprintBook(db).add_segment(DAY.name, late)


def test_a_sprint_ends_with_exit_code_0_and_every_figure(shell: Shell, day: Day) -> None:
    """REQ-001, NFR-008, TL-01. Done when 1: delivered, counts add up, the CRM holds the qualified."""
    assert day.first.returncode == 0, day.first.stderr + day.first.stdout[-2000:]
    assert [name for name in FIGURES if day.told.get(name) is None] == []
    assert day.told["is_delivered"]
    assert day.told["counts_add_up"]
    assert day.told["problems"] == {}
    assert all(gate["passed"] for gate in day.told["gates"].values())
    assert day.told["crm_synced"] == day.told["qualified"] == day.crm[0]["count"] > 0
    assert day.told["this_run"]["leads"] == day.told["unique"]
    assert Path(day.told["report"]).is_file()


def test_a_segment_added_meanwhile_is_collected_in_the_same_run(day: Day) -> None:
    """Requirements §2: adding a segment while a sprint runs is a normal operation."""
    segments = {each["id"]: each for each in day.told["segments"]}

    assert segments["late"]["state"] == "done"
    assert segments["late"]["delivered"] >= 40


def test_started_again_it_does_nothing_and_says_so(day: Day) -> None:
    """NFR-007. Done when 2: exit code 0, no credit, no contact, and the sentence."""
    assert day.again.returncode == 0, day.again.stderr
    assert "Nothing to do: no lead added, nothing bought, nothing synced." in day.again.stdout
    assert "Delivered: every gate passed." in day.again.stdout
    assert day.credits[0] == day.credits[1]
    assert day.crm[0] == day.crm[1]


def test_what_is_left_in_the_home_names_nobody(shell: Shell, day: Day) -> None:
    """NFR-010, NFR-011: logs of servers and workers, reports and quality pages; Dagster's rows in PostgreSQL."""
    addresses = {address.encode() for person in world().people for address in (person.email, person.private_email)}
    slugs = {person.slug.encode() for person in world().people}
    files = [
        path for part in ("logs", "reports", "quality") for path in (shell.home / part).rglob("*") if path.is_file()
    ]
    rows = _dagsters_rows(shell)

    assert {"day-apollo-1.log", "day-refine.log", "day.html"} <= {path.name for path in files}
    assert len(rows) > 100_000
    for name, text in {**{str(path): path.read_bytes() for path in files}, "PostgreSQL": rows}.items():
        assert not [each for each in addresses | slugs if each in text], name


def _dagsters_rows(shell: Shell) -> bytes:
    """Every run and event that Dagster has stored."""
    assert shell.addresses.pg_url
    address = shell.addresses.pg_url.replace("postgresql+psycopg2://", "postgresql://", 1)
    connection = psycopg2.connect(address)
    try:
        with connection.cursor() as cursor:
            texts = []
            for table in ("runs", "run_tags", "event_logs", "asset_keys", "asset_check_executions"):
                cursor.execute(f"SELECT t::text FROM {table} t")
                texts += [row[0] for row in cursor.fetchall()]
    finally:
        connection.close()
    return "\n".join(texts).encode()


def test_what_the_sprint_took_is_on_record_once(day: Day, shell: Shell) -> None:
    """PHX-02: figures of the sprint and of its runs, from their own processes; a start that did nothing leaves none."""
    done = shell.leadgen("baseline", "show", "day", "--json")
    figures = {name: each["current"] for name, each in json.loads(done.stdout)["figures"].items()}
    kept = json.loads(shell.leadgen("baseline", "list", "--json").stdout)

    assert done.returncode == 0, done.stderr
    assert [each["key"] for each in kept] == ["day"]
    assert figures["success_rate"] == 1
    assert figures["cost_usd"] == day.told["cost_usd"]
    assert figures["cpu_seconds"] > 0
    assert figures["duration"] == pytest.approx(day.told["seconds"], abs=0.2)
