"""Who asks and who is asked: a sprint's stores and money, questions under their keys, a vendor's paid operation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Generic, TypeVar

from leadgen_assets.enrichment.doubts import Doubts
from leadgen_assets.enrichment.report import Step
from leadgen_assets.sprint_file import Budget
from leadgen_assets.stores.controls import Controls
from leadgen_assets.stores.enrichment_cache import EnrichmentCache
from leadgen_assets.stores.leads import LeadStore
from leadgen_assets.stores.ledger import CostLedger
from leadgen_assets.stores.purse import Purse
from leadgen_assets.stores.suppressions import Suppressions
from leadgen_assets.stores.vendor_jobs import VendorJobs
from leadgen_assets.vendors.contracts import Answer
from leadgen_assets.vendors.prices import PriceList, load_prices
from leadgen_assets.vendors.width import Widths

Q = TypeVar("Q")


@dataclass(frozen=True)
class Desk:
    """What every step works with: whose sprint it is, how much it may spend, and the stores."""

    sprint: str
    budget_usd: Decimal
    cache: EnrichmentCache
    ledger: CostLedger
    suppressions: Suppressions
    jobs: VendorJobs
    leads: LeadStore
    controls: Controls
    prices: PriceList = field(default_factory=load_prices)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    marks: tuple[float, ...] = (0.60, 0.80, 0.95)
    """Shares of the budget that are announced; the last one pauses enrichment (`stores.purse`)."""
    outlook: Callable[[], Decimal] | None = None
    """What collecting the rest would cost, for the budget guard."""
    tally: Callable[[dict[str, int]], None] = lambda _: None
    """Told what came of every parcel, for the live desk: `enrich:STEP:VENDOR:found` and `…:missed`."""

    widths: Widths = field(default_factory=Widths)
    """How many calls of a vendor are under way at once."""

    def outcome(self, step: Step, vendor: str, found: int, missed: int) -> None:
        """Tell what came of a parcel."""
        name = f"enrich:{step}:{vendor}"
        self.tally({f"{name}:found": found, f"{name}:missed": missed})

    @cached_property
    def purse(self) -> Purse:
        """The way to the sprint's money."""
        budget = Budget(usd=float(self.budget_usd), alerts=self.marks)
        return Purse(self.ledger, self.controls, self.sprint, budget, self.outlook)

    def doubts(self, who: Respondent[Any]) -> Doubts:
        """The uncertain calls to a vendor."""
        return Doubts(self.ledger, self.prices, self.sprint, who.vendor, who.operation)

    async def paused(self) -> str | None:
        """Why nothing may be bought now; None when it may. Leaves the event loop only where the database is asked."""
        if self.purse.is_fresh:
            return self.purse.paused("enrichment")
        return await asyncio.to_thread(self.purse.paused, "enrichment")


@dataclass(frozen=True)
class Question(Generic[Q]):
    """A vendor's query under the key by which its answer is remembered; equal keys are one question."""

    key: str
    query: Q
    ref: str
    """What the query calls itself; the answer echoes it."""


@dataclass(frozen=True)
class Known:
    """An answer that holds: fields, or None when the vendor does not know; and when it said so (ISO 8601)."""

    fields: dict[str, str] | None
    asked_at: str


@dataclass(frozen=True)
class Respondent(Generic[Q]):
    """A vendor's paid operation (named as in the price list), as this module needs it."""

    vendor: str
    operation: str
    batch_size: int
    ask: Callable[[Sequence[Q]], Awaitable[list[Answer]]]
    suppress: Callable[[Iterable[str]], None]
    """Told the keys of people who must not be contacted any more, before their answer is cached."""
    repeat_is_free: bool
    """Whether asking the same again soon costs nothing. Elsewhere what may have been billed is not asked again."""
