"""What a sprint costs: sums that agree with the ledger, from indexes alone; forecast, projection, doubtful calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from leadgen_assets.desk.cost import Counted, cost_of
from leadgen_assets.desk.forecast import enrichment_rate, outlook, projection_of
from leadgen_assets.settings import Settings
from leadgen_assets.stores.errors import StoreMissing
from leadgen_assets.stores.opened import OpenStores, open_stores
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_assets.vendors.prices import load_prices
from leadgen_tests.sprint.plans import small_sprint
from leadgen_tests.stores.test_queries_use_indexes import stages

KEY = "autumn"
LISTED = load_prices()
_numbers = count()


@pytest.fixture
def stores(settings: Settings) -> Iterator[OpenStores]:
    """A running sprint: Apollo 120, Bright Data 80, exports 55 records for 100 dollars."""
    sizes = {"apollo-1": 120, "brightdata-1": 80, "sales-navigator-1": 55}
    with open_stores(settings) as opened:
        opened.book.open(KEY, small_sprint(KEY, sizes, budget={"usd": 100}))
        opened.book.set_state(KEY, SprintState.RUNNING)
        yield opened


def buy(stores: OpenStores, vendor: str, operation: str, usd: float, segment: str = "enrichment", **more: Any) -> str:
    """A settled call; `open_` leaves it reserved, `at` is when."""
    entry = f"{KEY}/{segment}/{vendor}/{operation}/{next(_numbers)}"
    stores.ledger.reserve(entry, KEY, segment, vendor, operation, 10, Decimal(str(usd)), Decimal(10**6))
    if not more.get("open_"):
        stores.ledger.settle(entry, Decimal(10), Decimal(str(usd)))
    if at := more.get("at"):
        times = {"reserved_at": at} | ({} if more.get("open_") else {"settled_at": at})
        stores.db["cost_ledger"].update_one({"_id": entry}, {"$set": times})
    return entry


def landed(stores: OpenStores, segment: str, delivered: int, leads: int) -> None:
    """Counts of a segment, as its pages' outcomes have them."""
    tally = {"delivered": delivered, "leads": leads, "duplicates": delivered - leads, "suppressed": 0, "quarantined": 0}
    stores.db["page_outcomes"].insert_one(
        {"_id": segment, "sprint": KEY, "segment": segment, "number": 1, "counts": tally, "at": datetime.now(UTC)}
    )


def found(answer: Any, name: str) -> Iterator[Any]:
    """Every value under that name, however deep."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            yield from [value] if key == name else found(value, name)
    elif isinstance(answer, list):
        for each in answer:
            yield from found(each, name)


def test_the_parts_agree_with_the_ledger_to_the_cent(stores: OpenStores) -> None:
    """PHX-03, OPS-02: by vendor, segment, field and hour; each adds up to the total."""
    nine = datetime(2026, 1, 5, 9, 59, tzinfo=UTC)
    buy(stores, "apollo", "bulk_match", 2.5, "apollo-1", at=nine)
    buy(stores, "brightdata", "filter", 1.25, "brightdata-1", at=nine + timedelta(minutes=2))
    buy(stores, "brightdata", "filter", 0.5)
    buy(stores, "clearbit", "company", 3)
    buy(stores, "hunter", "finder", 0.149)
    buy(stores, "hunter", "company", 0.02)
    buy(stores, "hunter", "verifier", 0.01)
    buy(stores, "neverbounce", "jobs", 0.08)
    buy(stores, "apollo", "bulk_match", 0.25, "apollo-1", open_=True)
    cost = cost_of(stores, KEY)

    assert cost.usd == float(stores.ledger.spent(KEY)) == 7.509
    assert cost.reserved_usd == 0.25
    assert cost.share == pytest.approx(float(stores.ledger.committed(KEY)) / 100)
    for part in (cost.by_vendor, cost.by_segment, cost.by_field, cost.by_operation, cost.by_hour):
        assert sum(each.usd for each in part.values()) == pytest.approx(7.509)
        assert sum(each.calls for each in part.values()) == 8
    assert {name: each.usd for name, each in cost.by_field.items()} == {
        "collection": 3.75, "company": 3.52, "email": 0.149, "verification": 0.09,
    }  # fmt: skip
    assert [cost.by_hour[f"2026-01-05T{hour}:00:00Z"].usd for hour in ("09", "10")] == [2.5, 1.25]
    assert cost.by_segment["apollo-1"].reserved_usd == 0.25
    assert cost.by_operation["clearbit company"].credits == 10


def test_the_desks_sums_read_no_entry(stores: OpenStores) -> None:
    """DE-02: proven with explain: an index answers, and not one document is fetched for it."""
    for number in range(200):
        buy(stores, "apollo", "bulk_match", 0.25, "apollo-1", open_=number % 10 == 0)
    sent: list[Any] = []
    real = stores.ledger._entries

    class Watching:
        def aggregate(self, pipeline: list[Any]) -> Any:
            sent.append(pipeline)
            return real.aggregate(pipeline)

    stores.ledger._entries = Watching()  # type: ignore[assignment]
    stores.ledger.sums(KEY)
    stores.ledger.by(KEY, "vendor")
    stores.ledger.by(KEY, "segment")
    stores.ledger.spent(KEY)
    stores.ledger.between(datetime(2026, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1))
    assert len(sent) == 5
    for pipeline in sent:
        command = {"aggregate": "cost_ledger", "pipeline": pipeline, "cursor": {}}
        told = stores.db.command("explain", command, verbosity="executionStats")
        winning = set(stages(told))
        examined = list(found(told, "totalDocsExamined"))
        assert "IXSCAN" in winning
        assert not winning & {"FETCH", "COLLSCAN"}, (pipeline, winning)
        assert examined
        assert set(examined) == {0}


def test_cost_per_lead_is_unknown_before_there_are_leads(stores: OpenStores) -> None:
    """NFR-012: None, never 0; the caller may know the leads better."""
    buy(stores, "apollo", "bulk_match", 6, "apollo-1")
    fresh = cost_of(stores, KEY)
    assert (fresh.per_collected, fresh.per_unique, fresh.per_qualified) == (None, None, None)
    landed(stores, "apollo-1", 100, 80)
    told = cost_of(stores, KEY)
    assert (told.per_collected, told.per_unique, told.per_qualified) == (0.06, 0.075, None)
    known = cost_of(stores, KEY, counted=Counted(collected=120, unique=100, qualified=60))
    assert (known.per_collected, known.per_unique, known.per_qualified) == (0.05, 0.06, 0.1)


def test_marks_are_reached_one_after_the_other(stores: OpenStores) -> None:
    """NFR-013: 60 info, 80 warning, 95 critical with what happens by itself; reserved money counts."""
    buy(stores, "zoominfo", "enrich", 60, "apollo-1")
    assert [each.reached for each in cost_of(stores, KEY).marks] == [True, False, False]
    buy(stores, "zoominfo", "enrich", 36, "apollo-1", open_=True)
    cost = cost_of(stores, KEY)
    assert [(each.severity, each.usd, each.reached) for each in cost.marks] == [
        ("INFO", 60.0, True), ("WARNING", 80.0, True), ("CRITICAL", 95.0, True),
    ]  # fmt: skip
    assert [bool(each.action) for each in cost.marks] == [False, False, True]
    assert cost.state["marks"] == [{"at": at, "reached": True} for at in (0.6, 0.8, 0.95)]


def test_the_forecast_takes_what_records_cost_so_far_else_the_list_price(stores: OpenStores) -> None:
    """PHX-03: 60 of 120 records for $3; Bright Data not begun, 80 at list price; exports are free."""
    buy(stores, "apollo", "bulk_match", 3, "apollo-1")
    landed(stores, "apollo-1", 60, 48)
    forecast = cost_of(stores, KEY, prices=LISTED).forecast
    assert forecast.collection_to_come == pytest.approx(3 + 80 * 0.0025)
    assert forecast.enrichment_to_come is None
    assert forecast.usd == pytest.approx(6.2)
    assert "Enrichment is not included" in forecast.basis
    assert float(outlook(stores, KEY, LISTED)) == pytest.approx(3.2)


def test_money_on_the_wire_is_not_counted_twice_but_lost_money_is(stores: OpenStores) -> None:
    """PHX-03: a reserved snapshot pays for records to come; a call nobody knows the outcome of does not."""
    buy(stores, "brightdata", "filter", 0.2, "brightdata-1", open_=True)
    stores.book.pause(KEY, "apollo-1")
    assert cost_of(stores, KEY, prices=LISTED).forecast.usd == pytest.approx(0.2)
    old = datetime.now(UTC) - timedelta(hours=2)
    lost = buy(stores, "brightdata", "filter", 0.2, "brightdata-1", open_=True, at=old)
    cost = cost_of(stores, KEY, prices=LISTED)
    assert [each.entry_id for each in cost.uncertain] == [lost]
    assert cost.forecast.usd == pytest.approx(0.4)


def test_earlier_sprints_tell_what_enrichment_will_cost(stores: OpenStores) -> None:
    """PHX-02, PHX-03: the median a unique lead, less what is spent already; other files do not count."""
    for number, rate in enumerate((0.05, 0.07, 0.9)):
        stores.baselines.record("sprint", f"earlier-{number}", {"enrichment_usd_per_unique": rate}, about=KEY)
    stores.baselines.record("sprint", "rehearsal", {"enrichment_usd_per_unique": 9}, about="rehearsal")
    buy(stores, "apollo", "bulk_match", 3, "apollo-1")
    buy(stores, "hunter", "finder", 2)
    landed(stores, "apollo-1", 100, 80)
    assert enrichment_rate(stores, stores.book.get(KEY)) == (Decimal("0.07"), 3)
    unique_at_the_end = (120 + 80 + 55) * 0.8
    assert cost_of(stores, KEY).forecast.enrichment_to_come == pytest.approx(unique_at_the_end * 0.07 - 2, abs=0.01)


@pytest.mark.parametrize("reason", ["the source has no more for this search", "out of credits"])
def test_nothing_more_is_expected_of_a_source_that_has_no_more(stores: OpenStores, reason: str) -> None:
    """PHX-03: but of one that was paused for the budget there is."""
    stores.book.pause(KEY, "brightdata-1")
    stores.book.record_stop(KEY, "apollo-1", reason)
    assert cost_of(stores, KEY).forecast.collection_to_come == 0
    stores.book.record_stop(KEY, "apollo-1", "buying is paused: 95 %")
    assert cost_of(stores, KEY).forecast.collection_to_come == 3


def test_a_sprint_that_is_over_costs_what_it_cost(stores: OpenStores) -> None:
    """PHX-03: and every call that is still open is doubtful then."""
    buy(stores, "apollo", "bulk_match", 3, "apollo-1")
    buy(stores, "apollo", "bulk_match", 1, "apollo-1", open_=True)
    assert cost_of(stores, KEY).uncertain == ()
    stores.book.set_state(KEY, SprintState.FINISHED)
    cost = cost_of(stores, KEY)
    assert (cost.forecast.usd, cost.forecast.collection_to_come, cost.forecast.over_budget_by) == (4, 0, 0)
    assert len(cost.uncertain) == 1


def test_days_and_months_are_projected_at_the_recent_pace(stores: OpenStores) -> None:
    """PHX-03: daily, monthly; what was spent, and the rest of the time at the pace of the last day and month."""
    now = datetime(2026, 11, 22, 18, tzinfo=UTC)
    buy(stores, "apollo", "bulk_match", 30, "apollo-1", at=now - timedelta(days=9))
    buy(stores, "apollo", "bulk_match", 6, "apollo-1", at=now - timedelta(hours=20))
    buy(stores, "apollo", "bulk_match", 2, "apollo-1", at=now - timedelta(hours=2))
    told = projection_of(stores, now)
    assert (told.today, told.last_24_hours, told.this_month) == (2, 8, 38)
    assert told.day == pytest.approx(2 + 8 * 6 / 24)
    days_to_come = 8 + 6 / 24
    assert told.month == pytest.approx(38 + 38 / 9 * days_to_come, abs=0.01)


def test_an_unknown_sprint_is_said(stores: OpenStores) -> None:
    """House rule: names what is missing."""
    with pytest.raises(StoreMissing, match="winter"):
        cost_of(stores, "winter")
