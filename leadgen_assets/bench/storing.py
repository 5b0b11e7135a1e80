"""Stages that write to MongoDB: provisional leads while collecting, complete ones after scoring, and batch sizes.

All writes wait for the journal. The baseline is pymongo alone: `insert_many` of the same documents, journaled too,
into a collection without validator and indexes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from pymongo import InsertOne
from pymongo.errors import BulkWriteError

from leadgen_assets.bench.ground import KEY, Ground
from leadgen_assets.bench.measure import Job, Setup
from leadgen_assets.refinement.publish import publish_leads
from leadgen_assets.stores import bulk
from leadgen_assets.stores.documents import frame_documents
from leadgen_assets.stores.lead_schema import LEAD_INDEXES, LEAD_VALIDATOR
from leadgen_assets.stores.migrations import migrate
from leadgen_assets.stores.mongo import DURABLE, LEADS, Document, collection, now
from leadgen_assets.stores.opened import OpenStores


@contextmanager
def inserting(ground: Ground) -> Iterator[Job]:
    """`LeadStore.insert_provisional` of normalised, unique leads, a collector's batch at a time."""
    documents = provisional(ground)
    with ground.stores() as stores:

        def run() -> int:
            for start in range(0, len(documents), bulk.BATCH):
                stores.leads.insert_provisional(documents[start : start + bulk.BATCH])
            return len(documents)

        yield Job(
            run, before=lambda: _emptied(stores), after=lambda: _all_there(stores.leads.count(KEY), len(documents))
        )


@contextmanager
def publishing(ground: Ground) -> Iterator[Job]:
    """`publish_leads`: scored rows replace the provisional ones, unique values moving between them."""
    scored = ground.frame("scored")
    documents = provisional(ground)
    with ground.stores() as stores:

        def before() -> None:
            are_as_inserted = stores.leads.count(KEY) == len(documents) and not stores.leads.count(
                KEY, is_qualified=True
            )
            if not are_as_inserted:
                _emptied(stores)
                stores.leads.insert_provisional(documents)

        def run() -> int:
            publish_leads(stores, KEY, scored)
            return len(scored)

        yield Job(run, before=before, after=lambda: _all_there(stores.leads.count(KEY), len(scored)))


def in_batches_of(size: int) -> Setup:
    """Inserts in batches of that size, validator and indexes included (REQ-017)."""

    @contextmanager
    def inserting_in_batches(ground: Ground) -> Iterator[Job]:
        documents = provisional(ground)
        with ground.stores() as stores:
            leads = collection(stores.db, LEADS)

            def run() -> int:
                return bulk.write(leads, [InsertOne(each) for each in documents], batch=size).inserted

            yield Job(run, before=lambda: _emptied(stores))

    return inserting_in_batches


@cache
def shaped_insert_many(has_validator: bool, has_indexes: bool) -> Setup:
    """pymongo's `insert_many` into a collection with parts of the leads' shape: what each part costs."""

    @contextmanager
    def inserting_bare(ground: Ground) -> Iterator[Job]:
        documents = provisional(ground)
        with ground.stores() as stores:
            bare = stores.db.get_collection("bare", write_concern=DURABLE)

            def before() -> None:
                bare.drop()
                stores.db.create_collection("bare", validator=LEAD_VALIDATOR if has_validator else {})
                if has_indexes:
                    bare.create_indexes(list(LEAD_INDEXES))

            def run() -> int:
                for start in range(0, len(documents), bulk.BATCH):
                    # mailboxes that two people share are refused, as `insert` has them refused
                    with suppress(BulkWriteError):
                        bare.insert_many(documents[start : start + bulk.BATCH], ordered=False)
                return len(documents)

            yield Job(run, before=before, after=lambda: _all_there(bare.estimated_document_count(), len(documents)))

    return inserting_bare


bare_insert_many = shaped_insert_many(has_validator=False, has_indexes=False)
"""Baseline: pymongo's `insert_many`, nothing else."""


def provisional(ground: Ground) -> list[Document]:
    """The normalised leads that deduplication kept, as a collector would insert them."""
    leads = ground.frame("normalised")
    kept = leads["lead_id"].isin(ground.frame("golden")["lead_id"])
    moment = now()
    fresh: dict[str, Any] = {"crm_synced": False, "crm_sync_date": None, "created_at": moment, "updated_at": moment}
    return [{**each, **fresh} for each in frame_documents(leads[kept])]


def _emptied(stores: OpenStores) -> None:
    stores.db.drop_collection(LEADS)
    migrate(stores.db)


def _all_there(found: int, wanted: int) -> None:
    """A benchmark of writes that were refused would be a lie."""
    if found < 0.99 * wanted:
        raise RuntimeError(f"{found} of {wanted} leads are stored")
