"""Live counters: seconds behind, never in the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.stores.live import LiveCounters, LiveFigures, bucket, bucket_seconds, quantile
from leadgen_assets.stores.redis_connection import connect_redis, warm_up


@pytest.fixture
def client(redis_url, redis_client):
    with connect_redis(redis_url) as connected:
        yield connected


def test_counts_of_many_processes_add_up(client):
    """REQ-021: each with its own object and threads, one sum."""

    def count(_: int) -> None:
        counters = LiveCounters(client)
        for _ in range(50):
            counters.add("autumn", "apollo-1", {"delivered": 2, "leads": 1})
            counters.call("autumn", "apollo", "search", "ok", 0.02)
        assert counters.flush()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    figures = LiveCounters(client).read("autumn")
    assert figures.segments == {"apollo-1": {"delivered": 800, "leads": 400}}
    assert figures.calls == {"apollo": {"search:ok": 400}}
    assert sum(figures.pace.values()) == 400
    assert sum(figures.latencies["apollo"]["search"].values()) == 400
    assert client.hget("leadgen:live:autumn:apollo-1", "leads") == b"400"


def test_counts_arrive_without_being_flushed(client):
    """REQ-021: an idle collector's last counts are sent by themselves."""
    counters = LiveCounters(client)
    counters.add("autumn", "apollo-1", {"leads": 1})
    counters._timer.join(timeout=30)
    assert LiveCounters(client).read("autumn").segments == {"apollo-1": {"leads": 1}}


def test_an_absent_redis_costs_one_log_line_and_no_count(client, caplog):
    """REQ-010, REQ-022: nothing raises; what waited is sent when it is back."""
    counters = LiveCounters(connect_redis("redis://127.0.0.1:9/0"))
    for _ in range(3):
        counters.add("autumn", "apollo-1", {"leads": 1})
        counters.timing("autumn", "claim", 0.003)
        assert not counters.flush()
    assert counters.read("autumn") == LiveFigures()
    counters.reset("autumn", {"apollo-1": {}})
    assert len([each for each in caplog.records if "wait" in each.message]) == 1
    counters._redis = client
    assert counters.flush()
    figures = counters.read("autumn")
    assert figures.segments == {"apollo-1": {"leads": 3}}
    assert figures.timings == {"claim": {bucket(0.003): 3}}


def test_counters_can_be_put_to_what_the_database_says(client):
    """OPS-02: after a flush or a crash the figures are exact again."""
    counters = LiveCounters(client)
    counters.add("autumn", "apollo-1", {"leads": 7, "odd": 1})
    counters.flush()
    counters.reset("autumn", {"apollo-1": {"leads": 5}, "zoominfo": {}})
    assert counters.read("autumn").segments == {"apollo-1": {"leads": 5}, "zoominfo": {}}


def test_our_own_steps_are_timed(client):
    """REQ-010: the duplicate check's duration is on the dashboard, also when the step fails."""
    counters = LiveCounters(client)
    with pytest.raises(KeyError), counters.timed("autumn", "claim"):
        raise KeyError
    counters.flush()
    assert sum(counters.read("autumn").timings["claim"].values()) == 1


def test_a_pool_is_warmed_up(redis_url):
    """DE-03: five connections before the first page, twenty at most."""
    with connect_redis(redis_url) as client:
        warm_up(client)
        assert client.connection_pool.max_connections == 20
        assert client.ping()


@given(st.floats(0, 3600))
def test_a_bucket_holds_its_durations(seconds):
    """OPS-01: the upper end is at most √2 above, from half a millisecond up."""
    number = bucket(seconds)
    assert seconds <= bucket_seconds(number) * 1.000001
    assert number == 0 or seconds > bucket_seconds(number - 1) * 0.999999


def test_a_quantile_is_the_end_of_its_bucket():
    """OPS-01: p50 and p95 from counts."""
    counts = {bucket(0.01): 94, bucket(1.0): 6}
    assert quantile(counts, 0.5) == bucket_seconds(bucket(0.01))
    assert quantile(counts, 0.95) == bucket_seconds(bucket(1.0))
    assert quantile({}, 0.5) is None
