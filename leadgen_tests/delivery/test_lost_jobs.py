"""Verification and CRM jobs whose id never got on record: found again at the vendor, not started again."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import patch

import pytest

from leadgen_assets.enrichment.desk import Desk
from leadgen_assets.enrichment.enrich import Toolbox, enrich
from leadgen_assets.enrichment.report import Enriched
from leadgen_assets.sprint_file import Enrichment
from leadgen_assets.stores.vendor_jobs import VendorJobs
from leadgen_assets.vendors.neverbounce import NeverBounceClient
from leadgen_assets.vendors.salesforce import SalesforceClient
from leadgen_tests.delivery.test_against_the_sandbox import (
    Clock,
    app,
    client,
    clock,
    delivered,
    qualified,
    world,
)
from leadgen_tests.enrichment.conftest import desk, frame, lead

__all__ = ["app", "clock", "desk", "world"]
DAY = 86_400.0


class Killed(BaseException):
    """The process ends here."""


def verified(desk: Desk, app: Any, clock: Clock) -> Enriched:
    addresses = [f"person{number}@acme.example" for number in range(12)]
    leads = frame(*(lead(n, email=each, email_kind="personal") for n, each in enumerate(addresses)))

    async def run() -> Enriched:
        async with client(NeverBounceClient, app, clock) as verifier:
            own = Desk(**{**vars(desk), "sleep": clock.sleep})
            return await enrich(
                leads, Enrichment(verify=("neverbounce",)), Toolbox({}, {}, {"neverbounce": verifier}), own
            )

    return asyncio.run(run())


def test_a_verification_whose_id_was_lost_is_found_by_its_name(desk: Desk, app: Any, clock: Clock) -> None:
    """Issue 4, crash safety: the process dies between order and storing the id."""
    sim = app.state.sims["neverbounce"]
    with patch.object(VendorJobs, "remember", side_effect=Killed), pytest.raises(Killed):
        verified(desk, app, clock)
    assert len(sim.jobs) == 1
    result = verified(desk, app, clock)
    assert (len(sim.jobs), int(sim.credits_used)) == (1, 12), "nothing was started or paid twice"
    assert result.leads.email_status.notna().all()
    entry, *others = desk.ledger.entries(desk.sprint)
    assert (entry.state, int(entry.credits), others) == ("settled", 12, [])


def test_a_verification_that_never_arrived_is_ordered(desk: Desk, app: Any, clock: Clock) -> None:
    """Issue 4: the process dies after the intent, before the call; another list has nothing to do with it."""
    with patch.object(NeverBounceClient, "start", side_effect=Killed), pytest.raises(Killed):
        verified(desk, app, clock)
    assert verified(desk, app, clock).leads.email_status.notna().all()
    assert len(app.state.sims["neverbounce"].jobs) == 1


def test_an_answer_that_was_cut_off_is_uncertain_until_the_job_is_found(desk: Desk, app: Any, clock: Clock) -> None:
    """Issue 4: the entry is held, nobody settles it, and the next run pays nothing more."""
    sim = app.state.sims["neverbounce"]
    sim.faults.truncate_rate = 1.0
    assert "billed" in str(verified(desk, app, clock).report.lines[0].stopped_because)
    assert [each.state for each in desk.ledger.entries(desk.sprint)] == ["uncertain"]
    sim.faults.truncate_rate = 0.0
    assert verified(desk, app, clock).leads.email_status.notna().all()
    assert [each.state for each in desk.ledger.entries(desk.sprint)] == ["settled"]
    assert (len(sim.jobs), int(sim.credits_used)) == (1, 12)


@pytest.mark.parametrize("dies_in", ["remember", "_upload", "_outcome"])
def test_an_upload_whose_process_died_goes_on_in_the_same_job(
    dies_in: str, world: Any, app: Any, clock: Clock, database: Any
) -> None:
    """Issue 4: between creating the Salesforce job and storing its id; before its file; before its results."""
    sim, leads = app.state.sims["salesforce"], qualified(world, database)
    owner = VendorJobs if dies_in == "remember" else SalesforceClient
    with patch.object(owner, dies_in, side_effect=Killed), pytest.raises(Killed):
        delivered(SalesforceClient, leads, app, clock, database)
    report = delivered(SalesforceClient, leads, app, clock, database)
    whole = [each for each in sim.jobs.values() if each.rows_sent == len(leads)]
    assert (len(whole), report.created, report.batches) == (1, len(leads), 1)
    assert {each.state for each in sim.jobs.values()} == {"JobComplete"}, "no job was left open"
    assert sim.inspect()["count"] == len(leads)
