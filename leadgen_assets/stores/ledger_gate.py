"""The budget's gate: one document a sprint that concurrent reservations must pass (NFR-013). Amounts in micro-dollars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from leadgen_assets.stores.mongo import Document, MongoDatabase, collection


class BudgetGate:
    """What is committed for a sprint, and for which entries money is held. Each step can be repeated."""

    def __init__(self, db: MongoDatabase) -> None:
        self._budgets = collection(db, "cost_budgets")

    def committed(self, sprint: str) -> int:
        """Spent or held."""
        stored = self._budgets.find_one({"_id": sprint}, {"committed": 1})
        return int(stored["committed"]) if stored else 0

    def hold(self, sprint: str, entry_id: str, micros: int, budget: int) -> int | None:
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
                self._open(sprint)
            elif there.get("held"):
                return int(there["committed"])
            elif there["committed"] > budget - micros:
                return None
            # else somebody opened the gate or freed money a moment ago: ask again

    def hold_all(self, sprint: str, wanted: Mapping[str, int], budget: int) -> int | None:
        """`hold` for several entries, {entry id: micros}, all or none; None also when one is held already."""
        total = sum(wanted.values())
        free = {"_id": sprint, "held.id": {"$nin": list(wanted)}, "committed": {"$lte": budget - total}}
        holds = [{"id": entry_id, "micros": micros} for entry_id, micros in wanted.items()]
        change = {"$inc": {"committed": total}, "$push": {"held": {"$each": holds}}}
        done = self._budgets.find_one_and_update(free, change, {"committed": 1}, return_document=ReturnDocument.AFTER)
        return int(done["committed"]) if done else None

    def let_go(self, sprint: str, entry_id: str, paid_micros: int) -> bool:
        """Replace an entry's hold by what was paid. False when it holds nothing (any more)."""
        stored = self._budgets.find_one({"_id": sprint}, {"held": {"$elemMatch": {"id": entry_id}}})
        if not stored or not stored.get("held"):
            return False
        hold = stored["held"][0]
        done = self._budgets.update_one(
            {"_id": sprint, "held.id": entry_id},
            {"$inc": {"committed": paid_micros - hold["micros"]}, "$pull": {"held": {"id": entry_id}}},
        )
        return bool(done.matched_count)

    def let_go_all(self, sprint: str, paid: Mapping[str, int]) -> bool:
        """`let_go` for several entries, {entry id: micros paid}, all or none. False when one of them holds nothing."""
        stored = self._budgets.find_one({"_id": sprint}, {"held": 1})
        held = {each["id"]: each["micros"] for each in (stored or {}).get("held", ()) if each["id"] in paid}
        if len(held) < len(paid):
            return False
        done = self._budgets.update_one(
            {"_id": sprint, "held.id": {"$all": list(paid)}},
            {
                "$inc": {"committed": sum(paid.values()) - sum(held.values())},
                "$pull": {"held": {"id": {"$in": list(paid)}}},
            },
        )
        return bool(done.matched_count)

    def add(self, sprint: str, micros: int) -> None:
        """Money that has left counts, held or not."""
        self._budgets.update_one({"_id": sprint}, {"$inc": {"committed": micros}}, upsert=True)

    def rebuild(self, sprint: str, committed: int, held: Iterable[Document]) -> None:
        """Put the gate right."""
        self._budgets.replace_one({"_id": sprint}, {"committed": committed, "held": list(held)}, upsert=True)

    def _open(self, sprint: str) -> None:
        with suppress(DuplicateKeyError):  # opened by somebody else
            self._budgets.insert_one({"_id": sprint, "committed": 0, "held": []})
