"""Sums over `cost_ledger` (PHX-03): what was spent on what, when, and what is still open. Reads only.

The sums by sprint and over time are answered from indexes alone (`lead_schema.SIDE_INDEXES`), because the live desk asks
for them every few seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now
from leadgen_assets.stores.owner import is_gone

Dimension = Literal["vendor", "segment", "operation", "source_operation"]
UNCERTAIN = "uncertain"
KILLED = "the process that sent it is gone"
OPEN = ("reserved", UNCERTAIN)
"""States of money that is held and has not been paid, as far as is known."""
_MICRO = 1_000_000


@dataclass(frozen=True)
class LedgerEntry:
    """One paid call. `usd` is what was reserved until it is settled, then what it cost."""

    entry_id: str
    sprint: str
    segment: str
    vendor: str
    operation: str
    units: int
    state: str
    """reserved | uncertain | settled | released"""
    usd: Decimal
    credits: Decimal
    reserved_at: datetime
    settled_at: datetime | None
    doubt: str | None = None
    """Why nobody knows whether it was billed, where somebody said so."""
    owner: str | None = None
    """The process that reserved it."""
    decision: str | None = None
    """How the doubt was decided, and by whom."""


@dataclass(frozen=True)
class Spending:
    """Sum over settled entries."""

    usd: Decimal
    credits: Decimal
    units: int
    calls: int


@dataclass(frozen=True)
class LedgerSum:
    """Settled or open entries of one vendor, operation and segment in one hour."""

    vendor: str
    operation: str
    segment: str
    state: str
    """settled | reserved | uncertain"""
    hour: datetime
    """Begin of the hour (UTC) in which they were settled; of those that are open, reserved."""
    spending: Spending


class LedgerSums:
    """Entries and sums of the ledger."""

    def __init__(self, db: MongoDatabase) -> None:
        self._entries = collection(db, "cost_ledger")

    def entry(self, entry_id: str) -> LedgerEntry | None:
        """One entry, by its name."""
        with told_without_values(f"reading {entry_id}"):
            stored = self._entries.find_one({"_id": entry_id})
        return entry_of(stored) if stored else None

    def uncertain(self, older_than: timedelta, sprint: str | None = None) -> list[LedgerEntry]:
        """Calls that were sent, as far as is known, and never confirmed: marked uncertain, or reserved by a process that is
        gone, or longer ago than that."""
        query: Document = {"state": {"$in": list(OPEN)}}
        if sprint is not None:
            query["sprint"] = sprint
        with told_without_values("listing uncertain ledger entries"):
            found = [entry_of(each) for each in self._entries.find(query).sort("reserved_at")]
        before = now() - older_than
        told = (replace(each, doubt=KILLED) if each.doubt is None and is_gone(each.owner) else each for each in found)
        return [each for each in told if each.state == UNCERTAIN or each.doubt or each.reserved_at < before]

    def spent(self, sprint: str) -> Decimal:
        """US dollars over settled entries."""
        return (
            self._sums({"sprint": sprint, "state": "settled"}, None).get("", Spending(Decimal(0), Decimal(0), 0, 0)).usd
        )

    def by(self, sprint: str, dimension: Dimension) -> dict[str, Spending]:
        """Spending by vendor, segment, operation, or "vendor operation" (`source_operation`), settled entries only."""
        return self._sums({"sprint": sprint, "state": "settled"}, dimension)

    def sums(self, sprint: str) -> list[LedgerSum]:
        """Everything settled or open for a sprint, by vendor, operation, segment, state and hour: one pass over an
        index, cheap enough for a desk that looks every few seconds."""
        moment = {"$ifNull": ["$settled_at", "$reserved_at"]}
        key = {name: f"${name}" for name in ("vendor", "operation", "segment", "state")}
        key_with_hour: Document = {**key, "hour": {"$dateTrunc": {"date": moment, "unit": "hour"}}}
        match = {"sprint": sprint, "state": {"$in": ["settled", *OPEN]}}
        with told_without_values(f"summing the ledger of {sprint}"):
            found = list(self._entries.aggregate([{"$match": match}, {"$group": {"_id": key_with_hour, **_SUMS}}]))
        return [LedgerSum(**each["_id"], spending=_spending(each)) for each in found]

    def first_settled(self) -> datetime | None:
        """When the first call of all was paid."""
        with told_without_values("reading the oldest ledger entry"):
            found = self._entries.find_one({"settled_at": {"$gt": _LONG_AGO}, "state": "settled"}, sort=_BY_SETTLEMENT)
        return found["settled_at"] if found else None

    def between(self, start: datetime, end: datetime, dimension: Dimension | None = None) -> dict[str, Spending]:
        """Spending over all sprints settled in [start, end): for daily and monthly projections. Key "" without a
        dimension."""
        return self._sums({"settled_at": {"$gte": start, "$lt": end}, "state": "settled"}, dimension)

    def entries(self, sprint: str) -> Iterator[LedgerEntry]:
        """Every entry of a sprint."""
        with told_without_values(f"reading the ledger of {sprint}"):
            for each in self._entries.find({"sprint": sprint}):
                yield entry_of(each)

    def _sums(self, match: dict[str, Any], dimension: Dimension | None) -> dict[str, Spending]:
        key: Any = "" if dimension is None else f"${dimension}"
        if dimension == "source_operation":
            key = {"$concat": ["$vendor", " ", "$operation"]}
        with told_without_values("summing the ledger"):
            found = list(self._entries.aggregate([{"$match": match}, {"$group": {"_id": key, **_SUMS}}]))
        return {each["_id"]: _spending(each) for each in found}


_SUMS: Document = {
    "micros": {"$sum": "$micros"},
    "credits": {"$sum": "$credits"},
    "units": {"$sum": "$units"},
    "calls": {"$sum": 1},
}
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_BY_SETTLEMENT = [("settled_at", 1)]


def _spending(found: Document) -> Spending:
    return Spending(usd_of(found["micros"]), found["credits"].to_decimal(), found["units"], found["calls"])


def entry_of(stored: Document) -> LedgerEntry:
    """An entry as stored."""
    return LedgerEntry(
        stored["_id"],
        stored["sprint"],
        stored["segment"],
        stored["vendor"],
        stored["operation"],
        stored["units"],
        stored["state"],
        usd_of(stored["micros"]),
        stored["credits"].to_decimal(),
        stored["reserved_at"],
        stored["settled_at"],
        stored.get("doubt"),
        stored.get("owner"),
        stored.get("decision"),
    )


def usd_of(micros: int) -> Decimal:
    """Micro-dollars in US dollars."""
    return Decimal(micros) / _MICRO


def micros_of(usd: Decimal) -> int:
    """Whole micro-dollars; `ValueError` for a negative amount, which would widen the budget."""
    amount = int((Decimal(usd) * _MICRO).to_integral_value())
    if amount < 0:
        raise ValueError(f"an amount of {usd} US dollars cannot be reserved or paid")
    return amount
