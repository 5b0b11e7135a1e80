"""Sensors for a sprint that Dagster runs by itself: targets of blocked vendors move (PHX-04), and a CRM that is back gets what
was left. `leadgen sprint start` does both on its own; while it runs, these stand back."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from leadgen_assets.automation.jobs import COLLECT, DELIVER
from leadgen_assets.automation.sensors import collect_request
from leadgen_assets.collection.moving import Standing
from leadgen_assets.collection.rebalancing import (
    answers_again,
    blocked_sources,
    conducting,
    past_moves,
    rebalance,
    standings,
)
from leadgen_assets.delivery.waiting import ON_RECORD, CrmWait
from leadgen_assets.resources.stores import Stores
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.sprint_book import OpenSprint, SprintState
from leadgen_assets.vendors.blocked import Block
from leadgen_assets.vendors.recovery import usable_again

UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
OVERDUE = timedelta(minutes=5)
"""A sync that has not asked again for so long was killed while it waited."""


@dg.sensor(
    job=COLLECT,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Moves the target of a vendor that is blocked to segments that can take it, back when a free call finds it "
    "well, and starts the segments that have more to collect (PHX-04). Off by default: `leadgen sprint start` does that "
    "by itself; turn it on together with the schedule.",
)
def moved_targets(context: dg.SensorEvaluationContext, stores: Stores) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per segment and state of its target."""
    opened = stores.opened.book.latest()
    if opened is None or opened.state not in (SprintState.OPEN, SprintState.RUNNING):
        yield dg.SkipReason("no sprint is being collected")
        return
    lease = conducting(stores.opened, stores.imports, opened.key)
    if not lease.take():
        yield dg.SkipReason("`leadgen sprint start` moves the targets of this sprint")
        return
    try:
        yield from _moved(context.instance, stores.opened, opened)
    finally:
        lease.give_back()


def _moved(
    instance: dg.DagsterInstance, stores: OpenStores, opened: OpenSprint
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    back = usable_again(blocked_sources(opened))
    answers_again(stores, opened.key, back)
    moves = rebalance(stores, opened.key)
    opened = stores.book.get(opened.key)
    due = list(_due(instance, stores, opened))
    if not due:
        yield dg.SkipReason(f"{len(moves)} targets moved; no segment waits to be started")
    for each in due:
        segment = opened.sprint.segment(each.segment)
        yield collect_request(opened.key, segment, f"{opened.key}/{segment.id}/{segment.leads}/{len(opened.changes)}")


def _due(instance: dg.DagsterInstance, stores: OpenStores, opened: OpenSprint) -> Iterable[Standing]:
    """Segments that moves have touched, that miss records and that nobody collects."""
    touched = {name for move in past_moves(opened) for name in (move.giver, *move.takers)}
    for each in standings(stores, opened):
        if each.segment in touched and each.missing and each.may_take:
            tags = {"dagster/partition/sprint": opened.key, "dagster/partition/segment": each.segment}
            if not instance.get_runs(dg.RunsFilter(tags=tags, statuses=UNDER_WAY), limit=1):
                yield each


@dg.sensor(
    job=DELIVER,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Where a CRM sync waited in vain, asks the CRM by a free call, and sends the rest once it answers (REQ-019).",
)
def crm_is_back(stores: Stores) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per sync that gave up."""
    waits = {each.key: wait for each in stores.opened.book.list() if (wait := _given_up(each))}
    well = usable_again({wait.target: Block.UNAVAILABLE for wait in waits.values()})
    back = {key: wait for key, wait in waits.items() if wait.target in well}
    if not back:
        yield dg.SkipReason(f"{len(waits)} sprints wait for a CRM" if waits else "no sprint waits for its CRM")
    for key, wait in back.items():
        yield dg.RunRequest(run_key=f"{key}/{wait.since:%Y%m%dT%H%M%S%f}", partition_key=key)


def _given_up(opened: OpenSprint) -> CrmWait | None:
    wait = CrmWait.from_record(opened.result.get(ON_RECORD))
    if wait is None or (wait.next_try is not None and datetime.now(UTC) < wait.next_try + OVERDUE):
        return None
    return wait


DEGRADATION_SENSORS = [moved_targets, crm_is_back]
