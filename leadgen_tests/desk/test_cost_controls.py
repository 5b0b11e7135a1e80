"""Pausing and resuming: on record, once, seen within two seconds, and by itself at the budget's last mark."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from pymongo import MongoClient, monitoring

from leadgen_assets.sprint_file import Budget
from leadgen_assets.stores.controls import SEEN_WITHIN, Buying, Controls
from leadgen_assets.stores.ledger import AlreadySettled, CostLedger, OverBudget, Reserved
from leadgen_assets.stores.purse import GUARD, BuyingPaused, Purse


@dataclass
class Clock:
    """Seconds that a test sets."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


class Reads(monitoring.CommandListener):
    """Counts what a client reads."""

    count = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.count += event.command_name == "find"

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...
    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


@pytest.fixture
def controls(database: Any) -> Controls:
    return Controls(database)


def test_buying_is_on_until_somebody_pauses_it(controls: Controls) -> None:
    """PHX-03: enrichment first, then everything; a stricter state is not loosened by a weaker pause."""
    assert controls.buying("autumn") == "on"
    assert controls.pause_enrichment("autumn", "ada", "looks dear")
    assert controls.buying("autumn") == "enrichment paused"
    assert controls.pause_all("autumn", "ada", "stop everything")
    assert not controls.pause_enrichment("autumn", "ada", "again")
    assert controls.buying("autumn") == "paused"
    assert controls.buying("winter") == "on"
    assert controls.resume("autumn", "grace", collection_only=True)
    assert controls.buying("autumn") == "enrichment paused"
    assert controls.resume("autumn", "grace", "cheaper now")
    assert controls.buying("autumn") == "on"


def test_every_change_is_on_record_once(controls: Controls) -> None:
    """PHX-03: time, person and reason; the same again changes nothing."""
    assert [controls.pause_all("autumn", "ada", "why") for _ in range(3)] == [True, False, False]
    assert [controls.resume("autumn", "grace", "because") for _ in range(2)] == [True, False]
    paused, resumed = controls.read("autumn").changes
    assert (paused.buying, paused.by, paused.reason) == (Buying.PAUSED, "ada", "why")
    assert (resumed.buying, resumed.by, resumed.reason) == (Buying.ON, "grace", "because")
    assert paused.at <= resumed.at
    assert "by grace: because" in controls.read("autumn").says


def test_of_many_who_pause_at_once_one_does(database: Any) -> None:
    """PHX-03: collectors in many processes reach the mark together."""
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: Controls(database).pause_all("autumn", "x", "y", once="collection"), range(16)))
    assert done.count(True) == 1
    assert len(Controls(database).read("autumn").changes) == 1


def test_an_automatic_step_acts_once_and_the_person_who_resumes_decides(controls: Controls) -> None:
    """PHX-03: resumed by command stays resumed; a person may pause as often as they like."""
    assert controls.pause_enrichment("autumn", GUARD, "95 %", once="enrichment")
    controls.resume("autumn", "ada")
    assert not controls.pause_enrichment("autumn", GUARD, "95 %", once="enrichment")
    assert controls.buying("autumn") == "on"
    assert controls.pause_enrichment("autumn", "ada", "by hand")
    assert not controls.pause_enrichment("autumn", GUARD, "98 %", once="another")
    controls.resume("autumn", "ada")
    assert not controls.pause_enrichment("autumn", GUARD, "98 %", once="another"), (
        "it found its work done and has acted"
    )


def test_asking_before_every_purchase_reads_once_in_two_seconds(database: Any, mongo_uri: str) -> None:
    """PHX-03: what another process changes is seen within two seconds, without a read a call."""
    reads, clock = Reads(), Clock()
    with MongoClient(mongo_uri, tz_aware=True, event_listeners=[reads]) as client:
        asking = Controls(client[database.name], clock)
        assert {asking.buying("autumn") for _ in range(500)} == {Buying.ON}
        assert reads.count == 1
        Controls(database).pause_all("autumn", "ada", "elsewhere")
        clock.seconds = SEEN_WITHIN - 0.01
        assert asking.buying("autumn") == "on"
        clock.seconds = SEEN_WITHIN
        assert asking.buying("autumn") == "paused"
        assert reads.count == 2
        asking.resume("autumn", "ada")
        assert asking.buying("autumn") == "on", "who changes it sees it at once"


@pytest.fixture
def purse(database: Any, controls: Controls) -> Purse:
    """A hundred dollars."""
    return Purse(CostLedger(database), controls, "autumn", Budget(usd=100))


def spend(purse: Purse, entry: str, usd: float, purpose: Any = "collection") -> Any:
    return purse.reserve(purpose, entry, "apollo-1", "apollo", "bulk_match", 1, Decimal(str(usd)))


def test_at_95_per_cent_enrichment_is_paused_and_at_98_collection(purse: Purse) -> None:
    """NFR-013, PHX-03: in this order, with the figures as the reason, by the guard."""
    assert isinstance(spend(purse, "a", 94.9), Reserved)
    assert purse.controls.buying("autumn") == "on"
    assert isinstance(spend(purse, "b", 0.2, "enrichment"), Reserved)
    assert purse.controls.buying("autumn") == "enrichment paused"
    refused = spend(purse, "c", 0.1, "enrichment")
    assert isinstance(refused, BuyingPaused)
    assert refused.says == (
        "buying is paused: 95.1% of $100.00 are spent or reserved ($95.10); go on with `leadgen cost resume autumn`"
    )
    assert isinstance(spend(purse, "d", 2), Reserved)
    assert purse.controls.buying("autumn") == "enrichment paused"
    assert isinstance(spend(purse, "e", 1), Reserved)
    assert purse.controls.buying("autumn") == "paused"
    assert isinstance(spend(purse, "f", 0.1), BuyingPaused)
    assert purse.ledger.committed("autumn") == Decimal("98.1"), "what was refused is not reserved"
    assert [each.by for each in purse.controls.read("autumn").changes] == [GUARD, GUARD]


def test_after_a_resume_only_the_hard_stop_is_left(purse: Purse) -> None:
    """NFR-013: the person decides; 100 % hold all the same."""
    spend(purse, "a", 98.5)
    assert purse.controls.buying("autumn") == "paused"
    purse.controls.resume("autumn", "ada", "the CRO agreed")
    assert isinstance(spend(purse, "b", 1, "enrichment"), Reserved)
    assert purse.controls.buying("autumn") == "on"
    assert isinstance(spend(purse, "c", 1), OverBudget)


def test_collection_is_paused_at_once_when_the_rest_does_not_fit(purse: Purse) -> None:
    """PHX-03: collection alone would exceed the budget."""
    purse.outlook = lambda: Decimal(4)
    spend(purse, "a", 95.5)
    assert purse.controls.buying("autumn") == "enrichment paused"
    purse.outlook, purse.clock = (lambda: Decimal("4.2")), lambda: 1e9
    spend(purse, "b", 0.5)
    assert purse.controls.buying("autumn") == "paused"
    assert "collecting the rest would cost about $4.20" in purse.controls.read("autumn").changes[-1].reason


@pytest.mark.parametrize("alerts", [(), (0.5, 0.9)])
def test_a_budget_without_a_mark_of_95_per_cent_only_stops_at_its_end(purse: Purse, alerts: tuple[float, ...]) -> None:
    """interfaces.md, budget.alerts: the sprint file decides."""
    purse.budget = Budget(usd=100, alerts=alerts)
    assert isinstance(spend(purse, "a", 99.9), Reserved)
    assert purse.controls.buying("autumn") == "on"
    assert isinstance(spend(purse, "b", 0.2), OverBudget)


def test_a_paused_call_that_was_paid_before_is_still_not_paid_again(purse: Purse) -> None:
    """Design, rule 4: pausing and resuming change nothing about what was settled."""
    spend(purse, "a", 10)
    purse.ledger.settle("a", Decimal(1), Decimal(9))
    purse.controls.pause_all("autumn", "ada", "look first")
    assert isinstance(spend(purse, "a", 10), BuyingPaused)
    purse.controls.resume("autumn", "ada")
    assert isinstance(spend(purse, "a", 10), AlreadySettled)
    assert purse.ledger.committed("autumn") == 9
