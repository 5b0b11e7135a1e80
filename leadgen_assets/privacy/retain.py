"""Retention enforced: what is older than its place allows goes (GDPR art. 5.1.e). Again, it finds nothing.

MongoDB deletes documents with `expires_at` by itself. This does the rest: the lake, files, collections without such a
date, and everything that was stored before the days in the retention file became fewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from leadgen_assets.privacy.people import frames
from leadgen_assets.stores.errors import StoreMissing, told_without_values
from leadgen_assets.stores.mongo import Document, collection, now
from leadgen_assets.stores.opened import OpenStores

DATED: dict[str, tuple[str, Document]] = {
    "raw_pages": ("fetched_at", {}),
    "quarantine": ("at", {}),
    "enrichment_cache": ("asked_at", {}),
    "enrichment_misses": ("asked_at", {"fields": None}),
    "performance_marketers": ("data_collected_date", {}),
    "crm_outcomes": ("at", {}),
}
"""Collections by place: the field that says how old a document is, and which documents are meant."""
FOLDERS: dict[str, tuple[str, ...]] = {
    "imports": ("imports",),
    "exports": ("exports",),
    "privacy": ("privacy/exports",),
    "reports": ("reports",),
    "logs": ("logs",),
}
"""Folders below the home by place."""
_IN = {"enrichment_misses": "enrichment_cache"}


@dataclass(frozen=True)
class Kept:
    """What one place keeps: days, how many entries went now, how many are there still."""

    place: str
    days: int
    deleted: int
    kept: int


def retain(stores: OpenStores, home: Path, moment: datetime | None = None) -> list[Kept]:
    """Delete what is too old at `moment` (now) in every place of `stores.retention`."""
    at = moment or now()
    return [
        *(_documents(stores, place, at) for place in DATED),
        _lake(stores, at),
        *(_files(stores, home, place, at) for place in FOLDERS),
    ]


def _documents(stores: OpenStores, place: str, at: datetime) -> Kept:
    field, which = DATED[place]
    documents = collection(stores.db, _IN.get(place, place))
    too_old: Document = {**which, field: {"$lt": at - stores.retention.of(place)}}
    with told_without_values(f"deleting what is too old in {place}"):
        deleted = documents.delete_many(too_old).deleted_count
        if place in ("raw_pages", "quarantine", "enrichment_cache"):
            deleted += documents.delete_many({"expires_at": {"$lt": at}}).deleted_count
        kept = documents.count_documents(which) if which else documents.estimated_document_count()
    return Kept(place, stores.retention.days[place], deleted, kept)


def _lake(stores: OpenStores, at: datetime) -> Kept:
    """Frames by the age of their sprint: rewriting one, as an erasure does, makes it no younger."""
    deleted = kept = 0
    for asset, partition in list(frames(stores)):
        if _made(stores, asset, partition) < at - stores.retention.of("lake"):
            deleted += stores.lake.delete(asset, partition)
        else:
            kept += 1
    return Kept("lake", stores.retention.days["lake"], deleted, kept)


def _made(stores: OpenStores, asset: str, partition: str) -> datetime:
    try:
        return stores.book.get(partition.partition("/")[0]).opened_at
    except StoreMissing:
        return stores.lake.modified(asset, partition)


def _files(stores: OpenStores, home: Path, place: str, at: datetime) -> Kept:
    deleted = kept = 0
    too_old = at - stores.retention.of(place)
    for folder in FOLDERS[place]:
        for path in sorted((home / folder).rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) < too_old:
                path.unlink()
                deleted += 1
            else:
                kept += 1
    return Kept(place, stores.retention.days[place], deleted, kept)
