"""The state of a sprint while it runs: fresh, right, and honest about what is away."""

from __future__ import annotations

import json
import time

import pytest

from leadgen_assets.desk.state import StateReader, measures, mongo_link
from leadgen_assets.leads.counting import Counts
from leadgen_assets.stores.errors import StoreMissing
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_tests.desk.state.conftest import KEY, Office


def test_without_a_sprint_there_is_still_a_state(office: Office) -> None:
    """REQ-021: the desk opens before the first sprint."""
    state = office.reader().read()
    assert state["sprint"] is None
    assert state["verdict"]["word"] == "no sprint"
    assert state["stores"]["mongo"]["up"]
    assert state["stores"]["redis"]["up"]
    assert json.loads(json.dumps(state)) == state


def test_an_unknown_sprint_is_said_to_be_missing(office: Office) -> None:
    """REQ-021: an address with a typo is no empty sprint."""
    with pytest.raises(StoreMissing, match="winter"):
        office.reader().read("winter")


def test_what_collectors_count_is_seen_at_the_next_look(office: Office) -> None:
    """REQ-021, OPS-01: seconds fresh, though MongoDB is asked every five seconds only."""
    office.open()
    reader = office.reader()
    assert reader.read()["progress"]["collected"] == 0
    office.page("apollo-1", 1, leads=40, duplicates=5, suppressed=1, quarantined=4)
    state = reader.read()
    progress = state["progress"]
    assert {name: progress[name] for name in ("delivered", "leads", "duplicates", "suppressed", "quarantined")} == {
        "delivered": 50, "leads": 40, "duplicates": 5, "suppressed": 1, "quarantined": 4,
    }  # fmt: skip
    assert (progress["collected"], progress["remaining"], progress["share"]) == (45, 255, 0.15)
    assert progress["counts_add_up"]
    assert state["rates"]["duplicate_rate"] == 5 / 45
    assert state["rates"]["quarantine_rate"] == 0.08
    assert progress["leads_per_hour_now"] is None or progress["leads_per_hour_now"] > 0
    by_id = {each["id"]: each for each in state["segments"]}
    assert by_id["apollo-1"]["state"] == "collecting"
    assert by_id["apollo-1"]["share"] == 0.5
    assert by_id["zoominfo-1"]["state"] == "waiting"


def test_counts_that_went_astray_are_put_right_by_the_database(office: Office, hasty: None) -> None:
    """OPS-02: a page that was counted twice after a crash, and a Redis that forgot."""
    office.open()
    reader = office.reader()
    office.page("apollo-1", 1, leads=10)
    office.hear("apollo-1", delivered=10, leads=10)  # the same page, ingested again after a kill
    office.page("zoominfo-1", 1, leads=10, live=False)  # its counts are lost
    reader.read()
    shown = {each["id"]: each["leads"] for each in reader.read()["segments"]}
    assert shown == {"apollo-1": 10, "apollo-2": 0, "zoominfo-1": 10}
    office.page("apollo-1", 2, leads=7)
    office.page("zoominfo-1", 2, leads=3)
    assert {each["id"]: each["leads"] for each in reader.read()["segments"]} == {
        "apollo-1": 17, "apollo-2": 0, "zoominfo-1": 13,
    }  # fmt: skip


def test_between_two_looks_at_the_database_the_live_counts_lead(office: Office) -> None:
    """REQ-021: also on top of what was there before, and of an error that is known."""
    office.open()
    reader = office.reader()
    office.page("apollo-1", 1, leads=10)
    assert reader.read()["progress"]["leads"] == 10
    office.page("apollo-1", 2, leads=10)
    assert reader.read()["progress"]["leads"] == 20


def test_the_refinements_counts_hold_once_there_are_any(office: Office, hasty: None) -> None:
    """OPS-02: as in `leadgen sprint status`."""
    office.open()
    office.page("apollo-1", 1, leads=10)
    reader = office.reader()
    office.stores.book.record_counts(KEY, {"apollo-1": Counts(10, 7, 3).as_dict()})
    progress = reader.read()["progress"]
    assert (progress["leads"], progress["duplicates"]) == (7, 3)
    office.page("apollo-1", 2, leads=5)
    assert reader.read()["progress"]["leads"] == 15


def test_calls_errors_and_latency_by_vendor(office: Office) -> None:
    """OPS-01: what failed, what was throttled, how long it took; credits and downfall by what was said last."""
    office.open()
    live = office.stores.live
    for verdict in ("ok", "ok", "empty", "back_off"):
        live.call(KEY, "apollo", "search", verdict, 0.02, "apollo-1")
    for _ in range(6):
        live.call(KEY, "zoominfo", "enrich", "back_off", 0.5)
    live.call(KEY, "hunter", "finder", "out_of_credits", 0.1)
    live.call(KEY, "clearbit", "company", "retry_after", 0.1)
    live.flush()
    reader = office.reader()
    state = reader.read()
    rows = {each["vendor"]: each for each in state["vendors"]}
    assert list(rows) == ["apollo", "zoominfo", "clearbit", "hunter", "neverbounce", "hubspot"]
    assert (rows["apollo"]["calls"], rows["apollo"]["errors"], rows["apollo"]["error_rate"]) == (4, 1, 0.25)
    assert rows["apollo"]["p50_ms"] == pytest.approx(22.6, abs=0.1)
    assert not rows["apollo"]["is_down"]
    assert rows["zoominfo"]["is_down"]
    assert (rows["hunter"]["credits_out"], rows["apollo"]["credits_out"]) == (True, False)
    assert (rows["clearbit"]["throttled"], rows["clearbit"]["errors"]) == (1, 0)
    assert rows["neverbounce"]["error_rate"] is None
    assert state["rates"]["error_rate"] == state["rates"]["error_rate_now"] == round(8 / 12, 4)
    assert next(each["errors"] for each in state["segments"] if each["id"] == "apollo-1") == 1
    live.call(KEY, "zoominfo", "enrich", "ok", 0.1)
    live.call(KEY, "hunter", "finder", "ok", 0.1)
    live.flush()
    rows = {each["vendor"]: each for each in reader.read()["vendors"]}
    assert not rows["zoominfo"]["is_down"]
    assert not rows["hunter"]["credits_out"]


def test_a_vendor_that_rests_is_down_until_its_next_probe(office: Office) -> None:
    """PHX-04, OPS-01: circuit and pace as the governor has them, and in words for the alert."""
    office.open()
    redis = office.stores.redis
    resting_until = int((time.time() + 100) * 1_000_000)
    redis.hset("leadgen:rate:apollo:circuit", mapping={"failures": 8, "resting_until": resting_until, "rests": 1})
    redis.hset("leadgen:rate:zoominfo:pace", mapping={"factor": "0.25", "since": resting_until - 100_000_000})
    rows = {each["vendor"]: each for each in office.reader().read()["vendors"]}
    apollo, zoominfo = rows["apollo"], rows["zoominfo"]
    assert (apollo["circuit"], apollo["is_down"], apollo["pace"]) == ("open", True, 1.0)
    assert apollo["next_probe_at"] > office.reader().read()["at"]
    at = apollo["next_probe_at"][11:19]
    assert apollo["condition"] == f"Nobody calls it after 8 unanswered calls; the next probe is at {at} UTC."
    assert (zoominfo["circuit"], zoominfo["is_down"], zoominfo["next_probe_at"]) == ("closed", False, None)
    assert 0.25 <= zoominfo["pace"] < 0.9
    assert zoominfo["condition"].startswith("It is called at ")
    assert rows["hunter"]["condition"] is None


def test_what_adapts_is_told(office: Office) -> None:
    """PHX-09: calls at once per vendor, the widest of its operations; batch sizes, the smallest of the segments."""
    office.open()
    marks = {
        "width:apollo:search": "4",
        "width:apollo:bulk_match": "12",
        "batch:apollo-1": "500",
        "batch:zoominfo-1": "150",
    }
    office.stores.live.mark(KEY, marks)
    office.stores.live.flush()
    state = office.reader().read()
    at_once = {each["vendor"]: each["at_once"] for each in state["vendors"]}
    assert at_once["apollo"] == 12
    assert at_once["zoominfo"] is None
    assert state["stores"]["batch"] == 150


def test_our_own_steps_and_the_pool(office: Office) -> None:
    """OPS-01, REQ-010, REQ-016, DE-03: inserts, duplicate checks, queries, connections."""
    office.open()
    with office.stores.live.timed(KEY, "claim"):
        pass
    with office.stores.live.inserting(KEY, 500):
        office.stores.book.get(KEY)
    office.stores.live.flush()
    stores = office.reader().read()["stores"]
    assert stores["claim_p95_ms"] == 0.5
    assert stores["insert_per_second"] > 500
    assert stores["query_p95_ms"] > 0
    assert stores["pool_wait_p95_ms"] > 0
    assert 1 <= stores["pool_in_use"] < stores["pool_size"] == 100
    assert stores["redis"]["memory_mb"] > 0
    assert stores["mongo"]["connections"] > 0


def test_money_by_vendor_and_segment(office: Office) -> None:
    """NFR-013, PHX-03: spent, reserved, marks."""
    office.open()
    office.page("apollo-1", 1, leads=40, duplicates=10)
    office.pay("apollo-1", "apollo", "bulk_match", "60.00")
    office.pay("enrichment", "hunter", "finder", "5.00", settle=False)
    state = office.reader().read()
    cost = state["cost"]
    assert (cost["usd"], cost["reserved_usd"], cost["share"], cost["buying"]) == (60.0, 5.0, 0.65, "on")
    assert [each["reached"] for each in cost["marks"]] == [True, False, False]
    assert (cost["per_collected"], cost["per_unique"], cost["per_qualified"]) == (1.2, 1.5, None)
    assert measures(state)["budget_mark_reached", "60"] == 1.0
    assert next(each["usd"] for each in state["vendors"] if each["vendor"] == "apollo") == 60.0
    assert next(each["cost_usd"] for each in state["segments"] if each["id"] == "apollo-1") == 60.0


def test_an_absent_redis_shows_as_such_and_costs_no_figure(office: Office, hasty: None) -> None:
    """REQ-010, OPS-01: counts go on from MongoDB, calls stay at what was known; back, all is fresh again."""
    office.open()
    office.stores.live.call(KEY, "apollo", "search", "ok", 0.02)
    office.page("apollo-1", 1, leads=10)
    reader = office.reader()
    assert reader.read()["stores"]["redis"]["up"]
    office.redis.cut()
    office.page("apollo-1", 2, leads=10, live=False)
    state = reader.read()
    assert not state["stores"]["redis"]["up"]
    assert "Redis does not answer" in state["stores"]["redis"]["says"]
    assert state["progress"]["leads"] == 20
    assert next(each["calls"] for each in state["vendors"] if each["vendor"] == "apollo") == 1
    assert measures(state)["redis_down", ""] == 1.0
    assert state["verdict"]["severity"] == "WARNING"
    office.redis.mend()
    assert reader.read()["stores"]["redis"]["up"]


def test_an_absent_mongodb_leaves_the_last_known_figures(office: Office, hasty: None) -> None:
    """OPS-01: with the time they are of; and without having seen any the desk says why it knows nothing."""
    office.open()
    office.page("apollo-1", 1, leads=10)
    reader = office.reader()
    before = reader.read()
    office.mongo.cut()
    state = reader.read()
    assert not state["stores"]["mongo"]["up"]
    assert "MongoDB" in state["stores"]["mongo"]["says"]
    assert state["stores"]["mongo"]["as_of"] == before["stores"]["mongo"]["as_of"]
    assert state["progress"]["leads"] == 10
    assert state["sprint"]["key"] == KEY
    blind = office.reader().read()
    assert blind["sprint"] is None
    assert blind["verdict"]["severity"] == "CRITICAL"
    assert "MongoDB" in blind["verdict"]["says"]


def test_after_an_outage_mongodb_is_asked_again(office: Office, hasty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-01: by itself."""
    monkeypatch.setattr(mongo_link, "AWAY_SECONDS", 0.0)
    office.open()
    reader = office.reader()
    office.mongo.cut()
    assert not reader.read()["stores"]["mongo"]["up"]
    office.mongo.mend()
    assert _until_up(reader)


def _until_up(reader: StateReader) -> bool:
    """Whether MongoDB is seen again; the driver looks for it every half second."""
    return any(reader.read()["stores"]["mongo"]["up"] for _ in range(20))


def test_a_look_is_cheap(office: Office) -> None:
    """OPS-01: nothing but one Redis pipeline between two looks at MongoDB."""
    office.open()
    reader = office.reader()
    reader.read()
    before = office.stores.db.client.admin.command("serverStatus")["opcounters"]
    for _ in range(3):
        reader.read()
    after = office.stores.db.client.admin.command("serverStatus")["opcounters"]
    assert after["query"] - before["query"] <= 1  # heartbeats of the session's other clients are commands
    assert office.stores.redis.info("commandstats")["cmdstat_eval"]["calls"] >= 4


def test_provisional_quality_is_no_result(office: Office) -> None:
    """REQ-006: shown as a first look; rules hear of quality once leads are scored."""
    office.open()
    office.stores.live.tally(KEY, {"quality:leads": 10, "quality:email": 4, "quality:company": 1, "quality:valid": 9})
    office.stores.live.flush()
    state = office.reader().read()
    quality = state["quality"]
    assert (quality["email_availability"], quality["company_completeness"]) == (0.4, 0.1)
    assert (quality["average_quality_score"], quality["histogram"], quality["is_scored"]) == (None, {}, False)
    found = measures(state)
    assert found["collected_with_email", ""] == 0.4
    assert ("email_availability", "") not in found


def test_enrichment_is_counted_as_it_comes(office: Office) -> None:
    """REQ-014: the success rate is tracked."""
    office.open()
    office.stores.live.tally(KEY, {"enrich:email:hunter:found": 3, "enrich:email:hunter:missed": 1})
    office.stores.live.flush()
    state = office.reader().read()
    assert state["enrichment"] == [
        {"id": "email hunter", "step": "email", "vendor": "hunter", "answered": 4, "found": 3, "success_rate": 0.75}
    ]
    assert measures(state)["enrichment_success_rate", "email hunter"] == 0.75


def test_links_lead_to_the_run_and_the_asset(office: Office) -> None:
    """OPS-01: drill-down."""
    office.open()
    office.stores.live.began(KEY, "apollo-1", "run-1")
    office.stores.live.flush()
    state = office.reader(dagster_url="http://127.0.0.1:3000/").read()
    row = next(each for each in state["segments"] if each["id"] == "apollo-1")
    assert row["run_url"] == "http://127.0.0.1:3000/runs/run-1"
    assert "raw_apollo" in row["asset_url"]
    assert "apollo-1%7Cautumn" in row["asset_url"]
    assert state["progress"]["stage"] == "collecting"


def test_the_stage_is_the_asset_at_work(office: Office) -> None:
    """REQ-021: after collecting, progress goes on."""
    office.open()
    office.stores.live.stage(KEY, "enriched_leads", "run-2")
    office.stores.live.flush()
    state = office.reader().read()
    assert state["progress"]["stage"] == "enriched_leads"
    assert state["progress"]["last_progress_at"] is not None
    office.stores.book.set_state(KEY, SprintState.STOPPED)
    assert office.reader().read()["progress"]["stage"] is None
