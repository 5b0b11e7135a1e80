"""Pulses of runs: who is silent, who only seems so, and that a run which was taken for dead notices."""

from __future__ import annotations

import threading
import time

import pytest
from redis import Redis

from leadgen_assets.stores.pulse import PREFIX, SINCE, Pulses, machine
from leadgen_assets.stores.redis_connection import connect_redis

SILENCE = 60.0


@pytest.fixture
def pulses(redis_client: Redis) -> Pulses:
    return Pulses(redis_client, SILENCE)


def _listening_for(redis_client: Redis, seconds: float) -> None:
    """As if Redis had been heard of without a gap for so long."""
    redis_client.set(SINCE, int(redis_client.time()[0] - seconds), px=int(SILENCE * 1000))


def test_a_run_without_a_pulse_is_silent_and_one_with_is_not(pulses: Pulses, redis_client: Redis) -> None:
    """NFR-006: what lets another machine take up a killed worker's run."""
    _listening_for(redis_client, SILENCE + 1)
    assert pulses.beat("alive")
    assert pulses.silent(["alive", "gone"]) == {"gone"}
    assert pulses.silent([]) == set()
    assert 0 < redis_client.pttl(f"{PREFIX}:alive") <= SILENCE * 1000
    assert redis_client.get(f"{PREFIX}:alive") == machine()


def test_nobody_is_silent_after_a_gap_of_redis_itself(pulses: Pulses, redis_client: Redis) -> None:
    """NFR-007: a Redis that was away, or was emptied, has no pulse of runs that live; they are given time to beat."""
    assert pulses.silent(["lives"]) == set()  # this look begins to listen
    assert redis_client.exists(SINCE)
    assert pulses.silent(["lives"]) == set()
    _listening_for(redis_client, SILENCE + 1)
    assert pulses.silent(["lives"]) == {"lives"}
    redis_client.flushdb()
    assert pulses.silent(["lives"]) == set()


def test_nobody_is_silent_while_redis_is_away() -> None:
    """NFR-007: an unreachable Redis is no reason to give a run up."""
    with connect_redis("redis://127.0.0.1:9/0") as away:
        assert Pulses(away, SILENCE).silent(["lives"]) == set()


def test_a_run_that_was_taken_for_dead_is_told(redis_client: Redis, redis_url: str) -> None:
    """NFR-007: a machine that slept wakes up while another does its work; two must not do it."""
    pulses, told = Pulses(connect_redis(redis_url), 1.0), threading.Event()
    with pulses.beating("r", taken_for_dead=told.set):
        assert not told.is_set()
        pulses.end("r")
        assert told.wait(30)
    _listening_for(redis_client, SILENCE)
    assert pulses.silent(["r"]) == {"r"}
    assert not pulses.beat("r")


def test_a_run_beats_for_as_long_as_it_lives_and_a_little_longer(redis_client: Redis) -> None:
    """NFR-006: between the end of its work and Dagster's record of it, a run is not silent."""
    pulses = Pulses(redis_client, 1.0)
    with pulses.beating("r", taken_for_dead=pytest.fail):
        redis_client.delete(f"{PREFIX}:r")
        deadline = time.monotonic() + 30
        while not redis_client.exists(f"{PREFIX}:r"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert redis_client.exists(f"{PREFIX}:r")
    assert "pulse" not in {each.name for each in threading.enumerate()}
