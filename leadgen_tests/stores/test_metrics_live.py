"""What the counters know of the last minute, of the last values, and of the process itself."""

from __future__ import annotations

import json

import pytest

from leadgen_assets.stores.live import LiveCounters
from leadgen_assets.stores.live_figures import SLOT, SLOTS, read_live, slot_of
from leadgen_assets.stores.measured import MongoMeter
from leadgen_assets.stores.mongo import connect, disconnect, meters
from leadgen_assets.stores.redis_connection import connect_redis

NOW = 1_800_000_005.0


@pytest.fixture
def client(redis_url, redis_client):
    with connect_redis(redis_url) as connected:
        yield connected


def test_the_last_minute_is_summed_over_slots_and_then_forgotten(client, monkeypatch):
    """REQ-021, REQ-022: rates of now, the same for every process that asks."""
    moments = iter([NOW - SLOTS * SLOT - SLOT, NOW - 30, NOW])
    for count in (1, 2, 4):
        moment = next(moments)
        monkeypatch.setattr("leadgen_assets.stores.live.time.time", lambda moment=moment: moment)
        counters = LiveCounters(client)
        counters.add("autumn", "apollo-1", {"delivered": count, "leads": count, "duplicates": 1})
        counters.flush()
    recent = read_live(client, "autumn", NOW).recent
    assert recent.counts == {"delivered": 6, "leads": 6, "duplicates": 2, "collected": 8}
    assert recent.seconds == 55
    assert 0 < client.ttl(f"leadgen:recent:autumn:{slot_of(NOW)}") <= (SLOTS + 2) * SLOT
    assert sum(read_live(client, "autumn", NOW).intake.values()) == 10


def test_failures_in_a_row_are_counted_until_an_answer_comes(client):
    """PHX-04: in the order in which they happened, be it within one flush or over several."""
    counters = LiveCounters(client)
    for verdict in ("back_off", "ok", "back_off", "back_off"):
        counters.call("autumn", "apollo", "search", verdict, 0.01)
    counters.flush()
    assert read_live(client, "autumn").marks["streak:apollo"] == "2"
    counters.call("autumn", "apollo", "search", "auth", 0.01)
    counters.flush()
    assert read_live(client, "autumn").marks["streak:apollo"] == "3"
    counters.call("autumn", "apollo", "search", "back_off", 0.01)
    counters.call("autumn", "apollo", "search", "empty", 0.01)
    counters.flush()
    assert read_live(client, "autumn").marks["streak:apollo"] == "0"


def test_a_segments_calls_are_counted_beside_its_records(client):
    """OPS-01: errors by segment."""
    counters = LiveCounters(client)
    counters.call("autumn", "apollo", "search", "ok", 0.01, "apollo-1")
    counters.call("autumn", "apollo", "search", "bad_request", 0.01, "apollo-1")
    counters.call("autumn", "apollo", "search", "retry_after", 0.01, "apollo-1")
    counters.flush()
    assert read_live(client, "autumn").segments["apollo-1"] == {"calls": 3, "errors": 1}


def test_marks_outlive_an_outage_and_the_last_minute_does_not(client):
    """REQ-021: what is sent late is right, and nothing old is taken for new."""
    counters = LiveCounters(connect_redis("redis://127.0.0.1:9/0"))
    counters.stage("autumn", "enriched_leads", "run-1")
    counters.tally("autumn", {"crm:synced": 3}, is_progress=True)
    assert not counters.flush()
    counters.stage("autumn", "scored_leads")
    counters._redis = client
    assert counters.flush()
    found = read_live(client, "autumn")
    assert (found.marks["stage"], found.marks["run:enriched_leads"]) == ("scored_leads", "run-1")
    assert found.totals == {"crm:synced": 3}
    assert found.recent.counts == {}


def test_a_process_measures_its_mongodb_client(mongo_uri, database, client):
    """OPS-01, DE-03: query times, waits and use of the pool, sent along with the next counts."""
    db = connect(mongo_uri, database.name)
    try:
        for _ in range(3):
            db["sprints"].find_one({})
        counters = LiveCounters(client, meters(db))
        counters.tally("autumn", {"anything": 1})
        counters.flush()
    finally:
        disconnect(db)
    recent = read_live(client, "autumn").recent
    assert sum(recent.timings["query"].values()) == 3
    assert sum(recent.timings["pool_wait"].values()) >= 3
    (told,) = client.hvals("leadgen:gauges")
    assert json.loads(told)["in_use"] == 1


def test_a_meter_is_emptied_by_reading_it():
    """OPS-01: nothing is counted twice."""
    meter = MongoMeter()

    class Event:
        command_name, duration_micros = "find", 3000

    meter.succeeded(Event())  # type: ignore[arg-type]
    assert meter.drain() == {"query": {6: 1}}
    assert meter.drain() == {}


def test_inserts_that_failed_are_not_counted(client):
    """REQ-016: the insert rate is of what was inserted."""
    counters = LiveCounters(client)
    with pytest.raises(OSError), counters.inserting("autumn", 10):
        raise OSError
    with counters.inserting("autumn", 0):
        pass
    with counters.inserting("autumn", 5):
        pass
    counters.flush()
    assert read_live(client, "autumn").totals["inserted"] == 5
