"""Figures of a sprint's leads, counted by the database itself (OPS-02)."""

from __future__ import annotations

from dataclasses import dataclass, field
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


HISTOGRAM: tuple[str, ...] = tuple(str(start) for start in range(0, 100, 10))
"""Steps of the score histogram by their lower end; the last one holds 100 too."""
AGAINST: dict[str, frozenset[str]] = {
    "email_valid": frozenset({"email_invalid", "email_undeliverable", "email_disposable"}),
    "company_valid": frozenset({"company_missing", "company_junk"}),
    "location_valid": frozenset({"location_unknown", "country_outside"}),
}
"""Flags that speak against a part of a lead (OPS-01: validation rates of email, company, location)."""


@dataclass(frozen=True)
class QualityFigures:
    """How good the stored leads of one sprint are. Shares are 0..1."""

    leads: int = 0
    scored: int = 0
    qualified: int = 0
    average_quality_score: float | None = None
    email_availability: float | None = None
    company_completeness: float | None = None
    validation_rate: float | None = None
    email_valid: float | None = None
    company_valid: float | None = None
    location_valid: float | None = None
    histogram: dict[str, int] = field(default_factory=dict)
    """{lower end of the step: leads}"""


def quality_figures(db: MongoDatabase, sprint: str) -> QualityFigures:
    """`sprint_figures` with the distribution of scores and the validity of the parts: two aggregations."""
    own = sprint_figures(db, sprint)
    step = {"$min": [{"$floor": {"$divide": ["$data_quality_score", 10]}}, 9]}
    group: dict[str, Any] = {"_id": step, "leads": {"$sum": 1}}
    for name, against in AGAINST.items():
        spoken = {"$size": {"$setIntersection": ["$flags", sorted(against)]}}
        group[name] = {"$sum": {"$cond": [{"$eq": [spoken, 0]}, 1, 0]}}
    with told_without_values(f"counting the quality of {sprint}"):
        rows = list(collection(db, LEADS).aggregate([{"$match": {"sprint": sprint}}, {"$group": group}]))
    histogram = dict.fromkeys(HISTOGRAM, 0)
    histogram |= {str(int(row["_id"]) * 10): row["leads"] for row in rows if row["_id"] is not None}
    valid = {name: sum(row[name] for row in rows) / own.leads if own.leads else None for name in AGAINST}
    return QualityFigures(
        own.leads,
        own.scored,
        own.qualified,
        own.average_quality_score,
        own.email_availability,
        own.company_completeness,
        own.validation_rate,
        **valid,
        histogram=histogram,
    )
