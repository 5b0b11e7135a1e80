"""A finished sprint's figures at the desk are those of `leadgen sprint status` and of the database itself (OPS-02)."""

from __future__ import annotations

from typing import Any

import pytest

from leadgen_assets.desk.state import StateReader, measures
from leadgen_assets.settings import Settings
from leadgen_tests.sprint.conftest import Delivered


@pytest.fixture(scope="module")
def state(delivered: Delivered) -> dict[str, Any]:
    """What the desk shows of it."""
    settings = Settings(_env_file=None, **{name.lower(): value for name, value in delivered.office.env.items()})
    # queries are told of the last minute, and the sprint may have ended longer ago than that
    live = delivered.office.stores.live
    live.mark(delivered.key, {"stage": live.read(delivered.key).marks["stage"]})
    delivered.office.status(delivered.key)
    assert live.flush()
    return StateReader(delivered.office.stores, settings=settings).read(delivered.key)


def test_every_figure_equals_the_sprints_status(delivered: Delivered, state: dict[str, Any]) -> None:
    """OPS-02: exactly, money and rounding included."""
    status = delivered.office.status(delivered.key)
    progress, cost, quality = state["progress"], state["cost"], state["quality"]
    assert {
        "delivered": progress["delivered"],
        "collected": progress["collected"],
        "unique": progress["leads"],
        "duplicates": progress["duplicates"],
        "suppressed": progress["suppressed"],
        "quarantined": progress["quarantined"],
        "counts_add_up": progress["counts_add_up"],
        "qualified": progress["qualified"],
        "crm_synced": progress["crm_synced"],
        "crm_failed": progress["crm_failed"],
        "crm_waits": progress["crm_waits"],
        "leads_per_hour": progress["leads_per_hour"],
        "duplicate_rate": state["rates"]["duplicate_rate"],
        "cost_usd": cost["usd"],
        "cost_per_qualified_lead": cost["per_qualified"],
        "budget_usd": cost["budget_usd"],
        "gates": state["gates"],
        "report": state["links"]["report"],
        "target": state["sprint"]["target"],
        "state": state["sprint"]["state"],
        "is_delivered": state["sprint"]["is_delivered"],
        "left_over": tuple(state["sprint"]["left_over"]),
        **{
            name: quality[name]
            for name in ("average_quality_score", "email_availability", "company_completeness", "validation_rate")
        },
    } == {name: value for name, value in status.to_json().items() if name not in _ELSEWHERE}
    assert quality["is_final"]


_ELSEWHERE = {"sprint", "name", "opened_at", "crm_target", "eta", "segments"}


def test_every_segment_equals_the_sprints_status(delivered: Delivered, state: dict[str, Any]) -> None:
    """OPS-02: counts, state, cost and reason."""
    status = delivered.office.status(delivered.key).to_json()["segments"]
    shown = [{name: row[name] for name in status[0]} for row in state["segments"]]
    assert shown == [dict(each) for each in status]


def test_the_figures_are_those_of_the_database(delivered: Delivered, state: dict[str, Any]) -> None:
    """OPS-02: counted by hand over the stored leads."""
    rows = delivered.office.rows(delivered.key)
    qualified = [each for each in rows if each["is_qualified"]]
    assert state["progress"]["leads"] == len(rows)
    assert state["progress"]["qualified"] == len(qualified)
    assert state["progress"]["crm_synced"] == sum(each["crm_synced"] for each in rows)
    scores = [each["data_quality_score"] for each in rows]
    assert state["quality"]["average_quality_score"] == pytest.approx(sum(scores) / len(scores), rel=1e-12)
    histogram = {
        str(start): sum(1 for each in scores if min(int(each // 10) * 10, 90) == start) for start in range(0, 100, 10)
    }
    assert state["quality"]["histogram"] == histogram
    suspicious = {"location_unknown", "country_outside"}
    assert state["quality"]["location_valid"] == sum(not suspicious & set(each["flags"]) for each in rows) / len(rows)
    entries = delivered.office.stores.db["cost_ledger"].find({"sprint": delivered.key, "state": "settled"})
    assert state["cost"]["usd"] == round(sum(each["micros"] for each in entries) / 1_000_000, 2)


def test_what_happened_on_the_way_was_counted(delivered: Delivered, state: dict[str, Any]) -> None:
    """OPS-01: calls, inserts, checks, enrichment and CRM, by those who did it."""
    calls = delivered.office.sandbox.calls()
    shown = {each["vendor"]: each["calls"] for each in state["vendors"]}
    made = {vendor: each["requests"] for vendor, each in calls.items() if vendor in shown}
    assert {vendor: times for vendor, times in shown.items() if times > made[vendor]} == {}
    assert shown["apollo"] > 0
    assert shown["hubspot"] > 0
    assert state["stores"]["insert_per_second"] > 0
    assert state["stores"]["claim_p95_ms"] > 0
    assert state["stores"]["query_p95_ms"] > 0
    live = delivered.office.stores.live.read(delivered.key)
    assert live.totals["inserted"] >= state["progress"]["leads"]
    assert live.totals["crm:synced"] >= state["progress"]["crm_synced"]
    assert live.totals["quality:leads"] <= live.totals["inserted"]
    found = {each["id"]: each for each in state["enrichment"]}
    assert found["email hunter"]["answered"] > 0
    assert 0 < found["verify neverbounce"]["success_rate"] <= 1
    assert live.marks["stage"] == "sprint_report"
    assert measures(state)["is_running", ""] == 0.0


def test_the_verdict_says_how_it_ended(delivered: Delivered, state: dict[str, Any]) -> None:
    """REQ-021."""
    assert state["sprint"]["is_delivered"]
    assert state["verdict"]["word"] == "delivered"
    assert f"{state['progress']['qualified']:,} qualified" in state["verdict"]["says"]
