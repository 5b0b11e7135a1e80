"""Bright Data's snapshots whose id was lost: found again in the vendor's list, by date, size and content (vendors.md §2.3).

A snapshot carries no name of ours, so what it holds must tell whose it is. Listing and looking into one are free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from leadgen_assets.vendors.brightdata import (
    PEOPLE_DATASET,
    BrightDataClient,
    classify,
    is_error_row,
)
from leadgen_assets.vendors.contracts import JobState, Record, SearchQuery, Strangers, VendorUnavailable, Verdict
from leadgen_assets.vendors.http import Classified
from leadgen_assets.vendors.values import identifier, objects, whole

CLOCKS_DIFFER = timedelta(minutes=10)
"""How far the vendor's clock may be off ours."""
LOOK_SECONDS = 5.0
_LOOKS = 120
"""10 minutes: filter jobs end within 5 (§2.3)."""


class BrightDataPeople(BrightDataClient):
    """The people dataset as a `SnapshotSource` whose orders can be found again."""

    async def find(self, query: SearchQuery, limit: int, since: datetime, strangers: Strangers) -> str | None:
        """The snapshot of that search."""
        return await find_snapshot(
            self, PEOPLE_DATASET, limit, since, strangers, lambda record: answers_search(query, record)
        )


async def find_snapshot(
    client: BrightDataClient,
    dataset: str,
    limit: int,
    since: datetime,
    strangers: Strangers,
    fits: Callable[[Record], bool],
) -> str | None:
    """Among the snapshots that the vendor lists, one that was made since then, belongs to no other order, is not larger
    than the limit and holds only records that fit; of several the largest."""
    reply = await client.call(
        "status", "GET", "/datasets/snapshots", classify=classify_list, params={"dataset_id": dataset}
    )
    found = {identifier(each.get("id")): each for each in objects(reply.body) if _may_be(each, limit, since)}
    sizes = {job_id: whole(each.get("dataset_size")) or 0 for job_id, each in found.items() if job_id}
    known = await strangers(list(sizes))
    for job_id in sorted(sizes, key=lambda each: (-sizes[each], each)):
        if job_id not in known and await _holds_only(client, job_id, limit, fits):
            return job_id
    return None


def classify_list(status: int, headers: Mapping[str, str], body: Any) -> Classified:
    """A listing's language: an array, or it is no listing."""
    if status == 200:
        return Classified(Verdict.OK) if isinstance(body, list) else Classified(Verdict.BACK_OFF, detail="no list")
    return classify(status, headers, body)


def answers_search(query: SearchQuery, record: Record) -> bool:
    """Whether a record is one that `people_filter` of this search lets through."""
    position, city = str(record.get("position") or "").casefold(), str(record.get("city") or "").casefold()
    places = [place.partition(",")[0].strip().casefold() for place in query.locations]
    return (
        record.get("country_code") in query.countries
        and any(title.casefold() in position for title in query.titles)
        and (not places or any(place in city for place in places))
        and all(record.get(name) == value for name, value in query.facets)
    )


async def _holds_only(client: BrightDataClient, job_id: str, limit: int, fits: Callable[[Record], bool]) -> bool:
    for _ in range(_LOOKS):
        status = await client.status(job_id)
        if status.state not in (JobState.RUNNING, JobState.READY) or (status.records or 0) > limit:
            return False
        rows = await client.download(job_id, 1) if status.state is JobState.READY else None
        if rows is not None:
            good = [row for row in rows if not is_error_row(row)]
            return bool(good) and all(fits(row) for row in good)
        await client.rest(LOOK_SECONDS)
    raise VendorUnavailable(client.name, "status", f"snapshot {job_id} is still being built; it may be ours")


def _may_be(listed: Record, limit: int, since: datetime) -> bool:
    """Whether a listed snapshot may come from an order of that moment. An unknown date or size may."""
    if str(listed.get("status")).casefold() in ("failed", "canceled", "cancelled"):
        return False
    try:
        created = datetime.fromisoformat(str(listed.get("created")))
        is_older = (created if created.tzinfo else created.replace(tzinfo=UTC)) < since - CLOCKS_DIFFER
    except ValueError:
        is_older = False
    return not is_older and (whole(listed.get("dataset_size")) or 0) <= limit
