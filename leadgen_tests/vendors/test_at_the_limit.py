"""A vendor's whole allowance is used and never one call more, whoever calls and however long calls are on their way."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from leadgen_assets.vendors.arrivals import Arrivals, Grant
from leadgen_assets.vendors.governor import RateGovernor, RateWindowClosed
from leadgen_assets.vendors.limits import Limits, Window

SPAN = 1.2
CALLS = 24

MACHINE = """
import asyncio, sys
from leadgen_assets.settings import Settings
from leadgen_assets.vendors import registry
from leadgen_assets.vendors.contracts import SearchQuery
async def run():
    settings = Settings(_env_file=None)
    governor = registry.governor(settings)
    query = SearchQuery(titles=("PPC Manager",), locations=(), countries=("US",))
    async with registry.source("zoominfo", settings, governor) as vendor:
        async def caller():
            for _ in range(4):
                await vendor.count(query)
        await asyncio.gather(*(caller() for _ in range(8)))
    await governor.aclose()
asyncio.run(run())
"""
"""32 calls, eight at once."""


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """URL of sandbox vendors whose ZoomInfo allows CALLS in any SPAN seconds, and the file that tells our side so."""
    import uvicorn

    from leadgen_assets.sandbox.rates import load_limits
    from leadgen_assets.sandbox.server import build_app
    from leadgen_tests.sprint.vendors import world

    file = tmp_path / "limits.yaml"
    file.write_text(yaml.safe_dump({"zoominfo": {"*": [{"requests": CALLS, "seconds": SPAN}]}}))
    config = uvicorn.Config(
        build_app(world(), load_limits(file)), access_log=False, log_level="warning", lifespan="off"
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", file
        server.should_exit = server.force_exit = True
        thread.join(10)


def test_two_machines_on_one_account_are_never_rejected(
    vendor: tuple[str, Path], tmp_path: Path, redis_url: str, redis_client: Redis
) -> None:
    """TL-02, design 9: two homes that share Redis use every call the vendor allows, and the vendor, whose answers take
    longer by turns, counts no call too many."""
    url, limits = vendor
    shared = {**os.environ, "LEADGEN_REDIS_URL": redis_url, "LEADGEN_SANDBOX_URL": url, "LEADGEN_LIMITS": str(limits)}
    homes = [{**shared, "LEADGEN_MODE": "sandbox", "LEADGEN_HOME": str(tmp_path / name)} for name in ("one", "two")]
    machines = [subprocess.Popen([sys.executable, "-c", MACHINE], env=home) for home in homes]
    slow = False
    with httpx.Client(base_url=url, trust_env=False) as control:
        while any(machine.poll() is None for machine in machines):
            slow = not slow
            control.post("/_sandbox/faults/zoominfo", json={"latency_ms": 150 if slow else 0})
            time.sleep(SPAN / 3)
        counted = control.get("/_sandbox/calls").json()["zoominfo"]["operations"]["search"]

    assert [machine.returncode for machine in machines] == [0, 0]
    assert counted == {"200": 64}


def governor(redis_url: str | None, *windows: Window, **options: object) -> RateGovernor:
    prefix = f"leadgen:rate:test-{uuid.uuid4().hex[:8]}"
    return RateGovernor(Limits({"apollo": {"search": windows}}), redis_url, prefix=prefix, **options)  # type: ignore[arg-type]


def test_every_documented_call_may_be_made_and_no_more(redis_url: str) -> None:
    """TL-02: nothing of a window is left unused."""

    async def run() -> None:
        own = governor(redis_url, Window(requests=100, seconds=60), patience=0)
        for _ in range(100):
            assert (await own.acquire("apollo", "search")).waited == 0
        with pytest.raises(RateWindowClosed):
            await own.acquire("apollo", "search")
        await own.aclose()

    asyncio.run(run())


def test_a_call_that_may_have_arrived_late_keeps_its_slot_longer(redis_url: str, redis_client: Redis) -> None:
    """TL-02: the vendor counts a call when it arrives. What was late by less than can matter is left as it is."""
    short, long = Window(requests=3, seconds=50), Window(requests=3, seconds=5000)

    async def run() -> list[Grant]:
        own = governor(redis_url, short, long)
        grants = [await own.acquire("apollo", "search") for _ in range(3)]
        second = replace(grants[1], at=grants[1].at - 10)
        await own.report("apollo", answered=True, grant=second)
        await own.report("apollo", answered=True, grant=grants[2])
        await own.aclose()
        return [*grants, Grant("", own._prefix)]

    first, second, third, name = asyncio.run(run())
    held = [int(each) for each in redis_client.lrange(f"{name.operation}:apollo:search:50", 0, -1)]
    assert held[1:] == [third.slot, first.slot]
    assert second.slot is not None
    assert held[0] - second.slot >= 10_000_000
    untouched = [int(each) for each in redis_client.lrange(f"{name.operation}:apollo:search:5000", 0, -1)]
    assert untouched == [third.slot, second.slot, first.slot]


def told(arrivals: Arrivals, at: float, took: float) -> float:
    return arrivals.latest(Grant("apollo", "search", at=at), at + took)


def test_what_every_call_takes_is_not_lateness_once_it_is_known() -> None:
    """TL-02: only what a call took longer than the fastest may have passed before the vendor counted it."""
    arrivals = Arrivals()

    assert told(arrivals, 0.0, 0.5) == pytest.approx(0.5)
    assert told(arrivals, 1.0, 0.4) == pytest.approx(0.4)  # perhaps all of them were late until now
    assert told(arrivals, 100.0, 0.5) == pytest.approx(0.3)
    assert told(arrivals, 101.0, 0.4) == pytest.approx(0.2)


@given(calls=st.lists(st.tuples(st.floats(0.01, 0.3), st.floats(0.02, 0.2)), min_size=2, max_size=60))
def test_no_call_arrives_later_than_it_is_taken_to(calls: list[tuple[float, float]]) -> None:
    """TL-02: a call is not later than its lateness says, however long its answer takes, against the fastest way there,
    also when that is seen only later."""
    arrivals, fastest = Arrivals(), min(way for way, _ in calls)
    for number, (way, back) in enumerate(calls):
        known = min(way + back for way, back in calls[: number + 1])
        if known * 0.5 <= fastest + 0.02:
            assert way - fastest <= told(arrivals, 5.0 * number, way + back) + 1e-9
        else:
            told(arrivals, 5.0 * number, way + back)
