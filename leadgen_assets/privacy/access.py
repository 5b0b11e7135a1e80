"""A full account of what is stored about a person (GDPR art. 15, CCPA): every field with where it came from, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from leadgen_assets.leads import provenance
from leadgen_assets.leads.jurisdiction import NOTICE_OWED, region
from leadgen_assets.privacy.people import Place, frames, raw_records
from leadgen_assets.privacy.subject import Subject
from leadgen_assets.stores.documents import TOP_FIELDS
from leadgen_assets.stores.mongo import collection
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.raw_pages import page_id

RunOf = Callable[[str, str, str], str | None]
"""(asset, sprint, segment or empty) → id of the run that made it; None when nobody knows."""

NOTICE = timedelta(days=30)
"""GDPR art. 14.3.a: within a month of collection."""
_OWN = frozenset(
    {"lead_id", "sprint", "segment", "data_source", "data_collected_date", "data_quality_score", "is_qualified"}
)


def no_runs(asset: str, sprint: str, segment: str) -> str | None:  # noqa: ARG001
    """For callers without a scheduler at hand."""
    return None


def access_report(stores: OpenStores, subject: Subject, run_of: RunOf = no_runs) -> dict[str, Any]:
    """Everything about the person, JSON-ready: it is personal data, for the person and nobody else."""
    leads = stores.leads.get(subject.lead_ids)
    ids = sorted(subject.lead_ids)
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "about": {"keys": [f"{kind}:{key}" for kind, key in sorted(subject.keys)], "lead_ids": ids},
        "summary": {"leads": len(leads), "records": len(subject.places), "purposes": _law()["purposes"]},
        "leads": [_lead(stores, lead, run_of) for _, lead in sorted(leads.items())],
        "delivered_records": _delivered(stores, subject, run_of),
        "quarantined": _quarantined(stores, subject),
        "frames": _frames(stores, subject),
        "enrichment_answers": _answers(stores, subject),
        "recipients": _recipients(stores, ids),
        "suppression": [
            {"key": f"{kind}:{key}", "reason": each.reason, "since": each.added_at.isoformat()}
            for (kind, key), each in stores.suppressions.look_up(sorted(subject.keys)).items()
        ],
        "do_not_sell": bool(stores.do_not_sell.suppressed(sorted(subject.keys))),
        "retention_days": dict(stores.retention.days),
        "your_rights": _law()["rights"],
    }


def _lead(stores: OpenStores, lead: dict[str, Any], run_of: RunOf) -> dict[str, Any]:
    sprint = stores.book.get(lead["sprint"]).sprint
    basis = _law()["legal_bases"][sprint.privacy.legal_basis]
    more = {name: value for name, value in (lead.get("additional_data") or {}).items() if name != "identity_keys"}
    values = {**{name: lead.get(name) for name in TOP_FIELDS}, **more}
    where = region(lead.get("location_country"), lead.get("location_state"), lead.get("phone"), lead.get("email"))
    collected = lead["data_collected_date"]
    return {
        "lead_id": lead["_id"],
        "sprint": lead["sprint"],
        "region": where,
        "notice_due_by": (collected + NOTICE).isoformat() if where in NOTICE_OWED else None,
        "in_crm": {"target": sprint.crm.target, "synced": lead["crm_synced"], "at": _plain(lead.get("crm_sync_date"))},
        "fields": {
            name: {"value": _plain(value), **_origin(lead, name, run_of), "legal_basis": basis}
            for name, value in values.items()
            if value is not None and value != []
        },
        "flags": lead["flags"],
        "identity_keys": lead["identity_keys"],
    }


def _origin(lead: dict[str, Any], name: str, run_of: RunOf) -> dict[str, Any]:
    """Vendor, time and run of a field; what we worked out ourselves says so."""
    said = provenance.read(lead.get("provenance")).get(name)
    if not isinstance(said, dict):
        worked_out = name in _OWN or name not in TOP_FIELDS
        said = {
            "source": "worked out here" if worked_out else lead["data_source"],
            "segment": lead["segment"],
            "observed_at": lead["data_collected_date"].isoformat(),
        }
    source, segment = str(said.get("source")), str(said.get("segment") or lead["segment"])
    asset = "enriched_leads" if segment == "enrichment" else f"raw_{source}"
    by = run_of(asset, lead["sprint"], "" if segment == "enrichment" else segment)
    return {
        "vendor": _law()["sources"].get(source, {}).get("name", source),
        "category": _law()["sources"].get(source, {}).get("category"),
        "observed_at": said.get("observed_at") or lead["data_collected_date"].isoformat(),
        "collected_by": f"{lead['sprint']}/{segment}",
        "run": by,
    }


def _delivered(stores: OpenStores, subject: Subject, run_of: RunOf) -> list[dict[str, Any]]:
    """The vendors' own records, as they came."""
    wanted = set(subject.places.values())
    pages = collection(stores.db, "raw_pages")
    found = []
    for place, source, record in raw_records(stores):
        if place in wanted:
            page = pages.find_one({"_id": page_id(place.sprint, place.segment, place.page)}, {"packed": 0}) or {}
            found.append(
                {
                    **_where(place),
                    "vendor": source,
                    "fetched_at": _plain(page.get("fetched_at")),
                    "deleted_by": _plain(page.get("expires_at")),
                    "run": run_of(f"raw_{source}", place.sprint, place.segment),
                    "record": record,
                }
            )
    return found


def _where(place: Place) -> dict[str, Any]:
    return {"sprint": place.sprint, "segment": place.segment, "page": place.page, "position": place.position}


def _quarantined(stores: OpenStores, subject: Subject) -> list[dict[str, Any]]:
    query = {"_id": {"$in": sorted(subject.lead_ids)}}
    names = ("sprint", "segment", "data_source", "reason", "field", "raw", "at", "expires_at")
    return [
        {name: _plain(each.get(name)) for name in names} for each in collection(stores.db, "quarantine").find(query)
    ]


def _frames(stores: OpenStores, subject: Subject) -> list[dict[str, Any]]:
    """Where in the lake: the rows repeat what the leads say."""
    found = []
    for asset, partition in frames(stores):
        frame = stores.lake.read(asset, partition)
        rows = int(frame["lead_id"].isin(subject.lead_ids).sum()) if "lead_id" in frame else 0
        if rows:
            found.append({"asset": asset, "partition": partition, "rows": rows})
    return found


def _answers(stores: OpenStores, subject: Subject) -> list[dict[str, Any]]:
    needles, answers = subject.needles, collection(stores.db, "enrichment_cache")
    names = ("vendor", "operation", "fields", "asked_at", "expires_at")
    return [
        {name: _plain(each.get(name)) for name in names}
        for each in answers.find({"fields": {"$ne": None}})
        if needles.are_in(str(each["fields"]))
    ]


def _recipients(stores: OpenStores, ids: list[str]) -> list[dict[str, Any]]:
    """Whom the data were handed to: the CRM, record by record."""
    found = collection(stores.db, "crm_outcomes").find({"lead_id": {"$in": ids}})
    names = ("target", "lead_id", "crm_id", "outcome", "at")
    return [{name: _plain(each.get(name)) for name in names} for each in found]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


@cache
def _law() -> dict[str, Any]:
    return dict(yaml.safe_load(Path(__file__).with_name("legal_bases.yaml").read_text("utf-8")))
