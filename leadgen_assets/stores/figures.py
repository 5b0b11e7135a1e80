"""Figures of a sprint's leads, counted by the database itself (OPS-02)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import LEADS, MongoDatabase, collection


@dataclass(frozen=True)
class SprintFigures:
    """Over the stored leads of one sprint. Shares are 0..1 and only meaningful once leads are scored."""

    leads: int = 0
    scored: int = 0
    qualified: int = 0
    crm_synced: int = 0
    average_quality_score: float | None = None
    email_availability: float | None = None
    company_completeness: float | None = None
    validation_rate: float | None = None


def sprint_figures(db: MongoDatabase, sprint: str) -> SprintFigures:
    """One aggregation over an index range of the sprint."""
    group: dict[str, Any] = {
        "_id": None,
        "leads": {"$sum": 1},
        "scored": {"$sum": {"$cond": [{"$isNumber": "$data_quality_score"}, 1, 0]}},
        "qualified": {"$sum": {"$cond": ["$is_qualified", 1, 0]}},
        "crm_synced": {"$sum": {"$cond": ["$crm_synced", 1, 0]}},
        "score": {"$avg": "$data_quality_score"},
        "email": {"$avg": {"$cond": ["$additional_data.email_available", 1, 0]}},
        "company": {"$avg": {"$cond": ["$additional_data.company_complete", 1, 0]}},
        "valid": {"$avg": {"$cond": ["$additional_data.is_valid", 1, 0]}},
    }
    with told_without_values(f"counting the leads of {sprint}"):
        found = list(collection(db, LEADS).aggregate([{"$match": {"sprint": sprint}}, {"$group": group}]))
    if not found:
        return SprintFigures()
    row = found[0]
    return SprintFigures(
        leads=row["leads"],
        scored=row["scored"],
        qualified=row["qualified"],
        crm_synced=row["crm_synced"],
        average_quality_score=row["score"],
        email_availability=row["email"],
        company_completeness=row["company"],
        validation_rate=row["valid"],
    )
