"""The steps of an erasure, each of which may be done again: what it took out is told as figures without personal data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import groupby, product
from pathlib import Path
from typing import Any

import pandas as pd
from redis.exceptions import RedisError

from leadgen_assets.privacy.crm import CrmRecord, OpenCrm, crm_records, erase_in_crm
from leadgen_assets.privacy.files import erase_in_files, naming
from leadgen_assets.privacy.people import Place, frames
from leadgen_assets.privacy.subject import Subject
from leadgen_assets.stores.accounting import Fate
from leadgen_assets.stores.claims import LeadKey
from leadgen_assets.stores.errors import StoreMissing
from leadgen_assets.stores.mongo import LEADS, collection
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.raw_pages import page_id
from leadgen_assets.stores.suppressions import ERASED_REASON
from leadgen_assets.vendors.contracts import PersonQuery

Figures = dict[str, Any]
_NAMES = ("linkedin_url", "full_name", "first_name", "last_name")
_COMPANY = ("company_domain", "company_name")


@dataclass(frozen=True)
class Task:
    """One erasure under way."""

    stores: OpenStores
    home: Path
    subject: Subject
    crm: tuple[CrmRecord, ...]
    open_crm: OpenCrm


def suppress(task: Task) -> Figures:
    """First, so that a collector that runs meanwhile does not take the person in again."""
    added = task.stores.suppressions.add_many(sorted(task.subject.keys), ERASED_REASON, erased=True)
    return {"hashes": len(task.subject.keys), "new": added}


def crm(task: Task) -> Figures:
    """At HubSpot and Salesforce. Not done while one of them cannot be reached."""
    records = {*task.crm, *crm_records(task.stores, task.subject.lead_ids)}
    done = asyncio.run(erase_in_crm(sorted(records, key=str), task.open_crm))
    if not done.problems:
        task.stores.outcomes.forget(task.subject.lead_ids)
    return {**asdict(done), "is_done": not done.problems}


def counts(task: Task) -> Figures:
    """Before anything is taken out: what the records counted as becomes suppressed."""
    moved = 0
    for lead, place in task.subject.places.items():
        page = page_id(place.sprint, place.segment, place.page)
        moved += task.stores.accounting.erase_from_page(page, place.position, _while_collecting(task, lead))
        task.stores.accounting.erase_from_sprint(place.sprint, place.segment, lead, _after_refining(task, lead, place))
    return {"records": moved}


def raw_pages(task: Task) -> Figures:
    """The vendors' answers: bought pages by place, free listings by the vendor's id."""
    erased = 0
    by_page = sorted(task.subject.places.values())
    for (sprint, segment, page), places in groupby(by_page, lambda each: (each.sprint, each.segment, each.page)):
        try:
            name = page_id(sprint, segment, page)
            erased += task.stores.raw_pages.erase(name, [each.position for each in places])
        except StoreMissing:
            continue  # expired
    ids = {key.partition(":")[2] for kind, key in task.subject.keys if kind == "vendor"}
    pages = collection(task.stores.db, "raw_pages").find({"kind": "listing"}, {"_id": 1}) if ids else ()
    listed = sum(task.stores.raw_pages.erase_listed(each["_id"], ids) for each in list(pages))
    return {"records": erased, "listed": listed}


def quarantine(task: Task) -> Figures:
    """Records that were set aside."""
    return {"records": task.stores.quarantine.release(task.subject.lead_ids)}


def cache(task: Task) -> Figures:
    """What enrichment vendors answered about the person, found by what was asked and by what was answered."""
    asked = {*_asked(task), *task.subject.emails}
    forgotten = task.stores.cache.forget(asked)
    task.stores.ledger.forget(asked)
    needles, answers = task.subject.needles, collection(task.stores.db, "enrichment_cache")
    named = [each["_id"] for each in answers.find({"fields": {"$ne": None}}) if needles.are_in(str(each["fields"]))]
    forgotten += answers.delete_many({"_id": {"$in": named}}).deleted_count if named else 0
    return {"answers": forgotten}


def leads(task: Task) -> Figures:
    """The lead store, and the claims in MongoDB and Redis. Not done while Redis is away: claims there live a week."""
    ids, stores = sorted(task.subject.lead_ids), task.stores
    deleted = stores.leads.delete(ids)
    claims = collection(stores.db, "lead_keys")
    names = {LeadKey(kind, key).name for kind, key in task.subject.keys}
    names |= {each["_id"] for each in claims.find({"lead_id": {"$in": ids}}, {"_id": 1})}
    try:
        stores.redis.delete(*names) if names else None
    except RedisError as error:
        return {"leads": deleted, "problems": {"redis": type(error).__name__}, "is_done": False}
    held = claims.delete_many({"_id": {"$in": sorted(names)}}).deleted_count
    return {"leads": deleted, "claims": held}


def lake(task: Task) -> Figures:
    """Frames of every asset and sprint: rows of the person, and rows that name them."""
    ids, needles = task.subject.lead_ids, task.subject.needles

    def is_theirs(frame: pd.DataFrame) -> pd.Series:
        mask = naming(frame, needles)
        for name in ("lead_id", "cluster_id"):
            if name in frame:
                mask |= frame[name].isin(ids)
        return mask

    rows = sum(task.stores.lake.without(asset, partition, is_theirs) for asset, partition in list(frames(task.stores)))
    return {"rows": rows}


def files(task: Task) -> Figures:
    """Import files, exports, logs, reports."""
    return asdict(erase_in_files(task.stores, task.home, task.subject.keys, task.subject.needles))


STEPS: dict[str, Callable[[Task], Figures]] = {
    "suppression": suppress, "crm": crm, "counts": counts, "cache": cache, "raw_pages": raw_pages,
    "quarantine": quarantine, "leads": leads, "lake": lake, "files": files,
}  # fmt: skip
"""In this order: nobody is collected again meanwhile, and what a later step needs is not yet gone."""


def _while_collecting(task: Task, lead: str) -> Fate:
    stores = task.stores
    if collection(stores.db, "quarantine").find_one({"_id": lead}, {"_id": 1}):
        return "quarantined"
    # whoever holds the claims came first; refinement may since have named the person after another record
    claims = collection(stores.db, "lead_keys").find(
        {"lead_id": {"$in": sorted(task.subject.lead_ids)}}, {"lead_id": 1}
    )
    first = {each["lead_id"] for each in claims} or stores.leads.get(task.subject.lead_ids).keys()
    return "leads" if lead in first else "duplicates"


def _after_refining(task: Task, lead: str, place: Place) -> Fate:
    stores = task.stores
    if collection(stores.db, "quarantine").find_one({"_id": lead}, {"_id": 1}):
        return "quarantined"
    if not stores.lake.exists("processed_records", place.sprint):
        return "leads"
    records = stores.lake.read("processed_records", place.sprint, ["lead_id", "is_duplicate"])
    own = records.loc[records["lead_id"] == lead, "is_duplicate"].tolist()
    return "suppressed" if not own else "duplicates" if own[0] else "leads"


def _asked(task: Task) -> set[str]:
    """Keys under which finders' answers about the person may be cached: all they may have been asked with."""
    values: dict[str, set[str | None]] = {name: {None} for name in (*_NAMES, *_COMPANY)}
    ids = task.subject.lead_ids
    rows = [
        {**(each.get("additional_data") or {}), **each}
        for each in collection(task.stores.db, LEADS).find({"_id": {"$in": sorted(ids)}})
    ]
    for asset, partition in frames(task.stores):
        frame = task.stores.lake.read(asset, partition)
        if "full_name" in frame:
            rows += frame[frame["lead_id"].isin(ids)].to_dict("records")
    for row in rows:
        for name, known in values.items():
            value = row.get(name)
            known.add(value if isinstance(value, str) and value else None)
    people = product(*(values[name] for name in _NAMES))
    companies = {(each, None) for each in values["company_domain"]} | {(None, each) for each in values["company_name"]}
    return {
        PersonQuery("", first, last, full, domain, company, url).key
        for (url, full, first, last), (domain, company) in product(people, companies)
    }
