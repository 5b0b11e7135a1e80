"""Vendors that misbehave: what passes is survived, what does not is said, and the sprint goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest

from leadgen_assets.stores.sprint_book import SprintState
from leadgen_tests.sprint.office import Office, checks, failures, open_office
from leadgen_tests.sprint.plans import small_sprint


@dataclass
class Run:
    """A sprint and its runs, by segment and for `refine`."""

    office: Office
    key: str
    collected: dict[str, dg.ExecuteInProcessResult]
    refined: dg.ExecuteInProcessResult


def run(office: Office, name: str, sizes: dict[str, int], **changes: Any) -> Run:
    """Collect what can be collected, refine it, and say that it is over."""
    sprint = small_sprint(name, sizes, **changes)
    key = office.open(sprint)
    collected = {each: office.collect(key, each)[0] for each in sizes}
    refined = office.refine(key)
    office.stores.book.set_state(key, SprintState.FINISHED)
    return Run(office, key, collected, refined)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> Iterator[Run]:
    """Every vendor has its own trouble, and none is down."""
    with open_office(tmp_path_factory.mktemp("troubled"), servers) as office:
        office.sandbox.faults("apollo", error_rate=0.15, storm_429=1)
        office.sandbox.faults("zoominfo", expired_token=True, storm_429=1, drift=True)
        office.sandbox.faults("brightdata", truncate_rate=0.3)
        office.sandbox.faults("hunter", error_rate=0.1, truncate_rate=0.05)
        office.sandbox.faults("neverbounce", error_rate=0.2)
        office.sandbox.faults("hubspot", error_rate=0.2)
        yield run(office, "troubled", {"apollo-1": 60, "zoominfo-1": 50, "brightdata-1": 40})


def test_errors_storms_cut_answers_and_dead_tokens_are_survived(troubled: Run) -> None:
    """NFR-006, TL-02: retried with back-off, logged in again; the sprint is delivered as if nothing had been."""
    calls = troubled.office.sandbox.calls()
    statuses = {vendor: {s for each in calls[vendor]["operations"].values() for s in each} for vendor in calls}

    assert {each: failures(done) for each, done in troubled.collected.items()} == {
        each: {} for each in troubled.collected
    }
    assert failures(troubled.refined) == {}
    assert all("429" in statuses[each] for each in ("apollo", "zoominfo"))
    assert any(status.startswith("5") for each in statuses.values() for status in each)
    assert calls["zoominfo"]["operations"]["token"] != {"200": 1}
    status = troubled.office.status(troubled.key)
    assert status.is_delivered
    assert status.counts_add_up
    assert all(each.state == "done" and each.reason is None for each in status.segments)


def test_a_field_nobody_knows_is_a_warning_with_its_name(troubled: Run) -> None:
    """Schema drift is told, not suffered: the check warns, the run succeeds, other sources stay silent."""
    drifted = checks(troubled.collected["zoominfo-1"])["known_fields_only"]
    quiet = checks(troubled.collected["apollo-1"])["known_fields_only"]

    assert troubled.collected["zoominfo-1"].success
    assert not drifted.passed
    assert drifted.severity is dg.AssetCheckSeverity.WARN
    assert drifted.metadata["unexpected_fields"].value == ["sandbox_new_field"]
    assert "sandbox_new_field" in (drifted.description or "")
    assert quiet.passed


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> Iterator[Run]:
    """One source is down, one has no credits, one has fewer people than asked for, an enricher is down."""
    with open_office(tmp_path_factory.mktemp("short"), servers) as office:
        office.sandbox.faults("zoominfo", down=True)
        office.sandbox.faults("apollo", credits_out=True)
        office.sandbox.faults("clearbit", down=True)
        sizes = {"zoominfo-1": 50, "apollo-1": 40, "sales-navigator-1": 500, "brightdata-1": 40}
        yield run(office, "short", sizes, enrichment={"company": ["clearbit", "brightdata"], "email": ["hunter"]})


def test_the_sprint_goes_on_without_a_vendor_that_is_down(short: Run) -> None:
    """PHX-04, NFR-005, TL-05: what the others delivered is refined and loaded; nobody loses a lead."""
    status = short.office.status(short.key)

    assert not short.collected["zoominfo-1"].success
    assert failures(short.refined) == {}
    assert status.is_delivered
    assert status.counts_add_up
    assert short.office.sandbox.crm()["count"] == status.qualified


def test_the_status_says_why_a_segment_is_short(short: Run) -> None:
    """TL-01: down, out of credits, exhausted: each in words, and the segment is short, not done."""
    segments = {each.id: each for each in short.office.status(short.key).segments}

    assert {each: segments[each].state for each in segments} == {
        "zoominfo-1": "short", "apollo-1": "short", "sales-navigator-1": "short", "brightdata-1": "done",
    }  # fmt: skip
    assert "zoominfo" in str(segments["zoominfo-1"].reason)
    assert segments["apollo-1"].reason == "out of credits"
    assert segments["sales-navigator-1"].reason == "the source has no more for this search"
    assert segments["brightdata-1"].reason is None
    [raw] = short.collected["apollo-1"].asset_materializations_for_node("raw_apollo")
    assert raw.metadata["stopped_because"].value == "out of credits"


def test_nothing_is_booked_for_what_was_not_sold(short: Run) -> None:
    """PHX-03: a vendor that is down or out of credits costs nothing, and no money stays reserved for it."""
    ledger = short.office.stores.ledger

    assert {each.vendor for each in ledger.entries(short.key) if each.state == "settled" and each.usd} == {
        "brightdata", "hunter",
    }  # fmt: skip
    assert ledger.committed(short.key) == ledger.spent(short.key)
