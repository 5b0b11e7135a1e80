"""Calls that were sent and never confirmed: on record as uncertain, held against the budget, decided once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from leadgen_assets.stores.ledger import CostLedger, OverBudget, Reserved
from leadgen_assets.stores.ledger_doubts import mark
from leadgen_assets.stores.ledger_sums import KILLED
from leadgen_assets.stores.owner import is_gone, this_process

NEVER = timedelta(days=1)
RESERVE_AND_WAIT = """
import sys, time
from decimal import Decimal
from leadgen_assets.stores.ledger import CostLedger
from leadgen_assets.stores.mongo import connect
ledger = CostLedger(connect(sys.argv[1], sys.argv[2]))
ledger.reserve("killed", "autumn", "a", "apollo", "bulk_match", 10, Decimal(4), Decimal(10))
print("reserved", flush=True)
time.sleep(60)
"""


@pytest.fixture
def ledger(database):
    return CostLedger(database)


def reserve(ledger: CostLedger, entry: str = "call", usd: Any = 4, **changes: Any) -> Any:
    call = {"sprint": "autumn", "segment": "a", "vendor": "pdl", "operation": "bulk", "units": 10}
    return ledger.reserve(entry, **call | changes, usd=Decimal(usd), budget_usd=Decimal(10))


def state(ledger: CostLedger, entry: str = "call") -> str:
    found = ledger.entry(entry)
    assert found is not None
    return found.state


def test_an_uncertain_call_is_neither_freed_nor_forgotten(ledger):
    """Issue 4, PHX-03: it counts against the budget, and no later attempt that comes to nothing frees it."""
    reserve(ledger)
    ledger.doubt("call", "connection broke off")
    assert reserve(ledger) == Reserved("call", Decimal(4), again=True)
    ledger.release("call")
    assert (state(ledger), ledger.committed("autumn"), ledger.reconcile("autumn")) == ("uncertain", 4, 4)
    assert [(each.doubt, each.usd) for each in ledger.uncertain(NEVER, "autumn")] == [("connection broke off", 4)]
    assert isinstance(reserve(ledger, "another", 7), OverBudget)
    ledger.settle("call", Decimal(9), Decimal(3))
    assert (state(ledger), ledger.committed("autumn"), ledger.uncertain(NEVER)) == ("settled", 3, [])


def test_a_call_whose_process_was_killed_is_uncertain_at_once(database, mongo_uri, ledger):
    """Issue 4: nobody waits an hour; a call of a living process is not doubted."""
    reserve(ledger, "ours", 1)
    with subprocess.Popen(
        [sys.executable, "-c", RESERVE_AND_WAIT, mongo_uri, database.name], stdout=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdout is not None
        assert sender.stdout.readline() == "reserved\n"
        assert ledger.uncertain(NEVER) == []
        os.kill(sender.pid, signal.SIGKILL)
    assert [(each.entry_id, each.doubt) for each in ledger.uncertain(NEVER)] == [("killed", KILLED)]
    assert state(ledger, "killed") == "reserved"
    assert ledger.doubt_abandoned() == 1
    assert (state(ledger, "killed"), state(ledger, "ours")) == ("uncertain", "reserved")
    ledger.release("killed")
    assert ledger.committed("autumn") == 5
    ledger.adopt("killed")
    assert (state(ledger, "killed"), ledger.uncertain(NEVER)) == ("reserved", [])


def test_a_part_in_doubt_is_set_aside_and_the_rest_is_settled(ledger):
    """PHX-03: what was answered is paid, what broke off stays uncertain, each once, over the budget too."""
    reserve(ledger, usd=8)
    for _ in range(2):
        ledger.set_aside("call", "doubt", 5, Decimal(4), ["h1", "h2"])
        ledger.settle("call", Decimal(5), Decimal(3))
    assert (ledger.spent("autumn"), ledger.committed("autumn"), ledger.reconcile("autumn")) == (3, 7, 7)
    assert [(each.entry_id, each.units) for each in ledger.uncertain(NEVER)] == [("call/doubt", 5)]
    assert ledger.in_doubt("winter", "pdl", "bulk", ["h2", "h3"]) == {"h2"}
    assert (
        ledger.in_doubt("autumn", "pdl", "enrich", ["h2"])
        == ledger.in_doubt("autumn", "hunter", "bulk", ["h2"])
        == set()
    )
    ledger.answered("pdl", "bulk", ["h2"])
    assert ledger.in_doubt("autumn", "pdl", "bulk", ["h1", "h2"]) == {"h1"}
    ledger.answered("pdl", "bulk", ["h1"])
    assert (ledger.uncertain(NEVER), ledger.committed("autumn"), ledger.reconcile("autumn")) == ([], 3, 3)
    ledger.set_aside("call", "doubt", 5, Decimal(4), ["h1", "h2"])
    assert (ledger.committed("autumn"), ledger.reconcile("autumn")) == (7, 7), "broken off once more"
    ledger.set_aside("call", "other", 1, Decimal(1), [mark("ada"), mark("bob")])
    assert ledger.forget(["ada"]) == 1
    assert ledger.in_doubt("autumn", "pdl", "bulk", [mark("ada"), mark("bob")]) == {mark("bob")}


@pytest.mark.parametrize(("credits", "usd", "becomes", "committed"), [(7, 2, "settled", 2), (0, 0, "released", 0)])
def test_a_doubt_is_decided_once(ledger, credits, usd, becomes, committed):
    """Issue 4: billed, or not billed and free to be made again."""
    reserve(ledger, about=["h1"])
    assert not ledger.decide("call", Decimal(credits), Decimal(usd), "too early: it is on the wire")
    ledger.doubt("call", "timed out")
    assert ledger.in_doubt("autumn", "pdl", "bulk", ["h1"]) == {"h1"}
    assert ledger.decide("call", Decimal(credits), Decimal(usd), "by the vendor's usage")
    assert not ledger.decide("call", Decimal(10), Decimal(4), "again")
    assert (state(ledger), ledger.committed("autumn"), ledger.reconcile("autumn")) == (becomes, committed, committed)
    assert bool(ledger.in_doubt("autumn", "pdl", "bulk", ["h1"])) == (becomes == "settled"), "billed: not asked again"
    assert ledger.in_doubt("winter", "pdl", "bulk", ["h1"]) == set()
    assert [each.decision for each in ledger.decided("autumn")] == ["by the vendor's usage"]
    assert isinstance(reserve(ledger), Reserved) == (becomes == "released")
    assert len(ledger.decided("autumn")) == (becomes == "settled"), "a call that is made again is open again"
    assert ledger.uncertain(NEVER) == []


def test_sums_over_a_vendor(ledger):
    """Issue 4: what a reading of the vendor's usage is compared with."""
    for entry, sprint in (("one", "autumn"), ("two", "winter"), ("open", "winter"), ("lost", "autumn")):
        reserve(ledger, entry, 1, sprint=sprint)
    reserve(ledger, "other", 1, vendor="hunter")
    ledger.settle("one", Decimal("2.5"), Decimal(1))
    ledger.settle("two", Decimal(3), Decimal(1))
    ledger.doubt("lost", "timed out")
    assert (ledger.settled_of("pdl").credits, ledger.settled_of("pdl").usd) == (Decimal("5.5"), 2)
    assert [(each.entry_id, each.state) for each in ledger.open_of("pdl")] == [
        ("open", "reserved"),
        ("lost", "uncertain"),
    ]
    assert ledger.settled_of("zoominfo").calls == 0


def test_only_what_is_certain_counts_as_gone():
    """Issue 4: not this process, not one of another machine, not one nobody named; a pid that was used again is gone."""
    host, _, process = this_process().partition("/")
    assert not is_gone(this_process())
    assert not is_gone(f"elsewhere/{process}")
    assert not is_gone(None)
    assert is_gone(f"{host}/{process.partition('@')[0]}@1.0")
