"""A sprint on two Celery workers with homes of their own, one of which is killed in mid-segment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest

from leadgen_assets.cli.conductor import SprintResult, conduct
from leadgen_assets.cli.grid import open_partitions
from leadgen_assets.cli.workplace import Workplace
from leadgen_assets.settings import Settings
from leadgen_tests.sprint.celery_workers import distributed, empty_database, executed_by, workers
from leadgen_tests.sprint.office import Office, open_office
from leadgen_tests.sprint.plans import small_sprint

pytestmark = pytest.mark.timeout(600)
"""Two workers and four runs start Python and its libraries: half a minute alone, minutes on a machine that has much to do."""

PAGES = 12
"""Of ten people each: what Apollo sells in one call."""
WINDOW = {"requests": 3, "seconds": 1}
"""Of purchases at Apollo, over all workers; two segments would buy faster."""
AT_ONCE = 8
"""Purchases that a collector has reserved at a time."""
SIZES = {"apollo-1": PAGES * 10, "apollo-2": 60}


@dataclass
class Survived:
    """What became of the sprint."""

    office: Office
    key: str
    landed: int
    """Pages of the segment that was being collected when its worker was killed."""
    result: SprintResult


@pytest.fixture(scope="module")
def survived(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str], pg_url: str) -> Iterator[Survived]:
    root = tmp_path_factory.mktemp("celery")
    shared = {"LEADGEN_STORAGE": (root / "lake").as_uri(), "LEADGEN_RUN_SILENCE": "8"}
    with (
        empty_database(pg_url) as dagster_url,
        open_office(root, {**servers, **shared}, limits={"apollo": {"bulk_match": [WINDOW]}}) as office,
        distributed(office, root, dagster_url),
        workers(office, root, 2) as both,
    ):
        sprint = small_sprint("celery", SIZES, enrichment={}, gates={"email_availability": 0.01})
        key = office.open(sprint)
        open_partitions(office.instance, office.stores.book.get(key))
        _until(lambda: all(each.is_ready for each in both))
        done: list[SprintResult] = []
        conductor = threading.Thread(target=lambda: done.append(_conducted(office, key)))
        conductor.start()
        pages = office.stores.raw_pages
        _until(lambda: len(pages.landed(key, "apollo-1")) > 0)
        doomed = executed_by(office, f"apollo-1|{key}")
        next(each for each in both if each.name == doomed).kill()
        landed = len(pages.landed(key, "apollo-1"))
        conductor.join()
        yield Survived(office, key, landed, done[0])


def _conducted(office: Office, key: str) -> SprintResult:
    """`leadgen sprint start` without a pool of its own, and without the reports beside it, which take half as long."""
    no_pool: Any = None
    with patch("leadgen_assets.cli.conductor.reports_beside", lambda *_: nullcontext()):
        return conduct(Workplace(Settings(_env_file=None), office.stores), no_pool, key, quiet=True)


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 240
    while not is_so():
        assert time.monotonic() < deadline, "the workers did not get that far"
        time.sleep(0.05)


def test_the_sprint_is_delivered_all_the_same(survived: Survived) -> None:
    """NFR-006, NFR-009: the run of the killed worker is found by its silence, closed and taken up by the other one."""
    assert 0 < survived.landed < PAGES, "it was in mid-segment"
    assert survived.result.problems == {}
    assert survived.result.is_delivered
    runs = survived.office.instance.get_runs()
    assert sorted(each.status.value for each in runs) == ["FAILURE", *["SUCCESS"] * (len(SIZES) + 1)]
    lost = next(each for each in runs if each.status is dg.DagsterRunStatus.FAILURE)
    again = [each for each in runs if each.tags["dagster/partition"] == lost.tags["dagster/partition"]]
    assert len(again) == 2
    assert survived.office.instance.event_log_storage.get_concurrency_info("apollo").claimed_slots == []


def test_no_record_is_lost_or_doubled(survived: Survived) -> None:
    """NFR-007: the accounting identity, and each lead once in the database."""
    office, status = survived.office, survived.office.status(survived.key)
    assert status.counts_add_up
    assert all(each.state == "done" for each in status.segments)
    rows = office.rows(survived.key)
    assert len(rows) == len({each["lead_id"] for each in rows}) == status.unique
    urls = [each["linkedin_url"] for each in rows if each.get("linkedin_url")]
    assert len(urls) == len(set(urls))
    for segment in SIZES:
        assert office.stores.raw_pages.without_outcome(survived.key, segment) == []


def test_nothing_is_paid_for_twice(survived: Survived) -> None:
    """Design rules 1 and 4: purchases that broke off with their worker stay on record as uncertain and are not sent
    again; every other one is paid once."""
    office = survived.office
    ledger, doubtful = office.stores.ledger, office.stores.ledger.uncertain(timedelta(0))
    bought = [
        record["id"]
        for segment in ("apollo-1", "apollo-2")
        for page in office.stores.raw_pages.read(survived.key, segment)
        for record in page.records
    ]
    assert len(bought) == len(set(bought))
    assert len(doubtful) <= AT_ONCE
    uncertain = sum(float(each.usd) for each in doubtful)
    assert ledger.spent(survived.key) <= office.sandbox.usd() + 0.01
    assert office.sandbox.usd() <= float(ledger.spent(survived.key)) + uncertain + 0.01
    sold = office.sandbox.calls()["apollo"]["operations"]["bulk_match"]
    landed = sum(len(office.stores.raw_pages.landed(survived.key, each)) for each in ("apollo-1", "apollo-2"))
    assert sum(sold.values()) <= landed + len(doubtful)


def test_both_workers_keep_the_limits_of_one_account(survived: Survived) -> None:
    """TL-02: rate windows are in Redis, so two machines together send what one may; the vendor refused nobody."""
    refused = {
        vendor: tally
        for vendor, each in survived.office.sandbox.calls().items()
        for tally in each["operations"].values()
        if "429" in tally
    }
    assert refused == {}
    assert survived.office.stores.redis.exists("leadgen:celery:dagster") == 0, "no run is left in the queue"


def test_workers_need_nothing_of_each_others_homes(survived: Survived) -> None:
    """NFR-009: what the refinement read and wrote is in the shared lake, not where a worker happened to be."""
    root: Path = survived.office.home.parent
    assert not list(root.glob("worker-*/home/lake"))
    assert len(survived.office.frame("scored_leads", survived.key)) == survived.office.status(survived.key).unique
