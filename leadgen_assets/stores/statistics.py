"""What a finished sprint can teach, counted by the database: sources, overlaps, bought fields, flags, times (OPS-06).

Counts and names of fields, flags, sources and reasons only; never a value of a lead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadgen_assets.leads.counting import Counts
from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import LEADS, MongoDatabase, collection
from leadgen_assets.stores.raw_pages import COUNTS

ENRICHMENT = "enrichment"
"""The segment that the provenance of bought fields names."""


@dataclass(frozen=True)
class PageOutcome:
    """What became of one page of records, and when."""

    segment: str
    at: datetime
    counts: Counts


@dataclass(frozen=True)
class SourceFigures:
    """The stored leads that came from one source. Shares are 0..1; `score` is None before leads are scored."""

    leads: int
    qualified: int
    score: float | None
    email_availability: float
    company_completeness: float


@dataclass(frozen=True)
class Overlap:
    """People whom two sources (or one source twice) delivered. `records` counts what was delivered too often."""

    sources: tuple[str, str]
    people: int
    records: int


@dataclass(frozen=True)
class FilledField:
    """A lead field that enrichment filled, by whom and how often."""

    field: str
    source: str
    leads: int


def page_outcomes(db: MongoDatabase, sprint: str) -> list[PageOutcome]:
    """Every page of a sprint, in the order in which their outcomes were written."""
    with told_without_values(f"reading the page outcomes of {sprint}"):
        found = collection(db, "page_outcomes").find({"sprint": sprint}, {"segment": 1, "at": 1, "counts": 1})
        pages = [
            PageOutcome(each["segment"], each["at"], Counts(**{name: each["counts"][name] for name in COUNTS}))
            for each in found
        ]
    return sorted(pages, key=lambda page: page.at)


def by_source(db: MongoDatabase, sprint: str) -> dict[str, SourceFigures]:
    """{source: figures} of the stored leads."""
    group: dict[str, Any] = {
        "_id": "$data_source",
        "leads": {"$sum": 1},
        "qualified": {"$sum": {"$cond": ["$is_qualified", 1, 0]}},
        "score": {"$avg": "$data_quality_score"},
        "email": {"$avg": {"$cond": ["$additional_data.email_available", 1, 0]}},
        "company": {"$avg": {"$cond": ["$additional_data.company_complete", 1, 0]}},
    }
    return {
        each["_id"]: SourceFigures(each["leads"], each["qualified"], each["score"], each["email"], each["company"])
        for each in _aggregate(db, LEADS, sprint, [{"$group": group}])
    }


def overlaps(db: MongoDatabase, sprint: str) -> list[Overlap]:
    """How many people each pair of sources shares, most first; known once the sprint is deduplicated."""
    names = {"$sortArray": {"input": "$additional_data.sources", "sortBy": 1}}
    records = {"$size": "$additional_data.members"}
    steps: list[dict[str, Any]] = [
        {"$match": {"additional_data.members.1": {"$exists": True}}},
        {"$group": {"_id": names, "people": {"$sum": 1}, "records": {"$sum": {"$subtract": [records, 1]}}}},
    ]
    people: dict[tuple[str, str], int] = {}
    extra: dict[tuple[str, str], int] = {}
    for each in _aggregate(db, LEADS, sprint, steps):
        sources = each["_id"] or []
        pairs = [(one, other) for at, one in enumerate(sources) for other in sources[at + 1 :]]
        for pair in pairs or [(name, name) for name in sources]:
            people[pair] = people.get(pair, 0) + each["people"]
            extra[pair] = extra.get(pair, 0) + each["records"]
    found = [Overlap(pair, count, extra[pair]) for pair, count in people.items()]
    return sorted(found, key=lambda each: (-each.people, each.sources))


def filled_fields(db: MongoDatabase, sprint: str) -> list[FilledField]:
    """Fields that enrichment filled, by who answered; most first."""
    # as documents of before 2026-11-22 have it: {field: origin}
    by_field = {
        "$map": {
            "input": {"$objectToArray": "$provenance"},
            "in": {"source": "$$this.v.source", "segment": "$$this.v.segment", "fields": ["$$this.k"]},
        }
    }
    origins = {"$ifNull": ["$provenance.origins", by_field]}
    bought = {"$filter": {"input": origins, "as": "each", "cond": {"$eq": ["$$each.segment", ENRICHMENT]}}}
    steps: list[dict[str, Any]] = [
        {"$project": {"_id": 0, "bought": bought}},
        {"$unwind": "$bought"},
        {"$unwind": "$bought.fields"},
        {"$group": {"_id": {"field": "$bought.fields", "source": "$bought.source"}, "leads": {"$sum": 1}}},
    ]
    found = [
        FilledField(each["_id"]["field"], each["_id"]["source"], each["leads"])
        for each in _aggregate(db, LEADS, sprint, steps)
    ]
    return sorted(found, key=lambda each: (-each.leads, each.field, each.source))


def flags(db: MongoDatabase, sprint: str) -> dict[str, int]:
    """{flag: leads that carry it}, most frequent first."""
    return _tally(db, LEADS, sprint, "flags")


def not_qualified(db: MongoDatabase, sprint: str) -> dict[str, int]:
    """{reason: leads that are not qualified because of it}, most frequent first; a lead may have several."""
    return _tally(db, LEADS, sprint, "additional_data.not_qualified_because")


def crm_refusals(db: MongoDatabase, sprint: str) -> dict[str, int]:
    """{reason: leads the CRM did not take}, most frequent first."""
    steps: list[dict[str, Any]] = [
        {"$match": {"outcome": {"$in": ["failed", "retry"]}}},
        {"$group": {"_id": "$reason", "leads": {"$sum": 1}}},
    ]
    return _ranked({each["_id"]: each["leads"] for each in _aggregate(db, "crm_outcomes", sprint, steps)})


def _tally(db: MongoDatabase, name: str, sprint: str, field: str) -> dict[str, int]:
    steps: list[dict[str, Any]] = [{"$unwind": f"${field}"}, {"$group": {"_id": f"${field}", "leads": {"$sum": 1}}}]
    return _ranked({each["_id"]: each["leads"] for each in _aggregate(db, name, sprint, steps)})


def _ranked(counts: dict[Any, int]) -> dict[str, int]:
    return {str(name): count for name, count in sorted(counts.items(), key=lambda each: (-each[1], str(each[0])))}


def _aggregate(db: MongoDatabase, name: str, sprint: str, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with told_without_values(f"reading the statistics of {sprint}"):
        return list(collection(db, name).aggregate([{"$match": {"sprint": sprint}}, *steps]))
