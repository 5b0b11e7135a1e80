"""Who delivers people: by listing and purchase, or by snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from leadgen_assets.vendors.contracts.jobs import JobStatus, Strangers
from leadgen_assets.vendors.contracts.records import Record


@dataclass(frozen=True)
class SearchQuery:
    """A search in the field's terms. `facets` narrow it further when a split was needed."""

    titles: tuple[str, ...]
    locations: tuple[str, ...] = ()
    countries: tuple[str, ...] = ("US",)
    facets: tuple[tuple[str, str], ...] = ()

    def narrowed(self, facet: str, value: str) -> SearchQuery:
        """The same search within one value of a facet."""
        return SearchQuery(self.titles, self.locations, self.countries, (*self.facets, (facet, value)))


@dataclass(frozen=True)
class Listing:
    """One page of a free listing: vendor ids with the listed (often masked) record, and the query's total."""

    total: int
    people: dict[str, Record]


@dataclass(frozen=True)
class Purchase:
    """What a paid call delivered. Every requested id is in exactly one of records, missing, suppressed, refused."""

    records: dict[str, Record]
    missing: tuple[str, ...] = ()
    suppressed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    """Not delivered for lack of credits or by limit; may be asked for again."""
    credits: Decimal = Decimal(0)
    """What the vendor says it charged."""


class ListedSource(Protocol):
    """Lists people for free and sells their details (Apollo, ZoomInfo)."""

    name: str
    page_size: int
    reach: int
    """Most records one query can page through."""
    batch_size: int
    """Most ids one purchase takes."""
    paid_operation: str
    """What `buy` is called in the price list."""
    repeat_is_free: bool
    """Whether buying the same people again soon costs nothing."""

    async def count(self, query: SearchQuery) -> int: ...
    async def listing(self, query: SearchQuery, page: int) -> Listing: ...
    def split(self, query: SearchQuery) -> Sequence[SearchQuery]:
        """The query as narrower ones that cover it; empty when it cannot be split further."""
        ...

    async def buy(self, vendor_ids: Sequence[str]) -> Purchase: ...


class SnapshotSource(Protocol):
    """Builds a snapshot of a search, asynchronously, billed by delivered record (Bright Data)."""

    name: str
    part_size: int

    async def start(self, query: SearchQuery, limit: int, without: Sequence[str] = ()) -> str | None:
        """The job's id, to be stored before anything else; None when nothing matches. `without`: vendor ids to leave
        out, because they are collected already."""
        ...

    async def find(self, query: SearchQuery, limit: int, since: datetime, strangers: Strangers) -> str | None:
        """The job of an order whose answer never came, among those that the vendor lists; None when it was not carried
        out. `since` is when the order was about to be sent."""
        ...

    async def status(self, job_id: str) -> JobStatus: ...
    async def download(self, job_id: str, part: int) -> list[Record] | None:
        """One part (from 1), error rows included; None while the vendor says "not ready yet". Empty past the end."""
        ...
