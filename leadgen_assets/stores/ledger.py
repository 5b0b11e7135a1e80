"""Money (NFR-012, NFR-013, PHX-03): every paid call is reserved before and settled after, and never twice.

`cost_ledger` holds one entry a call and is the truth; `cost_budgets` holds one document a sprint and is the gate that
concurrent reservations must pass. An entry changes first and the gate follows; each step can be repeated, and
`reconcile` puts the gate right from the entries. Amounts are whole micro-dollars.

An entry is reserved, then settled or released. A call that was sent and not confirmed is uncertain (`ledger_doubts`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from bson import Decimal128
from pymongo import InsertOne, ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from leadgen_assets.stores import bulk
from leadgen_assets.stores.errors import StoreError, StoreMissing, told_without_values
from leadgen_assets.stores.ledger_answers import AlreadySettled, Asked, OverBudget, Paid, Reservation, Reserved
from leadgen_assets.stores.ledger_doubts import LedgerDoubts
from leadgen_assets.stores.ledger_sums import KILLED, OPEN, LedgerEntry, LedgerSum, Spending, micros_of, usd_of
from leadgen_assets.stores.mongo import Document, now
from leadgen_assets.stores.owner import is_gone, this_process

__all__ = [
    "AlreadySettled", "Asked", "CostLedger", "LedgerEntry", "LedgerSum", "OverBudget", "Paid", "Reservation", "Reserved",
    "Spending",
]  # fmt: skip


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
        entry = _entry(sprint, Asked(entry_id, segment, vendor, operation, units, usd, about))
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
            return self._held(sprint, entry_id, micros, budget_usd, since, again=again)

    def reserve_all(self, sprint: str, asked: Sequence[Asked], budget_usd: Decimal) -> list[Reservation]:
        """`reserve` for several different calls of a sprint in two writes, in their order.

        Where a call is known already, or the money may not do for all, each is asked for by itself.
        """
        with told_without_values(f"reserving {len(asked)} calls"):
            entries = [_entry(sprint, each) for each in asked]
            written = bulk.write(self._entries, [InsertOne(each) for each in entries])
            if written.unconfirmed or written.of_kind("validation", "unencodable", "other"):
                raise StoreError(f"{len(asked)} calls could not be reserved for sure; nothing is bought")
            known = {each.position for each in written.refused}
            fresh = {each["_id"]: each["micros"] for at, each in enumerate(entries) if at not in known}
            committed = self._gate.hold_all(sprint, fresh, micros_of(budget_usd)) if fresh else None
            answers: list[Reservation] = []
            for at, (each, entry) in enumerate(zip(asked, entries, strict=True)):
                name, since = each.entry_id, entry["reserved_at"]
                if at in known:
                    place = (each.segment, each.vendor, each.operation, each.units, each.usd)
                    answers.append(self.reserve(name, sprint, *place, budget_usd, each.about))
                elif committed is None:
                    answers.append(self._held(sprint, name, entry["micros"], budget_usd, since))
                else:
                    answers.append(Reserved(name, usd_of(entry["micros"]), False, since, usd_of(committed)))
        return answers

    def settle(self, entry_id: str, credits: Decimal, usd: Decimal) -> None:
        """Write down what the vendor charged. Again is harmless; the first settlement stays. `StoreMissing` if the
        call was never reserved."""
        paid = _settled(Paid(entry_id, credits, usd))
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

    def settle_all(self, sprint: str, paid: Sequence[Paid]) -> None:
        """`settle` for several different calls of a sprint, in two writes; each by itself where one of them was not open."""
        with told_without_values(f"settling {len(paid)} calls"):
            changes = [
                UpdateOne(
                    {"_id": each.entry_id, "state": {"$in": list(OPEN)}},
                    {"$set": _settled(each), "$unset": {"about": ""}},
                )
                for each in paid
            ]
            done = bulk.write(self._entries, changes)
            if done.unconfirmed or done.refused:
                raise StoreError(f"{len(paid)} calls could not be settled for sure; settle them again")
            costs = {each.entry_id: micros_of(each.usd) for each in paid}
            if done.matched < len(paid):
                self._settle_each(paid)
            elif not self._gate.let_go_all(sprint, costs):
                for entry_id, micros in costs.items():
                    if not self._gate.let_go(sprint, entry_id, micros):
                        self._gate.add(sprint, micros)

    def _settle_each(self, paid: Sequence[Paid]) -> None:
        """All that can be settled; then what is wrong with the first of the others is raised."""
        missing: StoreMissing | None = None
        for each in paid:
            try:
                self.settle(each.entry_id, each.credits, each.usd)
            except StoreMissing as error:
                missing = missing or error
        if missing is not None:
            raise missing

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

    def _held(
        self, sprint: str, entry_id: str, micros: int, budget_usd: Decimal, since: datetime, *, again: bool = False
    ) -> Reserved | OverBudget:
        """Through the gate with an entry that is on record as reserved; without money it is released."""
        committed = self._gate.hold(sprint, entry_id, micros, micros_of(budget_usd))
        if committed is not None:
            return Reserved(entry_id, usd_of(micros), again, since, usd_of(committed))
        self._entries.update_one({"_id": entry_id, "state": "reserved"}, {"$set": {"state": "released"}})
        return OverBudget(entry_id, self.committed(sprint), Decimal(budget_usd))

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


def _entry(sprint: str, asked: Asked) -> Document:
    return {
        "_id": asked.entry_id,
        "sprint": sprint,
        "segment": asked.segment,
        "vendor": asked.vendor,
        "operation": asked.operation,
        "units": asked.units,
        "state": "reserved",
        "micros": micros_of(asked.usd),
        "credits": Decimal128("0"),
        "reserved_at": now(),
        "settled_at": None,
        "owner": this_process(),
        "about": list(asked.about),
    }


def _settled(paid: Paid) -> Document:
    return {
        "state": "settled",
        "micros": micros_of(paid.usd),
        "credits": Decimal128(Decimal(paid.credits)),
        "settled_at": now(),
    }
