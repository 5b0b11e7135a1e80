"""What a sprint costs (NFR-012, NFR-013, PHX-03): by vendor, segment, hour and field, per lead, and against its budget.

Everything is summed from the ledger, over indexes alone; `forecast.py` tells what is to come. Amounts are US dollars.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from leadgen_assets.desk.forecast import Forecast, forecast_of
from leadgen_assets.desk.status import settled_counts
from leadgen_assets.enrichment import company_step, email_step, verify_step
from leadgen_assets.enrichment.lead_rows import SEGMENT as ENRICHMENT
from leadgen_assets.leads.counting import Counts
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Budget
from leadgen_assets.stores.controls import Buying, Control
from leadgen_assets.stores.ledger_sums import OPEN, LedgerEntry, LedgerSum
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.purse import COLLECTION_MARK, acting_mark
from leadgen_assets.stores.sprint_book import OpenSprint, SprintState
from leadgen_assets.vendors.prices import PriceList, load_prices

DOUBTFUL_AFTER = timedelta(hours=1)
"""While a sprint runs, a call that is reserved longer than that is uncertain: no job is waited for so long."""
_FIELDS = {
    **dict.fromkeys(company_step.OPERATIONS.items(), "company"),
    **dict.fromkeys(email_step.OPERATIONS.items(), "email"),
    **dict.fromkeys(verify_step.OPERATIONS.items(), "verification"),
}
"""What an enrichment purchase was made for."""


@dataclass(frozen=True)
class Counted:
    """Leads that money was spent on; None when they are not known yet."""

    collected: int
    unique: int
    qualified: int | None


@dataclass(frozen=True)
class Spent:
    """Paid and open money for one thing."""

    usd: float
    """Settled."""
    reserved_usd: float
    credits: float
    units: int
    calls: int


@dataclass(frozen=True)
class Mark:
    """A share of the budget that is announced when it is reached."""

    at: float
    usd: float
    severity: str
    action: str | None
    """What happens by itself then."""
    reached: bool


@dataclass(frozen=True)
class Cost:
    """A sprint's money at one moment. None is what is not known yet, never 0."""

    sprint: str
    at: datetime
    usd: float
    """Settled: what vendors charged."""
    reserved_usd: float
    """Reserved for calls on the wire, and for those nobody knows the outcome of."""
    uncertain_usd: float
    """Of that: for calls that were sent and never confirmed."""
    budget_usd: float
    share: float
    """(usd + reserved_usd) / budget_usd, 0..1: what the ledger's hard stop looks at."""
    per_collected: float | None
    per_unique: float | None
    per_qualified: float | None
    per_qualified_limit: float
    forecast: Forecast
    marks: tuple[Mark, ...]
    control: Control
    by_vendor: dict[str, Spent]
    by_segment: dict[str, Spent]
    by_field: dict[str, Spent]
    """collection, company, email, verification."""
    by_operation: dict[str, Spent]
    """By "vendor operation"."""
    by_hour: dict[str, Spent]
    """By the begin of the hour, ISO 8601."""
    uncertain: tuple[LedgerEntry, ...]
    """Calls that may have been billed without an answer."""
    decided: tuple[LedgerEntry, ...] = ()
    """Calls that were uncertain until the vendor's usage or a person decided: settled (billed) or released (not billed)."""

    @property
    def buying(self) -> Buying:
        """What the sprint may buy."""
        return self.control.buying

    @property
    def state(self) -> dict[str, Any]:
        """The part `cost` of the desk's state."""
        names = (
            "usd",
            "reserved_usd",
            "uncertain_usd",
            "budget_usd",
            "share",
            "per_collected",
            "per_unique",
            "per_qualified",
        )
        return {
            **{name: getattr(self, name) for name in names},
            "per_qualified_limit": self.per_qualified_limit,
            "forecast_usd": self.forecast.usd,
            "uncertain_calls": len(self.uncertain),
            "uncertain_share": round(self.uncertain_usd / self.budget_usd, 6),
            "marks": [{"at": each.at, "reached": each.reached} for each in self.marks],
            "buying": self.buying.value,
        }

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps(..., default=str)`."""
        parts = ("by_vendor", "by_segment", "by_field", "by_operation", "by_hour")
        return {
            "sprint": self.sprint,
            "at": self.at,
            **self.state,
            "marks": [asdict(each) for each in self.marks],
            "forecast": asdict(self.forecast),
            **{name: {key: asdict(each) for key, each in getattr(self, name).items()} for name in parts},
            "uncertain": [asdict(each) for each in self.uncertain],
            "decided": [asdict(each) for each in self.decided],
            "control": {"says": self.control.says, "changes": [asdict(each) for each in self.control.changes]},
        }


def cost_of(
    stores: OpenStores, sprint: str, *, counted: Counted | None = None, prices: PriceList | None = None
) -> Cost:
    """The cost of a sprint. Raises `StoreMissing` when there is no such sprint.

    `counted` spares counting where the caller knows the leads; `prices` are those of the settings by default.
    """
    opened = stores.book.get(sprint)
    sums = stores.ledger.sums(sprint)
    counts = settled_counts(stores.counts(sprint), opened)[0]
    counted = counted or _counted(stores, opened, counts)
    doubtful_after = DOUBTFUL_AFTER if opened.state is SprintState.RUNNING else timedelta(0)
    uncertain = tuple(stores.ledger.uncertain(doubtful_after, sprint))
    prices = prices or load_prices(Settings().leadgen_prices)
    usd, reserved = total(sums, "settled"), total(sums, *OPEN)
    budget = opened.sprint.budget
    share = float((usd + reserved) / Decimal(str(budget.usd)))
    return Cost(
        sprint=sprint,
        at=datetime.now(UTC),
        usd=_round(usd),
        reserved_usd=_round(reserved),
        uncertain_usd=_round(sum((each.usd for each in uncertain), Decimal(0))),
        budget_usd=budget.usd,
        share=round(share, 6),
        per_collected=_per(usd, counted.collected),
        per_unique=_per(usd, counted.unique),
        per_qualified=_per(usd, counted.qualified),
        per_qualified_limit=budget.per_qualified_lead,
        forecast=forecast_of(stores, opened, sums, uncertain, counts, prices),
        marks=tuple(_mark(each, budget, share) for each in sorted(budget.alerts)),
        control=stores.controls.seen(sprint),
        by_vendor=_by(sums, lambda each: each.vendor),
        by_segment=_by(sums, lambda each: each.segment),
        by_field=_by(sums, field_of),
        by_operation=_by(sums, lambda each: f"{each.vendor} {each.operation}"),
        by_hour=_by(sums, lambda each: each.hour.isoformat().replace("+00:00", "Z")),
        uncertain=uncertain,
        decided=tuple(stores.ledger.decided(sprint)),
    )


def field_of(each: LedgerSum) -> str:
    """What was bought: leads (collection), or company data, addresses or verifications for leads that lacked them."""
    return _FIELDS.get((each.vendor, each.operation), "other") if each.segment == ENRICHMENT else "collection"


def total(sums: Iterable[LedgerSum], *states: str) -> Decimal:
    """US dollars over the sums in those states."""
    return sum((each.spending.usd for each in sums if each.state in states), Decimal(0))


def _counted(stores: OpenStores, opened: OpenSprint, counts: dict[str, Counts]) -> Counted:
    sum_of = Counts.total(counts.values())
    qualified = stores.leads.count(opened.key, is_qualified=True)
    return Counted(sum_of.collected, sum_of.leads, qualified or None)


def _by(sums: Iterable[LedgerSum], name: Callable[[LedgerSum], str]) -> dict[str, Spent]:
    """Sums under a name, the dearest first; hours in their order, as their names sort."""
    groups: dict[str, list[LedgerSum]] = {}
    for each in sorted(sums, key=name):
        groups.setdefault(name(each), []).append(each)
    return {key: _spent(group) for key, group in groups.items()}


def _spent(group: list[LedgerSum]) -> Spent:
    paid = [each.spending for each in group if each.state == "settled"]
    return Spent(
        usd=_round(total(group, "settled")),
        reserved_usd=_round(total(group, *OPEN)),
        credits=float(sum((each.credits for each in paid), Decimal(0))),
        units=sum(each.units for each in paid),
        calls=sum(each.calls for each in paid),
    )


def _mark(at: float, budget: Budget, share: float) -> Mark:
    severity = "CRITICAL" if at >= 0.95 else "WARNING" if at >= 0.80 else "INFO"
    action = None
    if at == acting_mark(budget):
        action = f"pauses enrichment; at {max(at, COLLECTION_MARK):.0%}, or when the rest does not fit, collection too"
    return Mark(at, round(at * budget.usd, 2), severity, action, share >= at)


def _per(usd: Decimal, leads: int | None) -> float | None:
    return round(float(usd / leads), 4) if leads else None


def _round(usd: Decimal) -> float:
    return round(float(usd), 6)
