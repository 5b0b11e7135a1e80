"""`leadgen dev` lives on when a part of it is killed, and takes everything along when it goes, however it goes."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import psutil
import pytest

from leadgen_assets.cli.grid import open_partitions
from leadgen_assets.resources.stores import OWNER_TAG
from leadgen_assets.services import running
from leadgen_assets.stores.opened import OpenStores, open_stores
from leadgen_tests.browser.desk import Dev, environment, leadgen, running_dev, survivors, words
from leadgen_tests.conftest import embedded_settings
from leadgen_tests.sprint.plans import small_sprint

PAGES = 12
"""Of ten people each: what Apollo sells in one call."""
KEY, SEGMENT = "killed", "apollo-1"
WAIT_SECONDS = 240


@pytest.mark.timeout(600)
def test_what_is_killed_is_taken_up_again_and_nothing_outlives_the_command(tmp_path: Path) -> None:
    """interfaces.md, `make dev`; issue 4, crash safety: kill -9 of the daemon and of a run, in mid-run: the partition comes to
    its end by itself. kill -9 of the command: web UI, daemon, code location, vendors and stores end with it."""
    home = tmp_path / "home"
    home.mkdir()
    with running_dev(home) as dev:
        names = " ".join(" ".join(words(each)) for each in dev.family())
        assert all(each in names for each in ("dagster_webserver", "dagster._daemon", "sandbox serve", "mongod"))

        daemon_and_run_are_killed_in_mid_run(dev)

        family = dev.family()
        dev.process.kill()
        dev.process.wait()
        assert survivors(family) == []


def daemon_and_run_are_killed_in_mid_run(dev: Dev) -> None:
    """The next daemon repeats the run: what was bought is not bought again, and every record is accounted for."""
    with sprint_of(dev) as stores:
        shop = json.loads((dev.home / "sandbox.json").read_text())["url"]
        exported = _get(shop, "truth")["delivered"]
        _slow_down(shop, 300)
        dev.launch("collect", {"segment": SEGMENT, "sprint": KEY}, "raw_apollo", "normalized_apollo")
        # twelve purchases, eight at once: those behind the first eight are held back, however late the kill arrives
        _until(lambda: len(stores.raw_pages.landed_listings(KEY, SEGMENT)) > 0)
        _slow_down(shop, 20_000)
        _until(lambda: len(stores.raw_pages.landed(KEY, SEGMENT)) > 0)
        ((run, status),) = dev.runs().items()
        assert status == "STARTED"

        dev.part("dagster._daemon").kill()
        psutil.Process(int(dev.tags(run)[OWNER_TAG].partition("@")[0])).kill()
        bought = len(stores.raw_pages.landed(KEY, SEGMENT))
        assert bought < PAGES
        _slow_down(shop, 0)

        _until(lambda: list(dev.runs().values()) == ["SUCCESS", "FAILURE"])
        everything_is_accounted_for(stores, shop, exported)


def everything_is_accounted_for(stores: OpenStores, shop: str, exported: int) -> None:
    """By the sandbox's own record: what was sold has landed or is on record as uncertain, nobody was sold twice."""
    pages = {each.page_id: each.records for each in stores.raw_pages.read(KEY, SEGMENT)}
    people = Counter(each["id"] for records in pages.values() for each in records if each.get("id"))
    landed = sum(len(records) for records in pages.values())
    ledger = list(stores.db["cost_ledger"].find({"sprint": KEY, "vendor": "apollo"}))
    uncertain = sum(each["units"] for each in ledger if each["state"] in ("reserved", "uncertain"))
    settled = sum((each["credits"].to_decimal() for each in ledger if each["state"] == "settled"), Decimal(0))
    outcomes = {each["_id"]: each["counts"] for each in stores.db["page_outcomes"].find({"sprint": KEY})}

    assert len(pages) >= PAGES  # people whose purchase is uncertain are made up for, on a page more
    assert set(people.values()) == {1}
    assert landed <= _get(shop, "truth")["delivered"] - exported <= landed + uncertain
    assert settled <= Decimal(_get(shop, "calls")["apollo"]["credits_used"]) <= settled + uncertain
    assert {page: each["delivered"] for page, each in outcomes.items()} == {
        page: len(records) for page, records in pages.items()
    }
    fates = ("leads", "duplicates", "suppressed", "quarantined")
    assert all(each["delivered"] == sum(each[fate] for fate in fates) for each in outcomes.values())
    assert stores.db["performance_marketers"].count_documents({}) == sum(each["leads"] for each in outcomes.values())


def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path: Path) -> None:
    """interfaces.md, `make dev`: the message says which port, why, and what to do; exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = leadgen("dev", "--port", str(port))
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(tmp_path / "home"), capture_output=True, text=True, check=False
        )
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr
    assert "--port" in done.stderr
    assert not (tmp_path / "home" / "services").exists()


@contextmanager
def sprint_of(dev: Dev) -> Iterator[OpenStores]:
    """An open sprint, and the stores, which must not be held open when `leadgen dev` is to end with them."""
    with running(embedded_settings(dev.home)) as at, pytest.MonkeyPatch.context() as patched:
        patched.setenv("DAGSTER_PG_URL", str(at.pg_url))
        settings = embedded_settings(dev.home, leadgen_mongo_uri=at.mongo_uri, leadgen_redis_url=at.redis_url)
        with open_stores(settings) as stores:
            stores.book.open(KEY, small_sprint(KEY, {SEGMENT: PAGES * 10}))
            with dg.DagsterInstance.from_config(str(dev.home / "dagster")) as instance:
                open_partitions(instance, stores.book.get(KEY))
            yield stores


def _slow_down(shop: str, milliseconds: int) -> None:
    faults = {"latency_ms": milliseconds}
    httpx.post(f"{shop}/_sandbox/faults/apollo", json=faults, trust_env=False).raise_for_status()


def _get(shop: str, what: str) -> Any:
    return httpx.get(f"{shop}/_sandbox/{what}", timeout=60, trust_env=False).raise_for_status().json()


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)
