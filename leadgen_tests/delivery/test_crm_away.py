"""The CRM does not answer: the sync waits, catches up by itself, and leaves the rest to the next one when it waits in vain."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
import pytest

from leadgen_assets.delivery.mapping import load_mapping
from leadgen_assets.delivery.report import SyncReport
from leadgen_assets.delivery.sync import Ledgers, sync
from leadgen_assets.delivery.waiting import CrmWait
from leadgen_assets.stores.documents import to_document
from leadgen_assets.vendors.contracts import CrmOutcome, CrmResult, VendorRejectedCredentials, VendorUnavailable
from leadgen_tests.delivery.conftest import SPRINT, Crm, lead, lead_id

LEADS = [lead(number) for number in range(5)]


@dataclass
class Away(Crm):
    """Does not answer for so many attempts; `takes_first`: the first of them still arrives, and only its answer is lost."""

    attempts_lost: int = 0
    takes_first: bool = False
    from_batch: int = 1
    _lost: int = field(default=0, init=False)

    async def describe(self) -> dict[str, Any]:
        if self.from_batch == 0:
            self._maybe_lose()
        return await super().describe()

    async def upsert(self, records: Any, external_id_field: str) -> list[CrmResult]:
        if len(self.batches) + 1 >= self.from_batch > 0 and self._lost < self.attempts_lost:
            if self.takes_first and not self._lost:
                await super().upsert(records, external_id_field)
            self._maybe_lose()
        return await super().upsert(records, external_id_field)

    def _maybe_lose(self) -> None:
        if self._lost < self.attempts_lost:
            self._lost += 1
            raise VendorUnavailable(self.name, "upsert", "HTTP 503")


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = 0.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def delivered(
    ledgers: Ledgers, crm: Crm, patience: float = 600, clock: Clock | None = None
) -> tuple[SyncReport, list[CrmWait | None]]:
    told: list[CrmWait | None] = []
    clock = clock or Clock()
    ledgers.leads.insert_provisional([to_document(each) for each in LEADS])
    given = replace(ledgers, waits=told.append)
    frame, mapping = pd.DataFrame(LEADS), load_mapping("hubspot")
    done = sync(frame, crm, mapping, given, SPRINT, sleep=clock.sleep, patience=patience, clock=lambda: clock.now)
    return asyncio.run(done), told


@pytest.mark.parametrize("from_batch", [0, 1, 2])
def test_a_crm_that_comes_back_gets_every_lead_once(ledgers: Ledgers, from_batch: int) -> None:
    """REQ-019, issue 4: whatever it was asked when it went away."""
    crm, clock = Away(attempts_lost=4, from_batch=from_batch), Clock()
    report, told = delivered(ledgers, crm, clock=clock)
    assert (report.created, report.unsent, report.is_complete) == (5, 0, True)
    assert len(crm.held) == 5
    assert set(crm.attempts.values()) == {1}
    assert clock.now == 5 + 10 + 20 + 40
    waits = [each for each in told if each is not None]
    assert len(waits) == 4
    assert len({each.since for each in waits}) == 1
    assert waits[0].words.endswith(f"UTC: 5 leads wait, it is asked again at {waits[0].next_try:%H:%M:%S} UTC") == (
        from_batch < 2
    )
    assert told[4:] == [None, None]


def test_a_batch_whose_answer_was_lost_doubles_nobody(ledgers: Ledgers) -> None:
    """Issue 4: the CRM had taken the batch before it went away."""
    crm = Away(attempts_lost=1, takes_first=True)
    report, _ = delivered(ledgers, crm)
    assert len(crm.held) == 5
    assert report.created + report.updated == 5
    assert ledgers.outcomes.counts(SPRINT)["hubspot"] == Counter(created=3, updated=2)


def test_what_a_batch_has_an_outcome_for_is_not_sent_again_with_the_rest(ledgers: Ledgers) -> None:
    """TL-06: one record was locked, and the CRM went away before it was sent again."""

    def answer(external_id: str, attempt: int) -> CrmResult | None:
        if external_id != lead_id(1) or attempt > 2:
            return None
        if attempt == 2:
            raise VendorUnavailable("hubspot", "upsert", "HTTP 503")
        return CrmResult(external_id, CrmOutcome.RETRY, reason="UNABLE_TO_LOCK_ROW")

    crm = Crm(answer=answer)
    report, _ = delivered(ledgers, crm)
    assert (report.created, report.is_complete) == (5, True)
    assert crm.attempts == {lead_id(number): 3 if number == 1 else 1 for number in range(5)}


def test_waiting_in_vain_leaves_the_rest_to_the_next_sync(ledgers: Ledgers) -> None:
    """Issue 4: bounded; what is in the CRM is not sent again."""
    crm = Away(attempts_lost=1000, from_batch=2)
    report, told = delivered(ledgers, crm, patience=100)
    assert (report.created, report.unsent, report.has_waited_in_vain) == (2, 3, True)
    assert told[-1] is not None
    assert told[-1].next_try is None
    assert "3 leads wait, it is not asked any more" in told[-1].words

    crm.attempts_lost = 0
    report, told = delivered(ledgers, crm)
    assert (report.created, report.unchanged, report.is_complete) == (3, 2, True)
    assert crm.attempts == {lead_id(number): 1 for number in range(5)}
    assert told == [None]


def test_a_crm_that_cannot_be_asked_for_its_fields_is_waited_for_in_vain(ledgers: Ledgers) -> None:
    """Issue 4: from the first call on."""
    report, _ = delivered(ledgers, Away(attempts_lost=1000, from_batch=0), patience=1)
    assert (report.unsent, report.has_waited_in_vain) == (5, True)


def test_a_refusal_is_not_waited_for(ledgers: Ledgers) -> None:
    """NFR-006: no time mends a credential."""

    class Refuses(Crm):
        async def upsert(self, records: Any, external_id_field: str) -> list[CrmResult]:
            raise VendorRejectedCredentials(self.name, "upsert", "HTTP 401")

    clock = Clock()
    report, told = delivered(ledgers, Refuses(), clock=clock)
    assert (clock.now, report.unsent, report.has_waited_in_vain, told) == (0.0, 5, False, [])
