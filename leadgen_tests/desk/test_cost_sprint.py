"""Real purchases at the sandbox vendors: paused, resumed, priced by their day. Nothing lost, nothing paid twice."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import pytest

from leadgen_assets.cli.collecting import _may_buy_again
from leadgen_assets.desk.baseline import record_sprint
from leadgen_assets.stores.controls import Buying, Controls
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_tests.cli.conftest import leadgen
from leadgen_tests.sprint.office import Office, failures, open_office
from leadgen_tests.sprint.plans import small_sprint


@pytest.fixture
def office(tmp_path: Path, mongo_uri: str, redis_url: str) -> Iterator[Office]:
    """Stores and vendors of this test alone: nobody is owned yet, nothing is sold."""
    with open_office(tmp_path / "office", {"LEADGEN_MONGO_URI": mongo_uri, "LEADGEN_REDIS_URL": redis_url}) as opened:
        yield opened


def sold(office: Office) -> dict[str, dict[str, str]]:
    """Credits that vendors charged, by vendor and operation; sources and enrichers only."""
    return {vendor: each for vendor, each in office.sandbox.credits().items() if any(map(Decimal, each.values()))}


def test_a_running_collector_sees_a_pause_and_goes_on_without_paying_twice(office: Office) -> None:
    """PHX-03: paused by command elsewhere, in mid-segment; resumed by command it buys exactly what is missing."""
    key = office.open(small_sprint("midway", {"apollo-1": 120, "sales-navigator-1": 55}))
    office.sandbox.faults("apollo", latency_ms=250)
    elsewhere = Controls(office.stores.db)
    with (
        office.at_work(),
        patch("leadgen_assets.stores.controls.SEEN_WITHIN", 0.1),
        patch("leadgen_assets.collection.listed.IN_FLIGHT", 2),
    ):
        collecting = threading.Thread(target=office.collect, args=(key, "apollo-1"))
        collecting.start()
        while not office.stores.raw_pages.landed(key, "apollo-1"):
            time.sleep(0.01)
        assert elsewhere.pause_all(key, "ada", "the budget is under review")
        collecting.join()
    office.sandbox.faults("apollo", latency_ms=0)
    halted, ledger = office.status(key), office.stores.ledger
    apollo = next(each for each in halted.segments if each.id == "apollo-1")
    bought = int(office.sandbox.credits()["apollo"]["bulk_match"])

    again = json.loads(leadgen("cost", "pause", key, "--json", at=office).stdout)
    assert not again["changed"]
    assert "by ada: the budget is under review" in again["says"]
    assert failures(office.runs["apollo-1"]) == {}
    assert 0 < apollo.delivered == bought < 120
    assert str(apollo.reason).startswith("buying is paused: the budget is under review; go on with")
    assert halted.counts_add_up
    assert ledger.committed(key) == ledger.spent(key) == Decimal("0.025") * bought

    office.collect(key, "apollo-1", "sales-navigator-1")
    again = {each.id: each.delivered for each in office.status(key).segments}
    assert int(office.sandbox.credits()["apollo"]["bulk_match"]) == bought
    assert again["sales-navigator-1"] >= 55, "what is free goes on"
    assert leadgen("cost", "resume", key, at=office).exit_code == 0
    office.collect(key, "apollo-1")
    done = next(each for each in office.status(key).segments if each.id == "apollo-1")
    assert (done.state, done.delivered, done.reason) == ("done", 120, None)
    assert sold(office)["apollo"] == {"bulk_match": "120"}
    assert ledger.spent(key) == Decimal("0.025") * 120


def test_paused_enrichment_loses_no_lead_and_is_made_up_for_later(office: Office) -> None:
    """PHX-03, TL-05: the sprint is refined without it; resumed, each question is paid once."""
    key = office.open(small_sprint("poor", {"apollo-1": 60, "brightdata-1": 40}))
    office.collect(key)
    collected = sold(office)
    controls = Controls(office.stores.db)
    controls.pause_enrichment(key, "ada", "too dear")

    office.execute("refine", key, ["deduplicated_leads", "enriched_leads"])
    paused = office.frame("enriched_leads", key)
    assert sold(office) == collected
    [made] = office.runs["refine"].asset_materializations_for_node("enriched_leads")
    assert all("buying is paused: too dear" in each for each in made.metadata["problems"].value)

    controls.resume(key, "ada")
    office.stores.controls.read(key)
    office.execute("refine", key, ["deduplicated_leads", "enriched_leads"])
    enriched = office.frame("enriched_leads", key)
    paid = sold(office)
    assert enriched["lead_id"].tolist() == paused["lead_id"].tolist()
    assert enriched["email"].notna().sum() > paused["email"].notna().sum()
    assert {"hunter", "neverbounce"} <= paid.keys()
    assert office.stores.ledger.committed(key) == office.stores.ledger.spent(key)
    assert float(office.stores.ledger.spent(key)) == pytest.approx(office.sandbox.usd())


def test_the_guard_pauses_a_sprint_at_its_budgets_end(office: Office) -> None:
    """NFR-013, PHX-03: without anybody looking; never over the budget, and the reason is on record and shown."""
    key = office.open(small_sprint("spent", {"apollo-1": 120}, budget={"usd": 2}))
    office.collect(key)
    control = office.stores.controls.read(key)
    shown = leadgen("cost", "show", key, at=office).output

    assert control.buying is Buying.PAUSED
    assert {each.by for each in control.changes} == {"the budget guard"}
    assert Decimal(sold(office)["apollo"]["bulk_match"]) * Decimal("0.025") <= 2
    assert office.stores.ledger.committed(key) <= 2
    assert "by the budget guard" in shown
    assert "reached" in shown


def test_a_purchase_costs_what_was_in_force_when_its_money_was_reserved(office: Office, tmp_path: Path) -> None:
    """PHX-03: a settlement that a crash delayed beyond a change of price still uses the old one; contracts count."""
    today, file = datetime.now(UTC), tmp_path / "contract.yaml"
    file.write_text(
        "apollo:\n"
        "  - {from: 2026-01-01, usd_per_credit: '0.01', basis: last contract}\n"
        f"  - {{from: {today:%Y-%m-%d}, usd_per_credit: '0.02', basis: contract}}\n",
        encoding="utf-8",
    )
    key, ledger = office.open(small_sprint("dated", {"apollo-1": 20})), office.stores.ledger
    with office.at_work(LEADGEN_PRICES=str(file)):
        office.collect(key)
        assert ledger.spent(key) == Decimal("0.4")
        one = next(each for each in ledger.entries(key))
        earlier = {"state": "reserved", "reserved_at": today - timedelta(days=2), "settled_at": None}
        office.stores.db["cost_ledger"].update_one({"_id": one.entry_id}, {"$set": earlier})
        ledger.reconcile(key)
        office.collect(key)
    assert ledger.spent(key) == Decimal("0.2") + Decimal("0.1")
    assert sold(office) == {"apollo": {"bulk_match": "20"}}


def test_a_sprint_that_is_resumed_while_it_collects_goes_on_by_itself(office: Office) -> None:
    """PHX-03: `leadgen sprint start` takes up segments that were stopped by a pause as soon as buying is on again."""
    key = office.open(small_sprint("waiting", {"apollo-1": 30}))
    controls = office.stores.controls
    controls.pause_all(key, "ada", "a moment")
    office.collect(key)
    assert not _may_buy_again(office.stores, office.stores.book.get(key), "apollo-1")
    controls.resume(key, "ada")
    assert _may_buy_again(office.stores, office.stores.book.get(key), "apollo-1")
    office.collect(key)
    assert not _may_buy_again(office.stores, office.stores.book.get(key), "apollo-1")


def test_sprints_and_runs_leave_their_figures(office: Office) -> None:
    """PHX-02: of every run, from its own process, and of the sprint when its command ends; shown and compared."""
    key, began = office.open(small_sprint("measured", {"apollo-1": 30, "sales-navigator-1": 20})), datetime.now(UTC)
    office.collect(key)
    record_sprint(office.stores, key, seconds=7, cpu_seconds=2, since=began)
    record_sprint(office.stores, key, seconds=5, cpu_seconds=1, since=datetime.now(UTC))
    told = json.loads(leadgen("baseline", "show", key, "--json", at=office).stdout)
    runs = json.loads(leadgen("baseline", "list", "--runs", "--json", at=office).stdout)
    latest = json.loads(leadgen("baseline", "show", "--runs", "--json", at=office).stdout)
    figures = {name: each["current"] for name, each in told["figures"].items()}
    mine, status = {each["about"]: each["figures"] for each in runs}, office.status(key)

    assert mine.keys() == {"measured: collect apollo", "measured: collect sales_navigator"}
    assert len(runs) == len(latest) == 2, "each run once"
    apollo = mine["measured: collect apollo"]
    assert (apollo["records"], apollo["cost_usd"], apollo["error_rate"]) == (30, 0.75, 0)
    assert apollo["throughput"] == pytest.approx(30 / apollo["duration"] * 3600, rel=0.05)
    assert (told["about"], told["succeeded"], told["compared_with"]) == ("measured", False, 0)
    assert (figures["cost_usd"], figures["records"]) == (status.cost_usd, status.collected) == (0.75, status.collected)
    assert figures["duration"] == 12, "a sprint that was run in two goes"
    assert figures["cpu_seconds"] == pytest.approx(3 + sum(each["cpu_seconds"] for each in mine.values()), abs=0.2)
    assert figures["memory_mb"] == max(each["memory_mb"] for each in mine.values()) > 50
    assert {each["verdict"] for each in told["figures"].values()} == {"unknown"}
    assert "measured" in leadgen("baseline", at=office).output
    assert "There are no figures of a sprint 'nowhere'" in leadgen("baseline", "show", "nowhere", at=office).output


def test_a_run_that_failed_is_on_record_as_failed(office: Office) -> None:
    """PHX-02, NFR-005: the success rate needs the failures too."""
    key = office.open(small_sprint("broken", {"zoominfo-1": 25}))
    office.sandbox.faults("zoominfo", down=True)
    office.collect(key)
    office.sandbox.faults("zoominfo", down=False)
    [run] = office.stores.baselines.last("run", 1, about="broken: collect zoominfo")
    assert not run.succeeded
    assert run.key == office.runs["zoominfo-1"].run_id
    assert run.figures["error_rate"] > 0.5


def test_commands_show_cost_and_forecast_to_people_and_programs(office: Office) -> None:
    """PHX-03: the same figures; doubtful calls are listed with what to do."""
    key = office.open(small_sprint("shown", {"apollo-1": 20}))
    office.stores.book.set_state(key, SprintState.RUNNING)
    office.collect(key)
    office.stores.ledger.reserve(f"{key}/apollo-1/apollo/bulk_match/9", key, "apollo-1", "apollo", "bulk_match", 10,
                                 Decimal("0.25"), Decimal(500))  # fmt: skip
    office.stores.book.set_state(key, SprintState.STOPPED)
    told = json.loads(leadgen("cost", "show", key, "--json", at=office).stdout)
    shown = leadgen("cost", at=office).output
    ahead = json.loads(leadgen("cost", "forecast", key, "--json", at=office).stdout)

    assert (told["usd"], told["reserved_usd"], told["buying"]) == (0.5, 0.25, "on")
    assert told["by_segment"]["apollo-1"]["usd"] == told["by_field"]["collection"]["usd"] == 0.5
    assert [each["units"] for each in told["uncertain"]] == [10]
    assert all(each in shown for each in ("$0.50 of $500.00", "Apollo bulk match", "Uncertain"))
    assert ahead["forecast"]["usd"] == 0.75
    assert ahead["projection"]["this_month"] >= 0.5
    assert "All sprints" in leadgen("cost", "forecast", key, at=office).output
    assert "There is no sprint 'nowhere'" in leadgen("cost", "pause", "nowhere", at=office).output
