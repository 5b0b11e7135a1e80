"""Collectors that are killed in mid-segment: nothing lost, nothing bought twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import dagster as dg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from leadgen_assets.automation.abandoned import close_killed_runs
from leadgen_assets.cli.main import app
from leadgen_assets.collection.listed import IN_FLIGHT
from leadgen_assets.stores.ledger_sums import LedgerEntry
from leadgen_tests.sprint.office import Office, failures, open_office
from leadgen_tests.sprint.plans import small_sprint

PAGES = 12
"""Of ten people each: what Apollo sells in one call."""
SLOW_MS = 1_200
COLLECT = (
    "import sys, pathlib; from leadgen_assets.cli.runs import execute; "
    "sprint, segment, source, log = sys.argv[1:]; "
    "execute('collect', f'{segment}|{sprint}', pathlib.Path(log), [f'raw_{source}', f'normalized_{source}'], {})"
)


@dataclass
class Killed:
    """Two collectors that were killed, what was on record then, and what a second run made of it."""

    office: Office
    key: str
    landed: list[int]
    requests: dict[str, dict[str, int]]
    """{vendor: {operation: requests}} once the vendors had answered the dead."""
    closed: int
    runs: list[dg.ExecuteInProcessResult]
    doubtful: list[LedgerEntry]
    """Calls that were uncertain after the second run."""
    readings: list[Result]
    """`leadgen cost reconcile --json`: before anything was bought, after the second run, and once more."""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> Iterator[Killed]:
    root = tmp_path_factory.mktemp("killed")
    with open_office(root, servers, dagster_home=True) as office:
        sprint = small_sprint("killed", {"apollo-1": PAGES * 10, "brightdata-1": 40})
        key = office.open(sprint)
        readings = [_reconcile(office)]
        office.sandbox.faults("apollo", latency_ms=500)
        with office.at_work():
            processes = [
                subprocess.Popen(
                    [sys.executable, "-c", COLLECT, key, each.id, each.source, str(root / f"{each.id}.log")]
                )
                for each in sprint.segments
            ]
        pages, jobs = office.stores.raw_pages, office.stores.db["vendor_jobs"]
        try:
            _until(lambda: jobs.count_documents({"vendor": "brightdata"}) > 0)
            _until(lambda: len(pages.landed(key, "apollo-1")) > 0)
            # twelve purchases, eight at once: those behind the first to land are still on the wire when their sender dies
            office.sandbox.faults("apollo", latency_ms=SLOW_MS)
            _until(lambda: _on_the_way(office, key) > 0)
        finally:
            for each in processes:
                os.kill(each.pid, signal.SIGKILL)
                each.wait()
        landed = pages.landed(key, "apollo-1")
        assert pages.landed(key, "brightdata-1") == []
        office.sandbox.faults("apollo", latency_ms=0)
        requests = _drained(office)
        closed = close_killed_runs(office.instance, office.stores.pulses)
        runs = office.collect(key)
        doubtful = office.stores.ledger.uncertain(timedelta(days=1))
        readings += [_reconcile(office), _reconcile(office)]
        yield Killed(office, key, landed, requests, closed, runs, doubtful, readings)


def _reconcile(office: Office) -> Result:
    with office.at_work():
        return CliRunner().invoke(app, ["cost", "reconcile", "--json"])


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not is_so():
        assert time.monotonic() < deadline, "the collector did not get that far"
        time.sleep(0.01)


def _on_the_way(office: Office, key: str) -> int:
    """Calls of the sprint's Apollo segment that are reserved and whose page did not land yet."""
    open_calls = office.stores.ledger.uncertain(timedelta(0), key)
    landed = office.stores.raw_pages.landed(key, "apollo-1")
    return len({_page(each) for each in open_calls if "/apollo-1/" in each.entry_id} - set(landed))


def _page(entry: LedgerEntry) -> int:
    return int(entry.entry_id.rpartition("/")[2])


def _drained(office: Office) -> dict[str, dict[str, int]]:
    """Requests by operation, once calls that were on the wire when their sender died are answered."""
    before = None
    while (now := office.sandbox.calls()) != before:
        before = now
        time.sleep(SLOW_MS / 1000 + 0.2)
    return _requests(office)


def _requests(office: Office) -> dict[str, dict[str, int]]:
    return {
        vendor: {operation: sum(tally.values()) for operation, tally in each["operations"].items()}
        for vendor, each in office.sandbox.calls().items()
    }


def test_the_run_was_cut_in_mid_segment_and_is_closed(killed: Killed) -> None:
    """NFR-006: a run whose process is gone is marked failed, so that its pool slot is free again."""
    assert 0 < len(killed.landed) < PAGES
    assert killed.closed == 2
    statuses = [each.status for each in killed.office.instance.get_runs()]
    assert statuses.count(dg.DagsterRunStatus.FAILURE) == 2
    assert statuses.count(dg.DagsterRunStatus.SUCCESS) == 2


def test_the_next_run_buys_no_page_that_was_or_may_have_been_bought(killed: Killed) -> None:
    """NFR-007, design rule 1: at the vendor, exactly as many sales follow as the segment still needs; a call that was
    on the wire when its sender died stays on record as uncertain and is not sent again. So does one that was reserved
    together with it and did not get as far: its dead sender cannot say."""
    before, after = killed.requests["apollo"]["bulk_match"], _requests(killed.office)["apollo"]["bulk_match"]
    doubtful = {_page(each) for each in killed.doubtful}
    on_the_wire = before - len(killed.landed)
    landed = killed.office.stores.raw_pages.landed(killed.key, "apollo-1")

    assert [failures(each) for each in killed.runs] == [{}, {}]
    assert after - before == PAGES - len(killed.landed)
    assert on_the_wire <= len(doubtful) <= IN_FLIGHT
    assert set(killed.landed) < set(landed)
    assert len(landed) == PAGES
    assert not doubtful & set(landed)


def test_a_snapshot_that_was_ordered_is_not_ordered_again(killed: Killed) -> None:
    """vendors.md §2.3, design: the job's id is on record before it is waited for."""
    after = _requests(killed.office)
    delivered = next(each for each in killed.office.status(killed.key).segments if each.id == "brightdata-1").delivered

    assert killed.requests["brightdata"]["filter"] == after["brightdata"]["filter"] == 1
    assert killed.office.sandbox.credits()["brightdata"] == {"filter": str(delivered)}


def test_every_record_is_accounted_for_after_the_crash(killed: Killed) -> None:
    """NFR-007: no page lost, none counted twice, the database holds each lead once."""
    status, rows = killed.office.status(killed.key), killed.office.rows(killed.key)
    ids = [
        record["id"] for page in killed.office.stores.raw_pages.read(killed.key, "apollo-1") for record in page.records
    ]

    assert status.counts_add_up
    assert all(each.state == "done" for each in status.segments)
    assert len(ids) == len(set(ids)) == PAGES * 10 == next(s for s in status.segments if s.id == "apollo-1").delivered
    assert len(rows) == status.unique
    assert killed.office.stores.raw_pages.without_outcome(killed.key, "apollo-1") == []


def test_what_was_uncertain_is_settled_by_what_the_vendor_says_it_billed(killed: Killed) -> None:
    """Issue 4, PHX-03: to the credit; once more changes nothing; nothing is left held."""
    first, second, third = (
        {each["vendor"]: each for each in json.loads(run.stdout)["vendors"]} for run in killed.readings
    )
    office, ledger = killed.office, killed.office.stores.ledger
    billed = Decimal(office.sandbox.calls()["apollo"]["credits_used"])
    decided = ledger.decided(killed.key)

    assert [run.exit_code for run in killed.readings] == [0, 0, 0]
    assert {each["verdict"] for each in first.values()} == {"first reading"}
    assert second["apollo"]["verdict"] == second["brightdata"]["verdict"] == third["apollo"]["verdict"] == "agrees"
    assert {*second["apollo"]["billed"], *second["apollo"]["not_billed"]} == {each.entry_id for each in killed.doubtful}
    assert (third["apollo"]["billed"], third["apollo"]["used"]) == ([], "0")
    assert len(decided) == len(killed.doubtful) > 0
    assert ledger.settled_of("apollo").credits == billed
    assert ledger.uncertain(timedelta(0)) == []
    assert ledger.committed(killed.key) == ledger.spent(killed.key)
