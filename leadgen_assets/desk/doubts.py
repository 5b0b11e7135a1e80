"""What a difference between a vendor's usage and the ledger says about the uncertain calls in between. Pure.

`difference` is what the vendor billed beyond what the ledger knows. It is trusted where no other explanation is left: none
of the calls was billed, all of them were, or one of them, or several of one sprint, for the part that it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

TOLERANCE = Decimal("0.01")
"""Of a credit or a US dollar: vendors round."""


@dataclass(frozen=True)
class Doubt:
    """An uncertain call and the most it can have cost, in the account's unit."""

    entry_id: str
    sprint: str
    most: Decimal


def decided(difference: Decimal, doubts: Sequence[Doubt]) -> dict[str, Decimal]:
    """{entry: what was billed for it, 0 for nothing}; empty when the difference decides nothing."""
    most = sum((each.most for each in doubts), Decimal(0))
    if not doubts or difference < -TOLERANCE or difference > most + TOLERANCE:
        return {}
    if difference <= TOLERANCE:
        return {each.entry_id: Decimal(0) for each in doubts}
    if difference >= most - TOLERANCE:
        return {each.entry_id: each.most for each in doubts}
    if len({each.sprint for each in doubts}) > 1:
        return {}
    return _shared(difference, most, doubts)


def _shared(difference: Decimal, most: Decimal, doubts: Sequence[Doubt]) -> dict[str, Decimal]:
    """The difference in proportion; the last one gets the rest, so that the sum is exact."""
    shares = {
        each.entry_id: (difference * each.most / most).quantize(TOLERANCE, rounding=ROUND_DOWN) for each in doubts
    }
    last = doubts[-1].entry_id
    shares[last] += difference - sum(shares.values())
    return shares
