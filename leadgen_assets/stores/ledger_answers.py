"""What the ledger is asked for and what it says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from leadgen_assets.stores.mongo import now


@dataclass(frozen=True)
class Asked:
    """One call that is to be made: `usd` is the most it can cost, `about` are hashes of what is bought.

    `entry_id` names the call for good.
    """

    entry_id: str
    segment: str
    vendor: str
    operation: str
    units: int
    usd: Decimal
    about: Collection[str] = ()


@dataclass(frozen=True)
class Paid:
    """What the vendor charged for a call that was reserved."""

    entry_id: str
    credits: Decimal
    usd: Decimal


@dataclass(frozen=True)
class Reserved:
    """Go ahead and buy. `again`: the same call was reserved before and never settled, so it may have been made; sent only
    where a repeat is free, and else to be left to `CostLedger.doubt`."""

    entry_id: str
    usd: Decimal
    again: bool = False
    reserved_at: datetime = field(default_factory=now, compare=False)
    """When this call was reserved first: the price of that day holds for it."""
    committed_usd: Decimal = field(default=Decimal(0), compare=False)
    """What the sprint has spent and reserved, this call included."""


@dataclass(frozen=True)
class AlreadySettled:
    """This call was made and paid for; use its stored answer."""

    entry_id: str
    usd: Decimal
    credits: Decimal


@dataclass(frozen=True)
class OverBudget:
    """The call would exceed the budget; nothing is reserved."""

    entry_id: str
    committed_usd: Decimal
    budget_usd: Decimal


Reservation = Reserved | AlreadySettled | OverBudget
