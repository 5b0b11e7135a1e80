"""Questions whose call broke off: not asked again where that would be billed again, and on record until they are answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from leadgen_assets.stores.ledger import CostLedger
from leadgen_assets.stores.ledger_doubts import mark
from leadgen_assets.vendors.prices import PriceList


@dataclass(frozen=True)
class Doubts:
    """The uncertain calls of one vendor's operation, as a sprint's enrichment sees them. The ledger knows hashes only."""

    ledger: CostLedger
    prices: PriceList
    sprint: str
    vendor: str
    operation: str

    def among(self, keys: Iterable[str]) -> set[str]:
        """The questions that an earlier call may have been billed for."""
        by_mark = {mark(key): key for key in keys}
        found = self.ledger.in_doubt(self.sprint, self.vendor, self.operation, by_mark) if by_mark else ()
        return {by_mark[each] for each in found}

    def set_aside(self, entry: str, keys: Collection[str]) -> None:
        """Keep these questions of a parcel in doubt, so that the rest of it can be settled."""
        marks = sorted(mark(each) for each in keys)
        usd = self.prices.estimate(self.vendor, self.operation, len(marks)).usd
        self.ledger.set_aside(entry, f"doubt-{mark('|'.join(marks))}", len(marks), usd, marks)

    def clear(self, keys: Collection[str]) -> None:
        """These were answered by a free repeat."""
        if keys:
            self.ledger.answered(self.vendor, self.operation, {mark(each) for each in keys})

    def leave(self, unsure: dict[str, str], answered: Collection[str]) -> None:
        """Set aside what broke off, {question: ledger entry}, and was never answered."""
        left: dict[str, list[str]] = {}
        for key, entry in unsure.items():
            if key not in answered:
                left.setdefault(entry, []).append(key)
        for entry, keys in left.items():
            self.set_aside(entry, keys)
