"""What the CRM did with each lead, and what it was sent (REQ-019, TL-06): nothing unchanged is sent again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pymongo import UpdateOne

from leadgen_assets.stores import bulk
from leadgen_assets.stores.errors import StoreError, told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now

DONE = frozenset({"created", "updated"})
"""Outcomes after which the CRM holds what was sent."""
_CHUNK = 5000


@dataclass(frozen=True)
class LeadOutcome:
    """One lead at one CRM. `outcome` is created, updated, failed or retry; `reason` holds no personal data."""

    lead_id: str
    payload_hash: str
    outcome: str
    crm_id: str | None = None
    reason: str = ""
    attempts: int = 0
    at: datetime | None = None
    """Attempts and time are the store's; they are ignored when recorded."""


class CrmOutcomes:
    """Outcomes by target (hubspot, salesforce) and lead."""

    def __init__(self, db: MongoDatabase) -> None:
        self._outcomes = collection(db, "crm_outcomes")

    def changed(self, target: str, payloads: Mapping[str, str]) -> list[str]:
        """Of {lead_id: payload hash}, the ids the CRM does not hold in this form, in the given order."""
        held: dict[str, str] = {}
        ids = [_id(target, lead) for lead in payloads]
        with told_without_values(f"reading outcomes of {target}"):
            for start in range(0, len(ids), _CHUNK):
                wanted = {"_id": {"$in": ids[start : start + _CHUNK]}}
                for each in self._outcomes.find(wanted, {"lead_id": 1, "held_hash": 1}):
                    held[each["lead_id"]] = each.get("held_hash", "")
        return [lead for lead, payload in payloads.items() if held.get(lead) != payload]

    def record(self, target: str, sprint: str, outcomes: Iterable[LeadOutcome]) -> None:
        """Write down what came back. A known CRM id stays when a later answer has none; attempts are counted."""
        moment = now()
        writes = []
        for each in outcomes:
            fields = {
                "target": target,
                "sprint": sprint,
                "lead_id": each.lead_id,
                "payload_hash": each.payload_hash,
                "outcome": each.outcome,
                "reason": each.reason,
                "at": moment,
            }
            if each.crm_id:
                fields["crm_id"] = each.crm_id
            if each.outcome in DONE:
                fields["held_hash"] = each.payload_hash
            change = {"$set": fields, "$inc": {"attempts": 1}}
            writes.append(UpdateOne({"_id": _id(target, each.lead_id)}, change, upsert=True))
        outcome = bulk.write(self._outcomes, writes)
        if outcome.refused:
            raise StoreError(f"{len(outcome.refused)} outcomes of {target} could not be recorded; record them again")

    def counts(self, sprint: str) -> dict[str, dict[str, int]]:
        """{target: {outcome: leads}}."""
        group = {"_id": {"target": "$target", "outcome": "$outcome"}, "leads": {"$sum": 1}}
        found: dict[str, dict[str, int]] = {}
        with told_without_values(f"counting the outcomes of {sprint}"):
            for each in self._outcomes.aggregate([{"$match": {"sprint": sprint}}, {"$group": group}]):
                found.setdefault(each["_id"]["target"], {})[each["_id"]["outcome"]] = each["leads"]
        return found

    def sent(self, sprint: str) -> int:
        """Sendings of the leads that a CRM holds: first ones, updates and retries."""
        steps: list[Document] = [
            {"$match": {"sprint": sprint, "outcome": {"$in": sorted(DONE)}}},
            {"$group": {"_id": None, "sent": {"$sum": "$attempts"}}},
        ]
        with told_without_values(f"counting what was sent of {sprint}"):
            found = list(self._outcomes.aggregate(steps))
        return int(found[0]["sent"]) if found else 0

    def of_sprint(self, sprint: str, target: str, outcome: str | None = None) -> Iterator[LeadOutcome]:
        """The outcomes of a sprint at one CRM, all or of one kind."""
        query = {"sprint": sprint, "target": target} | ({"outcome": outcome} if outcome else {})
        with told_without_values(f"reading the outcomes of {sprint}"):
            for each in self._outcomes.find(query):
                yield LeadOutcome(
                    each["lead_id"],
                    each["payload_hash"],
                    each["outcome"],
                    each.get("crm_id"),
                    each["reason"],
                    each["attempts"],
                    each["at"],
                )

    def crm_ids(self, lead_ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """{lead_id: {target: CRM id}} of the leads that some CRM holds (erasure must reach them there)."""
        found: dict[str, dict[str, str]] = {}
        with told_without_values("looking up CRM ids"):
            for each in self._outcomes.find({"lead_id": {"$in": sorted(lead_ids)}}):
                if each.get("crm_id"):
                    found.setdefault(each["lead_id"], {})[each["target"]] = each["crm_id"]
        return found

    def forget(self, lead_ids: Iterable[str]) -> int:
        """Delete all outcomes of some leads."""
        with told_without_values("forgetting CRM outcomes"):
            return self._outcomes.delete_many({"lead_id": {"$in": sorted(lead_ids)}}).deleted_count


def _id(target: str, lead: str) -> str:
    return f"{target}/{lead}"
