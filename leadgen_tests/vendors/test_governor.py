"""Rate windows: shared through a real Redis, kept by every worker, and by a lone process when Redis is away."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
import uuid
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from leadgen_assets.vendors.governor import RateGovernor, RateWindowClosed
from leadgen_assets.vendors.limits import Limits, LimitsError, Window
from leadgen_assets.vendors.lone_windows import LoneWindows

WINDOWS = st.lists(
    st.builds(Window, requests=st.integers(1, 12), seconds=st.sampled_from([0.05, 0.1, 0.25])), min_size=1, max_size=3
)

BRISK = st.lists(
    st.builds(Window, requests=st.integers(2, 9), seconds=st.sampled_from([0.05, 0.1])), min_size=1, max_size=3
)


def limits(*windows: Window, together: tuple[Window, ...] = ()) -> Limits:
    operations = {"search": tuple(windows), "match": ()}
    return Limits({"apollo": {**operations, "*": together} if together else operations})


def governor(redis_url: str | None, known: Limits, **options: object) -> RateGovernor:
    return RateGovernor(known, redis_url, prefix=f"leadgen:rate:test-{uuid.uuid4().hex[:8]}", **options)  # type: ignore[arg-type]


def most_in_any(span: float, times: list[float]) -> int:
    ordered = sorted(times)
    return max(sum(1 for each in ordered[at:] if each - start <= span) for at, start in enumerate(ordered))


def granted(redis: Redis, key: str) -> list[float]:
    """When the server granted, in seconds of its own clock."""
    return [int(each) / 1e6 for each in redis.lrange(key, 0, -1)]  # type: ignore[union-attr]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(windows=BRISK, workers=st.integers(2, 4))
def test_no_window_ever_holds_more_grants_than_it_allows(redis_url: str, windows: list[Window], workers: int) -> None:
    """TL-02: never more than the allowed calls in any window, with several workers at once."""
    prefix = f"leadgen:rate:test-{uuid.uuid4().hex[:8]}"
    # A wide extra window only keeps the record of all grants.
    known = limits(*windows, Window(requests=100_000, seconds=50))

    async def worker() -> None:
        own = RateGovernor(known, redis_url, prefix=prefix)
        for _ in range(4):
            await own.acquire("apollo", "search")
        await own.aclose()

    async def run() -> None:
        await asyncio.gather(*(worker() for _ in range(workers)))

    asyncio.run(run())
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        times = granted(redis, f"{prefix}:apollo:search:50")
    assert len(times) == workers * 4
    for window in windows:
        assert most_in_any(window.seconds, times) <= window.requests


WORKER = """
import asyncio, sys
from leadgen_assets.vendors.governor import RateGovernor
from leadgen_assets.vendors.limits import Limits, Window
async def run():
    known = Limits({"apollo": {"search": (Window(requests=5, seconds=0.3), Window(requests=99999, seconds=50))}})
    own = RateGovernor(known, sys.argv[1], prefix=sys.argv[2])
    for _ in range(6):
        await own.acquire("apollo", "search")
    await own.aclose()
asyncio.run(run())
"""


def test_several_processes_keep_one_window(redis_url: str, redis_client: Redis) -> None:
    """Design 9: rate limits are shared between processes through Redis."""
    prefix = f"leadgen:rate:test-{uuid.uuid4().hex[:8]}"
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, redis_url, prefix]) for _ in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]

    times = granted(redis_client, f"{prefix}:apollo:search:50")
    assert len(times) == 18
    assert most_in_any(0.3, times) <= 5


def test_the_windows_of_a_whole_vendor_count_every_operation(redis_url: str) -> None:
    """vendors.md §3.2: ZoomInfo counts per account, Bright Data's pace is over all calls."""
    pace = Window(requests=1, seconds=0.2)

    async def run() -> list[float]:
        own = governor(redis_url, limits(together=(pace,)))
        at = []
        for operation in ("search", "match", "anything"):
            await own.acquire("apollo", operation)
            at.append(time.monotonic())
        await own.aclose()
        return at

    assert all(later - earlier >= 0.19 for earlier, later in pairwise(asyncio.run(run())))


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_penalty_makes_every_worker_wait(redis_url: str, is_shared: bool) -> None:
    """vendors.md §8.1: after a 429 all processes wait, and rejections are counted."""

    async def run() -> tuple[int, int, float]:
        pauses: list[float] = []

        async def pause(seconds: float) -> None:
            pauses.append(seconds)
            await asyncio.sleep(seconds)

        first = governor(redis_url if is_shared else None, limits(), sleep=pause)
        other = first if not is_shared else RateGovernor(limits(), redis_url, prefix=first._prefix, sleep=pause)
        strikes = [await first.penalise("apollo", "search", 0.3), await first.penalise("apollo", "search", 0.1)]
        waited = (await other.acquire("apollo", "search")).waited
        assert (await other.acquire("apollo", "match")).waited == 0.0
        for each in {first, other}:
            await each.aclose()
        return strikes[0], strikes[1], waited

    once, twice, waited = asyncio.run(run())
    assert (once, twice) == (1, 2)
    assert waited >= 0.2


def test_a_window_further_away_than_patience_is_told_instead_of_waited_for(redis_url: str) -> None:
    """vendors.md §1.9: when a day window is empty, end the step cleanly."""

    async def run() -> None:
        own = governor(redis_url, limits(Window(requests=1, seconds=3000)), patience=10)
        await own.acquire("apollo", "search")
        try:
            with pytest.raises(RateWindowClosed, match=r"apollo search: .* another 30\d\d s"):
                await own.acquire("apollo", "search")
        finally:
            await own.aclose()

    asyncio.run(run())


def test_without_redis_a_process_keeps_a_fifth_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    """REQ-010's rule for rates: Redis away is slower, never wrong."""
    caplog.set_level(logging.WARNING)

    async def run() -> int:
        own = governor("redis://127.0.0.1:9/0", limits(Window(requests=100, seconds=60)), patience=0)
        for grants in range(101):
            try:
                await own.acquire("apollo", "search")
            except RateWindowClosed:
                return grants
        return -1

    assert asyncio.run(run()) == 20
    assert sum("Redis is away" in record.message for record in caplog.records) == 1


@given(
    windows=WINDOWS,
    gaps=st.lists(st.floats(0, 0.2, allow_nan=False), min_size=1, max_size=60),
)
def test_a_lone_process_never_exceeds_a_window_either(windows: list[Window], gaps: list[float]) -> None:
    """TL-02: the fallback keeps the same promise."""
    local, now, times = LoneWindows(), 1000.0, []
    named = [(f"w{number}", window) for number, window in enumerate(windows)]
    for gap in gaps:
        now += gap
        while (wait := local.grant("apollo", [], named, now).wait) > 0:
            now += wait
        times.append(now)
    for window in windows:
        assert most_in_any(window.seconds, times) <= window.requests


@given(requests=st.integers(1, 1000), seconds=st.floats(0.5, 1000), share=st.floats(0.01, 1))
def test_a_share_of_a_window_is_never_faster_than_the_share(requests: int, seconds: float, share: float) -> None:
    """TL-02: reducing a window really reduces it, also when it holds a single call."""
    kept = Window(requests=requests, seconds=seconds).kept(share)

    assert kept.requests / kept.seconds <= requests / seconds * share * (1 + 1e-9)


def test_unknown_vendors_and_operations_are_told_with_the_known_ones() -> None:
    """House rule: errors name the allowed values."""
    own = governor(None, limits())
    with pytest.raises(LimitsError, match="vendors: apollo"):
        asyncio.run(own.acquire("appollo", "search"))
    with pytest.raises(LimitsError, match="operations of apollo: match, search"):
        asyncio.run(own.acquire("apollo", "serach"))
