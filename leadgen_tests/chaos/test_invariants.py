"""Each invariant of the chaos suite fails on evidence that breaks it, and holds on evidence that does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest

from leadgen_assets.chaos.evidence import Charge, Evidence
from leadgen_assets.chaos.invariants import violations

ADA, BOB, CAL = ("apollo", "a1"), ("apollo", "a2"), ("zoominfo", "z1")
PAGE_KEY = {ADA: "linkedin:ada", BOB: "linkedin:bob", CAL: "linkedin:cal"}


def lead(number: int, *refs: tuple[str, str], email: str | None = None) -> dict:
    keys = [key for ref in refs for key in (PAGE_KEY[ref], f"vendor:{':'.join(ref)}")]
    return {
        "lead_id": f"L{number}", "linkedin_url": PAGE_KEY[refs[0]], "email": email, "email_is_key": email is not None,
        "identity_keys": keys, "is_qualified": True, "crm_synced": True,
    }  # fmt: skip


def sound() -> Evidence:
    """Two people from Apollo and one of them again from ZoomInfo; a third one is suppressed."""
    tally = {"delivered": 2, "leads": 1, "duplicates": 0, "suppressed": 1, "quarantined": 0}
    other = {"delivered": 1, "leads": 0, "duplicates": 1, "suppressed": 0, "quarantined": 0}
    return Evidence(
        served={"apollo": Counter(a1=1, a2=1), "zoominfo": Counter(z1=1), "brightdata": Counter()},
        landed={"apollo": Counter(a1=1, a2=1), "zoominfo": Counter(z1=1), "sales_navigator": Counter({"": 4})},
        exported=4,
        pages={"s/apollo-1/page/1": 2, "s/zoominfo-1/page/1": 1},
        outcomes={"s/apollo-1/page/1": tally, "s/zoominfo-1/page/1": other},
        counts={"apollo-1": tally, "zoominfo-1": other},
        leads=[lead(1, ADA, CAL)],
        clusters=[frozenset({ADA, CAL}), frozenset({BOB})],
        keys={ref: frozenset({PAGE_KEY[ref], f"vendor:{':'.join(ref)}"}) for ref in (ADA, BOB, CAL)},
        barred=frozenset({"linkedin:bob"}),
        receipts={"apollo": Counter({"bulk_match 1": 1})},
        charged={"apollo": Decimal(2)},
        ledger=[Charge("s/apollo-1/apollo/bulk_match/1", "apollo", "settled", 2, Decimal(2))],
        contacts=[{"external_id": "L1", "email": None, "writes": 2}],
    )  # fmt: skip


def test_nothing_is_said_against_sound_evidence() -> None:
    """Issue 4, chaos suite: a checker that always complains proves as little as one that never does."""
    assert violations(sound()) == []


def lost_record(found: Evidence) -> None:
    found.served["apollo"]["a3"] = 1


def uncertain_does_not_cover_more_than_it_asked_for(found: Evidence) -> None:
    found.served["apollo"].update(a3=1, a4=1)
    found.ledger.append(Charge("s/apollo-1/apollo/bulk_match/2", "apollo", "reserved", 1, Decimal(0)))


def invented_record(found: Evidence) -> None:
    found.landed["zoominfo"]["z9"] = 1


def page_without_an_outcome(found: Evidence) -> None:
    del found.outcomes["s/zoominfo-1/page/1"]


def page_that_lost_a_record(found: Evidence) -> None:
    found.pages["s/apollo-1/page/1"] = 3


def segment_whose_counts_miss_a_page(found: Evidence) -> None:
    found.counts["zoominfo-1"] = {**found.counts["zoominfo-1"], "delivered": 0, "duplicates": 0}


def lead_that_is_not_stored(found: Evidence) -> None:
    found.leads.clear()


def export_file_collected_twice(found: Evidence) -> None:
    found.landed["sales_navigator"][""] = 8


def doubled_lead(found: Evidence) -> None:
    found.leads.append({**lead(1, ADA, CAL), "lead_id": "L2"})


def person_split_in_two(found: Evidence) -> None:
    found.leads = [lead(1, ADA), lead(2, CAL)]


def person_who_is_no_lead(found: Evidence) -> None:
    found.barred = frozenset()


def suppressed_lead(found: Evidence) -> None:
    found.leads.append(lead(2, BOB))


def suppressed_contact(found: Evidence) -> None:
    found.barred |= {"email:cal@example.com"}
    found.contacts[0]["email"] = "cal@example.com"


def lead_that_the_crm_lacks(found: Evidence) -> None:
    found.contacts.clear()


def contact_that_is_no_lead(found: Evidence) -> None:
    found.contacts.append({"external_id": "L9", "email": None, "writes": 1})


def doubled_contact(found: Evidence) -> None:
    found.contacts += [{"external_id": "L1", "email": None, "writes": 1}]


def contact_written_over_and_over(found: Evidence) -> None:
    found.contacts[0]["writes"] = 3


def contact_written_more_often_than_answers_were_lost(found: Evidence) -> None:
    found.spoiled_by_crm = 1
    found.contacts[0]["writes"] = 4


def lead_without_its_mark(found: Evidence) -> None:
    found.leads[0]["crm_synced"] = False


def request_paid_twice(found: Evidence) -> None:
    found.receipts["apollo"]["bulk_match 1"] = 2


def person_bought_twice(found: Evidence) -> None:
    found.served["apollo"]["a1"] = 2


def charge_that_nobody_recorded(found: Evidence) -> None:
    found.charged["hunter"] = Decimal(1)


def settlement_that_was_never_charged(found: Evidence) -> None:
    found.charged["apollo"] = Decimal(1)


def rate_limit_broken(found: Evidence) -> None:
    found.too_early["hunter"] = 1


BREACHES: dict[Callable[[Evidence], None], str] = {
    lost_record: "nothing is lost",
    uncertain_does_not_cover_more_than_it_asked_for: "nothing is lost",
    invented_record: "nothing is invented",
    page_without_an_outcome: "every record is accounted for",
    page_that_lost_a_record: "every record is accounted for",
    segment_whose_counts_miss_a_page: "every record is accounted for",
    lead_that_is_not_stored: "every record is accounted for",
    export_file_collected_twice: "exports are collected once",
    doubled_lead: "no lead is doubled",
    person_split_in_two: "leads are the true people",
    person_who_is_no_lead: "leads are the true people",
    suppressed_lead: "suppressed people are absent",
    suppressed_contact: "suppressed people are absent",
    lead_that_the_crm_lacks: "the crm holds the qualified",
    contact_that_is_no_lead: "the crm holds the qualified",
    doubled_contact: "the crm holds the qualified",
    contact_written_over_and_over: "the crm holds the qualified",
    contact_written_more_often_than_answers_were_lost: "the crm holds the qualified",
    lead_without_its_mark: "the crm holds the qualified",
    request_paid_twice: "nothing is paid twice",
    person_bought_twice: "nothing is paid twice",
    charge_that_nobody_recorded: "every charge is on record",
    settlement_that_was_never_charged: "every charge is on record",
    rate_limit_broken: "rate limits are kept",
}


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.__name__)
def test_a_breach_is_found_and_named(breach: Callable[[Evidence], None]) -> None:
    """Issue 4, chaos suite (NFR-007, REQ-008, TL-04, REQ-019): each invariant can fail."""
    found = sound()
    breach(found)

    assert BREACHES[breach] in {each.partition(":")[0] for each in violations(found)}


def test_a_paid_answer_that_was_lost_is_fetched_where_that_is_free() -> None:
    """Issue 4, crash safety: that an uncertain call was billed closes its entry, and not the question where its people are."""
    found = sound()
    for vendor in ("apollo", "zoominfo"):
        found.served[vendor]["lost"] = 1
        found.charged[vendor] = found.charged.get(vendor, Decimal(0)) + 1
        found.ledger.append(Charge(f"s/{vendor}-1/x", vendor, "settled", 1, Decimal(1), was_decided=True))

    [told] = violations(found)

    assert told.startswith("nothing is lost: zoominfo handed out 1")


def test_a_call_that_broke_off_is_not_lost_while_it_is_on_record() -> None:
    """Requirements, crash safety: records of an uncertain call are neither lost nor charged without a record."""
    found = sound()
    found.served["apollo"]["a3"] = 1
    found.charged["apollo"] += 1
    found.ledger.append(Charge("s/apollo-1/apollo/bulk_match/2", "apollo", "reserved", 1, Decimal(0)))

    assert violations(found) == []


def test_two_leads_may_share_an_address_and_one_contact_may_not_have_two() -> None:
    """REQ-008: an address of two profiles merges neither; the CRM then holds two contacts, and a third is one too many."""
    found = sound()
    found.leads[0]["email"] = "desk@example.com"
    found.leads.append({**lead(2, BOB), "email": "desk@example.com"})
    found.contacts = [{"external_id": name, "email": "desk@example.com", "writes": 1} for name in ("L1", "L2")]
    assert not [each for each in violations(found) if "doubled" in each]

    found.contacts.append({"external_id": "L3", "email": "desk@example.com", "writes": 1})
    assert "the crm holds the qualified: 1 contacts are doubled" in violations(found)


def test_a_vendor_may_charge_less_where_it_does_not_charge_a_repeat() -> None:
    """NFR-012: two leads of one person are one charge of Hunter's; of NeverBounce's, two."""
    found = sound()
    for vendor in ("hunter", "neverbounce"):
        found.charged[vendor] = Decimal(1)
        found.ledger.append(Charge(f"s/enrichment/{vendor}", vendor, "settled", 2, Decimal(2)))
    [told] = violations(found)
    assert told.startswith("every charge is on record: neverbounce charged 1")
