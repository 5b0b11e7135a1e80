"""The sync: every qualified lead has exactly one outcome, whatever the CRM does."""

from __future__ import annotations

import asyncio
from typing import Any

import pandas as pd
import pytest

from leadgen_assets.delivery.mapping import MappingError, load_mapping
from leadgen_assets.delivery.sync import Ledgers, sync
from leadgen_assets.vendors.contracts import CrmOutcome, CrmResult
from leadgen_tests.delivery.conftest import SPRINT, Crm, deliver, described, lead, lead_id


def test_qualified_leads_arrive_and_are_marked(ledgers: Ledgers) -> None:
    """REQ-019, TL-06: outcome per lead written back."""
    crm = Crm()
    report = deliver(ledgers, crm, lead(1), lead(2), lead(3), lead(4, is_qualified=False))
    assert (report.created, report.batches, report.is_complete) == (3, 2, True)
    assert crm.held[lead_id(1)]["country"] == "United States"
    stored = ledgers.leads.get([lead_id(1), lead_id(4)])
    assert [stored[lead_id(number)]["crm_synced"] for number in (1, 4)] == [True, False]
    assert ledgers.outcomes.counts(SPRINT) == {"hubspot": {"created": 3}}


def test_only_what_has_changed_is_sent_again(ledgers: Ledgers) -> None:
    """vendors.md §8.9: the payload's hash."""
    crm = Crm()
    deliver(ledgers, crm, lead(1), lead(2))
    report = deliver(ledgers, crm, lead(1, job_title="Media Buyer"), lead(2))
    assert (report.updated, report.unchanged, report.created) == (1, 1, 0)
    assert crm.batches[-1] == [lead_id(1)]


def test_suppressed_people_never_reach_the_crm(ledgers: Ledgers) -> None:
    """NFR-011: the list is checked before the sync."""
    ledgers.suppressions.add("email", "ada1@acme.example", "asked us")
    crm = Crm()
    report = deliver(ledgers, crm, lead(1), lead(2))
    assert (report.suppressed, report.created) == (1, 1)
    assert list(crm.held) == [lead_id(2)]


def test_a_passing_failure_is_sent_again_at_most_three_times(ledgers: Ledgers) -> None:
    """NFR-006, TL-06: one row unlocks at the third attempt, one never does."""

    def locked(external_id: str, attempt: int) -> CrmResult | None:
        stays = external_id == lead_id(2) or (external_id == lead_id(1) and attempt < 3)
        return CrmResult(external_id, CrmOutcome.RETRY, reason="UNABLE_TO_LOCK_ROW") if stays else None

    crm, waits = Crm(batch_size=3, answer=locked), []
    report = deliver(ledgers, crm, lead(1), lead(2), lead(3), waits=waits)
    assert (report.created, report.failed, report.retried) == (2, 1, 2)
    assert crm.attempts == {lead_id(1): 3, lead_id(2): 4, lead_id(3): 1}
    assert waits == [1.0, 2.0, 4.0]
    assert dict(report.reasons) == {"UNABLE_TO_LOCK_ROW": 1}
    assert ledgers.outcomes.counts(SPRINT) == {"hubspot": {"created": 2, "failed": 1}}


def test_what_failed_for_good_is_not_marked_and_is_tried_by_the_next_sync(ledgers: Ledgers) -> None:
    """TL-06: per-record results."""

    def refuses(external_id: str, attempt: int) -> CrmResult | None:
        return CrmResult(external_id, CrmOutcome.FAILED, reason="INVALID_EMAIL email") if attempt == 1 else None

    crm = Crm(answer=refuses)
    assert deliver(ledgers, crm, lead(1)).failed == 1
    assert not ledgers.leads.get([lead_id(1)])[lead_id(1)]["crm_synced"]
    assert deliver(ledgers, crm, lead(1)).created == 1


def test_a_crm_that_breaks_off_leaves_the_rest_for_the_next_sync(ledgers: Ledgers) -> None:
    """REQ-017: what was delivered before is on record; nothing is sent twice."""
    crm = Crm(fails_at=2)
    report = deliver(ledgers, crm, *(lead(number) for number in range(5)))
    assert (report.created, report.unsent) == (2, 3)
    assert report.stopped_because is not None
    assert not report.is_complete
    report = deliver(ledgers, crm, *(lead(number) for number in range(5)))
    assert (report.created, report.unchanged, report.is_complete) == (3, 2, True)
    assert set(crm.attempts.values()) == {1}


def test_a_process_that_dies_between_batches_sends_nothing_twice(ledgers: Ledgers) -> None:
    """REQ-017: outcomes are recorded before the next batch."""

    def dies(external_id: str, attempt: int) -> CrmResult | None:
        if external_id == lead_id(3) and attempt == 1:
            raise RuntimeError("the process dies")
        return None

    crm = Crm(answer=dies)
    with pytest.raises(RuntimeError):
        deliver(ledgers, crm, *(lead(number) for number in range(5)))
    deliver(ledgers, crm, *(lead(number) for number in range(5)))
    assert crm.attempts[lead_id(0)] == crm.attempts[lead_id(1)] == 1
    assert len(crm.held) == 5


def test_a_lead_the_mapping_cannot_send_is_refused_with_the_field(ledgers: Ledgers) -> None:
    """REQ-020: mapping errors are reported; no value is quoted."""
    report = deliver(ledgers, Crm(), lead(1, company_name=None), lead(2))
    assert (report.refused, report.created) == (1, 1)
    (reason,) = report.reasons
    assert reason.startswith("company: required")
    outcome = next(iter(ledgers.outcomes.of_sprint(SPRINT, "hubspot", "failed")))
    assert (outcome.lead_id, outcome.reason) == (lead_id(1), reason)


def test_a_broken_mapping_stops_before_anything_is_sent(ledgers: Ledgers) -> None:
    """REQ-020: all problems at once."""
    fields = described(city=None, lifecyclestage={"type": "picklist", "options": ["subscriber"]})
    crm = Crm(fields=fields)
    with pytest.raises(MappingError) as caught:
        deliver(ledgers, crm, lead(1))
    assert len(caught.value.problems) == 2
    assert crm.batches == []


def test_who_opted_out_in_the_crm_is_suppressed_everywhere(ledgers: Ledgers) -> None:
    """vendors.md §8.10: GDPR_BLACKLISTED_EMAIL."""
    crm = Crm(answer=lambda each, attempt: CrmResult(each, CrmOutcome.FAILED, reason="GDPR_BLACKLISTED_EMAIL email"))
    deliver(ledgers, crm, lead(1))
    assert deliver(ledgers, crm, lead(1)).suppressed == 1


def test_an_upload_that_died_is_taken_up_by_its_job(ledgers: Ledgers) -> None:
    """vendors.md §8.7: Salesforce jobs outlive the process that sent them."""

    class Bulk(Crm):
        resumed: list[str]

        async def upsert(self, records: Any, external_id_field: str) -> list[CrmResult]:
            await self.on_job("750A")
            await super().upsert(records, external_id_field)
            raise RuntimeError("the process dies while polling")

        async def resume(self, job_id: str, records: Any, external_id_field: str) -> list[CrmResult]:
            self.resumed = [job_id]
            ids = [record[external_id_field] for record in records]
            return [CrmResult(each, CrmOutcome.CREATED, crm_id="00Q") for each in ids]

    crm = Bulk(name="salesforce")
    with pytest.raises(RuntimeError):
        deliver(ledgers, crm, lead(1), lead(2))
    report = deliver(ledgers, crm, lead(1), lead(2))
    assert (report.created, crm.resumed, len(crm.batches)) == (2, ["750A"], 1)
    assert ledgers.jobs.running() == []


def test_nothing_to_deliver_is_fine(ledgers: Ledgers) -> None:
    """REQ-019: a sprint without qualified leads."""
    leads = pd.DataFrame([lead(1, is_qualified=False)])
    report = asyncio.run(sync(leads, Crm(), load_mapping("hubspot"), ledgers, SPRINT))
    assert (report.created, report.is_complete) == (0, True)
