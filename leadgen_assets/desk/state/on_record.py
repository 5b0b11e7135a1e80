"""What MongoDB says about a sprint, asked for every few seconds at most and kept while MongoDB is away.

Reads side collections only. The leads themselves are counted when a sprint is over or has just been scored, and then
once for each state of its record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from leadgen_assets.desk.cost import Cost, Counted, cost_of
from leadgen_assets.desk.state.mongo_link import MongoLink
from leadgen_assets.desk.status import SprintStatus, settled_counts, sprint_status
from leadgen_assets.leads.counting import Counts
from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.figures import QualityFigures, quality_figures
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.raw_pages import COUNTS
from leadgen_assets.stores.sprint_book import OpenSprint, SprintState

RECORD_SECONDS = 2.0
"""Age at which the sprint's own record, one small document, is read again."""
FIGURES_SECONDS = 5.0
"""Age at which counts and sums over side collections are read again."""
OVER_SECONDS = 60.0
"""Age at which a sprint that is over is looked at again, in case somebody delivered it by hand."""
AWAY_SECONDS = 5.0
"""How long an absent MongoDB is left alone."""
OVER_SECONDS = 60.0
"""Age at which a sprint that is over is looked at again, in case somebody delivered it by hand."""
PATIENCE_SECONDS = 2.0
"""How long one look may take before MongoDB counts as away."""
StageOf = Callable[[str], str | None]
"""The asset that a sprint is at, as far as is known."""
OVER = frozenset({SprintState.FINISHED, SprintState.FAILED, SprintState.STOPPED})
SCORED_STAGES = frozenset({"crm_sync", "sprint_report"})
"""Stages in which the stored leads are complete."""


@dataclass(frozen=True)
class OnRecord:
    """One sprint as MongoDB has it."""

    opened: OpenSprint
    as_of: datetime
    counts: dict[str, Counts] = field(default_factory=dict)
    """By segment: the refinement's while no page has landed since, else the landed pages'."""
    is_refined: bool = False
    times: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    """{segment: when the first and the last of its pages was accounted for}."""
    span: tuple[datetime, datetime] | None = None
    outcomes: dict[str, int] = field(default_factory=dict)
    """{outcome: leads} at the sprint's CRM."""
    cost: Cost | None = None
    quality: QualityFigures | None = None
    """Over the stored leads, once they are scored."""
    status: SprintStatus | None = None
    """Once the sprint is over: what `leadgen sprint status` says."""

    @property
    def total(self) -> Counts:
        """Over all segments."""
        return Counts.total(self.counts.values())

    @property
    def is_over(self) -> bool:
        """Finished, failed or stopped."""
        return self.opened.state in OVER


class RecordReader:
    """Keeps what was read last of the sprints that are looked at."""

    def __init__(self, stores: OpenStores, link: MongoLink) -> None:
        self._stores = stores
        self._link = link
        self._known: dict[str, OnRecord] = {}
        self._read_at: dict[tuple[str, str], float] = {}
        self._latest: str | None = None
        self._counted_for: dict[str, Any] = {}

    def read(self, key: str | None, stage_of: StageOf) -> OnRecord | None:
        """The sprint of that key, or the latest one; None when there is none or it was never seen.

        Raises `StoreMissing` when MongoDB answers and there is no sprint of that key; nothing while it is away.
        """
        known = self._known.get(key or self._latest or "")
        return self._link.ask(lambda: self._read(key, stage_of), known)

    def _read(self, key: str | None, stage_of: StageOf) -> OnRecord | None:
        opened = self._opened(key)
        if opened is None:
            return None
        known = self._known.get(opened.key)
        if known is None or known.opened is not opened or self._is_old("figures", opened.key, FIGURES_SECONDS):
            known = self._figures(opened, known, stage_of(opened.key))
            self._known[opened.key] = known
        return known

    def _opened(self, key: str | None) -> OpenSprint | None:
        name = key or self._latest
        if name in self._known and not self._is_old("record", name or "", RECORD_SECONDS):
            return self._known[name or ""].opened
        opened = self._stores.book.get(key) if key else self._stores.book.latest()
        if opened is None:
            self._latest = None
            return None
        if key is None:
            self._latest = opened.key
        self._read_at["record", opened.key] = time.monotonic()
        known = self._known.get(opened.key)
        return known.opened if known and known.opened == opened else opened

    def _figures(self, opened: OpenSprint, known: OnRecord | None, stage: str | None) -> OnRecord:
        stores, key = self._stores, opened.key
        with told_without_values(f"reading the figures of {key}"):
            accounted = stores.raw_pages.accounted(key)
            collected = {name: Counts(**{n: each.counts[n] for n in COUNTS}) for name, each in accounted.items()}
            counts, is_refined = settled_counts(collected, opened)
            found = OnRecord(
                opened,
                datetime.now(UTC),
                counts,
                is_refined,
                {name: (each.first, each.last) for name, each in accounted.items()},
                stores.raw_pages.span(key),
                stores.outcomes.counts(key).get(opened.sprint.crm.target, {}),
                cost_of(stores, key, counted=_counted(counts, known)),
                known.quality if known else None,
                known.status if known else None,
            )
            self._read_at["figures", key] = time.monotonic()
            return self._with_lead_figures(found, stage)

    def _with_lead_figures(self, found: OnRecord, stage: str | None) -> OnRecord:
        """Count the leads where that is due: over, or complete, and not counted yet in this state."""
        opened, key = found.opened, found.opened.key
        due = found.is_over or stage in SCORED_STAGES
        state: Mapping[str, Any] = {"record": (opened.state, opened.counts, opened.result), "stage": stage}
        unchanged = self._counted_for.get(key) == state
        if not due or (unchanged and not (found.is_over and self._is_old("leads", key, OVER_SECONDS))):
            return found if due or found.is_over else replace(found, status=None)
        quality = quality_figures(self._stores.db, key)
        status = sprint_status(self._stores, key) if found.is_over else None
        self._counted_for[key] = state
        self._read_at["leads", key] = time.monotonic()
        return replace(found, quality=quality if quality.scored else None, status=status)

    def _is_old(self, what: str, key: str, seconds: float) -> bool:
        return time.monotonic() - self._read_at.get((what, key), -1e9) >= seconds


def _counted(counts: Mapping[str, Counts], known: OnRecord | None) -> Counted:
    """Leads that the money was spent on; qualified ones once they are counted."""
    total, quality = Counts.total(counts.values()), known.quality if known else None
    return Counted(total.collected, total.leads, quality.qualified if quality else None)
