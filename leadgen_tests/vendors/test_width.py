"""PHX-09: calls at once follow the measured latency and the documented rate, within bounds."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.vendors.contracts import CallRecord, Verdict
from leadgen_assets.vendors.limits import Limits, Window
from leadgen_assets.vendors.width import LEAST, MOST, Turnstile, Widths, width

RATES = st.floats(0.01, 1000)
LATENCIES = st.floats(0, 60)
LIMITS = Limits(
    {"apollo": {"match": (Window(requests=10, seconds=1), Window(requests=6000, seconds=3600)), "free": ()}}
)


@given(rate=st.none() | RATES, latency=st.none() | LATENCIES, fixed=st.integers(1, 100))
def test_a_width_is_always_within_its_bounds(rate: float | None, latency: float | None, fixed: int) -> None:
    """PHX-09: bounded, whatever is measured."""
    assert LEAST <= width(rate, latency, fixed) <= MOST


@given(rate=RATES, latency=LATENCIES)
def test_a_width_suffices_for_the_rate_unless_it_is_at_its_bound(rate: float, latency: float) -> None:
    """PHX-09, Little's law: the allowed rate is reached at the measured latency."""
    calls = width(rate, latency, 8)
    assert calls == MOST or calls >= rate * latency


@given(rates=st.tuples(RATES, RATES), latencies=st.tuples(LATENCIES, LATENCIES))
def test_a_slower_or_wider_vendor_never_gets_a_smaller_width(
    rates: tuple[float, float], latencies: tuple[float, float]
) -> None:
    """PHX-09: the width follows, in the right direction."""
    assert width(min(rates), min(latencies), 8) <= width(max(rates), max(latencies), 8)


def answered(seconds: float, operation: str = "match") -> CallRecord:
    return CallRecord("apollo", operation, Verdict.OK, seconds, 200)


def test_the_width_follows_the_answers_and_every_change_is_told() -> None:
    """PHX-09: visible, and fixed until enough is known; the tightest window counts."""
    told: list[tuple[str, str, int]] = []
    widths = Widths(LIMITS, lambda *change: told.append(change))
    assert widths.of("apollo", "match", 8) == 8

    for _ in range(200):
        widths.observe(answered(0.1))
    assert widths.of("apollo", "match", 8) == LEAST
    for _ in range(200):
        widths.observe(answered(4.0))
    assert widths.of("apollo", "match", 8) == 10  # 6,000 an hour, four seconds each, half again as many
    assert widths.of("apollo", "match", 8) == 10
    assert told == [("apollo", "match", 8), ("apollo", "match", LEAST), ("apollo", "match", 10)]


def test_what_nobody_limits_or_measures_keeps_the_fixed_width() -> None:
    """PHX-09: off by a switch (no limits given), and nothing is guessed."""
    off, on = Widths(), Widths(LIMITS)
    for each in (off, on):
        for operation in ("match", "free", "unheard-of"):
            for _ in range(50):
                each.observe(answered(30.0, operation))
    assert off.of("apollo", "match", 8) == 8
    assert on.of("apollo", "match", 8) == MOST
    assert on.of("apollo", "free", 8) == 8
    assert on.of("apollo", "unheard-of", 8) == 8


def test_a_turnstile_lets_in_what_it_may_now() -> None:
    """PHX-09: a width that grows or shrinks counts at once, also after an error inside."""
    most, inside, seen = 2, 0, []

    async def visit() -> None:
        nonlocal inside, most
        async with turnstile:
            inside += 1
            seen.append(inside)
            await asyncio.sleep(0)
            inside -= 1
            if len(seen) == 4:
                most = 3
                raise ValueError("inside")

    async def run() -> None:
        await asyncio.gather(*(visit() for _ in range(12)), return_exceptions=True)

    turnstile = Turnstile(lambda: most)
    asyncio.run(run())
    assert max(seen[:4]) == 2
    assert max(seen) == 3
    assert (len(seen), inside) == (12, 0)


def test_an_exit_wakes_only_those_who_may_come_in() -> None:
    """Issue 5: thousands wait at once; waking all of them each time made enrichment take twice as long."""
    looks = 0

    def most() -> int:
        nonlocal looks
        looks += 1
        return 4

    async def visit() -> None:
        async with turnstile:
            await asyncio.sleep(0)

    async def run() -> None:
        await asyncio.gather(*(visit() for _ in range(500)))

    turnstile = Turnstile(most)
    asyncio.run(run())
    assert looks < 500 * 5
