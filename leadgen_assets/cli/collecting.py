"""Collects all segments of a sprint at once: starts them, starts them again when the desk or a vendor changes something,
and moves the target of a vendor that is blocked to segments that can take it (PHX-04)."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field

import dagster as dg

from leadgen_assets.cli.grid import open_partitions, settle_empty_cells
from leadgen_assets.cli.progress import COLLECTING, Board
from leadgen_assets.cli.runs import RunOutcome, Runs, outcome_of, start_collect
from leadgen_assets.cli.vendor_watch import VendorWatch
from leadgen_assets.cli.workplace import Workplace
from leadgen_assets.collection.rebalancing import answers_again, blocked, blocked_sources, rebalance, standings
from leadgen_assets.sprint_file import Segment
from leadgen_assets.stores.controls import Buying
from leadgen_assets.stores.lease import Lease
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.purse import PAUSED
from leadgen_assets.stores.sprint_book import OpenSprint

REFRESH_SECONDS = 0.5


@dataclass
class _Collection:
    place: Workplace
    runs: Runs
    key: str
    running: dict[Future[RunOutcome], str] = field(default_factory=dict)
    started: dict[str, Segment] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def start(self, segment: Segment) -> None:
        self.problems.pop(segment.id, None)
        run = start_collect(self.runs, self.place.logs, self.key, segment.id, segment.source)
        self.running[run] = segment.id
        self.started[segment.id] = segment

    def due(self, opened: OpenSprint) -> list[Segment]:
        """Segments to start now: new ones, and those for which something has changed while they miss records."""
        idle = [
            each
            for each in opened.sprint.segments
            if not each.paused and each.id not in self.running.values() and each.id not in blocked(opened)
        ]
        due = [each for each in idle if each.id not in self.started or self._has_changed(opened, each)]
        if all(each.id not in self.started for each in due):
            return due
        # counting is for the rare turn in which something has changed, not for every look
        missing = {each.segment for each in standings(self.place.stores, opened) if each.missing}
        return [each for each in due if each.id not in self.started or each.id in missing]

    def _has_changed(self, opened: OpenSprint, segment: Segment) -> bool:
        return self.started[segment.id] != segment or _may_buy_again(self.place.stores, opened, segment.id)

    def try_again(self, sources: set[str]) -> None:
        """Start the segments of these vendors as if they had never been started."""
        self.started = {name: each for name, each in self.started.items() if each.source not in sources}

    def take_down(self, done: set[Future[RunOutcome]]) -> None:
        for each in done:
            segment_id = self.running.pop(each)
            outcome = outcome_of(each)
            if outcome.problem:
                self.problems[segment_id] = outcome.problem


def collect_all(
    place: Workplace, instance: dg.DagsterInstance, runs: Runs, key: str, shown: Board, lease: Lease
) -> dict[str, str]:
    """Collect all segments that are not paused, also those added, resumed or retargeted meanwhile, those that stopped
    because buying was paused, once it is on again, and those whose vendor was blocked, once it answers again.

    `lease` is kept as long as this goes round: it tells Dagster's sensor to leave the targets to us.
    Returns {segment: problem}.
    """
    work, watch = _Collection(place, runs, key), VendorWatch()
    sources = {each.source for each in place.stores.book.get(key).sprint.segments}
    answers_again(place.stores, key, sources)  # whoever starts a sprint again wants it tried again
    rebalance(place.stores, key)
    while True:
        lease.take()
        opened = place.stores.book.get(key)
        due = work.due(opened)
        if due:
            open_partitions(instance, opened)
        for segment in due:
            work.start(segment)
        if due:
            settle_empty_cells(instance, opened)
        if not work.running:
            return work.problems
        done, _ = wait(work.running, timeout=REFRESH_SECONDS, return_when=FIRST_COMPLETED)
        work.take_down(done)
        back = watch.answering(blocked_sources(place.stores.book.get(key)))
        if back:
            answers_again(place.stores, key, back)
            work.try_again(back)
        if done or back:
            rebalance(place.stores, key)
        finished = work.started.keys() - set(work.running.values())
        shown.refresh(COLLECTING, {each: work.problems.get(each) for each in finished})


def _may_buy_again(stores: OpenStores, opened: OpenSprint, segment: str) -> bool:
    """Whether the segment's collector stopped because buying was paused, and buying was resumed since."""
    reason = (opened.result.get("stopped") or {}).get(segment) or ""
    return str(reason).startswith(PAUSED) and stores.controls.read(opened.key).buying is not Buying.PAUSED
