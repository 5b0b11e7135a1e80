"""A place to run sprints in: home, database, sandbox vendors and Dagster instance of its own, on the session's servers."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pandas as pd
from pymongo import MongoClient

from leadgen_assets.cli.workplace import PROJECT
from leadgen_assets.desk.status import SprintStatus, sprint_status
from leadgen_assets.partitions import GRID, SEGMENTS, SPRINTS, dimensions
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Sprint
from leadgen_assets.stores.opened import OpenStores, open_stores
from leadgen_tests.databases import lent_database
from leadgen_tests.sprint.vendors import Sandbox, no_limits, serving, world

_free_redis_databases = list(range(1, 16))


@dataclass
class Office:
    """Runs jobs as Dagster runs them, in this process. `env` is all of the environment that counts."""

    home: Path
    env: dict[str, str]
    sandbox: Sandbox
    instance: dg.DagsterInstance
    stores: OpenStores
    runs: dict[str, dg.ExecuteInProcessResult] = field(default_factory=dict)
    """The latest run of every segment, by segment, and of `refine` and `deliver`."""
    told: list[str] = field(default_factory=list)
    """What was logged, by whomever, while this office was at work."""
    _is_at_work: bool = False

    @contextmanager
    def at_work(self, **changes: str) -> Iterator[None]:
        """This office's environment instead of the developer's, and no long waits."""
        if self._is_at_work:
            yield
            return
        ours = {**self.env, **changes}
        foreign = [name for name in os.environ if name.lower() in Settings.model_fields or name.startswith("DAGSTER_")]
        with ExitStack() as stack:
            stack.enter_context(patch.dict(os.environ, ours))
            for name in set(foreign) - ours.keys():
                del os.environ[name]
            stack.enter_context(chdir(self.home))
            stack.enter_context(hurried())
            stack.enter_context(_listening(self.told))
            stack.enter_context(patch.object(self, "_is_at_work", True))
            yield

    def open(self, sprint: Sprint) -> str:
        """Put the sprint on record, and its partitions."""
        self.stores.book.open(sprint.name, sprint)
        self.add_partitions(sprint.name)
        return sprint.name

    def add_partitions(self, key: str) -> None:
        """Make a sprint and its segments known to Dagster."""
        self.instance.add_dynamic_partitions(str(SPRINTS.name), [key])
        segments = self.stores.book.get(key).sprint.segments
        self.instance.add_dynamic_partitions(str(SEGMENTS.name), [each.id for each in segments])

    def collect(self, key: str, *segments: str) -> list[dg.ExecuteInProcessResult]:
        """The job `collect` for these segments, all of the sprint's by default, one after the other."""
        wanted = {each.id: each for each in self.stores.book.get(key).sprint.segments if not each.paused}
        done = []
        for each in segments or wanted:
            place = str(dg.MultiPartitionKey({"sprint": key, "segment": each}))
            assets = [f"{stage}_{wanted[each].source}" for stage in ("raw", "normalized")]
            done.append(self.execute("collect", place, assets))
        return done

    def refine(self, key: str) -> dg.ExecuteInProcessResult:
        """The job `refine`."""
        return self.execute("refine", key)

    def deliver(self, key: str) -> dg.ExecuteInProcessResult:
        """The job `deliver`: `crm_sync` alone."""
        return self.execute("deliver", key)

    def run(self, sprint: Sprint) -> dg.ExecuteInProcessResult:
        """A whole sprint, opened if it is new."""
        key = self.open(sprint)
        for done in self.collect(key):
            assert done.success
        return self.refine(key)

    def execute(self, job: str, partition: str, assets: list[str] | None = None) -> dg.ExecuteInProcessResult:
        """A job for one partition, in the text form of its key."""
        is_grid = "|" in partition
        with self.at_work():
            done = (
                definitions()
                .resolve_job_def(job)
                .execute_in_process(
                    instance=self.instance,
                    partition_key=GRID.get_partition_key_from_str(partition) if is_grid else partition,
                    asset_selection=[dg.AssetKey(each) for each in assets] if assets else None,
                    raise_on_error=False,
                )
            )
        self.runs[dimensions(partition)[1] if is_grid else job] = done
        return done

    def status(self, key: str) -> SprintStatus:
        """What the desk sees."""
        return sprint_status(self.stores, key)

    def rows(self, key: str) -> list[dict[str, Any]]:
        """The sprint's documents in `performance_marketers`."""
        return list(self.stores.db["performance_marketers"].find({"sprint": key}))

    def frame(self, asset: str, key: str) -> pd.DataFrame:
        """An asset's frame in the lake."""
        return self.stores.lake.read(asset, key)


@cache
def definitions() -> dg.Definitions:
    """The code location, loaded once."""
    from leadgen_assets.definitions import defs

    return defs


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """{step: message} of the steps that failed."""
    found = {}
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause if error and error.cause else error
            found[str(event.step_key)] = cause.message if cause else ""
    return found


def checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """{check: evaluation} of a run."""
    return {each.check_name: each for each in result.get_asset_check_evaluations()}


@contextmanager
def open_office(
    root: Path,
    servers: Mapping[str, str],
    *,
    dagster_home: bool = False,
    settings_at: Callable[[str], Mapping[str, str]] | None = None,
    limits: Mapping[str, dict[str, list[dict[str, float]]]] | None = None,
) -> Iterator[Office]:
    """An office below `root`. `servers` are the store addresses by setting name, and whatever else is to be set.

    Vendors have no rate limits but `limits`, {vendor: {operation: windows}}; with some, their clock runs as ours does.
    With `dagster_home` other processes can use its Dagster instance too. `settings_at` gives the settings that tell
    where vendors are, from the address of the office's sandbox; by default those of sandbox mode.
    """
    from leadgen_assets.sandbox.sales_navigator import write_exports

    home = root / "home"
    home.mkdir(parents=True)
    limits_file = no_limits(root / "limits.yaml", **(limits or {}))
    write_exports(world(), home / "imports" / "sales_navigator")
    _settle(home / "imports")
    with ExitStack() as stack:
        number = stack.enter_context(_redis_database())
        client = stack.enter_context(MongoClient(servers["LEADGEN_MONGO_URI"], tz_aware=True))
        database = stack.enter_context(lent_database(client))
        sandbox = stack.enter_context(serving(limits_file, **({"speed": 1} if limits else {})))
        given = {
            **servers,
            "LEADGEN_REDIS_URL": f"{servers['LEADGEN_REDIS_URL'].rsplit('/', 1)[0]}/{number}",
            "LEADGEN_HOME": str(home),
            "LEADGEN_DATABASE": database.name,
            "LEADGEN_LIMITS": str(limits_file),
            **(settings_at or _sandbox_mode)(sandbox.url),
        }
        settings = Settings(_env_file=None, **{name.lower(): value for name, value in given.items()})
        stores = stack.enter_context(open_stores(settings))
        stores.redis.flushdb()
        instance = _instance(root / "dagster", given) if dagster_home else dg.DagsterInstance.ephemeral()
        stack.enter_context(instance)
        yield Office(home, given, sandbox, instance, stores)


@contextmanager
def _redis_database() -> Iterator[int]:
    """Number of a database that no other office uses; 0 is emptied by other tests, and an office may outlive a test."""
    number = _free_redis_databases.pop(0)
    try:
        yield number
    finally:
        _free_redis_databases.append(number)


@contextmanager
def _listening(told: list[str]) -> Iterator[None]:
    """Keep every message of level INFO and above, with its stack."""

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(self.format(record))

    ear, root = Ear(logging.INFO), logging.getLogger()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(ear)


def _sandbox_mode(url: str) -> Mapping[str, str]:
    return {"LEADGEN_MODE": "sandbox", "LEADGEN_SANDBOX_URL": url}


def _instance(home: Path, env: dict[str, str]) -> dg.DagsterInstance:
    """A persistent instance on SQLite (deploy/dagster.sqlite.yaml), made before two processes could do so at once."""
    home.mkdir()
    shutil.copyfile(PROJECT / "deploy" / "dagster.sqlite.yaml", home / "dagster.yaml")
    env["DAGSTER_HOME"] = str(home)
    instance = dg.DagsterInstance.from_config(str(home))
    instance.get_runs(limit=1)
    return instance


def _settle(folder: Path) -> None:
    """Files that were dropped a minute ago."""
    then = time.time() - 60
    for each in folder.rglob("*.csv"):
        os.utime(each, (then, then))


@contextmanager
def hurried() -> Iterator[None]:
    """Waits of seconds take hundredths: what is waited for is the same, and no test is about how long."""
    brief = (0.05,)
    with ExitStack() as stack:
        for target, value in {
            "leadgen_assets.collection.snapshots.POLL_SECONDS": brief,
            "leadgen_assets.vendors.brightdata_companies._POLL_SECONDS": 0.05,
            "leadgen_assets.vendors.brightdata_lost.LOOK_SECONDS": 0.05,
            "leadgen_assets.collection.snapshots.ORDER_SECONDS": 0.0,
            "leadgen_assets.vendors.brightdata_companies.ORDER_SECONDS": 0.0,
            "leadgen_assets.enrichment.verify_step.ORDER_SECONDS": 0.0,
            "leadgen_assets.delivery.sync.ORDER_SECONDS": 0.0,
            "leadgen_assets.vendors.salesforce.POLL_WAITS": brief,
            "leadgen_assets.vendors.governor.REST_PATIENCE": 0.05,
            "leadgen_assets.vendors.http._pause": lambda state: 0.02,
            "leadgen_assets.enrichment.verify_step.POLL_WAITS": brief,
            "leadgen_assets.enrichment.asking.REST": 0.05,
            "leadgen_assets.delivery.sync.RETRY_WAITS": (0.02, 0.02, 0.02),
        }.items():
            stack.enter_context(patch(target, value))
        stack.enter_context(patch.object(dg.RetryPolicy, "calculate_delay", lambda self, attempt: 0.02))
        yield
