"""Money (NFR-012, NFR-013, PHX-03): every paid call is reserved before and settled after, and never twice.

`cost_ledger` holds one entry a call and is the truth; `cost_budgets` holds one document a sprint and is the gate that
concurrent reservations must pass. An entry changes first and the gate follows; each step can be repeated, and
`reconcile` puts the gate right from the entries. Amounts are whole micro-dollars.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bson import Decimal128
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from leadgen_assets.stores.errors import StoreMissing, told_without_values
from leadgen_assets.stores.ledger_sums import LedgerEntry, LedgerSum, LedgerSums, Spending, usd_of
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now

__all__ = [
    "AlreadySettled", "CostLedger", "LedgerEntry", "LedgerSum", "OverBudget", "Reservation", "Reserved", "Spending",
]  # fmt: skip

_MICRO = 1_000_000


@dataclass(frozen=True)
class Reserved:
    """Go ahead and buy. `again`: the same call was reserved before and never settled, so it may have been made."""

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


class CostLedger(LedgerSums):
    """Reservations, settlements and sums."""

    def __init__(self, db: MongoDatabase) -> None:
        super().__init__(db)
        self._budgets = collection(db, "cost_budgets")

    def reserve(
        self,
        entry_id: str,
        sprint: str,
        segment: str,
        vendor: str,
        operation: str,
        units: int,
        usd: Decimal,
        budget_usd: Decimal,
    ) -> Reservation:
        """Ask to spend `usd` (the most the call can cost) within the sprint's budget; atomic over all processes.

        `entry_id` names the call for good: the same call asked again is not reserved twice, and not at all once it
        was settled.
        """
        micros = _micros(usd)
        entry: Document = {
            "_id": entry_id,
            "sprint": sprint,
            "segment": segment,
            "vendor": vendor,
            "operation": operation,
            "units": units,
            "state": "reserved",
            "micros": micros,
            "credits": Decimal128("0"),
            "reserved_at": now(),
            "settled_at": None,
        }
        again, since = False, entry["reserved_at"]
        with told_without_values(f"reserving {entry_id}"):
            try:
                self._entries.insert_one(entry)
            except DuplicateKeyError:
                stored = self._take_up(entry_id, micros)
                if stored["state"] == "settled":
                    self._let_go(stored, stored["micros"])
                    return AlreadySettled(entry_id, usd_of(stored["micros"]), stored["credits"].to_decimal())
                if stored["state"] == "reserved":
                    again, micros, since = True, stored["micros"], stored["reserved_at"]
            committed = self._hold(sprint, entry_id, micros, _micros(budget_usd))
            if committed is not None:
                return Reserved(entry_id, usd_of(micros), again, since, usd_of(committed))
            self._entries.update_one({"_id": entry_id, "state": "reserved"}, {"$set": {"state": "released"}})
        return OverBudget(entry_id, self.committed(sprint), Decimal(budget_usd))

    def settle(self, entry_id: str, credits: Decimal, usd: Decimal) -> None:
        """Write down what the vendor charged. Again is harmless; the first settlement stays. `StoreMissing` if the
        call was never reserved."""
        paid = {
            "state": "settled",
            "micros": _micros(usd),
            "credits": Decimal128(Decimal(credits)),
            "settled_at": now(),
        }
        with told_without_values(f"settling {entry_id}"):
            before = self._entries.find_one_and_update(
                {"_id": entry_id, "state": {"$ne": "settled"}}, {"$set": paid}, return_document=ReturnDocument.BEFORE
            )
            stored = self._entry(entry_id)
            if not self._let_go(stored, stored["micros"]) and before is not None:
                # released or never held, but paid all the same: money that left counts
                self._budgets.update_one(
                    {"_id": stored["sprint"]}, {"$inc": {"committed": stored["micros"]}}, upsert=True
                )

    def release(self, entry_id: str) -> None:
        """The call was not made (or cost nothing): free its money. A settled entry stays as it is."""
        with told_without_values(f"releasing {entry_id}"):
            self._entries.update_one(
                {"_id": entry_id, "state": "reserved"}, {"$set": {"state": "released", "settled_at": now()}}
            )
            stored = self._entry(entry_id)
            if stored["state"] == "released":
                self._let_go(stored, 0)

    def committed(self, sprint: str) -> Decimal:
        """US dollars spent or reserved, as the budget gate sees them."""
        with told_without_values(f"reading the budget of {sprint}"):
            stored = self._budgets.find_one({"_id": sprint}, {"committed": 1})
        return usd_of(stored["committed"] if stored else 0)

    def reconcile(self, sprint: str) -> Decimal:
        """Rebuild the budget gate from the entries while nothing is being bought; returns what is committed."""
        with told_without_values(f"reconciling the budget of {sprint}"):
            live = {"sprint": sprint, "state": {"$in": ["settled", "reserved"]}}
            committed, held = 0, []
            for each in self._entries.find(live, {"state": 1, "micros": 1}):
                committed += each["micros"]
                if each["state"] == "reserved":
                    held.append({"id": each["_id"], "micros": each["micros"]})
            self._budgets.replace_one({"_id": sprint}, {"committed": committed, "held": held}, upsert=True)
        return usd_of(committed)

    def _take_up(self, entry_id: str, micros: int) -> Document:
        """The entry as it was; a released one becomes reserved with the new amount on the way."""
        released = self._entries.find_one_and_update(
            {"_id": entry_id, "state": "released"},
            {"$set": {"state": "reserved", "micros": micros, "reserved_at": now(), "settled_at": None}},
            return_document=ReturnDocument.BEFORE,
        )
        return {**released, "micros": micros} if released else self._entry(entry_id)

    def _entry(self, entry_id: str) -> Document:
        stored = self._entries.find_one({"_id": entry_id})
        if stored is None:
            raise StoreMissing(f"nothing was reserved as {entry_id}")
        return stored

    def _hold(self, sprint: str, entry_id: str, micros: int, budget: int) -> int | None:
        """Pass the gate; an entry that is held already passes for free. Returns what is committed then, None if refused."""
        wanted = {"_id": sprint, "held.id": {"$ne": entry_id}, "committed": {"$lte": budget - micros}}
        change = {"$inc": {"committed": micros}, "$push": {"held": {"id": entry_id, "micros": micros}}}
        look = {"committed": 1, "held": {"$elemMatch": {"id": entry_id}}}
        while True:
            done = self._budgets.find_one_and_update(
                wanted, change, {"committed": 1}, return_document=ReturnDocument.AFTER
            )
            if done is not None:
                return int(done["committed"])
            there = self._budgets.find_one({"_id": sprint}, look)
            if there is None:
                self._open_gate(sprint)
            elif there.get("held"):
                return int(there["committed"])
            elif there["committed"] > budget - micros:
                return None
            # else somebody opened the gate or freed money a moment ago: ask again

    def _open_gate(self, sprint: str) -> None:
        with suppress(DuplicateKeyError):  # opened by somebody else
            self._budgets.insert_one({"_id": sprint, "committed": 0, "held": []})

    def _let_go(self, entry: Document, paid_micros: int) -> bool:
        """Replace an entry's hold by what was paid. False when it holds nothing (any more)."""
        stored = self._budgets.find_one({"_id": entry["sprint"]}, {"held": {"$elemMatch": {"id": entry["_id"]}}})
        if not stored or not stored.get("held"):
            return False
        hold = stored["held"][0]
        done = self._budgets.update_one(
            {"_id": entry["sprint"], "held.id": entry["_id"]},
            {"$inc": {"committed": paid_micros - hold["micros"]}, "$pull": {"held": {"id": entry["_id"]}}},
        )
        return bool(done.matched_count)


def _micros(usd: Decimal) -> int:
    """Whole micro-dollars; `ValueError` for a negative amount, which would widen the budget."""
    amount = int((Decimal(usd) * _MICRO).to_integral_value())
    if amount < 0:
        raise ValueError(f"an amount of {usd} US dollars cannot be reserved or paid")
    return amount
