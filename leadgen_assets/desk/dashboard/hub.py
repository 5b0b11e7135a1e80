"""One task looks at the state each second for all viewers, and only while there are any."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leadgen_assets.desk.dashboard.backing import State
from leadgen_assets.desk.dashboard.changes import changes
from leadgen_assets.desk.dashboard.charted import point
from leadgen_assets.stores.errors import StoreMissing

log = logging.getLogger(__name__)

SECONDS = 1.0
POINT_SECONDS = 2.0
"""How often the charts get a point while a sprint runs."""
AT_MOST = 12
"""Different sprints that can be watched at the same time."""


class TooMany(Exception):
    """Too many sprints are watched already."""


@dataclass
class Channel:
    """One sprint (None: whichever is the latest) that somebody watches."""

    sprint: str | None
    viewers: int = 0
    version: int = 0
    state: State = field(default_factory=dict)
    _change: str = ""
    _point: str = ""
    _point_at: float = float("-inf")
    _full: tuple[int, str] = (0, "")
    _turn: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, state: State, moment: float) -> None:
        """A new look; wakes the viewers."""
        before, self.state = self.state, state
        self.version += 1
        self._change = event("change", changes(before, state), self.version) if self.version > 1 else ""
        self._point = ""
        if _is_running(state) and moment - self._point_at >= POINT_SECONDS:
            self._point_at = moment
            self._point = event("point", point(state))
        self.wake()

    def wake(self) -> None:
        """Let the viewers look."""
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()

    @property
    def full(self) -> str:
        """The whole state as an event."""
        if self._full[0] != self.version:
            self._full = (self.version, event("state", self.state, self.version))
        return self._full[1]

    async def next(self, seen: int, patience: float) -> str:
        """What a viewer who has seen a version needs next; a beat when nothing came within `patience` seconds."""
        if seen == self.version:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._turn.wait(), patience)
        if seen == self.version:
            return event("beat", {})
        return (self._change if seen == self.version - 1 else self.full) + self._point


class Hub:
    """Hands out channels and keeps them up to date."""

    def __init__(self, read: Callable[[str | None], State], seconds: float = SECONDS) -> None:
        self._read = read
        self._seconds = seconds
        self._channels: dict[str | None, Channel] = {}
        self._task: asyncio.Task[None] | None = None
        self.is_ending = False
        """Whether streams are to end, because the server does."""

    @property
    def is_at_work(self) -> bool:
        """Whether anybody watches."""
        return self._task is not None and not self._task.done()

    @property
    def viewers(self) -> int:
        """How many watch."""
        return sum(each.viewers for each in self._channels.values())

    def end(self) -> None:
        """Let every stream end by itself."""
        self.is_ending = True
        for each in self._channels.values():
            each.wake()

    @asynccontextmanager
    async def watch(self, sprint: str | None) -> AsyncIterator[Channel]:
        """A channel for as long as the block lasts. Raises `StoreMissing` for an unknown sprint, `TooMany`."""
        channel = self._channels.get(sprint)
        if channel is None:
            if len(self._channels) >= AT_MOST:
                raise TooMany(f"{AT_MOST} different sprints are being watched already; close a tab")
            channel = self._channels[sprint] = Channel(sprint)
        channel.viewers += 1
        try:
            if not channel.version:
                await self._look(channel)
            if not self.is_at_work:
                self._task = asyncio.create_task(self._work())
            yield channel
        finally:
            channel.viewers -= 1
            if not channel.viewers:
                self._channels.pop(sprint, None)
            if not self._channels and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            for channel in list(self._channels.values()):
                try:
                    await self._look(channel)
                except StoreMissing as error:
                    # a sprint that was there a second ago: the viewers keep what they have
                    log.warning("the state cannot be read: %s", error)
            await asyncio.sleep(max(0.05, self._seconds - (loop.time() - began)))

    async def _look(self, channel: Channel) -> None:
        state = await asyncio.to_thread(self._state, channel)
        channel.take(state, asyncio.get_running_loop().time())

    def _state(self, channel: Channel) -> State:
        """A fresh state; the last one with a word about it when the reading itself is broken."""
        try:
            return self._read(channel.sprint)
        except StoreMissing:
            raise
        except Exception as error:
            if not channel.state:
                raise
            says = f"The state cannot be read ({type(error).__name__}); these are the last known figures."
            log.warning("the state cannot be read: %s", type(error).__name__)
            part = {"name": "state", "ok": False, "says": says}
            others = [each for each in channel.state["desk"]["parts"] if each["name"] != "state"]
            return {**channel.state, "desk": {**channel.state["desk"], "parts": [*others, part]}}


def event(name: str, data: Any, number: int | None = None) -> str:
    """One Server-Sent Event."""
    text = json.dumps(data, separators=(",", ":"), default=_plain)
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {name}\ndata: {text}\n\n"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _is_running(state: State) -> bool:
    return (state.get("sprint") or {}).get("state") == "running"
