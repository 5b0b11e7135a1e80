"""Segments that are added, paused, resumed and retargeted while a sprint runs or between its runs."""

from __future__ import annotations

import threading
import time

from typer.testing import CliRunner

from leadgen_assets.cli.main import app
from leadgen_tests.sprint.office import Office, failures
from leadgen_tests.sprint.plans import small_sprint


def leadgen(office: Office, *words: str) -> str:
    """Run a command in the office; returns what it printed."""
    with office.at_work():
        done = CliRunner().invoke(app, ["sprint", "segment", *words])
    assert done.exit_code == 0, done.output
    return done.output


def segment(office: Office, key: str, wanted: str) -> tuple[str, int, int]:
    """(state, target, delivered) of a segment."""
    [found] = [each for each in office.status(key).segments if each.id == wanted]
    return found.state, found.target, found.delivered


def test_a_segment_is_paused_in_mid_run_and_goes_on_later(office: Office) -> None:
    """Requirements §2, PHX-04: the collector stops at the next page, resumed it buys only what is missing."""
    key = office.open(small_sprint("paused", {"apollo-1": 120}))
    office.sandbox.faults("apollo", latency_ms=150)
    with office.at_work():
        collecting = threading.Thread(target=office.collect, args=(key,))
        collecting.start()
        while not office.stores.raw_pages.landed(key, "apollo-1"):
            time.sleep(0.005)
        office.stores.book.pause(key, "apollo-1", reason="the vendor blocks us")
        collecting.join()
    office.sandbox.faults("apollo", latency_ms=0)
    paused = segment(office, key, "apollo-1")
    reason = office.status(key).segments[0].reason
    bought = int(office.sandbox.credits()["apollo"]["bulk_match"])

    assert failures(office.runs["apollo-1"]) == {}
    assert paused == ("paused", 120, 100)
    assert reason == "paused"
    assert "apollo-1 resumed" in leadgen(office, "resume", "apollo-1")
    office.collect(key)
    assert segment(office, key, "apollo-1") == ("done", 120, 120)
    assert int(office.sandbox.credits()["apollo"]["bulk_match"]) - bought == 20
    assert [each["what"] for each in office.stores.book.get(key).changes] == ["pause", "resume"]


def test_a_blocked_sources_target_moves_to_another_and_a_segment_is_added(office: Office) -> None:
    """Requirements §2, PHX-04: `retarget --from` moves leads, `add` adds, `pause` of an unwanted one; all on record."""
    key = office.open(small_sprint("moved", {"apollo-1": 30, "sales-navigator-1": 20}))
    office.collect(key, "apollo-1")
    calls = office.sandbox.requests("apollo")

    leadgen(office, "pause", "sales-navigator-1")
    leadgen(office, "retarget", "apollo-1", "--leads", "40", "--from", "sales-navigator-1")
    leadgen(office, "add", "sales-navigator-2", "--source", "sales_navigator", "--leads", "15", "--files",
            "imports/sales_navigator/segment-2*")  # fmt: skip
    office.add_partitions(key)
    done = office.collect(key)

    assert [failures(each) for each in done] == [{}, {}]
    assert segment(office, key, "apollo-1") == ("done", 40, 40)
    assert segment(office, key, "sales-navigator-1") == ("paused", 10, 0)
    state, target, collected = segment(office, key, "sales-navigator-2")
    assert (state, target) == ("done", 15)
    assert collected >= 15
    assert int(office.sandbox.credits()["apollo"]["bulk_match"]) == 40
    assert office.sandbox.requests("apollo") > calls
    assert office.refine(key).success
    assert office.status(key).counts_add_up
    assert [each["what"] for each in office.stores.book.get(key).changes] == [
        "pause", "retarget", "retarget", "add_segment",
    ]  # fmt: skip


def test_moving_all_of_a_segments_leads_pauses_it(office: Office) -> None:
    """Requirements §2: on the day, one source's whole target went to another."""
    key = office.open(small_sprint("whole", {"apollo-1": 30, "zoominfo-1": 25}))
    leadgen(office, "retarget", "apollo-1", "--leads", "55", "--from", "zoominfo-1")
    opened = office.stores.book.get(key).sprint

    assert (opened.segment("apollo-1").leads, opened.segment("zoominfo-1").paused) == (55, True)
