"""What a sprint will have cost at its end, and what days and months will (PHX-03). Amounts are US dollars."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median

from leadgen_assets.collection import snapshots
from leadgen_assets.enrichment.lead_rows import SEGMENT as ENRICHMENT
from leadgen_assets.leads.counting import Counts
from leadgen_assets.sprint_file import Segment
from leadgen_assets.stores.ledger_sums import OPEN, LedgerEntry, LedgerSum
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.purse import PAUSED
from leadgen_assets.stores.sprint_book import OpenSprint, SprintState
from leadgen_assets.vendors.apollo import ApolloClient
from leadgen_assets.vendors.prices import PriceList
from leadgen_assets.vendors.zoominfo import ZoomInfoClient

EARLIER_SPRINTS = 5
"""How many earlier sprints of the same file tell what enrichment costs."""
ENOUGH_RECORDS = 50
"""Records after which a segment's own price is trusted; before, its source's, then the list price."""
MONTH = timedelta(days=30)
_PURCHASES = {
    "apollo": ApolloClient.paid_operation,
    "zoominfo": ZoomInfoClient.paid_operation,
    "brightdata": snapshots.OPERATION,
}
"""The paid operation of a source; exported files cost nothing."""
_OVER = (SprintState.FINISHED, SprintState.STOPPED, SprintState.FAILED)


@dataclass(frozen=True)
class Forecast:
    """The money of the sprint at its end, if it goes on as planned, paused or not."""

    usd: float
    collection_to_come: float
    enrichment_to_come: float | None
    """None when no earlier sprint tells: then it is not in `usd`."""
    over_budget_by: float
    """By how much `usd` exceeds the budget; 0 when it does not."""
    basis: str
    """Where the figures come from, in a sentence."""


@dataclass(frozen=True)
class Projection:
    """All sprints together. A projection is what was spent so far, and the rest of the time at the recent pace."""

    today: float
    day: float
    """Today until midnight UTC: the rest at the pace of the last 24 hours."""
    this_month: float
    month: float
    """The calendar month: the rest at the pace of the last 30 days."""
    last_24_hours: float
    last_30_days: float


def forecast_of(
    stores: OpenStores,
    opened: OpenSprint,
    sums: Sequence[LedgerSum],
    uncertain: Iterable[LedgerEntry],
    counts: Mapping[str, Counts],
    prices: PriceList,
) -> Forecast:
    """The forecast for a sprint, from its ledger, its counts and earlier sprints."""
    committed = sum((each.spending.usd for each in sums), Decimal(0))
    limit = Decimal(str(opened.sprint.budget.usd))
    if opened.state in _OVER:
        return _forecast(committed, Decimal(0), Decimal(0), limit, "The sprint is over: nothing is to come.")
    to_come = sum(collection_to_come(opened, sums, uncertain, counts, prices).values(), Decimal(0))
    rate, sprints = enrichment_rate(stores, opened)
    basis = "Collection: what the segments' records cost so far, else list prices, times the records to come. "
    if rate is None:
        basis += "Enrichment is not included: no earlier sprint of this file tells what it costs."
        return _forecast(committed, to_come, None, limit, basis)
    spent = sum((each.spending.usd for each in sums if each.segment == ENRICHMENT), Decimal(0))
    enrichment = max(Decimal(0), rate * _unique_at_the_end(opened, counts) - spent)
    basis += f"Enrichment: ${rate:,.4f} a unique lead, the median of {sprints} earlier sprints."
    return _forecast(committed, to_come, enrichment, limit, basis)


def collection_to_come(
    opened: OpenSprint,
    sums: Sequence[LedgerSum],
    uncertain: Iterable[LedgerEntry],
    counts: Mapping[str, Counts],
    prices: PriceList,
) -> dict[str, Decimal]:
    """{segment: what its missing records will cost}. Segments that are paused, or whose source has no more, cost nothing.

    Money reserved for calls that are on the wire pays for some of those records already; uncertain calls bring none.
    """
    lost: dict[str, Decimal] = {}
    for entry in uncertain:
        lost[entry.segment] = lost.get(entry.segment, Decimal(0)) + entry.usd
    found = {}
    for segment in opened.sprint.segments:
        missing = segment.leads - counts.get(segment.id, Counts()).delivered
        if segment.source not in _PURCHASES or missing <= 0 or segment.paused or _has_ended(opened, segment.id):
            continue
        on_the_wire = _usd(sums, segment.id, *OPEN) - lost.get(segment.id, Decimal(0))
        price = _price(opened, segment, sums, counts, prices)
        found[segment.id] = max(Decimal(0), price * missing - on_the_wire)
    return found


def outlook(stores: OpenStores, sprint: str, prices: PriceList) -> Decimal:
    """What collecting the rest of a sprint will cost: for the budget guard."""
    opened = stores.book.get(sprint)
    sums, uncertain = stores.ledger.sums(sprint), stores.ledger.uncertain(timedelta(hours=1), sprint)
    return sum(collection_to_come(opened, sums, uncertain, stores.counts(sprint), prices).values(), Decimal(0))


def enrichment_rate(stores: OpenStores, opened: OpenSprint) -> tuple[Decimal | None, int]:
    """What enrichment cost per unique lead in earlier sprints of the same file: (median, how many sprints)."""
    earlier = stores.baselines.last("sprint", EARLIER_SPRINTS + 1, about=opened.sprint.name)
    rates = [
        each.figures["enrichment_usd_per_unique"]
        for each in earlier
        if each.key != opened.key and "enrichment_usd_per_unique" in each.figures
    ][:EARLIER_SPRINTS]
    return (Decimal(str(round(median(rates), 6))), len(rates)) if rates else (None, 0)


def projection_of(stores: OpenStores, now: datetime | None = None) -> Projection:
    """Day and month over all sprints, from three sums over an index."""
    now = now or datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight.replace(day=1)
    days = calendar.monthrange(now.year, now.month)[1]

    def spent(since: datetime) -> float:
        found = stores.ledger.between(since, now).get("")
        return float(found.usd) if found else 0.0

    begun = stores.ledger.first_settled() or now
    today, month, day_back, month_back = (
        spent(each) for each in (midnight, first, now - timedelta(days=1), now - MONTH)
    )
    # a ledger younger than the window: its pace over its own age, at least a day
    age = max(timedelta(days=1), min(MONTH, now - begun))
    rest_of_day, rest_of_month = midnight + timedelta(days=1) - now, first + timedelta(days=days) - now
    return Projection(
        today=round(today, 2),
        day=round(today + day_back * (rest_of_day / timedelta(days=1)), 2),
        this_month=round(month, 2),
        month=round(month + month_back * (rest_of_month / age), 2),
        last_24_hours=round(day_back, 2),
        last_30_days=round(month_back, 2),
    )


def _forecast(
    committed: Decimal, collection: Decimal, enrichment: Decimal | None, limit: Decimal, basis: str
) -> Forecast:
    usd = committed + collection + (enrichment or Decimal(0))
    return Forecast(
        usd=round(float(usd), 2),
        collection_to_come=round(float(collection), 2),
        enrichment_to_come=None if enrichment is None else round(float(enrichment), 2),
        over_budget_by=round(float(max(Decimal(0), usd - limit)), 2),
        basis=basis,
    )


def _price(
    opened: OpenSprint, segment: Segment, sums: Sequence[LedgerSum], counts: Mapping[str, Counts], prices: PriceList
) -> Decimal:
    """US dollars a delivered record."""
    siblings = [each.id for each in opened.sprint.segments if each.source == segment.source]
    for group in ([segment.id], siblings):
        delivered = sum(counts.get(each, Counts()).delivered for each in group)
        if delivered >= ENOUGH_RECORDS:
            return sum((_usd(sums, each, "settled") for each in group), Decimal(0)) / delivered
    return prices.estimate(segment.source, _PURCHASES[segment.source], 1).usd


def _usd(sums: Iterable[LedgerSum], segment: str, *states: str) -> Decimal:
    found = (each.spending.usd for each in sums if each.segment == segment and each.state in states)
    return sum(found, Decimal(0))


def _has_ended(opened: OpenSprint, segment: str) -> bool:
    """Whether the segment's collector ended short for a reason of the source's, not for want of money."""
    reason = (opened.result.get("stopped") or {}).get(segment)
    return bool(reason) and reason != "budget" and not str(reason).startswith(PAUSED)


def _unique_at_the_end(opened: OpenSprint, counts: Mapping[str, Counts]) -> int:
    """Unique leads if every segment reaches its target with the share of new leads seen so far."""
    seen = Counts.total(counts.values())
    wanted = sum(each.leads for each in opened.sprint.segments if not each.paused)
    if not seen.delivered:
        return max(seen.leads, opened.sprint.target.unique)
    return round(max(wanted, seen.delivered) * seen.leads / seen.delivered)
