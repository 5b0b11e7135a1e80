"""Money (NFR-012, NFR-013, PHX-03): every paid call is reserved before and settled after, and never twice.

`cost_ledger` holds one entry a call and is the truth; `cost_budgets` holds one document a sprint and is the gate that
concurrent reservations must pass. An entry changes first and the gate follows; each step can be repeated, and
`reconcile` puts the gate right from the entries. Amounts are whole micro-dollars.

An entry is reserved, then settled or released. A call that was sent and not confirmed is uncertain (`ledger_doubts`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bson import Decimal128
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.ledger_doubts import LedgerDoubts
from leadgen_assets.stores.ledger_sums import KILLED, OPEN, LedgerEntry, LedgerSum, Spending, micros_of, usd_of
from leadgen_assets.stores.mongo import Document, now
from leadgen_assets.stores.owner import is_gone, this_process

__all__ = [
    "AlreadySettled", "CostLedger", "LedgerEntry", "LedgerSum", "OverBudget", "Reservation", "Reserved", "Spending",
]  # fmt: skip


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


class CostLedger(LedgerDoubts):
    """Reservations, settlements, doubts and sums."""

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
        about: Collection[str] = (),
    ) -> Reservation:
        """Ask to spend `usd` (the most the call can cost) within the sprint's budget; atomic over all processes.

        `entry_id` names the call for good: the same call asked again is not reserved twice, and not at all once it
        was settled. `about` are hashes of what is bought, for `in_doubt`.
        """
        micros = micros_of(usd)
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
            "owner": this_process(),
            "about": list(about),
        }
        again, since = False, entry["reserved_at"]
        with told_without_values(f"reserving {entry_id}"):
            try:
                self._entries.insert_one(entry)
            except DuplicateKeyError:
                stored = self._take_up(entry_id, micros, about)
                if stored["state"] == "settled":
                    self._gate.let_go(sprint, entry_id, stored["micros"])
                    return AlreadySettled(entry_id, usd_of(stored["micros"]), stored["credits"].to_decimal())
                if stored["state"] in OPEN:
                    again, micros, since = True, stored["micros"], stored["reserved_at"]
                    if is_gone(stored.get("owner")):
                        self.doubt(entry_id, KILLED)
            committed = self._gate.hold(sprint, entry_id, micros, micros_of(budget_usd))
            if committed is not None:
                return Reserved(entry_id, usd_of(micros), again, since, usd_of(committed))
            self._entries.update_one({"_id": entry_id, "state": "reserved"}, {"$set": {"state": "released"}})
        return OverBudget(entry_id, self.committed(sprint), Decimal(budget_usd))

    def settle(self, entry_id: str, credits: Decimal, usd: Decimal) -> None:
        """Write down what the vendor charged. Again is harmless; the first settlement stays. `StoreMissing` if the
        call was never reserved."""
        paid = {
            "state": "settled",
            "micros": micros_of(usd),
            "credits": Decimal128(Decimal(credits)),
            "settled_at": now(),
        }
        with told_without_values(f"settling {entry_id}"):
            before = self._entries.find_one_and_update(
                {"_id": entry_id, "state": {"$ne": "settled"}},
                {"$set": paid, "$unset": {"about": ""}},
                return_document=ReturnDocument.BEFORE,
            )
            stored = self._entry(entry_id)
            if not self._gate.let_go(stored["sprint"], entry_id, stored["micros"]) and before is not None:
                # released or never held, but paid all the same: money that left counts
                self._gate.add(stored["sprint"], stored["micros"])

    def release(self, entry_id: str) -> None:
        """The call was not made (or cost nothing): free its money. A settled entry stays as it is, and so does an uncertain
        one: that this attempt came to nothing says nothing about the one before."""
        with told_without_values(f"releasing {entry_id}"):
            self._entries.update_one(
                {"_id": entry_id, "state": "reserved"},
                {"$set": {"state": "released", "settled_at": now()}, "$unset": {"about": ""}},
            )
            stored = self._entry(entry_id)
            if stored["state"] == "released":
                self._gate.let_go(stored["sprint"], entry_id, 0)

    def committed(self, sprint: str) -> Decimal:
        """US dollars spent or reserved, as the budget gate sees them."""
        with told_without_values(f"reading the budget of {sprint}"):
            return usd_of(self._gate.committed(sprint))

    def reconcile(self, sprint: str) -> Decimal:
        """Rebuild the budget gate from the entries while nothing is being bought; returns what is committed."""
        with told_without_values(f"reconciling the budget of {sprint}"):
            live = {"sprint": sprint, "state": {"$in": ["settled", *OPEN]}}
            committed, held = 0, []
            for each in self._entries.find(live, {"state": 1, "micros": 1}):
                committed += each["micros"]
                if each["state"] in OPEN:
                    held.append({"id": each["_id"], "micros": each["micros"]})
            self._gate.rebuild(sprint, committed, held)
        return usd_of(committed)

    def _take_up(self, entry_id: str, micros: int, about: Collection[str]) -> Document:
        """The entry as it was; a released one becomes reserved with the new amount on the way."""
        fresh = {
            "state": "reserved",
            "micros": micros,
            "reserved_at": now(),
            "settled_at": None,
            "owner": this_process(),
            "about": list(about),
        }
        released = self._entries.find_one_and_update(
            {"_id": entry_id, "state": "released"},
            {"$set": fresh, "$unset": {"doubt": "", "is_decided": "", "decision": ""}},
            return_document=ReturnDocument.BEFORE,
        )
        return {**released, "micros": micros} if released else self._entry(entry_id)
