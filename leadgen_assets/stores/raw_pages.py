"""The vendors' answers, page by page, exactly as they came: the record of what was delivered, and the checkpoint.

Collection `raw_pages`, _id "sprint/segment/kind/number" with kind `page` (bought people) or `listing` (free lists).
The records are compressed JSON, so that any key and any number a vendor may send is kept. Pages expire (privacy);
what became of them is in `page_outcomes` and stays.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bson import Binary, Decimal128
from pymongo import InsertOne, UpdateOne
from pymongo.errors import DuplicateKeyError

from leadgen_assets.stores import bulk
from leadgen_assets.stores.errors import StoreError, StoreMissing, told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection, now

RETENTION = timedelta(days=90)
COUNTS: tuple[str, ...] = ("delivered", "leads", "duplicates", "suppressed", "quarantined")
"""What an outcome counts (design.md, counting rules)."""

ERASED = {"_erased": True}
"""What is left of a record after an erasure; its position on the page stays, so that lead ids stay."""

ERASED_TEXT = "[erased]"
"""The first cell of what is left of an erased row in an export file."""

Record = dict[str, Any]


def is_erased(record: object) -> bool:
    """Whether this is what an erasure left of a record."""
    if not isinstance(record, dict):
        return False
    return record.get("_erased") is True or next(iter(record.values()), None) == ERASED_TEXT


@dataclass(frozen=True)
class RawPage:
    """One page of people as a vendor delivered it. `request` holds no credential; `drift` names unknown fields."""

    sprint: str
    segment: str
    source: str
    number: int
    records: list[Record]
    request: dict[str, Any]
    fetched_at: datetime
    credits: Decimal = Decimal(0)
    drift: list[str] = field(default_factory=list)

    @property
    def page_id(self) -> str:
        """`sprint/segment/page/number`."""
        return page_id(self.sprint, self.segment, self.number)


@dataclass(frozen=True)
class RawListing:
    """One page of a free listing: vendor ids with the listed (often masked) records, and the query's total."""

    sprint: str
    segment: str
    number: int
    people: dict[str, Record]
    total: int


@dataclass
class Accounted:
    """What became of a segment's records so far. Times are those of its first and last outcome."""

    counts: dict[str, int]
    first: datetime
    last: datetime


def page_id(sprint: str, segment: str, number: int, kind: str = "page") -> str:
    """The id of a page; numbers count from 0 or 1 as the collector likes, the order is numeric."""
    return f"{sprint}/{segment}/{kind}/{number}"


class RawPages:
    """Landing, reading and accounting of raw pages."""

    def __init__(self, db: MongoDatabase, retention: timedelta = RETENTION) -> None:
        self._pages = collection(db, "raw_pages")
        self._outcomes = collection(db, "page_outcomes")
        self._retention = retention

    def land(self, page: RawPage) -> bool:
        """Store a page before anything is made of it. False when it had landed before (the first one stays)."""
        return self._land(page.page_id, _body(page))

    def land_all(self, pages: Sequence[RawPage]) -> None:
        """`land` for several pages, in one write."""
        until = now() + self._retention
        bodies: list[Document] = [{"_id": each.page_id, **_body(each), "expires_at": until} for each in pages]
        done = bulk.write(self._pages, [InsertOne(each) for each in bodies])
        if done.unconfirmed or done.of_kind("validation", "unencodable", "other"):
            raise StoreError(f"{len(pages)} pages could not be landed for sure; fetch them again")

    def land_listing(self, sprint: str, segment: str, number: int, people: Mapping[str, Record], total: int) -> bool:
        """Store one page of a free listing. False when it had landed before."""
        name = page_id(sprint, segment, number, "listing")
        body = {"sprint": sprint, "segment": segment, "kind": "listing", "number": number, "total": total}
        body["fetched_at"] = now()
        return self._land(name, {**body, "records": len(people), "packed": pack(name, dict(people))})

    def landed(self, sprint: str, segment: str) -> list[int]:
        """Numbers of the pages that are here, ascending: the checkpoint of a collector."""
        return self._numbers(sprint, segment, "page")

    def landed_listings(self, sprint: str, segment: str) -> list[int]:
        """Numbers of the listing pages that are here, ascending."""
        return self._numbers(sprint, segment, "listing")

    def read(self, sprint: str, segment: str, numbers: Collection[int] | None = None) -> Iterator[RawPage]:
        """The pages of a segment in order of their numbers; only some of them when `numbers` is given."""
        for each in self._stored(sprint, segment, "page", numbers):
            yield RawPage(
                each["sprint"],
                each["segment"],
                each["source"],
                each["number"],
                unpack(each["packed"]),
                json.loads(each["request"]),
                each["fetched_at"],
                each["credits"].to_decimal(),
                list(each["drift"]),
            )

    def listings(self, sprint: str, segment: str) -> Iterator[RawListing]:
        """The listing pages of a segment in order of their numbers."""
        for each in self._stored(sprint, segment, "listing", None):
            yield RawListing(sprint, segment, each["number"], unpack(each["packed"]), each["total"])

    def without_outcome(self, sprint: str, segment: str) -> list[int]:
        """Pages that landed but whose records are not accounted for: work a crash has left, ascending."""
        query = {"sprint": sprint, "segment": segment}
        with told_without_values(f"reading the outcomes of {sprint}/{segment}"):
            done = {each["number"] for each in self._outcomes.find(query, {"_id": 0, "number": 1})}
        return [number for number in self.landed(sprint, segment) if number not in done]

    def all_have_outcomes(self, sprint: str) -> bool:
        """Whether the records of every landed page are accounted for; two counts within an index. Pages expire before their
        outcomes."""
        with told_without_values(f"counting the pages of {sprint}"):
            landed = self._pages.count_documents({"sprint": sprint, "kind": "page"})
            return landed <= self._outcomes.count_documents({"sprint": sprint})

    def drift(self, sprint: str, segment: str) -> tuple[str, ...]:
        """Fields a vendor sent in this segment that its documentation does not name, sorted."""
        query = {"sprint": sprint, "kind": "page", "segment": segment}
        with told_without_values(f"reading the drift of {sprint}/{segment}"):
            return tuple(sorted(self._pages.distinct("drift", query)))

    def span(self, sprint: str) -> tuple[datetime, datetime] | None:
        """When the sprint's first and last page were fetched; None before the first."""
        ends = []
        with told_without_values(f"reading the times of {sprint}"):
            for direction in (1, -1):
                pages = self._pages.find({"sprint": sprint, "kind": "page"}, {"_id": 0, "fetched_at": 1})
                ends += [each["fetched_at"] for each in pages.sort("fetched_at", direction).limit(1)]
        return (ends[0], ends[1]) if ends else None

    def record_outcome(self, page: str, counts: Mapping[str, int]) -> None:
        """Say what became of one page's records; see `record_outcomes`."""
        self.record_outcomes({page: counts})

    def record_outcomes(self, outcomes: Mapping[str, Mapping[str, int]]) -> None:
        """Say what became of the records of some pages, {page id: counts} (`COUNTS`; further whole numbers are kept too).
        Last word wins.

        Raises `ValueError` when a count of `COUNTS` is missing or they do not add up to what was delivered (NFR-007);
        then nothing is recorded.
        """
        moment, writes = now(), []
        for page, counts in outcomes.items():
            _require_sound(page, counts)
            sprint, segment, _, number = page.rsplit("/", 3)
            body = {"sprint": sprint, "segment": segment, "number": int(number), "counts": dict(counts), "at": moment}
            writes.append(UpdateOne({"_id": page}, {"$set": body}, upsert=True))
        refused = bulk.write(self._outcomes, writes).refused
        if refused:
            # two processes at one page: one upsert lost the race, and now finds the other's document
            refused = bulk.write(self._outcomes, [writes[each.position] for each in refused]).refused
        if refused:
            raise StoreError(f"the outcomes of {len(refused)} pages could not be recorded; ingest them again")

    def counts(self, sprint: str) -> dict[str, dict[str, int]]:
        """{segment: {pages, delivered, leads, duplicates, suppressed, quarantined, …}} over all recorded outcomes."""
        return {segment: each.counts for segment, each in self.accounted(sprint).items()}

    def accounted(self, sprint: str) -> dict[str, Accounted]:
        """{segment: counts as in `counts`, and when}; one small document a page."""
        found: dict[str, Accounted] = {}
        with told_without_values(f"counting the pages of {sprint}"):
            for each in self._outcomes.find({"sprint": sprint}, {"segment": 1, "counts": 1, "at": 1}):
                fresh = Accounted(dict.fromkeys(("pages", *COUNTS), 0), each["at"], each["at"])
                known = found.setdefault(each["segment"], fresh)
                known.counts["pages"] += 1
                for name, value in each["counts"].items():
                    known.counts[name] = known.counts.get(name, 0) + value
                known.first, known.last = min(known.first, each["at"]), max(known.last, each["at"])
        return found

    def erase(self, page: str, positions: Collection[int]) -> int:
        """Remove records from a stored page, leaving `ERASED` in their places (REQ NFR-011). Idempotent; returns how many
        were there still. Its counts are `Accounting`'s."""
        with told_without_values(f"erasing from page {page}"):
            stored = self._pages.find_one({"_id": page}, {"packed": 1})
            if stored is None:
                raise StoreMissing(f"raw page {page} is not stored; nothing to erase")
            records = unpack(stored["packed"])
            fresh = [at for at in positions if records[at] != ERASED]
            for at in fresh:
                records[at] = dict(ERASED)
            if fresh:
                self._pages.update_one({"_id": page}, {"$set": {"packed": pack(page, records)}})
        return len(fresh)

    def erase_listed(self, page: str, vendor_ids: Collection[str]) -> int:
        """Remove people from a stored listing; placeholders keep the places of the others. Returns how many."""
        with told_without_values(f"erasing from listing {page}"):
            stored = self._pages.find_one({"_id": page}, {"packed": 1})
            people = unpack(stored["packed"]) if stored else {}
            gone = [each for each in people if each in vendor_ids]
            if gone:
                kept = {
                    f"{ERASED_TEXT} {at}" if each in vendor_ids else each: dict(ERASED)
                    if each in vendor_ids
                    else record
                    for at, (each, record) in enumerate(people.items())
                }
                self._pages.update_one({"_id": page}, {"$set": {"packed": pack(page, kept)}})
        return len(gone)

    def correct(self, page: str, position: int, record: Record) -> bool:
        """Put a corrected record in the place of the delivered one. False when the page has expired."""
        with told_without_values(f"correcting page {page}"):
            stored = self._pages.find_one({"_id": page}, {"packed": 1})
            if stored is None:
                return False
            records = unpack(stored["packed"])
            records[position] = dict(record)
            self._pages.update_one({"_id": page}, {"$set": {"packed": pack(page, records)}})
        return True

    def _land(self, name: str, body: Document) -> bool:
        with told_without_values(f"landing {name}"):
            try:
                self._pages.insert_one({"_id": name, **body, "expires_at": now() + self._retention})
            except DuplicateKeyError:
                return False
        return True

    def _numbers(self, sprint: str, segment: str, kind: str) -> list[int]:
        query = {"sprint": sprint, "kind": kind, "segment": segment}
        with told_without_values(f"looking up the pages of {sprint}/{segment}"):
            return [each["number"] for each in self._pages.find(query, {"_id": 0, "number": 1}).sort("number")]

    def _stored(self, sprint: str, segment: str, kind: str, numbers: Collection[int] | None) -> Iterator[Document]:
        query: Document = {"sprint": sprint, "kind": kind, "segment": segment}
        if numbers is not None:
            query["number"] = {"$in": sorted(numbers)}
        with told_without_values(f"reading the pages of {sprint}/{segment}"):
            yield from self._pages.find(query).sort("number").batch_size(8)


def _body(page: RawPage) -> Document:
    return {
        "sprint": page.sprint,
        "segment": page.segment,
        "kind": "page",
        "number": page.number,
        "source": page.source,
        "records": len(page.records),
        "packed": pack(page.page_id, page.records),
        "request": json.dumps(page.request, default=str),
        "fetched_at": page.fetched_at,
        "credits": Decimal128(page.credits),
        "drift": page.drift,
    }


def _require_sound(page: str, counts: Mapping[str, int]) -> None:
    missing = [name for name in COUNTS if name not in counts]
    if missing:
        raise ValueError(f"page {page}: the outcome lacks {', '.join(missing)}")
    if counts["delivered"] != sum(counts[name] for name in COUNTS[1:]):
        raise ValueError(f"page {page}: delivered is not leads + duplicates + suppressed + quarantined")


def pack(name: str, content: Any) -> Binary:
    """Records as they are stored: compressed JSON. `ValueError` names the page when they are none."""
    try:
        text = json.dumps(content, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: the records are not JSON ({type(error).__name__})") from None
    return Binary(zlib.compress(text.encode("ascii"), 1))


def unpack(packed: bytes) -> Any:
    """What `pack` was given."""
    return json.loads(zlib.decompress(packed))
