"""Calls that were sent and never confirmed: marked uncertain, held against the budget, and decided by what the vendor says.

An uncertain entry is never settled or freed by itself: the answer of a free repeat settles it, or a reading of the vendor's
usage or a person decides it (`decide`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

from bson import Decimal128
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from leadgen_assets.stores.errors import StoreMissing, told_without_values
from leadgen_assets.stores.ledger_gate import BudgetGate
from leadgen_assets.stores.ledger_sums import (
    KILLED,
    OPEN,
    UNCERTAIN,
    LedgerEntry,
    LedgerSums,
    Spending,
    entry_of,
    micros_of,
)
from leadgen_assets.stores.mongo import Document, MongoDatabase, now
from leadgen_assets.stores.owner import is_alive, is_gone, this_process

SILENT_FOR = timedelta(hours=1)
"""Age from which on a call of another machine is uncertain: no job is waited for so long."""
BROKE_OFF = "it broke off without an answer"


class LedgerDoubts(LedgerSums):
    """The uncertain entries of the ledger."""

    def __init__(self, db: MongoDatabase) -> None:
        super().__init__(db)
        self._gate = BudgetGate(db)

    def doubt(self, entry_id: str, why: str) -> None:
        """Nobody knows whether a reserved call was billed. Its money stays held; again is harmless."""
        doubtful = {"state": UNCERTAIN, "doubt": why, "doubted_at": now()}
        with told_without_values(f"marking {entry_id} as uncertain"):
            self._entries.update_one({"_id": entry_id, "state": "reserved"}, {"$set": doubtful})

    def adopt(self, entry_id: str) -> None:
        """The call is known again (its job was found): in doubt no more, and this process waits for its bill."""
        known = {"state": "reserved", "owner": this_process(), "doubt": None}
        with told_without_values(f"taking up {entry_id}"):
            self._entries.update_one({"_id": entry_id, "state": {"$in": list(OPEN)}}, {"$set": known})

    def doubt_abandoned(self) -> int:
        """Mark what processes that are gone have left reserved, and what nobody here can tell about and is old. Returns how
        many entries."""
        long_ago = now() - SILENT_FOR
        with told_without_values("looking for calls of processes that are gone"):
            reserved = self._entries.find({"state": "reserved"}, {"owner": 1, "reserved_at": 1})
            left = [
                each["_id"]
                for each in reserved
                if is_gone(each.get("owner")) or (each["reserved_at"] < long_ago and not is_alive(each.get("owner")))
            ]
        for entry_id in left:
            self.doubt(entry_id, KILLED)
        return len(left)

    def set_aside(self, entry_id: str, part: str, units: int, usd: Decimal, about: Collection[str]) -> None:
        """Keep a part of an entry in doubt, as an uncertain entry of its own (`entry_id`/`part`), so that the rest can be
        settled. The money has left, perhaps, so no budget refuses it. The same part again changes nothing."""
        with told_without_values(f"setting a part of {entry_id} aside"):
            whole = self._entry(entry_id)
            name, micros = f"{entry_id}/{part}", micros_of(usd)
            kept = {key: whole[key] for key in ("sprint", "segment", "vendor", "operation", "reserved_at")}
            doubtful = {
                **kept,
                "units": units,
                "state": UNCERTAIN,
                "micros": micros,
                "credits": Decimal128("0"),
                "settled_at": None,
                "doubt": BROKE_OFF,
                "doubted_at": now(),
                "about": list(about),
            }
            with suppress(DuplicateKeyError):  # there already, and not freed since
                again = {"$set": doubtful, "$unset": {"is_decided": "", "decision": ""}}
                self._entries.update_one({"_id": name, "state": "released"}, again, upsert=True)
            if self._entry(name)["state"] == UNCERTAIN:
                self._gate.hold(whole["sprint"], name, micros, _ANY_BUDGET)

    def decide(self, entry_id: str, credits: Decimal, usd: Decimal, says: str) -> bool:
        """What became of an uncertain call: billed, or (without credits) not, and then it may be made again. `says` tells
        how that is known, and by whom. False when the entry is not uncertain (any more)."""
        state = "settled" if credits else "released"
        decided: Document = {"state": state, "settled_at": now(), "is_decided": True, "decision": says}
        if credits:
            decided |= {"micros": micros_of(usd), "credits": Decimal128(Decimal(credits))}
        with told_without_values(f"deciding {entry_id}"):
            stored = self._entries.find_one_and_update(
                {"_id": entry_id, "state": UNCERTAIN}, {"$set": decided}, return_document=ReturnDocument.AFTER
            )
            if stored is None:
                return False
            paid = stored["micros"] if credits else 0
            if not self._gate.let_go(stored["sprint"], entry_id, paid) and paid:
                self._gate.add(stored["sprint"], paid)
        return True

    def in_doubt(self, sprint: str, vendor: str, operation: str, about: Iterable[str]) -> set[str]:
        """Those of the hashes that an uncertain call of any sprint may have paid for already, or one of this sprint that
        was found to have been billed without its answer."""
        wanted, found = set(about), set[str]()
        open_ = {"vendor": vendor, "state": {"$in": list(OPEN)}, "operation": operation}
        billed = {"sprint": sprint, "is_decided": True, "state": "settled", "vendor": vendor, "operation": operation}
        with told_without_values(f"looking for uncertain calls to {vendor}"):
            for query in (open_, billed):
                for each in self._entries.find(query, {"state": 1, "owner": 1, "about": 1}):
                    if each["state"] != "reserved" or is_gone(each.get("owner")):
                        found |= wanted.intersection(each.get("about") or ())
        return found

    def answered(self, vendor: str, operation: str, about: Collection[str]) -> None:
        """What was in doubt has been answered by a free repeat, which is on record with its own cost. A call about nothing
        else is in doubt no more."""
        query = {"vendor": vendor, "state": UNCERTAIN, "operation": operation, "about": {"$in": list(about)}}
        with told_without_values(f"clearing uncertain calls to {vendor}"):
            for each in list(self._entries.find(query, {"about": 1})):
                left = [name for name in each["about"] if name not in about]
                self._entries.update_one({"_id": each["_id"]}, {"$set": {"about": left}})
                if not left:
                    self.decide(each["_id"], Decimal(0), Decimal(0), "answered by a repeat that was free")

    def forget(self, keys: Iterable[str]) -> int:
        """Drop the hashes of what calls were about (erasure). Returns in how many entries there were some."""
        about = [mark(each) for each in keys]
        query = {"state": {"$in": [*OPEN, "settled", "released"]}, "about": {"$in": about}}
        with told_without_values("forgetting what calls were about"):
            return self._entries.update_many(query, {"$pull": {"about": {"$in": about}}}).modified_count

    def open_of(self, vendor: str) -> list[LedgerEntry]:
        """The vendor's reserved and uncertain entries, the oldest first, over all sprints."""
        with told_without_values(f"reading the open calls to {vendor}"):
            found = [entry_of(each) for each in self._entries.find({"vendor": vendor, "state": {"$in": list(OPEN)}})]
        return sorted(found, key=lambda each: (each.reserved_at, each.entry_id))

    def settled_of(self, vendor: str) -> Spending:
        """All that was ever settled with a vendor, over all sprints."""
        nothing = Spending(Decimal(0), Decimal(0), 0, 0)
        return self._sums({"vendor": vendor, "state": "settled"}, None).get("", nothing)

    def decided(self, sprint: str) -> list[LedgerEntry]:
        """Calls of a sprint that were uncertain and are decided: settled (billed) or released (not billed)."""
        with told_without_values(f"reading the decided calls of {sprint}"):
            return [entry_of(each) for each in self._entries.find({"sprint": sprint, "is_decided": True})]

    def _entry(self, entry_id: str) -> Document:
        stored = self._entries.find_one({"_id": entry_id})
        if stored is None:
            raise StoreMissing(f"nothing was reserved as {entry_id}")
        return stored


def mark(key: str) -> str:
    """What the ledger remembers of something that was bought."""
    return sha256(key.encode("utf-8", "replace")).hexdigest()[:16]


_ANY_BUDGET = 2**62
