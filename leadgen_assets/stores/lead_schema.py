"""What MongoDB accepts as a lead, and by which fields leads are found: validator and indexes as data (DE-01)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

_TEXT = {"bsonType": ["string", "null"]}
_TEXTS = {"bsonType": "array", "items": {"bsonType": "string"}}

_FIELDS: dict[str, dict[str, Any]] = {
    "_id": {"bsonType": "string", "minLength": 2},
    "lead_id": {"bsonType": "string", "minLength": 2},
    "sprint": {"bsonType": "string", "minLength": 1},
    "segment": {"bsonType": "string", "minLength": 1},
    "linkedin_url": {"bsonType": ["string", "null"], "pattern": r"^https://www\.linkedin\.com/in/[^/?#\s]+$"},
    "full_name": _TEXT,
    "first_name": _TEXT,
    "last_name": _TEXT,
    "job_title": _TEXT,
    "company_name": _TEXT,
    "location_city": _TEXT,
    "location_state": _TEXT,
    "location_country": _TEXT,
    "email": _TEXT,
    "phone": _TEXT,
    "company_website": _TEXT,
    "company_industry": _TEXT,
    "company_size": _TEXT,
    "profile_picture_url": _TEXT,
    "data_source": {"bsonType": "string", "minLength": 1},
    "data_collected_date": {"bsonType": "date"},
    "data_quality_score": {"bsonType": ["double", "int", "null"], "minimum": 0, "maximum": 100},
    "is_qualified": {"bsonType": "bool"},
    "email_verified": {"bsonType": ["bool", "null"]},
    "crm_synced": {"bsonType": "bool"},
    "crm_sync_date": {"bsonType": ["date", "null"]},
    "created_at": {"bsonType": "date"},
    "updated_at": {"bsonType": "date"},
    "flags": _TEXTS,
    "provenance": {"bsonType": "object"},
    "identity_keys": _TEXTS,
    "email_is_key": {"bsonType": "bool"},
    "content_hash": _TEXT,
    "additional_data": {"bsonType": "object"},
}  # fmt: skip
"""Every field of a lead, with what it may be."""

_REQUIRED = [
    "lead_id", "sprint", "segment", "data_source", "data_collected_date", "flags", "identity_keys",
    "email_is_key", "is_qualified", "crm_synced", "created_at", "updated_at", "additional_data",
]  # fmt: skip


def _validator(fields: dict[str, dict[str, Any]], required: list[str]) -> dict[str, Any]:
    """The JSON schema: these fields and no others. Fields of one kind are looked at together, as "whatever is none of
    the others": field by field the server would search the document for each of them, which takes three times as long.
    """
    kinds: list[dict[str, Any]] = []
    for kind in fields.values():
        if kind not in kinds:
            kinds.append(kind)
    together = [
        {"properties": {name: {} for name, its in fields.items() if its != kind}, "additionalProperties": kind}
        for kind in kinds
        if list(fields.values()).count(kind) > 1
    ]
    alone = {name: its if list(fields.values()).count(its) == 1 else {} for name, its in fields.items()}
    schema = {"bsonType": "object", "required": required, "additionalProperties": False}
    return {"$jsonSchema": {**schema, "properties": alone, "allOf": together}}


LEAD_VALIDATOR: dict[str, Any] = _validator(_FIELDS, _REQUIRED)

LINKEDIN_INDEX = "linkedin_url_unique"
EMAIL_INDEX = "email_unique"


def _by(*fields: str, **options: Any) -> IndexModel:
    """An index over fields; a leading minus means descending. Its name is its fields."""
    keys = [(name.lstrip("-"), DESCENDING if name.startswith("-") else ASCENDING) for name in fields]
    return IndexModel(keys, name=options.pop("name", "_".join(name for name, _ in keys)), **options)


LEAD_INDEXES: tuple[IndexModel, ...] = (
    _by(
        "linkedin_url", name=LINKEDIN_INDEX, unique=True, partialFilterExpression={"linkedin_url": {"$type": "string"}}
    ),
    # Role, shared and disposable addresses may repeat: only addresses that are a merge key are unique.
    _by(
        "email",
        name=EMAIL_INDEX,
        unique=True,
        partialFilterExpression={"email": {"$type": "string"}, "email_is_key": True},
    ),
    _by("company_name"),
    _by("location_state"),
    _by("job_title"),
    _by("data_collected_date"),
    _by("is_qualified"),
    _by("crm_synced"),
    _by("location_state", "job_title"),
    _by("company_name", "location_state"),
    _by("data_source", "-data_collected_date"),
    # beyond DE-01: the queries of this package
    _by("identity_keys"),
    _by("sprint", "lead_id"),
    _by("sprint", "segment", "data_source"),
    _by("sprint", "is_qualified", "crm_synced", "data_quality_score"),
)


def _expiring(**options: Any) -> IndexModel:
    return _by("expires_at", expireAfterSeconds=0, **options)


SIDE_INDEXES: dict[str, tuple[IndexModel, ...]] = {
    "raw_pages": (_by("sprint", "kind", "segment", "number"), _by("sprint", "kind", "fetched_at"), _expiring()),
    "page_outcomes": (_by("sprint", "segment", "number"),),
    "lead_keys": (_by("lead_id"), _expiring()),
    "quarantine": (_by("sprint", "segment", "reason"), _expiring()),
    "suppressions": (_by("added_at"),),
    "do_not_sell": (_by("added_at"),),
    "privacy_keys": (),
    "erasures": (_by("hashes"), _by("lead_ids"), _by("state")),
    "cost_ledger": (
        # these hold all that the sums need, so that the desk's look at the money reads no entry
        _by(
            "sprint",
            "state",
            "vendor",
            "operation",
            "segment",
            "settled_at",
            "reserved_at",
            "micros",
            "credits",
            "units",
            name="sprint_sums",
        ),
        _by("settled_at", "state", "micros", "credits", "units", name="settled_sums"),
        _by("state", "reserved_at"),
        _by("vendor", "state", "micros", "credits", "units", name="vendor_sums"),
        _by("sprint", "is_decided", name="decided", partialFilterExpression={"is_decided": True}),
    ),
    "cost_budgets": (),
    "cost_controls": (),
    "usage_readings": (_by("vendor", "account", "is_base", "-at"), _by("vendor", "-at")),
    "baselines": (_by("kind", "about", "-at"), _by("kind", "-at"), _by("sprint", "kind", "-at")),
    "vendor_jobs": (_by("state", "vendor"), _by("vendor", "job_id")),
    "enrichment_cache": (_by("key_hash"), _expiring()),
    "crm_outcomes": (_by("sprint", "target", "outcome"), _by("lead_id")),
    "sprints": (_by("-opened_at"),),
    "locks": (_expiring(),),
    "slow_commands": (_by("at"), _expiring()),
    "alerts": (
        _by("-raised_at"),
        _by("is_open", "-raised_at"),
        _by("state", "-raised_at"),
        _by("sprint", "rule", "instance", "-raised_at"),
        # one open alert a matter; a test beside it is another one
        _by(
            "rule",
            "sprint",
            "instance",
            "is_test",
            name="one_open",
            unique=True,
            partialFilterExpression={"is_open": True},
        ),
    ),
    "alert_deliveries": (
        _by("channel", "state", "due_at"),
        _by("state", "due_at"),
        _by("alert", "created_at"),
        _expiring(),
    ),
    "alert_watch": (),
    "alert_silences": (_by("until"), _expiring()),
    "metrics": (_by("meta.sprint", "at"),),
    "incidents": (_by("-opened_at"), _by("closed_at", "-opened_at")),
    "reports": (_by("sprint", "kind", "-written_at"), _by("kind", "-written_at"), _by("-written_at")),
}
"""Side collections. Where documents carry `expires_at`, MongoDB deletes them then (retention, NFR-011)."""

COLLECTION_OPTIONS: dict[str, dict[str, Any]] = {
    "metrics": {
        "timeseries": {"timeField": "at", "metaField": "meta", "granularity": "seconds"},
        "expireAfterSeconds": int(timedelta(days=90).total_seconds()),
    }
}
"""What side collections are created with, where that is not nothing."""
