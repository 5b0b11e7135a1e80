"""Money: reserved before, settled after, never twice, never over the budget."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadgen_assets.stores.errors import StoreMissing
from leadgen_assets.stores.ledger import AlreadySettled, Asked, CostLedger, OverBudget, Paid, Reserved

BUDGET = Decimal(10)


@pytest.fixture
def ledger(database):
    return CostLedger(database)


def reserve(ledger: CostLedger, entry: str, usd: Any = 1, **changes: Any):
    call = {"sprint": "autumn", "segment": "a", "vendor": "apollo", "operation": "bulk_match", "units": 10}
    return ledger.reserve(entry, **call | changes, usd=Decimal(usd), budget_usd=BUDGET)


def reserve_all(ledger: CostLedger, **usd: Any):
    asked = [Asked(entry, "a", "apollo", "bulk_match", 10, Decimal(each)) for entry, each in usd.items()]
    return ledger.reserve_all("autumn", asked, BUDGET)


def test_a_call_is_reserved_settled_and_never_bought_again(ledger):
    """PHX-03: what the vendor says it charged replaces the estimate."""
    assert reserve(ledger, "call-1", "4") == Reserved("call-1", Decimal(4))
    assert (ledger.spent("autumn"), ledger.committed("autumn")) == (0, 4)
    ledger.settle("call-1", Decimal("9.5"), Decimal("3.80"))
    assert (ledger.spent("autumn"), ledger.committed("autumn")) == (Decimal("3.8"), Decimal("3.8"))
    assert reserve(ledger, "call-1") == AlreadySettled("call-1", Decimal("3.8"), Decimal("9.5"))
    ledger.settle("call-1", Decimal(1), Decimal(1))
    assert ledger.committed("autumn") == Decimal("3.8")


def test_nothing_is_reserved_over_the_budget(ledger):
    """NFR-013: the hard stop; exactly the budget is still allowed."""
    assert isinstance(reserve(ledger, "call-1", "10.01"), OverBudget)
    assert isinstance(reserve(ledger, "call-2", "6"), Reserved)
    assert reserve(ledger, "call-3", "4.000001") == OverBudget("call-3", Decimal(6), BUDGET)
    assert isinstance(reserve(ledger, "call-4", "4"), Reserved)
    ledger.release("call-2")
    assert isinstance(reserve(ledger, "call-3", "6"), Reserved), "what was refused may be asked for again"
    assert isinstance(reserve(ledger, "call-5", "0.01"), OverBudget)


def test_a_call_that_was_never_settled_is_told_as_uncertain(ledger):
    """PHX-03: after a crash nobody knows whether the vendor charged."""
    reserve(ledger, "call-1")
    assert reserve(ledger, "call-1") == Reserved("call-1", Decimal(1), again=True)
    assert ledger.committed("autumn") == 1
    assert [each.entry_id for each in ledger.uncertain(timedelta(seconds=-1))] == ["call-1"]
    assert ledger.uncertain(timedelta(hours=1)) == []
    ledger.release("call-1")
    ledger.release("call-1")
    assert (ledger.uncertain(timedelta(seconds=-1)), ledger.committed("autumn")) == ([], 0)


def test_money_that_left_counts_even_after_a_release(ledger):
    """NFR-013: a late invoice is not lost."""
    reserve(ledger, "call-1", "5")
    ledger.release("call-1")
    ledger.settle("call-1", Decimal(5), Decimal(5))
    assert (ledger.spent("autumn"), ledger.committed("autumn")) == (5, 5)


def test_calls_of_one_moment_are_reserved_and_settled_together(ledger):
    """PHX-03: each has the answer that it would have had alone, those that were asked for before too."""
    reserve(ledger, "known", "1")
    reserve(ledger, "paid", "1")
    ledger.settle("paid", Decimal(9), Decimal("0.5"))
    assert reserve_all(ledger, new="2", known="1", paid="1") == [
        Reserved("new", Decimal(2)),
        Reserved("known", Decimal(1), again=True),
        AlreadySettled("paid", Decimal("0.5"), Decimal(9)),
    ]
    assert ledger.committed("autumn") == Decimal("3.5")
    bills = [Paid("new", Decimal(8), Decimal("1.5")), Paid("known", Decimal(1), Decimal("0.25"))]
    ledger.settle_all("autumn", bills)
    ledger.settle_all("autumn", bills)
    assert (ledger.spent("autumn"), ledger.committed("autumn")) == (Decimal("2.25"), Decimal("2.25"))
    assert ledger.entry("new").credits == 8
    with pytest.raises(StoreMissing):
        ledger.settle_all("autumn", [Paid("nobody", Decimal(1), Decimal(1))])


def test_together_they_get_what_money_there_is_in_their_order(ledger):
    """NFR-013: one that is too dear does not keep the others from being bought."""
    assert reserve_all(ledger, a="6", b="5", c="4", d="1") == [
        Reserved("a", Decimal(6)),
        OverBudget("b", Decimal(6), BUDGET),
        Reserved("c", Decimal(4)),
        OverBudget("d", Decimal(10), BUDGET),
    ]
    assert ledger.entry("b").state == "released"
    assert ledger.committed("autumn") == 10


def test_money_of_calls_that_were_not_held_counts_when_they_are_settled_together(ledger, database):
    """NFR-013: whatever the gate has lost, money that left counts once."""
    reserve_all(ledger, a="1", b="1")
    database["cost_budgets"].update_one(
        {"_id": "autumn"}, {"$pull": {"held": {"id": "a"}}, "$inc": {"committed": -1000000}}
    )
    ledger.release("b")
    ledger.settle_all("autumn", [Paid("a", Decimal(1), Decimal(3))])
    ledger.settle_all("autumn", [Paid("b", Decimal(1), Decimal(2))])
    assert (ledger.spent("autumn"), ledger.committed("autumn")) == (5, 5)


def test_concurrent_reservations_never_exceed_the_budget(database):
    """NFR-013: twenty threads, a hundred calls of 1 dollar, 10 dollars to spend."""
    database["cost_budgets"].drop()

    def some(number: int):
        if number % 2:
            return [reserve(CostLedger(database), f"call-{number}")]
        return reserve_all(CostLedger(database), **{f"call-{number}-{each}": 1 for each in range(3)})

    with ThreadPoolExecutor(20) as pool:
        answers = [each for found in pool.map(some, range(50)) for each in found]
    assert sum(isinstance(each, Reserved) for each in answers) == 10
    assert CostLedger(database).committed("autumn") == BUDGET


def test_one_call_reserved_by_many_at_once_is_held_once(database):
    """PHX-03: the entry's name is the call; only one of them is the first."""

    def one(_: int):
        return reserve(CostLedger(database), "call-1", "3")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(8)))
    assert [each.again for each in answers].count(False) == 1
    assert CostLedger(database).committed("autumn") == 3


STEPS = st.tuples(
    st.sampled_from(["reserve", "settle", "release", "reserve all", "settle all"]),
    st.sampled_from("abcd"),
    st.integers(0, 6).map(Decimal),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=15))
def test_the_gate_always_agrees_with_the_entries(ledger, database, steps):
    """PHX-03: after any history the committed sum is that of the entries, and a rebuild finds the same."""
    for name in ("cost_ledger", "cost_budgets"):
        database[name].delete_many({})
    reserved_usd = Decimal(0)
    for step, entry, usd in steps:
        if step == "reserve":
            reserve(ledger, entry, usd)
        elif step == "reserve all":
            reserve_all(ledger, **dict.fromkeys(sorted({entry, "a", "b"}), usd))
        else:
            try:
                if step == "settle all":
                    ledger.settle_all("autumn", [Paid(each, usd, usd) for each in sorted({entry, "a", "b"})])
                else:
                    ledger.settle(entry, usd, usd) if step == "settle" else ledger.release(entry)
            except StoreMissing:
                continue
    live = [each for each in ledger.entries("autumn") if each.state != "released"]
    reserved_usd = sum((each.usd for each in live), Decimal(0))
    assert ledger.committed("autumn") == reserved_usd
    assert ledger.reconcile("autumn") == reserved_usd
    assert ledger.committed("autumn") == reserved_usd


def test_a_crash_between_entry_and_gate_is_mended_by_repeating(ledger, database):
    """PHX-03: entry first, gate second; each may be missing its other half."""
    reserve(ledger, "call-1", "4")
    database["cost_ledger"].update_one(
        {"_id": "call-1"}, {"$set": {"state": "settled", "micros": 3_000_000, "settled_at": datetime.now(UTC)}}
    )
    assert ledger.committed("autumn") == 4
    assert isinstance(reserve(ledger, "call-1"), AlreadySettled)
    assert ledger.committed("autumn") == 3


def test_sums_by_vendor_segment_operation_and_day(ledger):
    """PHX-03: cost per source and day; what is only reserved is not spent."""
    reserve(ledger, "call-1", "1")
    reserve(ledger, "call-2", "2", vendor="hunter", operation="finder", segment="b", units=1)
    reserve(ledger, "call-3", "3")
    ledger.settle("call-1", Decimal("1.5"), Decimal("0.9"))
    ledger.settle("call-2", Decimal(1), Decimal("0.034"))
    by_vendor = ledger.by("autumn", "vendor")
    assert {name: (each.usd, each.credits, each.units, each.calls) for name, each in by_vendor.items()} == {
        "apollo": (Decimal("0.9"), Decimal("1.5"), 10, 1),
        "hunter": (Decimal("0.034"), Decimal(1), 1, 1),
    }
    assert set(ledger.by("autumn", "segment")) == {"a", "b"}
    assert set(ledger.by("autumn", "source_operation")) == {"apollo bulk_match", "hunter finder"}
    day = datetime.now(UTC)
    assert ledger.between(day - timedelta(days=1), day + timedelta(days=1))[""].usd == Decimal("0.934")
    assert ledger.between(day + timedelta(days=1), day + timedelta(days=2)) == {}


def test_settling_what_was_never_reserved_is_an_error(ledger):
    """PHX-03: names the entry."""
    with pytest.raises(StoreMissing, match="call-9"):
        ledger.settle("call-9", Decimal(0), Decimal(0))


def test_negative_amounts_are_refused(ledger):
    """NFR-013: they would widen the budget."""
    with pytest.raises(ValueError):
        reserve(ledger, "call-1", "-1")
