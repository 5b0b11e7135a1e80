"""What must hold after any fault, once the sprint has ended. Pure: evidence in, violations out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal

from leadgen_assets.chaos.evidence import JUNK, SOURCES, Evidence

FATES = ("leads", "duplicates", "suppressed", "quarantined")
OPEN = ("reserved", "uncertain")
"""Ledger states of calls that may have been charged."""
FREE_REPEATS = ("hunter", "zoominfo")
"""Vendors that hand out again for nothing what was paid: there a lost answer is fetched, not written off."""
MOST_WRITES = 2
"""A batch that was sent when its sender died may be sent once more, and once for each answer of the CRM that was of no use;
the upsert key keeps it one contact."""


def violations(found: Evidence) -> list[str]:
    """One line for each invariant that does not hold, with the figures."""
    return [f"{check.__name__.replace('_', ' ')}: {each}" for check in INVARIANTS for each in check(found)]


def nothing_is_lost(found: Evidence) -> Iterator[str]:
    """NFR-007: what a vendor handed out has landed, or its call is on record as uncertain."""
    for vendor in SOURCES:
        missing = set(found.served.get(vendor, ())) - set(found.landed.get(vendor, ())) - {JUNK}
        own = [each for each in found.ledger if each.vendor == vendor]
        decided = vendor not in FREE_REPEATS
        uncertain = sum(each.units for each in own if each.state in OPEN or (decided and each.was_decided))
        if len(missing) > uncertain:
            yield f"{vendor} handed out {len(missing)} records that never landed; {uncertain} are on record as uncertain"


def nothing_is_invented(found: Evidence) -> Iterator[str]:
    """NFR-007: what has landed was handed out."""
    for vendor in SOURCES:
        foreign = set(found.landed.get(vendor, ())) - set(found.served.get(vendor, ()))
        if foreign:
            yield f"{len(foreign)} records of {vendor} landed that it never handed out"


def every_record_is_accounted_for(found: Evidence) -> Iterator[str]:
    """NFR-007: delivered = leads + duplicates + suppressed + quarantined, by page, by segment, and in the stores."""
    for page, records in found.pages.items():
        counts = found.outcomes.get(page)
        if counts is None:
            yield f"page {page} has landed and has no outcome"
        elif counts["delivered"] != records or records != sum(counts[each] for each in FATES):
            yield f"page {page} holds {records} records, its outcome says {counts}"
    orphans = found.outcomes.keys() - found.pages.keys()
    if orphans:
        yield f"{len(orphans)} outcomes without a page"
    landed: Counter[str] = Counter()
    for page, records in found.pages.items():
        landed[page.split("/")[1]] += records
    for segment in sorted(landed.keys() | found.counts.keys()):
        counts = found.counts.get(segment, {})
        if landed[segment] != counts.get("delivered") or landed[segment] != sum(counts.get(each, 0) for each in FATES):
            yield f"segment {segment} has {landed[segment]} records on its pages, its counts say {counts}"
    for name, stored in (("leads", len(found.leads)), ("quarantined", found.quarantined)):
        counted = sum(each.get(name, 0) for each in found.counts.values())
        if counted != stored:
            yield f"{counted} {name} counted, {stored} stored"


def exports_are_collected_once(found: Evidence) -> Iterator[str]:
    """REQ-001: every row of an export file, once."""
    rows = sum(found.landed.get("sales_navigator", Counter()).values())
    if rows != found.exported:
        yield f"{found.exported} rows exported, {rows} landed"


def no_lead_is_doubled(found: Evidence) -> Iterator[str]:
    """REQ-008: no two stored leads share a key."""
    for name, values in (
        ("lead id", [each["lead_id"] for each in found.leads]),
        ("LinkedIn address", [each.get("linkedin_url") for each in found.leads]),
        ("address", [each.get("email") for each in found.leads if each.get("email_is_key")]),
        ("exact key", [key for each in found.leads for key in set(each.get("identity_keys", ())) if _is_strong(key)]),
    ):
        twice = sum(1 for value, times in Counter(values).items() if value and times > 1)
        if twice:
            yield f"{twice} times two leads share their {name}"


def leads_are_the_true_people(found: Evidence) -> Iterator[str]:
    """TL-04: every true person among the landed records is one lead, unless suppressed; and nobody else is."""
    holders: dict[str, set[str]] = {}
    for lead in found.leads:
        for key in lead.get("identity_keys", ()):
            holders.setdefault(key, set()).add(lead["lead_id"])
    split = missing = 0
    known: set[str] = set()
    for cluster in found.clusters:
        strong = {key for ref in cluster for key in found.keys[ref] if _is_strong(key)}
        own = {lead for key in strong for lead in holders.get(key, ())}
        known |= own
        split += len(own) > 1
        missing += not own and not _may_be_suppressed(found, cluster)
    if split:
        yield f"{split} people are more than one lead"
    if missing:
        yield f"{missing} people are no lead"
    merged = len(found.leads) - len(known)
    if merged:
        yield f"{merged} leads are nobody who was delivered"
    together = sum(1 for cluster in found.clusters if not _may_be_suppressed(found, cluster))
    if len(found.leads) < together:
        yield f"{len(found.leads)} leads for at least {together} people"


def suppressed_people_are_absent(found: Evidence) -> Iterator[str]:
    """NFR-011: nobody who was on the list is a lead or a contact."""
    leads = sum(bool(found.barred & set(each.get("identity_keys", ()))) for each in found.leads)
    addresses = {key.partition(":")[2] for key in found.barred if key.startswith("email:")}
    contacts = sum(each["email"] in addresses for each in found.contacts if each["email"])
    if leads or contacts:
        yield f"{leads} suppressed people are leads, {contacts} are contacts"


def the_crm_holds_the_qualified(found: Evidence) -> Iterator[str]:
    """REQ-019, TL-06: exactly the qualified, each once, marked on the lead; written at most twice."""
    qualified = {each["lead_id"] for each in found.leads if each["is_qualified"]}
    synced = {each["lead_id"] for each in found.leads if each["crm_synced"]}
    held = Counter(each["external_id"] for each in found.contacts)
    if set(held) != qualified:
        yield f"{len(qualified - set(held))} qualified leads are no contact, {len(set(held) - qualified)} contacts no lead"
    if synced != qualified:
        yield f"{len(qualified)} leads are qualified, {len(synced)} are marked as synced"
    addresses = Counter(each["email"] for each in found.contacts if each["email"])
    # two profiles with one address are two leads, and two contacts where the CRM has room for both
    leads_of = Counter(each["email"] for each in found.leads if each["is_qualified"])
    doubled = sum(times > max(1, leads_of[address]) for address, times in addresses.items())
    doubled += sum(times > 1 for times in held.values())
    if doubled:
        yield f"{doubled} contacts are doubled"
    most = MOST_WRITES + found.spoiled_by_crm
    often = sum(each["writes"] > most for each in found.contacts)
    if often:
        yield f"{often} contacts were written more than {most} times"


def nothing_is_paid_twice(found: Evidence) -> Iterator[str]:
    """Design rule 4: no paid request twice, no person bought twice."""
    for vendor, receipts in found.receipts.items():
        twice = sum(times > 1 for times in receipts.values())
        if twice:
            yield f"{vendor} charged {twice} requests more than once"
    again = sum(times > 1 for ref, times in found.served.get("apollo", Counter()).items() if ref != JUNK)
    if again:
        yield f"apollo sold {again} people more than once"


def every_charge_is_on_record(found: Evidence) -> Iterator[str]:
    """NFR-012: what vendors charged is what is settled, but for what is on record as uncertain.

    A vendor that does not charge for a repeat may have charged less: two leads of one person are two questions to us.
    """
    for vendor, charged in found.charged.items():
        own = [each for each in found.ledger if each.vendor == vendor]
        settled = sum((each.credits for each in own if each.state == "settled"), Decimal(0))
        uncertain = sum(each.units for each in own if each.state in OPEN)
        least = Decimal(0) if vendor in FREE_REPEATS else settled
        if not least <= charged <= settled + uncertain:
            yield f"{vendor} charged {charged} credits; {settled} settled, {uncertain} units uncertain"


def rate_limits_are_kept(found: Evidence) -> Iterator[str]:
    """TL-02: no vendor had to say "slow down" because of us."""
    for vendor, times in found.too_early.items():
        if times:
            yield f"{times} requests to {vendor} broke its rate limit"


def _is_strong(key: str) -> bool:
    return not key.startswith("email:")


def _may_be_suppressed(found: Evidence, cluster: frozenset[tuple[str, str]]) -> bool:
    keys = {key for ref in cluster for key in found.keys[ref]}
    return bool(keys & found.barred or cluster & found.opted_out)


INVARIANTS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    nothing_is_lost,
    nothing_is_invented,
    every_record_is_accounted_for,
    exports_are_collected_once,
    no_lead_is_doubled,
    leads_are_the_true_people,
    suppressed_people_are_absent,
    the_crm_holds_the_qualified,
    nothing_is_paid_twice,
    every_charge_is_on_record,
    rate_limits_are_kept,
)
