"""A whole sprint over all four sources: every record accounted for, every dollar, and nothing done twice."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from leadgen_assets.bench.footprint import footprint
from leadgen_assets.leads.counting import Counts
from leadgen_tests.sprint.conftest import Delivered
from leadgen_tests.sprint.office import checks, failures
from leadgen_tests.sprint.truth import normalised, true_clusters

FIGURES = (
    "collected", "unique", "duplicates", "suppressed", "quarantined", "qualified", "average_quality_score",
    "email_availability", "company_completeness", "validation_rate", "duplicate_rate", "crm_synced", "crm_failed",
    "cost_usd", "cost_per_qualified_lead", "leads_per_hour", "segments", "gates",
)  # fmt: skip
"""What `leadgen sprint status --json` has at least."""


def test_the_sprint_ends_delivered_with_every_gate_passed(delivered: Delivered) -> None:
    """REQ-001, REQ-005 to REQ-009, NFR-005. Done when 1: all gates passed, the CRM took the leads."""
    assert [failures(each) for each in delivered.collected_first] == [{}] * len(delivered.sprint.segments)
    assert failures(delivered.refined_first) == {}
    assert delivered.first.status.is_delivered
    assert delivered.first.status.gates.keys() == type(delivered.sprint.gates).model_fields.keys()
    assert all(gate["passed"] for gate in delivered.first.status.gates.values())
    assert delivered.first.status.left_over == ()
    assert not replace(delivered.first.status, left_over=("apollo-1",)).is_delivered


def test_every_delivered_record_is_accounted_for_per_segment_and_in_total(delivered: Delivered) -> None:
    """NFR-007. Done when 1: counts add up; delivered = leads + duplicates + suppressed + quarantined."""
    status, stores = delivered.first.status, delivered.office.stores
    by_segment = {
        each.id: Counts(each.delivered, each.leads, each.duplicates, each.suppressed, each.quarantined)
        for each in status.segments
    }
    landed = {
        each.id: sum(len(page.records) for page in stores.raw_pages.read(delivered.key, each.id))
        for each in delivered.sprint.segments
    }

    assert all(each.adds_up for each in by_segment.values())
    assert {segment: counts.delivered for segment, counts in by_segment.items()} == landed
    total = Counts.total(by_segment.values())
    assert status.counts_add_up
    assert total == Counts(
        status.delivered, status.unique, status.duplicates, status.suppressed, status.quarantined
    )  # fmt: skip
    assert status.collected == status.unique + status.duplicates
    assert status.duplicates > 0
    assert status.suppressed > 0
    assert status.quarantined > 0
    assert all(each.state == "done" and each.delivered >= each.target for each in status.segments)


def test_the_lead_store_holds_each_unique_lead_once(delivered: Delivered) -> None:
    """REQ-008, REQ-009, REQ-013, DE-01: rows == unique; each scored, explained and with a place of origin per field."""
    rows, status = delivered.first.rows, delivered.first.status
    pages = [each["linkedin_url"] for each in rows if each.get("linkedin_url")]

    assert len(rows) == status.unique == len({each["lead_id"] for each in rows})
    assert len(pages) == len(set(pages))
    assert all(isinstance(each["data_quality_score"], float) for each in rows)
    assert sum(each["is_qualified"] for each in rows) == status.qualified
    assert all(each["provenance"] and each["additional_data"]["why_merged"] for each in rows)


def test_the_crm_holds_exactly_the_qualified_who_may_be_contacted(delivered: Delivered) -> None:
    """REQ-019, TL-06. Done when 1: CRM count = qualified and not suppressed, synced in bulk and marked on the lead."""
    rows, crm = delivered.first.rows, delivered.first.crm
    qualified = {each["lead_id"] for each in rows if each["is_qualified"]}

    assert set(crm["by_external_id"]) == qualified == {each["lead_id"] for each in rows if each["crm_synced"]}
    assert crm["count"] == delivered.first.status.qualified == delivered.first.status.crm_synced
    assert delivered.first.status.crm_failed == 0
    assert all(each["crm_sync_date"] for each in rows if each["crm_synced"])
    upserts = delivered.office.sandbox.calls()["hubspot"]["operations"]["upsert"]
    assert sum(upserts.values()) <= -(-crm["count"] // 100)


def test_the_cost_is_the_ledger_and_the_ledger_is_what_vendors_charged(delivered: Delivered) -> None:
    """NFR-012, NFR-013, PHX-03: every credit a vendor charged is on record, none is invented."""
    status, ledger = delivered.first.status, delivered.office.stores.ledger
    entries = list(ledger.entries(delivered.key))
    booked: dict[str, Decimal] = {}
    for each in entries:
        booked[each.vendor] = booked.get(each.vendor, Decimal(0)) + each.credits
    charged = {
        vendor: sum(map(Decimal, operations.values()), Decimal(0))
        for vendor, operations in delivered.first.credits.items()
    }

    assert {each.state for each in entries} == {"settled"}
    assert status.cost_usd == round(float(sum(each.usd for each in entries)), 2)
    assert {name: credits for name, credits in booked.items() if credits} == {
        name: credits for name, credits in charged.items() if credits
    }
    assert status.cost_per_qualified_lead == round(float(ledger.spent(delivered.key)) / (status.qualified or 0), 4)
    assert ledger.committed(delivered.key) == ledger.spent(delivered.key)


def test_the_status_has_every_figure_the_desk_was_promised(delivered: Delivered) -> None:
    """interfaces.md, TL-01: the keys of `status --json`; each gate with value, threshold and verdict."""
    told = delivered.first.status.to_json()

    assert [key for key in FIGURES if told.get(key) is None] == []
    assert len(told["segments"]) == len(delivered.sprint.segments)
    assert all({"value", "threshold", "passed"} <= gate.keys() for gate in told["gates"].values())


def test_every_check_of_the_sprint_was_evaluated_on_its_data(delivered: Delivered) -> None:
    """REQ-011, design rule 7: one result per expectation, with the observed value, threshold and offenders."""
    found = checks(delivered.refined_first)

    assert len(found) > 15
    assert all(each.passed for each in found.values())
    for each in found.values():
        assert {"required", "offenders", "share_of_rows"} <= each.metadata.keys(), each.check_name
        assert each.target_materialization_data is not None


def test_the_report_says_what_the_status_says(delivered: Delivered) -> None:
    """REQ-024: one HTML file with the figures, readable without the internet."""
    assert delivered.first.status.report
    text = (delivered.office.home / "reports" / f"{delivered.key}.html").read_text()

    assert str(delivered.office.home / "reports" / f"{delivered.key}.html") == delivered.first.status.report
    assert f"{delivered.first.status.unique:,}" in text
    assert all(each.id in text for each in delivered.sprint.segments)
    assert "http://" not in text.replace("http://www.w3.org", "")


def test_running_again_adds_buys_and_syncs_nothing(delivered: Delivered) -> None:
    """NFR-007, design rule 1. Done when 2: no lead added, no credit charged, no contact written."""
    first, again = delivered.first, delivered.again

    assert failures(delivered.refined_again) == {}
    assert again.credits == first.credits
    assert again.crm == first.crm
    assert again.status.cost_usd == first.status.cost_usd
    assert {each["lead_id"] for each in again.rows} == {each["lead_id"] for each in first.rows}
    figures = [
        (each.status.delivered, each.status.unique, each.status.duplicates, each.status.qualified)
        for each in (first, again)
    ]
    assert figures[0] == figures[1]
    [crm] = delivered.refined_again.asset_materializations_for_node("crm_sync")
    assert [crm.metadata[name].value for name in ("created", "updated", "failed", "batches")] == [0, 0, 0, 0]
    assert crm.metadata["unchanged"].value == first.status.qualified


def test_suppressed_people_reach_no_row_no_enrichment_and_no_crm(delivered: Delivered) -> None:
    """NFR-011: whoever is on the list is only counted, by whatever key, and whatever other vendors know of them."""
    office, barred = delivered.office, delivered.barred
    golden, enriched = office.frame("deduplicated_leads", delivered.key), office.frame("enriched_leads", delivered.key)
    contacts = delivered.first.crm["by_external_id"].values()
    keys = {f"{kind}:{key}" for kind, key in barred.items()}

    for frame in (golden, enriched):
        assert not keys & {key for held in frame["identity_keys"] for key in held}
        assert not frame["linkedin_url"].eq(barred["linkedin"]).any()
        assert not frame["email"].eq(barred["email"]).any()
    assert not keys & {key for each in delivered.first.rows for key in each["identity_keys"]}
    assert not any(each.get("linkedin_url") == barred["linkedin"] for each in delivered.first.rows)
    assert not any(each.get("email") == barred["email"] for each in (*delivered.first.rows, *contacts))
    assert delivered.first.status.suppressed >= len(barred)


def test_a_person_suppressed_by_one_key_is_suppressed_at_every_vendor(delivered: Delivered) -> None:
    """NFR-011: another vendor's record of the person may lack the listed key and goes all the same; nobody else does."""
    office = delivered.office
    leads = normalised(office, delivered.key)
    mask = office.stores.suppressions.mask(leads)
    listed, known_by_kin = set(leads.loc[mask, "lead_id"]), 0
    processed = set(office.frame("processed_records", delivered.key)["lead_id"])

    for person in true_clusters(leads):
        if person & listed:
            known_by_kin += len(person - listed)
            assert not person & processed
        else:
            assert person <= processed
    assert known_by_kin > 0


def test_a_lead_is_measured_where_a_sprint_left_it(delivered: Delivered) -> None:
    """NFR-009: bytes in every store, calls, money, and the mix of sources."""
    office = delivered.office
    found = footprint(office.stores, delivered.key)
    assert found.leads == office.status(delivered.key).unique
    assert found.records > 1
    assert found.usd * found.leads == pytest.approx(float(office.stores.ledger.spent(delivered.key)))
    assert sum(found.shares.values()) == pytest.approx(1)
    assert set(found.shares) == {"apollo", "brightdata", "zoominfo", "sales_navigator"}
    assert found.paid["hunter.finder"] > 0
    assert min(found.mongo_kept, found.mongo_expiring, found.mongo_indexes, found.redis, found.lake) > 100
    assert found.to_json()["shares"].keys() == found.shares.keys()


def test_a_sprint_without_leads_is_no_measure(delivered: Delivered) -> None:
    """NFR-009: a division by nothing would be a figure all the same."""
    with pytest.raises(ValueError, match="no leads"):
        footprint(delivered.office.stores, "nobody")
