"""Steps of many purchases done in one go: what is collected together, and that each gets its own answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from leadgen_assets.collection.together import Together


def test_what_is_asked_meanwhile_goes_together_and_each_has_its_answer() -> None:
    """Issue 5, collection: one write for all that wait; a lone one waits for nobody."""
    batches: list[list[int]] = []
    held = threading.Event()

    def doubled(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        if len(batches) == 1:
            held.wait(30)
        return [2 * each for each in items]

    async def ask() -> list[int]:
        both = Together(doubled)
        first = asyncio.create_task(both(1))
        while not batches:  # noqa: ASYNC110 - it is a thread that begins
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(both(each)) for each in range(2, 20)]
        await asyncio.sleep(0)
        held.set()
        return await asyncio.gather(first, *others)

    assert asyncio.run(ask()) == [2 * each for each in range(1, 20)]
    assert batches == [[1], list(range(2, 20))]


def test_an_error_is_told_to_all_whom_it_concerns_and_to_nobody_later() -> None:
    """NFR-007: a write that failed is not taken for done; one caller that gave up keeps nobody from an answer."""
    is_away = True

    def written(items: Sequence[str]) -> list[str]:
        if is_away:
            raise ConnectionError("away")
        return list(items)

    async def ask() -> None:
        nonlocal is_away
        write = Together(written)
        assert [type(each) for each in await asyncio.gather(write("a"), write("b"), return_exceptions=True)] == [
            ConnectionError,
            ConnectionError,
        ]
        is_away = False
        given_up, other = asyncio.create_task(write("c")), asyncio.create_task(write("d"))
        await asyncio.sleep(0)
        given_up.cancel()
        assert await other == "d"
        with pytest.raises(asyncio.CancelledError):
            await given_up

    asyncio.run(ask())
