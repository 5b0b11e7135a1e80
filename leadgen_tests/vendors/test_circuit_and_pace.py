"""A vendor that does not answer rests for everybody; one that says "slow down" is called more slowly, then faster again."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from leadgen_assets.vendors.condition import Circuit, Condition, ConditionQuery
from leadgen_assets.vendors.governor import CircuitOpen, RateGovernor, RateWindowClosed
from leadgen_assets.vendors.limits import Limits, Window
from leadgen_assets.vendors.lone_windows import LoneWindows
from leadgen_assets.vendors.pacing import Pacing, Word

SOON = Pacing(failures=3, rest=0.2, longest_rest=0.8, probe=0.6, recovery=1.0, settle=0.05)
NAMELESS: list[tuple[str, Window]] = []


@pytest.fixture(params=["shared", "alone"])
def governors(request: pytest.FixtureRequest, redis_url: str) -> Callable[..., tuple[RateGovernor, RateGovernor]]:
    """Two governors of one account: two processes with a Redis between them, or one process without."""

    def build(*windows: Window, **options: Any) -> tuple[RateGovernor, RateGovernor]:
        known = Limits({"apollo": {"search": windows}, "hunter": {"find": ()}})
        given = {"pacing": SOON, "rest_patience": 0.0, "prefix": f"leadgen:rate:test-{uuid.uuid4().hex[:8]}", **options}
        if request.param == "alone":
            lone = RateGovernor(known, None, lone_share=1.0, **given)
            return lone, lone
        return RateGovernor(known, redis_url, **given), RateGovernor(known, redis_url, **given)

    return build


def run(story: Callable[[], Awaitable[None]], *governors: RateGovernor) -> None:
    async def whole() -> None:
        try:
            await story()
        finally:
            for each in governors:
                await each.aclose()

    asyncio.run(whole())


async def fails(governor: RateGovernor, times: int) -> None:
    for _ in range(times):
        await governor.report("apollo", answered=False)


def test_after_failures_in_a_row_nobody_calls_and_others_are_called(
    governors: Callable[..., tuple[RateGovernor, RateGovernor]],
) -> None:
    """PHX-04: the circuit of one vendor opens for every process; other vendors are not concerned."""
    one, other = governors()

    async def story() -> None:
        await fails(one, 2)
        assert (await other.acquire("apollo", "search")).waited == 0.0
        await fails(other, 1)
        for each in (one, other):
            with pytest.raises(CircuitOpen, match="apollo does not answer") as told:
                await each.acquire("apollo", "search")
            assert 0 < told.value.seconds <= 0.2
        assert (await one.acquire("hunter", "find")).waited == 0.0

    run(story, one, other)


def test_an_answer_in_between_starts_the_count_again(
    governors: Callable[..., tuple[RateGovernor, RateGovernor]],
) -> None:
    """PHX-04: errors now and then are no outage."""
    one, other = governors()

    async def story() -> None:
        for _ in range(4):
            await fails(one, 2)
            await other.acquire("apollo", "search")
            await other.report("apollo", answered=True)
        assert (await one.acquire("apollo", "search")).waited == 0.0

    run(story, one, other)


def test_one_probe_goes_out_and_decides_for_all(
    governors: Callable[..., tuple[RateGovernor, RateGovernor]],
) -> None:
    """PHX-04, half open: others wait for the probe; its failure makes the rest longer, its answer ends it."""
    one, other = governors()

    async def story() -> None:
        await fails(one, 3)
        await asyncio.sleep(0.25)
        await one.acquire("apollo", "search")
        with pytest.raises(CircuitOpen):
            await other.acquire("apollo", "search")
        await fails(one, 1)
        with pytest.raises(CircuitOpen) as told:
            await one.acquire("apollo", "search")
        assert 0.2 < told.value.seconds <= 0.4
        await asyncio.sleep(0.45)
        await other.acquire("apollo", "search")
        await other.report("apollo", answered=True)
        assert (await one.acquire("apollo", "search")).waited == 0.0

    run(story, one, other)


def test_a_probe_that_died_is_replaced(governors: Callable[..., tuple[RateGovernor, RateGovernor]]) -> None:
    """NFR-007: a process killed with the probe in its hands keeps the vendor closed only for a while."""
    one, other = governors()

    async def story() -> None:
        await fails(one, 3)
        await asyncio.sleep(0.25)
        await one.acquire("apollo", "search")
        await asyncio.sleep(0.65)
        assert (await other.acquire("apollo", "search")).waited == 0.0

    run(story, one, other)


def test_a_short_rest_is_waited_for(governors: Callable[..., tuple[RateGovernor, RateGovernor]]) -> None:
    """NFR-006: a second's outage costs a second, not the run."""
    one, other = governors(rest_patience=5.0)

    async def story() -> None:
        await fails(one, 3)
        assert (await other.acquire("apollo", "search")).waited >= 0.15

    run(story, one, other)


def test_rejections_halve_the_pace_and_time_brings_it_back(
    governors: Callable[..., tuple[RateGovernor, RateGovernor]],
) -> None:
    """PHX-09: multiplicative decrease, additive increase, never above what is documented."""
    one, other = governors(Window(requests=64, seconds=0.4), patience=0.0)

    async def granted() -> int:
        for number in range(100):
            try:
                await other.acquire("apollo", "search")
            except RateWindowClosed:
                return number
        return 100

    async def story() -> None:
        await one.penalise("apollo", "search", 0.0)
        await one.penalise("apollo", "search", 0.0)  # of a call that was on its way: counts once
        slow = await granted()
        assert 30 <= slow <= 48
        await asyncio.sleep(1.0)
        assert await granted() == 64

    run(story, one, other)


@given(steps=st.lists(st.tuples(st.floats(0, 30), st.sampled_from(["ask", "fail", "answer"])), max_size=60))
def test_a_circuit_always_opens_in_time_and_never_stays_open(steps: list[tuple[float, str]]) -> None:
    """PHX-04, whatever happens when: after the failures allowed it is open, and after the longest rest one may probe."""
    alone, now, failures = LoneWindows(Pacing()), 0.0, 0
    for gap, what in steps:
        now += gap
        if what == "answer":
            alone.report("apollo", now, answered=True)
            failures = 0
            assert alone.grant("apollo", [], NAMELESS, now).word is Word.SOUND
        elif what == "fail":
            rest = alone.report("apollo", now, answered=False)
            failures += 1
            assert rest <= Pacing().longest_rest
            if failures == Pacing().failures:
                assert rest > 0
        elif failures < Pacing().failures:
            assert alone.grant("apollo", [], NAMELESS, now).wait == 0.0
    assert alone.grant("apollo", [], NAMELESS, now + Pacing().longest_rest + Pacing().probe).wait == 0.0


def test_the_clock_is_not_asked_for_a_sound_vendor(redis_url: str) -> None:
    """NFR: an answer costs no round trip unless failures are on record."""
    one = RateGovernor(
        Limits({"apollo": {"search": ()}}), redis_url, prefix=f"leadgen:rate:test-{uuid.uuid4().hex[:8]}"
    )

    async def story() -> None:
        await one.acquire("apollo", "search")
        one._away_until = time.monotonic() + 60  # nothing could be asked now
        await one.report("apollo", answered=True)
        assert not one._is_away_known

    run(story, one)


def test_what_the_governor_knows_can_be_looked_at(redis_url: str) -> None:
    """OPS-01, PHX-04: closed, open with the time of the next probe, probing, closed again; and the pace."""
    prefix = f"leadgen:rate:test-{uuid.uuid4().hex[:8]}"
    pacing = Pacing(failures=3, rest=30.0, recovery=0.0001)
    limits = Limits({"apollo": {"search": (Window(requests=100, seconds=60),)}})
    governor = RateGovernor(limits, redis_url, pacing=pacing, rest_patience=0.0, prefix=prefix)

    def look() -> Condition:
        with Redis.from_url(redis_url) as client:
            pipeline = client.pipeline(transaction=False)
            query = ConditionQuery(["hunter", "apollo"], pacing, prefix)
            query.queue(pipeline)
            found = query.parse(pipeline.execute())
        assert found["hunter"] == Condition()
        return found["apollo"]

    async def story() -> None:
        assert look() == Condition()
        await fails(governor, 3)
        seen = look()
        assert (seen.circuit, seen.failures, seen.is_open) == (Circuit.OPEN, 3, True)
        assert 0 < seen.next_probe <= 30
        with Redis.from_url(redis_url) as client:
            client.hset(f"{prefix}:apollo:circuit", "resting_until", "1")
        assert (look().circuit, look().next_probe) == (Circuit.PROBING, 0.0)
        await governor.report("apollo", answered=True)
        assert not look().is_open
        await governor.penalise("apollo", "search", 0.01)
        assert look().pace == pytest.approx(0.5, abs=0.01)

    run(story, governor)
