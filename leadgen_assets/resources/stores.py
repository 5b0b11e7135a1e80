"""The stores as a Dagster resource: opened once per run, handed out as domain objects."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.tags import GRPC_INFO_TAG
from pydantic import PrivateAttr

from leadgen_assets.collection.workbench import Assignment
from leadgen_assets.desk.run_meter import RunMeter, RunPlace
from leadgen_assets.leads.normalise import TargetProfile
from leadgen_assets.partitions import dimensions
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Sprint
from leadgen_assets.stores.lake import Lake
from leadgen_assets.stores.opened import OpenStores, open_stores
from leadgen_assets.stores.owner import mark_of
from leadgen_assets.stores.pulse import Pulses, machine

log = logging.getLogger(__name__)

MACHINE_TAG = "leadgen/machine"
"""Run tag that names the machine that executes the run (`pulse.machine`), set by the run itself."""
OWNER_TAG = "leadgen/process"
"""Run tag with the id and start time of the process that executes the run: tells a killed run from a slow one."""
TAGGED_RUN_TAG = "leadgen/tagged-run"
"""Run tag with the id of the run that the two above were set for: Dagster copies a run's tags to its retry."""


class Stores(dg.ConfigurableResource[Any]):
    """MongoDB, Redis and the lake at the addresses in the environment."""

    _opened: OpenStores = PrivateAttr()
    _settings: Settings = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Stores]:
        """Open for the length of a run or a sensor's tick. What a run took is put on record when it ends (PHX-02).

        A run waits for an absent MongoDB, a sensor's tick does not: there will be another one.
        """
        self._settings = Settings()
        with (
            open_stores(self._settings, patiently=context.run is not None) as self._opened,
            _alive(self._opened.pulses, context),
        ):
            place = run_place(context)
            meter = RunMeter(self._opened, place) if place else None
            yield self
            if meter is not None:
                meter.record(succeeded=not _has_failed(context))

    @property
    def opened(self) -> OpenStores:
        """The stores themselves."""
        return self._opened

    @property
    def imports(self) -> Path:
        """Where exports are dropped: file patterns of sprint files start here."""
        return self._settings.home

    def lake(self) -> Lake:
        """The Parquet lake."""
        return self._opened.lake

    def sprint(self, key: str) -> Sprint:
        """The sprint behind a partition. A `Failure` that is not retried says how to open one that is unknown."""
        try:
            return self._opened.book.get(key).sprint
        except KeyError:
            raise dg.Failure(
                f"There is no sprint {key!r} on record. Open it: leadgen sprint start FILE --key {key}",
                allow_retries=False,
            ) from None

    def record_gates(self, key: str, values: dict[str, dict[str, Any]]) -> None:
        """Merge {gate: {value, threshold, passed}} into the sprint's result."""
        known = self._opened.book.get(key).result.get("gates", {})
        self._opened.book.record_result(key, {"gates": {**known, **values}})

    def assignment(self, key: str, segment: str) -> Assignment | None:
        """The segment's assignment; None when the sprint has no such segment."""
        sprint = self.sprint(key)
        found = next((each for each in sprint.segments if each.id == segment), None)
        return Assignment(key, sprint, found) if found else None

    def profile(self, key: str) -> TargetProfile:
        """Whom the sprint looks for."""
        wanted = self.sprint(key).profile
        return TargetProfile(titles=wanted.titles, countries=tuple(wanted.countries), metros=wanted.metros)


@contextmanager
def _alive(pulses: Pulses, context: dg.InitResourceContext) -> Iterator[None]:
    """Tell other machines that the run lives, and where, for as long as it does."""
    run, instance = context.run, context.instance
    if run is None or instance is None:
        yield
        return
    with pulses.beating(run.run_id, taken_for_dead=_end_this_process):
        if MACHINE_TAG not in run.tags or run.tags.get(TAGGED_RUN_TAG, run.run_id) != run.run_id:
            instance.add_run_tags(run.run_id, {**_whereabouts(run), TAGGED_RUN_TAG: run.run_id})
        yield


def _whereabouts(run: dg.DagsterRun) -> dict[str, str]:
    """A code server gives each run a process of its own, which outlives the server; a Celery worker executes many in one."""
    has_own_process = GRPC_INFO_TAG in run.tags
    return {MACHINE_TAG: machine(), **({OWNER_TAG: mark_of(os.getpid())} if has_own_process else {})}


def _end_this_process() -> None:
    """The run was taken for dead (this machine slept, or was cut off) and is being done elsewhere: two must not do it."""
    log.critical("this run was taken for dead and is done by another process now; this one ends itself")
    os._exit(1)


def run_place(context: dg.InitResourceContext) -> RunPlace | None:
    """What the run is about; None for a sensor's tick and for runs without a partition."""
    run = context.run
    partition = run.tags.get("dagster/partition") if run else None
    if run is None or partition is None:
        return None
    job = "materialisation" if run.job_name.startswith("__") else run.job_name
    sprint, segment = dimensions(partition) if "|" in partition else (partition, None)
    return RunPlace(run.run_id, job, sprint, segment)


def _has_failed(context: dg.InitResourceContext) -> bool:
    """Whether a step of the run has failed for good; resources close before the run has its final status."""
    if context.instance is None or context.run_id is None:
        return False
    failed = dg.DagsterEventType.STEP_FAILURE
    return bool(context.instance.get_records_for_run(context.run_id, of_type=failed, limit=1).records)
