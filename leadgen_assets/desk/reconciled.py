"""What came of comparing the ledger with what a vendor says it billed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What came of a vendor's reading."""

    AGREES = "agrees"
    FIRST = "first reading"
    DIFFERS = "differs"
    UNDECIDED = "undecided"
    BUSY = "busy"
    AWAY = "away"
    NOT_TOLD = "not told"


@dataclass(frozen=True)
class Reconciled:
    """One vendor. Amounts are in `unit` and since the reading that is compared with; None where there is none."""

    vendor: str
    verdict: Verdict
    says: str
    unit: str = "credits"
    used: Decimal | None = None
    ledger: Decimal | None = None
    difference: Decimal | None = None
    """What the vendor billed and the ledger does not know, after the decisions."""
    billed: tuple[str, ...] = ()
    """Ledger entries that were uncertain and were billed."""
    not_billed: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    undecided_usd: Decimal = Decimal(0)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be looked into."""
        return not self.undecided and self.verdict in (Verdict.AGREES, Verdict.FIRST, Verdict.NOT_TOLD)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps(..., default=str)`."""
        return {**asdict(self), "is_settled": self.is_settled}
