"""Sources that list people for free and sell their details: listing → drop who is owned → buy the rest.

Purchases are numbered by their place in the listing, so the set of landed pages says exactly what is still to buy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count

from leadgen_assets.collection.workbench import Intake
from leadgen_assets.stores.ledger import AlreadySettled, Paid, Reserved
from leadgen_assets.stores.ledger_doubts import BROKE_OFF
from leadgen_assets.stores.raw_pages import ERASED_TEXT
from leadgen_assets.vendors.blocked import Block
from leadgen_assets.vendors.contracts import (
    ListedSource,
    SearchQuery,
    VendorError,
    VendorOutcomeUnknown,
    VendorOutOfCredits,
)
from leadgen_assets.vendors.width import Turnstile, Widths

IN_FLIGHT = 8
"""Purchases under way at once per segment until `Widths` know better; the rate governor decides how fast they really go."""


async def collect_listed(source: ListedSource, intake: Intake, widths: Widths) -> None:
    """Collect until the segment's target is reached, the listing ends, or money does."""
    if await intake.wanted() == 0 or not await intake.may_buy():
        return
    slices, truncated = await reachable_slices(source, intake.assignment.query)
    intake.progress.truncated = truncated
    listed = await asyncio.to_thread(_listed_before, intake)
    seen: set[str] = set()

    async def people(number: int, query: SearchQuery, page: int) -> list[str]:
        known = listed.get(number)
        return known if known is not None else await _list(source, intake, number, query, page, seen)

    pages = ((number, *turn) for number, turn in enumerate(in_turn(slices, source.page_size), start=1))
    following = next(pages, None)
    ahead: asyncio.Task[list[str]] | None = None
    try:
        while (this := following) is not None:
            still = await intake.wanted()
            if still == 0 or intake.progress.stopped_because:
                return
            ids = await (people(*this) if ahead is None else ahead)
            ids = [each for each in ids if each not in seen]
            seen.update(ids)
            following, ahead = next(pages, None), None
            if following is not None and len(ids) < still:
                # whatever is bought of this page, the next one is needed
                ahead = asyncio.create_task(people(*following))
            await _buy(source, intake, this[0], ids, widths)
    finally:
        if ahead is not None:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)


async def reachable_slices(source: ListedSource, query: SearchQuery) -> tuple[list[tuple[SearchQuery, int]], bool]:
    """The query, or narrower ones that cover it, each with its total within the source's reach (vendors.md §8.3).

    The flag says that a slice stays over the reach and cannot be split: what is beyond it will be missing.
    """
    total = await source.count(query)
    if total <= source.reach:
        return [(query, total)], False
    narrower = source.split(query)
    if not narrower:
        return [(query, source.reach)], True
    slices: list[tuple[SearchQuery, int]] = []
    truncated = False
    for each in narrower:
        part, cut = await reachable_slices(source, each)
        slices.extend(part)
        truncated = truncated or cut
    return slices, truncated


def in_turn(slices: Sequence[tuple[SearchQuery, int]], page_size: int) -> Iterator[tuple[SearchQuery, int]]:
    """Each page of each slice once, {query: total} given: all first pages, then all second ones.

    Vendors list the best matches first, and a segment that ends before its search does should have the best of every
    slice instead of all of the first ones.
    """
    lengths = [(query, -(-total // page_size)) for query, total in slices]
    for page in range(1, max((length for _, length in lengths), default=0) + 1):
        yield from ((query, page) for query, length in lengths if page <= length)


def _listed_before(intake: Intake) -> dict[int, list[str]]:
    """What earlier runs decided to buy: {number of the listing page: ids}."""
    stored = intake.bench.raw_pages.listings(intake.assignment.key, intake.assignment.segment.id)
    return {listing.number: list(listing.people) for listing in stored}


async def _list(
    source: ListedSource, intake: Intake, number: int, query: SearchQuery, page: int, seen: set[str]
) -> list[str]:
    """Ids worth buying on one listing page, decided once and written down, so that a resumed run decides the same."""
    bench, at = intake.bench, intake.assignment
    listing = await source.listing(query, page)
    fresh = [each for each in listing.people if each not in seen]
    owned = await asyncio.to_thread(bench.leads.owned, at.source, fresh)
    wanted = {each: listing.people[each] for each in fresh if each not in owned}
    intake.progress.skipped_owned += len(fresh) - len(wanted)
    await asyncio.to_thread(bench.raw_pages.land_listing, at.key, at.segment.id, number, wanted, listing.total)
    return list(wanted)


async def _buy(source: ListedSource, intake: Intake, listing_number: int, ids: list[str], widths: Widths) -> None:
    per_listing = -(-source.page_size // source.batch_size)
    batches = [ids[start : start + source.batch_size] for start in range(0, len(ids), source.batch_size)]
    numbered = zip(count((listing_number - 1) * per_listing + 1), batches, strict=False)
    # What an erasure left of a listed person keeps the others in their batches and is not bought.
    kept = ((number, [each for each in batch if not each.startswith(ERASED_TEXT)]) for number, batch in numbered)
    missing = [(number, batch) for number, batch in kept if batch and not intake.has(number)]
    still = await intake.wanted()
    affordable = missing[: -(-still // source.batch_size)]
    slots = Turnstile(lambda: widths.of(source.name, source.paid_operation, IN_FLIGHT))

    async def purchase(number: int, batch: list[str]) -> None:
        async with slots:
            if intake.progress.stopped_because is None:
                await _buy_one(source, intake, number, batch)

    results = await asyncio.gather(*(purchase(*each) for each in affordable), return_exceptions=True)
    failures = [each for each in results if isinstance(each, BaseException)]
    if failures:
        raise failures[0]


async def _buy_one(source: ListedSource, intake: Intake, number: int, batch: list[str]) -> None:
    """Reserve, call, land, settle: in this order a crash anywhere leaves a trace and never an unrecorded charge.

    A call that was paid before without its page being there (it expired) is not paid again. One whose outcome nobody
    knows is uncertain and stays held, because it may have been charged. Where a repeat would be charged too it is not sent
    again: the segment fills up from further down its listing. Where a repeat is free, it fetches what was paid for, also
    when the vendor's usage has decided meanwhile that it was billed.
    """
    bench, at = intake.bench, intake.assignment
    entry = at.entry(source.paid_operation, number)
    reservation = await intake.reserve(entry, source.paid_operation, len(batch))
    if reservation is None:
        return
    if isinstance(reservation, AlreadySettled):
        paid = await asyncio.to_thread(bench.ledger.entry, entry)
        if paid is None or paid.decision is None or not source.repeat_is_free:
            return
        since = paid.reserved_at
    else:
        since = reservation.reserved_at
    if isinstance(reservation, Reserved) and reservation.again and not source.repeat_is_free:
        await asyncio.to_thread(bench.ledger.doubt, entry, BROKE_OFF)
        intake.progress.uncertain += 1
        return
    try:
        purchase = await source.buy(batch)
    except VendorOutOfCredits:
        await asyncio.to_thread(bench.ledger.release, entry)
        intake.progress.stopped_because = Block.OUT_OF_CREDITS.value
        return
    except VendorOutcomeUnknown as error:
        await asyncio.to_thread(bench.ledger.doubt, entry, error.detail)
        if source.repeat_is_free:
            raise
        intake.progress.uncertain += 1
        return
    except VendorError:
        await asyncio.to_thread(bench.ledger.release, entry)
        raise
    if purchase.refused:
        intake.progress.stopped_because = Block.OUT_OF_CREDITS.value
    intake.progress.not_found += len(purchase.missing)
    intake.progress.opted_out += len(purchase.suppressed)
    if purchase.suppressed:
        keys = [("vendor", f"{at.source}:{each}") for each in purchase.suppressed]
        await asyncio.to_thread(bench.suppressions.add_many, keys, f"{at.source} opt-out")
    bill = Paid(entry, purchase.credits, intake.prices.usd(at.source, purchase.credits, since))
    await intake.land(number, list(purchase.records.values()), {"ids": len(batch)}, purchase.credits, bill)
