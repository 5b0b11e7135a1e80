"""The email waterfall: who is asked about, what is kept, what is paid."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest

from leadgen_assets.enrichment.desk import Desk
from leadgen_assets.leads import provenance
from leadgen_assets.stores.documents import to_document
from leadgen_assets.vendors.contracts import (
    Found,
    Missed,
    PersonQuery,
    VendorNotEntitled,
    VendorOutcomeUnknown,
    VendorOutOfCredits,
    VendorUnavailable,
)
from leadgen_tests.enrichment.conftest import EmailTable, frame, lead, run


def test_only_leads_without_a_usable_address_are_asked_about(desk: Desk) -> None:
    """REQ-014: late and little."""
    leads = frame(
        lead(1),
        lead(2, email="ada@acme.example", email_kind="personal"),
        lead(3, email="ada@mailinator.com", email_kind="disposable"),
        lead(4, company_domain=None, company_key=None),
        lead(5, email="dead@acme.example", email_kind="personal", email_verified=False),
    )
    hunter = EmailTable()
    enriched = run(leads, desk, email=[hunter])
    assert sorted(hunter.asked) == [leads.lead_id[0], leads.lead_id[2], leads.lead_id[4]]
    assert enriched.leads.email.tolist()[:3] == ["lovelace1@acme.example", "ada@acme.example", "lovelace3@acme.example"]
    assert enriched.leads.lead_id.tolist() == leads.lead_id.tolist()


def test_a_found_address_carries_its_provenance_kind_and_key(desk: Desk) -> None:
    """NFR-011: provenance of every field."""
    row = run(frame(lead(1)), desk, email=[EmailTable()]).leads.iloc[0]
    said = provenance.read(row.provenance)["email"]
    assert (said["source"], said["segment"], said["lead_id"]) == ("hunter", "enrichment", row.lead_id)
    assert (row.email_kind, row.email_status) == ("personal", "accept_all")
    assert "email:lovelace1@acme.example" in row.identity_keys


def test_a_second_run_asks_nothing_and_gives_the_same_leads(desk: Desk) -> None:
    """TL-05: answers and misses are remembered; nothing is paid twice."""
    leads = frame(*(lead(number) for number in range(30)))

    def half(person: PersonQuery) -> Found | Missed:
        number = int((person.last_name or "").removeprefix("Lovelace"))
        return Found(person.ref, {"email": f"p{number}@acme.example"}, Decimal(1)) if number % 2 else Missed(person.ref)

    first = run(leads, desk, email=[EmailTable(answer=half)])
    spent = desk.ledger.spent(desk.sprint)
    again = EmailTable(answer=half)
    second = run(leads, desk, email=[again])
    assert again.calls == 0
    assert desk.ledger.spent(desk.sprint) == spent == Decimal("0.0149") * 15
    assert second.leads.drop(columns="provenance").equals(first.leads.drop(columns="provenance"))
    line = second.report.lines[0]
    assert (line.asked, line.cached, line.found, line.missed, line.usd) == (0, 30, 15, 15, 0)


def test_a_crash_in_the_middle_pays_only_for_the_rest(desk: Desk) -> None:
    """TL-05, vendors.md §8.5: answered parcels are on record when the process dies."""
    leads = frame(*(lead(number) for number in range(450)))
    seen: list[str] = []

    def dies(person: PersonQuery) -> Found:
        seen.append(person.ref)
        if len(seen) == 430:
            raise RuntimeError
        return Found(person.ref, {"email": f"{person.last_name}@acme.example"}, Decimal(1))

    with pytest.raises(RuntimeError):
        run(leads, desk, email=[EmailTable(answer=dies)])
    survivor = EmailTable()
    enriched = run(leads, desk, email=[survivor])
    assert enriched.leads.email.notna().all()
    assert len(survivor.asked) + enriched.report.lines[0].cached == 450


@pytest.mark.parametrize(
    ("error", "reason"),
    [(VendorOutOfCredits, "out of credits"), (VendorNotEntitled, "account not entitled")],
)
def test_a_vendor_without_credits_is_left_and_the_next_one_asked(
    desk: Desk, error: type[Exception], reason: str
) -> None:
    """TL-05: the lead is kept, the waterfall goes on, the report says so."""
    leads = frame(*(lead(number) for number in range(30)))
    failure = error("hunter", "finder", "no")
    hunter = EmailTable(fails=dict.fromkeys(range(11, 100), failure))  # type: ignore[misc]
    pdl = EmailTable(name="pdl", batch_size=50)
    enriched = run(leads, desk, email=[hunter, pdl])
    first, second = enriched.report.lines
    assert first.stopped_because == reason
    assert (first.found, first.skipped, second.found) == (10, 20, 20)
    assert enriched.leads.email.notna().all()
    assert len(enriched.report.problems) == 1


def test_an_outage_is_waited_for_once_and_then_reported(desk: Desk) -> None:
    """TL-05, NFR-006."""
    leads = frame(*(lead(number) for number in range(30)))
    down = VendorUnavailable("hunter", "finder", "server error")
    storm = EmailTable(fails=dict.fromkeys(range(1, 21), down))
    assert run(leads, desk, email=[storm]).leads.email.notna().all()


def test_a_vendor_that_stays_down_loses_no_lead(desk: Desk) -> None:
    """TL-05: an enrichment failure never loses the lead."""
    leads = frame(*(lead(number) for number in range(30)))
    down = VendorUnavailable("hunter", "finder", "server error")
    hunter = EmailTable(fails=dict.fromkeys(range(1, 1000), down))
    enriched = run(leads, desk, email=[hunter])
    line = enriched.report.lines[0]
    assert line.stopped_because == "unavailable"
    assert (len(enriched.leads), line.found, line.skipped) == (30, 0, 30)
    assert hunter.calls < 60
    assert desk.ledger.committed(desk.sprint) == 0


def test_the_budget_is_a_hard_stop(desk: Desk) -> None:
    """NFR-013."""
    poor = Desk(**{**vars(desk), "budget_usd": Decimal("3.5")})
    enriched = run(frame(*(lead(number) for number in range(450))), poor, email=[EmailTable()])
    line = enriched.report.lines[0]
    assert line.stopped_because == "over budget"
    assert line.skipped > 0
    assert desk.ledger.committed(desk.sprint) <= Decimal("3.5")


def test_who_asked_to_be_removed_is_suppressed_everywhere(desk: Desk) -> None:
    """NFR-011, vendors.md §5.2: 451."""
    leads = frame(lead(1), lead(2))

    def refuses(person: PersonQuery) -> Found | Missed:
        if person.last_name == "Lovelace1":
            return Missed(person.ref, suppressed=True)
        return Found(person.ref, {"email": "b@acme.example"})

    pdl = EmailTable(name="pdl")
    enriched = run(leads, desk, email=[EmailTable(answer=refuses), pdl])
    assert enriched.leads.is_suppressed.tolist() == [True, False]
    assert enriched.leads["flags"][0] == ["suppressed"]
    assert desk.suppressions.mask(leads).tolist() == [True, False]
    assert pdl.asked == []
    later = EmailTable()
    assert run(leads, desk, email=[later]).leads.is_suppressed.tolist() == [True, False]
    assert later.calls == 0


def test_suppressed_people_and_those_of_earlier_sprints_are_never_asked_about(desk: Desk) -> None:
    """NFR-011: the list is checked before enrichment."""
    leads = frame(lead(1), lead(2)).assign(is_earlier=[False, True])
    desk.suppressions.add("vendor", "apollo:v1", "asked us")
    hunter = EmailTable()
    enriched = run(leads, desk, email=[hunter])
    assert hunter.calls == 0
    assert enriched.leads.is_suppressed.tolist() == [True, False]


def test_an_address_that_is_somebody_elses_is_flagged_not_taken(desk: Desk) -> None:
    """Design, identity rules: an address is one person's, in this sprint and in earlier ones."""
    leads = frame(lead(1), lead(2), lead(3))
    addresses = {"Lovelace1": "one@acme.example", "Lovelace2": "one@acme.example", "Lovelace3": "old@acme.example"}
    old = to_document(lead(9, sprint="spring", email="old@acme.example", email_kind="personal", identity_keys=None))
    desk.leads.insert_provisional([old])
    hunter = EmailTable(answer=lambda person: Found(person.ref, {"email": addresses[person.last_name or ""]}))
    enriched = run(leads, desk, email=[hunter])
    assert enriched.leads.email.isna().tolist() == [False, True, True]
    assert enriched.leads["flags"].tolist() == [[], ["possible_duplicate"], ["possible_duplicate"]]


@pytest.mark.parametrize("address", ["not an address", "x@mailinator.com", "email_not_unlocked@domain.com", ""])
def test_what_is_no_address_is_not_taken(desk: Desk, address: str) -> None:
    """vendors.md §8.4: masked is not data."""
    hunter = EmailTable(answer=lambda person: Found(person.ref, {"email": address}))
    pdl = EmailTable(name="pdl")
    enriched = run(frame(lead(1)), desk, email=[hunter, pdl])
    assert enriched.leads.email[0] == "lovelace1@acme.example"


def test_what_a_finder_adds_beside_the_address_fills_gaps_only(desk: Desk) -> None:
    """Decision 5: a missing profile is enriched; what is there stays."""
    fields = {
        "email": "a@acme.example", "linkedin_url": "https://uk.linkedin.com/in/Ada-X/", "phone": "(617) 555-0100",
        "company_size": "640", "company_website": "https://www.other.example",
    }  # fmt: skip
    leads = frame(lead(1, linkedin_url=None, flags=["needs_enrichment"]))
    row = run(leads, desk, email=[EmailTable(answer=lambda p: Found(p.ref, fields))]).leads.iloc[0]
    assert row.linkedin_url == "https://www.linkedin.com/in/ada-x"
    assert (row.company_size, row.company_domain) == ("501-1000", "acme.example")
    assert "needs_enrichment" not in row["flags"]


def test_a_missing_vendor_is_said_and_skipped(desk: Desk) -> None:
    """TL-05: no credentials, no client, no crash."""
    import asyncio

    from leadgen_assets.enrichment.enrich import Toolbox, enrich
    from leadgen_assets.sprint_file import Enrichment

    plan = Enrichment(email=("hunter",), company=("clearbit",), verify=("neverbounce",))
    enriched = asyncio.run(enrich(frame(lead(1)), plan, Toolbox(), desk))
    assert {line.stopped_because for line in enriched.report.lines} == {"not available: no client or no credentials"}
    assert len(enriched.leads) == 1


LOST = VendorOutcomeUnknown("pdl", "bulk", "timed out; the call may have been carried out and billed")


def batches_of_ten(**changes: Any) -> EmailTable:
    return EmailTable(name="pdl", batch_size=10, repeat_is_free=False, **changes)


def test_what_may_have_been_billed_is_not_asked_again(desk: Desk) -> None:
    """Issue 4: one of three batches breaks off; its questions stay uncertain, whatever else the next run asks."""
    first = batches_of_ten(fails={2: LOST})
    report = run(frame(*(lead(number) for number in range(30))), desk, email=[first]).report
    [line] = report.lines
    assert (line.found, line.uncertain, line.failed, first.calls) == (20, 10, 0, 3)
    states = {each.state: each for each in desk.ledger.entries(desk.sprint)}
    assert (states["settled"].credits, states["uncertain"].units) == (20, 10)
    assert desk.ledger.committed(desk.sprint) == 30 * Decimal("0.28")
    again = batches_of_ten()
    report = run(frame(*(lead(number) for number in range(40))), desk, email=[again]).report
    assert (len(again.asked), report.lines[0].uncertain, report.lines[0].cached) == (10, 10, 20)
    [doubt] = desk.ledger.uncertain(timedelta(days=1))
    assert desk.ledger.decide(doubt.entry_id, Decimal(0), Decimal(0), "not billed")
    last = batches_of_ten()
    assert run(frame(*(lead(number) for number in range(40))), desk, email=[last]).report.lines[0].found == 40
    assert (len(last.asked), desk.ledger.committed(desk.sprint)) == (10, 40 * Decimal("0.28"))


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_killed_enrichment_does_not_ask_again_what_was_on_the_wire(desk: Desk, is_gone: bool) -> None:
    """Issue 4: it dies in mid-parcel, with its process or without; the next run knows by the ledger, though its parcels are
    cut otherwise."""

    class Killed(BaseException):
        pass

    finder = batches_of_ten(fails={3: Killed()})  # type: ignore[dict-item]
    with pytest.raises(Killed):
        run(frame(*(lead(number) for number in range(30))), desk, email=[finder])
    if not is_gone:
        same = batches_of_ten()
        report = run(frame(*(lead(number) for number in range(30))), desk, email=[same]).report
        assert (same.asked, report.lines[0].uncertain) == ([], 30)
    again = batches_of_ten()
    with patch("leadgen_assets.stores.ledger_doubts.is_gone", return_value=is_gone):
        report = run(frame(*(lead(number) for number in range(5, 45))), desk, email=[again]).report
    assert (len(again.asked), report.lines[0].uncertain) == (15, 25)
    assert desk.ledger.committed(desk.sprint) == 45 * Decimal("0.28")


def test_a_kill_puts_few_single_calls_in_doubt_where_a_repeat_is_billed(desk: Desk) -> None:
    """Issue 4: a parcel is in doubt as a whole, so those of a vendor that is asked one by one are small."""

    class Killed(BaseException):
        pass

    leads = frame(*(lead(number) for number in range(50)))
    finder = EmailTable(name="pdl", batch_size=1, repeat_is_free=False, fails={31: Killed()})  # type: ignore[dict-item]
    with patch("leadgen_assets.enrichment.asking.PARCELS_AT_ONCE", 1), pytest.raises(Killed):
        run(leads, desk, email=[finder])
    again = EmailTable(name="pdl", batch_size=1, repeat_is_free=False)
    with patch("leadgen_assets.stores.ledger_doubts.is_gone", return_value=True):
        [line] = run(leads, desk, email=[again]).report.lines
    assert (line.cached, line.uncertain) == (25, 25)


def test_a_free_repeat_clears_the_doubt(desk: Desk) -> None:
    """Issue 4: Hunter is asked again until it answers; what it never answered is uncertain until the next run asks."""
    lost = VendorOutcomeUnknown("hunter", "finder", "timed out")
    down = EmailTable(fails=dict.fromkeys(range(1, 10), lost))
    leads = frame(*(lead(number) for number in range(3)))
    run(leads, desk, email=[down])
    [doubt] = desk.ledger.uncertain(timedelta(days=1))
    assert (doubt.units, doubt.state) == (3, "uncertain")
    flaky = EmailTable(fails={1: lost})
    assert run(leads, desk, email=[flaky]).report.lines[0].found == 3
    assert desk.ledger.uncertain(timedelta(0)) == []
    assert desk.ledger.committed(desk.sprint) == desk.ledger.spent(desk.sprint) == 3 * Decimal("0.0149")
