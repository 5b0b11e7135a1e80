"""One look a second for all viewers; the whole state once, then what changed."""

from __future__ import annotations

import asyncio
import copy
import json
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.desk.dashboard import loops
from leadgen_assets.desk.dashboard.changes import applied, changes
from leadgen_assets.desk.dashboard.fresh import FreshReader
from leadgen_assets.desk.dashboard.hub import AT_MOST, Hub, TooMany
from leadgen_assets.stores.errors import StoreMissing
from leadgen_assets.stores.metrics import MetricSeries
from leadgen_tests.desk.dashboard import scene
from leadgen_tests.desk.dashboard.conftest import Desk
from leadgen_tests.desk.dashboard.served import Scripted, served

_plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
_json = st.recursive(
    _plain,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(_json, _json)
def test_changes_turn_one_state_into_the_other(before: Any, after: Any) -> None:
    """Issue: full state on connect, then only changes; true for whatever JSON can say, `null` included."""
    asked = copy.deepcopy(before)
    assert json.dumps(applied(before, changes(before, after)), sort_keys=True) == json.dumps(after, sort_keys=True)
    assert before == asked


def test_a_second_of_a_sprint_is_a_few_hundred_bytes() -> None:
    """Issue: only changes are sent."""
    before, after = (
        scene.state(),
        scene.state(progress={"collected": 14_110, "leads": 13_153}, at="2026-11-22T16:00:02Z"),
    )
    after["segments"][4]["leads"] += 3
    assert len(json.dumps(changes(before, after))) < 300 < len(json.dumps(after)) / 20


def desk_state(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "desk": {"parts": [], "gate_checks": {}}}


def events(text: str) -> list[tuple[str, Any]]:
    """(event, data) of a piece of the stream."""
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def test_many_viewers_cost_one_look_and_none_when_they_have_gone() -> None:
    """Issue: one task computes the state for all viewers and stops when no viewer is there."""
    reads = []

    def read(sprint: str | None) -> dict[str, Any]:
        reads.append(sprint)
        return desk_state(scene.state(progress={"collected": len(reads)}))

    async def watch() -> None:
        hub = Hub(read, seconds=0.02)
        async with AsyncExitStack() as stack:
            channels = [await stack.enter_async_context(hub.watch(None)) for _ in range(5)]
            assert len(reads) == 1
            first = channels[0].version
            said = await asyncio.gather(*(each.next(first, 5) for each in channels))
            assert len(set(said)) == 1
            assert hub.viewers == 5
        assert not hub.is_at_work
        then = len(reads)
        await asyncio.sleep(0.1)
        assert len(reads) == then

    asyncio.run(watch())


def test_who_missed_something_gets_the_whole_state() -> None:
    """Issue: a slow viewer is right again with the next event."""
    state = scene.state()
    number = iter(range(1, 1000))

    async def watch() -> None:
        hub = Hub(lambda _: desk_state({**state, "at": f"2026-11-22T16:00:{next(number) % 60:02}Z"}), seconds=0.01)
        async with hub.watch(None) as channel:
            seen = channel.version
            while channel.version < seen + 3:
                await channel.next(channel.version, 5)
            assert events(await channel.next(seen, 5))[0][0] == "state"
            assert events(await channel.next(channel.version - 1, 5))[0][0] == "change"

    asyncio.run(watch())


def test_a_broken_reader_is_said_and_the_last_figures_stay(caplog: pytest.LogCaptureFixture) -> None:
    """Issue: survives; the reason is told by its type only."""
    reader = Scripted(scene.state())

    async def watch() -> None:
        hub = Hub(lambda sprint: desk_state(reader.read(sprint)), seconds=0.01)
        async with hub.watch(None) as channel:
            reader.problem = RuntimeError("ada@example.com")
            while not channel.state["desk"]["parts"]:
                await channel.next(channel.version, 5)
            assert channel.state["progress"]["collected"] == 14107
            assert "RuntimeError" in channel.state["desk"]["parts"][0]["says"]
            reader.problem = None
            while channel.state["desk"]["parts"]:
                await channel.next(channel.version, 5)

    asyncio.run(watch())
    assert "ada" not in caplog.text


def test_a_silent_reader_is_told_from_a_lost_connection() -> None:
    """Issue: a store that takes its time is no lost connection: something is sent all the same."""
    slow = threading.Event()
    states = iter([scene.state()])

    def read(_: str | None) -> dict[str, Any]:
        found = next(states, None)
        if found is None:
            slow.wait(5)
        return desk_state(found or scene.state())

    async def watch() -> None:
        hub = Hub(read, seconds=0.01)
        async with hub.watch(None) as channel:
            assert events(await channel.next(channel.version, 0.05)) == [("beat", {})]
            slow.set()

    asyncio.run(watch())


def test_not_everything_can_be_watched_at_once() -> None:
    """Issue: CPU matters; an unknown sprint leaves nothing behind."""

    def read(sprint: str | None) -> dict[str, Any]:
        if sprint == "nowhere":
            raise StoreMissing("no sprint is open as 'nowhere'")
        return desk_state(scene.state())

    async def watch() -> None:
        hub = Hub(read)
        async with AsyncExitStack() as stack:
            for number in range(AT_MOST):
                await stack.enter_async_context(hub.watch(str(number)))
            with pytest.raises(TooMany):
                await stack.enter_async_context(hub.watch("one more"))
        with pytest.raises(StoreMissing):
            async with hub.watch("nowhere"):
                pass
        assert hub.viewers == 0

    asyncio.run(watch())


def test_the_stream_over_http(desk: Desk) -> None:
    """REQ-021: state with an id and a retry time, the past of the charts, then changes and points."""
    MetricSeries(desk.stores.db).append(scene.NOW, scene.SPRINT, {"collected": 14_000.0})
    with (
        served(desk.app) as server,
        httpx.stream("GET", f"{server.url}/api/stream", timeout=10, trust_env=False) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        said = ""
        for piece in answer.iter_text():
            said += piece
            desk.reader.state = scene.state(progress={"collected": 15_000})
            if '["progress","collected"],15000' in said:
                break
    assert said.startswith("retry: 1000\n\nid: ")
    found = events(said)
    assert [name for name, _ in found][:2] == ["state", "series"]
    assert found[1][1]["values"]["collected"] == [14_000.0]
    sent = [change for name, data in found if name == "change" for change in data]
    assert [["progress", "collected"], 15_000] in sent


def test_a_look_within_the_same_second_is_shared() -> None:
    """Issue: viewers, recorder and alert rules share one look."""
    below = Scripted(scene.state())
    reader = FreshReader(below, seconds=60)
    assert reader.read() is reader.read()
    reader.read("another")
    assert below.reads == 2


@pytest.mark.parametrize("make", [RuntimeError, ValueError])
def test_a_failing_part_is_shown_and_stops_nothing(
    make: Callable[[str], Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """Issue: a failing loop is logged by its type only and shown, never stops the page."""
    problems: list[Exception | None] = [make("ada@example.com"), make("ada@example.com"), None]

    def tick() -> None:
        problem = problems.pop(0)
        if problem:
            raise problem

    loop = loops.Loop("recorder", tick, 1, "Figures are not recorded")
    loop.once()
    loop.once()
    shown = loop.to_json()
    assert not shown["ok"]
    assert shown["says"].startswith(f"Figures are not recorded ({make.__name__}) since")
    assert len([each for each in caplog.records if "does not work" in each.message]) == 1
    loop.once()
    assert loop.to_json() == {"name": "recorder", "ok": True, "says": ""}
    assert "ada" not in caplog.text


def test_parts_run_until_told_to_stop() -> None:
    """Issue: each in a thread of its own, ended in order."""
    ticked = threading.Event()
    loop = loops.Loop("alerts", ticked.set, 0.01, "")
    with loops.running([loop]):
        assert ticked.wait(5)
    assert not any(each.name == "desk-alerts" for each in threading.enumerate())


def test_an_open_stream_does_not_hold_the_stop(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Issue: the server ends in order while pages are open, without a word in the log."""
    with (
        served(desk.app) as server,
        httpx.stream("GET", f"{server.url}/api/stream", timeout=10, trust_env=False) as answer,
    ):
        pieces = answer.iter_text()
        assert next(pieces).startswith("retry:")
        server.stop()
        assert all(isinstance(each, str) for each in pieces)
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []
