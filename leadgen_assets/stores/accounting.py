"""Moves single records between the counts of a page and of a sprint, each at most once (counting rules, NFR-007).

An erased record counts as suppressed, a replayed one as what it became. Each move is one atomic update that remembers
the record, so that doing it again after a crash changes nothing, and delivered stays the sum of the four others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import Document, MongoCollection, MongoDatabase, collection

Fate = Literal["leads", "duplicates", "suppressed", "quarantined"]
FATES: tuple[Fate, ...] = ("leads", "duplicates", "suppressed", "quarantined")


class Accounting:
    """Over `page_outcomes` (what became of records while collecting) and `sprints` (after refinement)."""

    def __init__(self, db: MongoDatabase) -> None:
        self._outcomes = collection(db, "page_outcomes")
        self._sprints = collection(db, "sprints")

    def erase_from_page(self, page: str, position: int, was: Fate) -> bool:
        """An erased record counts as suppressed on its page, and as erased. False when it did already, or when the page
        has no outcome yet: then its ingest counts it."""
        mark = {"erased": position}
        for fate in _candidates(was):
            change: Document = {"$push": mark, "$inc": {**_moved("counts.", fate, "suppressed"), "counts.erased": 1}}
            if self._once(self._outcomes, {"_id": page}, mark, f"counts.{fate}", change):
                return True
        return False

    def erase_from_sprint(self, sprint: str, segment: str, lead_id: str, was: Fate) -> bool:
        """The same in the counts that refinement wrote down, where there are any."""
        mark = {"erased_leads": lead_id}
        for fate in _candidates(was):
            change: Document = {"$push": mark, "$inc": _moved(f"counts.{segment}.", fate, "suppressed")}
            if self._once(self._sprints, {"_id": sprint}, mark, f"counts.{segment}.{fate}", change):
                return True
        return False

    def replay_on_page(self, page: str, position: int, became: Fate) -> bool:
        """A record that left the quarantine counts as what it became. False when it did already."""
        mark = {"replayed": position}
        change: Document = {"$push": mark, "$inc": _moved("counts.", "quarantined", became)}
        return self._once(self._outcomes, {"_id": page}, mark, "counts.quarantined", change)

    def erased_in(self, sprint: str) -> dict[str, int]:
        """{segment: erased records}: they are in no frame any more and count as suppressed."""
        found: dict[str, int] = {}
        with told_without_values(f"counting what was erased of {sprint}"):
            for each in self._outcomes.find({"sprint": sprint}, {"segment": 1, "counts.erased": 1}):
                erased = int(each.get("counts", {}).get("erased", 0))
                if erased:
                    found[each["segment"]] = found.get(each["segment"], 0) + erased
        return found

    @staticmethod
    def _once(where: MongoCollection, which: Document, mark: Document, taken_from: str, change: Document) -> bool:
        unmarked = {name: {"$ne": value} for name, value in mark.items()}
        with told_without_values("moving a record between counts"):
            return bool(where.update_one({**which, **unmarked, taken_from: {"$gt": 0}}, change).matched_count)


def _candidates(was: Fate) -> Sequence[Fate]:
    """The likely count first; another one only where that is used up."""
    return (was, *(fate for fate in FATES if fate != was))


def _moved(prefix: str, taken_from: Fate, given_to: Fate) -> dict[str, int]:
    return {} if taken_from == given_to else {f"{prefix}{taken_from}": -1, f"{prefix}{given_to}": 1}
