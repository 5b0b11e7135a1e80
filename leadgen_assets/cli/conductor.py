"""Conducts a whole sprint: opens its partitions, collects every segment at once, refines, and says how it ended (TL-01)."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from leadgen_assets.automation.abandoned import close_killed_runs
from leadgen_assets.cli.announcing import announce
from leadgen_assets.cli.collecting import REFRESH_SECONDS, collect_all
from leadgen_assets.cli.emergency import was_stopped_so
from leadgen_assets.cli.launched import LaunchedRuns, launches_elsewhere
from leadgen_assets.cli.progress import Board, board
from leadgen_assets.cli.runs import ForkedRuns, RunOutcome, Runs, Workers, outcome_of, start_refine
from leadgen_assets.cli.workplace import Workplace
from leadgen_assets.collection.rebalancing import conducting
from leadgen_assets.desk import wording as say
from leadgen_assets.desk.baseline import record_sprint
from leadgen_assets.desk.reconciliation import reconcile
from leadgen_assets.desk.reports.beside import reports_beside, told_if_missing
from leadgen_assets.desk.reports.publish import publish
from leadgen_assets.desk.run_meter import cpu_seconds
from leadgen_assets.desk.status import SprintStatus, crm_waits, left_over, sprint_status
from leadgen_assets.leads.schema import SOURCES
from leadgen_assets.resources.vendors import counted
from leadgen_assets.stores.lease import Lease
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.sprint_book import OpenSprint, SprintState
from leadgen_assets.vendors.prices import load_prices

AT_ONCE = 10
"""Segments collected at the same time (NFR-008)."""
POOLS = (*SOURCES, "enrichment", "crm")
"""One pool per vendor account, as the assets name them."""


@dataclass(frozen=True)
class Ledgered:
    """What is on record at one moment: the difference of two of these is what a run did."""

    leads: int
    synced: int
    usd: float

    @classmethod
    def of(cls, stores: OpenStores, key: str) -> Ledgered:
        """As it is now."""
        status = sprint_status(stores, key)
        return cls(status.unique, stores.outcomes.sent(key), status.cost_usd)


@dataclass(frozen=True)
class SprintResult:
    """How a sprint ended, and what this run of the command added to it."""

    status: SprintStatus
    seconds: float
    added_leads: int
    spent_usd: float
    synced: int
    problems: dict[str, str] = field(default_factory=dict)
    """{segment or "refine": what went wrong}."""

    @property
    def is_delivered(self) -> bool:
        """Every gate passed, the CRM took the leads, and the refinement ran to its end."""
        return self.status.is_delivered and "refine" not in self.problems

    @property
    def did_nothing(self) -> bool:
        """Whether everything was there already."""
        return self.added_leads == 0 and self.spent_usd == 0 and self.synced == 0

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps(..., default=str)`."""
        return {
            **self.status.to_json(),
            "seconds": round(self.seconds, 1),
            "this_run": {"leads": self.added_leads, "usd": self.spent_usd, "synced": self.synced},
            "problems": self.problems,
            "is_delivered": self.is_delivered,
        }


def conduct(place: Workplace, pool: Workers, key: str, *, quiet: bool) -> SprintResult:
    """Run the open sprint `key` to its end, or on from where it stopped."""
    started, began, cpu = time.monotonic(), datetime.now(UTC), cpu_seconds()
    stores = place.stores
    load_prices(place.settings.leadgen_prices)  # a price file with a mistake is told before anything is spent
    before, lease = Ledgered.of(stores, key), conducting(stores, place.settings.home, key)
    _read_usage(place, key)
    with dg.DagsterInstance.get() as instance:
        close_killed_runs(instance, stores.pulses)
        _prepare_pools(instance)
        runs = _runs(instance, pool, stores, key)
        with board(stores, key, quiet=quiet) as shown:
            stores.book.set_state(key, SprintState.RUNNING)
            with reports_beside(stores, place.settings, key):
                problems = collect_all(place, instance, runs, key, shown, lease)
                announce(stores, place.settings, key, _collected(stores.book.get(key), problems))
                if not was_stopped_so(stores.book.get(key)):
                    refined = _wait_for(start_refine(runs, place.logs, key), instance, key, shown, lease)
                    problem = refined.problem or _left_over(stores, key)
                    announce(stores, place.settings, key, {"refine": problem})
                    if problem:
                        problems["refine"] = problem
    lease.give_back()
    if was_stopped_so(stores.book.get(key)):
        problems["refine"] = (
            f"not finished, because of an emergency stop; go on: leadgen sprint resume {key}, then start"
        )
    else:
        stores.book.set_state(key, SprintState.FAILED if "refine" in problems else SprintState.FINISHED)
    if "refine" in problems:
        # The asset comes after the CRM; a sprint that was refused needs its report all the more.
        with told_if_missing():
            publish(stores, place.settings, "sprint", key)
    status = sprint_status(stores, key)
    after = Ledgered.of(stores, key)
    result = SprintResult(
        status=status,
        seconds=time.monotonic() - started,
        added_leads=max(0, after.leads - before.leads),
        spent_usd=round(after.usd - before.usd, 2),
        synced=after.synced - before.synced,
        problems=problems,
    )
    if not result.did_nothing:
        record_sprint(stores, key, seconds=result.seconds, cpu_seconds=cpu_seconds() - cpu, since=began)
    return result


def _left_over(stores: OpenStores, key: str) -> str | None:
    segments = left_over(stores, stores.book.get(key), stores.counts(key))
    return say.left_over(segments) if segments else None


def _read_usage(place: Workplace, key: str) -> None:
    """What the vendors say was used before anything is bought: what the reading at the end is compared with. After a crash it
    also decides what that left uncertain."""
    sprint = place.stores.book.get(key).sprint
    enrichers = (*sprint.enrichment.company, *sprint.enrichment.email, *sprint.enrichment.verify)
    only = {*(each.source for each in sprint.segments if not each.paused), *enrichers}
    observer = counted(place.stores, key)
    asyncio.run(
        reconcile(place.stores, place.settings, f"the start of {key}", only=only, observer=observer, patience=5.0)
    )


def _runs(instance: dg.DagsterInstance, pool: Workers, stores: OpenStores, key: str) -> Runs:
    """Where Dagster's launcher puts them, or in workers of this command; a killed worker's run is closed and begins again."""
    if launches_elsewhere(instance):
        return LaunchedRuns(instance, stores.pulses)

    def may_restart() -> bool:
        close_killed_runs(instance, stores.pulses)
        return not was_stopped_so(stores.book.get(key))

    return ForkedRuns(pool, may_restart)


def _prepare_pools(instance: dg.DagsterInstance) -> None:
    """Ten first runs at once would race for the pools' rows in Dagster's storage."""
    for pool in set(POOLS) - set(instance.event_log_storage.get_concurrency_keys()):
        instance.event_log_storage.initialize_concurrency_limit_to_default(pool)


def _collected(opened: OpenSprint, problems: dict[str, str]) -> dict[str, str | None]:
    """What collecting came to, {run: problem}."""
    return {f"collect {each.id}": problems.get(each.id) for each in opened.sprint.segments if not each.paused}


def _wait_for(
    future: Future[RunOutcome], instance: dg.DagsterInstance, key: str, shown: Board, lease: Lease
) -> RunOutcome:
    while not future.done():
        lease.take()
        wait([future], timeout=REFRESH_SECONDS)
        shown.refresh(crm_waits(shown.stores.book.get(key)) or _stage(instance, key), {})
    return outcome_of(future)


def _stage(instance: dg.DagsterInstance, key: str) -> str:
    """The asset that the refinement is at; only shown, so that it may stay unknown."""
    with suppress(Exception):
        return _step(instance, key)
    return "Refining"


def _step(instance: dg.DagsterInstance, key: str) -> str:
    filters = dg.RunsFilter(job_name="refine", tags={"dagster/partition": key}, statuses=[dg.DagsterRunStatus.STARTED])
    runs = instance.get_runs(filters, limit=1)
    begun = instance.get_run_step_stats(runs[0].run_id) if runs else []
    running = [each.step_key for each in begun if each.start_time and not each.end_time]
    return f"Refining: {running[-1].replace('_', ' ')}" if running else "Refining"
