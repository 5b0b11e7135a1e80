"""The status of a sprint: one answer for the command line, the report and the dashboard, from what is on record."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from leadgen_assets.collection.moving import lent
from leadgen_assets.collection.rebalancing import blocked, past_moves
from leadgen_assets.delivery.waiting import ON_RECORD, CrmWait
from leadgen_assets.leads.counting import Counts
from leadgen_assets.sprint_file import Segment
from leadgen_assets.stores.figures import SprintFigures, sprint_figures
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.sprint_book import OpenSprint, SprintState

_UNDER_WAY = (SprintState.OPEN, SprintState.RUNNING)


@dataclass(frozen=True)
class SegmentStatus:
    """One segment: what it was asked for and what came of it."""

    id: str
    source: str
    state: str
    """waiting | collecting | paused | short | done."""
    target: int
    delivered: int
    leads: int
    duplicates: int
    suppressed: int
    quarantined: int
    cost_usd: float
    reason: str | None = None
    """Why it is short of its target, once its collector has ended."""

    @property
    def collected(self) -> int:
        """Records that became a lead or a duplicate."""
        return self.leads + self.duplicates


@dataclass(frozen=True)
class SprintStatus:
    """A sprint's figures (`interfaces.md`: `leadgen sprint status --json`). Shares are 0..1; None means not known yet."""

    sprint: str
    name: str
    state: str
    opened_at: datetime
    target: int
    delivered: int
    collected: int
    unique: int
    duplicates: int
    suppressed: int
    quarantined: int
    counts_add_up: bool
    qualified: int | None
    average_quality_score: float | None
    email_availability: float | None
    company_completeness: float | None
    validation_rate: float | None
    duplicate_rate: float | None
    crm_target: str
    crm_synced: int
    crm_failed: int
    cost_usd: float
    cost_per_qualified_lead: float | None
    budget_usd: float
    leads_per_hour: float | None
    eta: datetime | None
    segments: tuple[SegmentStatus, ...]
    gates: dict[str, dict[str, Any]]
    """{name: {value, threshold, passed}} of the latest check on the sprint's data."""
    report: str | None
    crm_waits: str | None = None
    """Since when the CRM does not answer, and when it is asked again."""
    left_over: tuple[str, ...] = ()
    """Segments of a sprint that is over, with landed records that the refinement has not seen."""

    @property
    def is_delivered(self) -> bool:
        """Every gate passed, the CRM took every lead it was given, and nothing that landed is left over (NFR-007)."""
        gates_passed = bool(self.gates) and all(gate["passed"] for gate in self.gates.values())
        return (
            gates_passed
            and not self.left_over
            and self.crm_failed == 0
            and self.crm_synced == self.qualified
            and self.crm_synced > 0
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps(..., default=str)`."""
        return asdict(self) | {"is_delivered": self.is_delivered}


def sprint_status(stores: OpenStores, key: str) -> SprintStatus:
    """The status of a sprint. Raises `KeyError` when there is no such sprint."""
    opened = stores.book.get(key)
    collected = stores.counts(key)
    by_segment, _ = settled_counts(collected, opened)
    total = sum(by_segment.values(), Counts())
    figures = sprint_figures(stores.db, key)
    spent = float(stores.ledger.spent(key))
    by_cost = {name: float(each.usd) for name, each in stores.ledger.by(key, "segment").items()}
    rate, eta = _pace(stores, opened, total)
    outcomes = stores.outcomes.counts(key).get(opened.sprint.crm.target, {})
    qualified = figures.qualified if figures.scored else None
    moved = _moved(opened)
    return SprintStatus(
        sprint=key,
        name=opened.sprint.name,
        state=opened.state,
        opened_at=opened.opened_at,
        target=opened.sprint.target.collected,
        delivered=total.delivered,
        collected=total.collected,
        unique=total.leads,
        duplicates=total.duplicates,
        suppressed=total.suppressed,
        quarantined=total.quarantined,
        counts_add_up=total.adds_up,
        qualified=qualified,
        **_quality(figures),
        duplicate_rate=total.duplicate_rate if total.collected else None,
        crm_target=opened.sprint.crm.target,
        crm_synced=figures.crm_synced,
        crm_failed=outcomes.get("failed", 0) + outcomes.get("retry", 0),
        cost_usd=round(spent, 2),
        cost_per_qualified_lead=round(spent / qualified, 4) if qualified else None,
        budget_usd=opened.sprint.budget.usd,
        leads_per_hour=rate,
        eta=eta,
        segments=tuple(
            _segment(each, by_segment.get(each.id, Counts()), by_cost.get(each.id, 0.0), opened, moved.get(each.id))
            for each in opened.sprint.segments
        ),
        gates=opened.result.get("gates", {}),
        report=opened.result.get("report"),
        crm_waits=crm_waits(opened),
        left_over=() if opened.state in _UNDER_WAY else left_over(stores, opened, collected),
    )


def left_over(stores: OpenStores, opened: OpenSprint, collected: dict[str, Counts]) -> tuple[str, ...]:
    """Segments with landed records that the refinement has not seen: runs that failed between landing and refining.
    None before a refinement. `collected` are the counts over landed pages, by segment."""
    if not opened.counts:
        return ()
    behind = {each for each, counts in collected.items() if counts.delivered > _refined(opened, each)}
    if not stores.raw_pages.all_have_outcomes(opened.key):
        behind |= {each.id for each in opened.sprint.segments if stores.raw_pages.without_outcome(opened.key, each.id)}
    return tuple(each.id for each in opened.sprint.segments if each.id in behind)


def _refined(opened: OpenSprint, segment: str) -> int:
    """Records of a segment that the refinement has seen."""
    return Counts(**opened.counts.get(segment, {})).delivered


def crm_waits(opened: OpenSprint) -> str | None:
    """Since when the sprint's CRM does not answer, and when it is asked again; None while it does."""
    wait = CrmWait.from_record(opened.result.get(ON_RECORD))
    return wait.words if wait else None


def settled_counts(collected: dict[str, Counts], opened: OpenSprint) -> tuple[dict[str, Counts], bool]:
    """The counts that hold, from those over landed pages and the refinement's; and whether they are the refinement's."""
    landed = sum(each.delivered for each in collected.values())
    refined = {segment: Counts(**tally) for segment, tally in opened.counts.items()}
    is_refined = bool(refined) and sum(each.delivered for each in refined.values()) == landed
    return (refined if is_refined else collected), is_refined


def _quality(figures: SprintFigures) -> dict[str, float | None]:
    names = ("average_quality_score", "email_availability", "company_completeness", "validation_rate")
    return {name: getattr(figures, name) if figures.scored else None for name in names}


def _pace(stores: OpenStores, opened: OpenSprint, total: Counts) -> tuple[float | None, datetime | None]:
    """Leads per hour between the first and the last landed page, and when the target is reached at that pace."""
    span = stores.raw_pages.span(opened.key)
    if span is None or not total.collected:
        return None, None
    first, last = span
    hours = max((last - first).total_seconds(), 1.0) / 3600
    rate = total.collected / hours
    remaining = max(0, opened.sprint.target.collected - total.collected)
    eta = datetime.now(UTC) + (last - first) * (remaining / total.collected) if remaining else None
    return round(rate, 1), eta


def segment_state(segment: Segment, counts: Counts, opened: OpenSprint) -> str:
    """waiting | collecting | paused | short | done."""
    if counts.delivered >= segment.leads:
        return "done"
    if segment.paused:
        return "paused"
    if opened.state in _UNDER_WAY:
        return "collecting" if counts.delivered else "waiting"
    return "short"


def _moved(opened: OpenSprint) -> dict[str, str]:
    """{segment: what has become of the leads that it could not collect itself}"""
    away: dict[str, list[str]] = {}
    for (giver, taker), leads in sorted(lent(past_moves(opened)).items()):
        away.setdefault(giver, []).append(f"{leads:,} to {taker}")
    barred, sources = blocked(opened), {each.id: each.source for each in opened.sprint.segments}
    return {
        giver: f"{f'{sources[giver]} {barred[giver]}: ' if giver in barred else ''}leads moved, {', '.join(moved)}"
        for giver, moved in away.items()
        if giver in sources
    }


def _segment(segment: Segment, counts: Counts, cost: float, opened: OpenSprint, moved: str | None) -> SegmentStatus:
    state = segment_state(segment, counts, opened)
    return SegmentStatus(
        id=segment.id,
        source=segment.source,
        state=state,
        target=segment.leads,
        delivered=counts.delivered,
        leads=counts.leads,
        duplicates=counts.duplicates,
        suppressed=counts.suppressed,
        quarantined=counts.quarantined,
        cost_usd=round(cost, 2),
        reason=moved or (opened.result.get("stopped", {}).get(segment.id) if state != "done" else None),
    )
