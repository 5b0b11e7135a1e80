"""A sprint's purse: the one way to money for collectors and enrichers (NFR-013, PHX-03).

It asks the emergency controls, reserves in the ledger, and acts on the budget's last mark: enrichment is paused first;
collection too when 98 % are reached or what is still to collect would not fit into the budget. At 100 % the ledger
refuses, whatever the controls say. Each automatic pause acts once a sprint, so that a person who resumes decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from leadgen_assets.sprint_file import Budget
from leadgen_assets.stores.controls import SEEN_WITHIN, Buying, Controls
from leadgen_assets.stores.ledger import Asked, CostLedger, Reservation, Reserved

Purpose = Literal["collection", "enrichment"]

ACTING_MARK = 0.95
"""A budget mark from here up does not only tell: it pauses enrichment."""
COLLECTION_MARK = 0.98
"""Share of the budget at which collection is paused too."""
GUARD = "the budget guard"
"""Who paused, on record, when it was done by itself."""
PAUSED = "buying is paused"
"""How a collector's reason to stop begins when the controls stopped it."""
_STEPS: tuple[Purpose, Purpose] = ("enrichment", "collection")


@dataclass(frozen=True)
class BuyingPaused:
    """The controls forbid the call; nothing is reserved."""

    entry_id: str
    says: str


@dataclass
class Purse:
    """One sprint's money. `outlook` tells what collecting the rest would cost, in US dollars; without it only the marks
    decide about collection."""

    ledger: CostLedger
    controls: Controls
    sprint: str
    budget: Budget
    outlook: Callable[[], Decimal] | None = None
    clock: Callable[[], float] = time.monotonic
    _looked_at: float | None = field(default=None, init=False)

    @property
    def is_fresh(self) -> bool:
        """Whether `paused` answers from memory."""
        return self.controls.is_fresh(self.sprint)

    def paused(self, purpose: Purpose) -> str | None:
        """Why nothing may be bought for that purpose now; None when it may. Costs a database read at most every two
        seconds."""
        control = self.controls.seen(self.sprint)
        forbids = (Buying.PAUSED,) if purpose == "collection" else (Buying.PAUSED, Buying.ENRICHMENT_PAUSED)
        if control.buying not in forbids:
            return None
        reason = control.latest.reason if control.latest else ""
        return f"{PAUSED}: {reason or 'no reason given'}; go on with `leadgen cost resume {self.sprint}`"

    def reserve(
        self,
        purpose: Purpose,
        entry_id: str,
        segment: str,
        vendor: str,
        operation: str,
        units: int,
        usd: Decimal,
        about: Collection[str] = (),
    ) -> Reservation | BuyingPaused:
        """Ask to spend `usd`, the most the call can cost (`CostLedger.reserve`), unless buying is paused."""
        says = self.paused(purpose)
        if says is not None:
            return BuyingPaused(entry_id, says)
        limit = Decimal(str(self.budget.usd))
        answer = self.ledger.reserve(entry_id, self.sprint, segment, vendor, operation, units, usd, limit, about)
        if isinstance(answer, Reserved):
            self._heed(answer.committed_usd, limit)
        return answer

    def reserve_all(self, purpose: Purpose, asked: Sequence[Asked]) -> list[Reservation | BuyingPaused]:
        """`reserve` for several different calls at once, in their order (`CostLedger.reserve_all`)."""
        says = self.paused(purpose)
        if says is not None:
            return [BuyingPaused(each.entry_id, says) for each in asked]
        limit = Decimal(str(self.budget.usd))
        answers = self.ledger.reserve_all(self.sprint, asked, limit)
        committed = [each.committed_usd for each in answers if isinstance(each, Reserved)]
        if committed:
            self._heed(max(committed), limit)
        return [*answers]

    def _heed(self, committed: Decimal, limit: Decimal) -> None:
        """Pause what the budget's marks demand."""
        mark = acting_mark(self.budget)
        share = committed / limit
        if mark is None or share < Decimal(str(mark)) or self._has_acted(_STEPS):
            return
        figures = f"{share:.1%} of ${limit:,.2f} are spent or reserved (${committed:,.2f})"
        if not self._has_acted(("enrichment",)):
            self.controls.pause_enrichment(self.sprint, GUARD, figures, once="enrichment")
        if share >= Decimal(str(max(mark, COLLECTION_MARK))):
            self.controls.pause_all(self.sprint, GUARD, figures, once="collection")
        elif (to_come := self._to_come()) is not None and committed + to_come > limit:
            figures += f", and collecting the rest would cost about ${to_come:,.2f}"
            self.controls.pause_all(self.sprint, GUARD, figures, once="collection")

    def _has_acted(self, steps: tuple[Purpose, ...]) -> bool:
        return self.controls.seen(self.sprint).steps.issuperset(steps)

    def _to_come(self) -> Decimal | None:
        """The outlook, asked for at most every two seconds."""
        if self.outlook is None or (self._looked_at is not None and self.clock() - self._looked_at < SEEN_WITHIN):
            return None
        self._looked_at = self.clock()
        return self.outlook()


def acting_mark(budget: Budget) -> float | None:
    """The lowest of the budget's marks that acts; None when the sprint file has none of 95 % or more."""
    return min((each for each in budget.alerts if each >= ACTING_MARK), default=None)
