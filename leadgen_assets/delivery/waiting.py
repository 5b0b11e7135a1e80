"""Waiting for a CRM that does not answer (issue 4): asked again, less and less often, up to a patience, and visible."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any, TypeVar

from leadgen_assets.vendors.contracts import VendorUnavailable

T = TypeVar("T")

WAITS = (5.0, 10.0, 20.0, 40.0, 60.0)
"""Seconds between two attempts, each of which has retried for some seconds itself; the last one repeats."""
ON_RECORD = "crm_waits"
"""Name under which a sprint's result has a `CrmWait`."""


@dataclass(frozen=True)
class CrmWait:
    """A CRM does not answer: since when, what the last attempt said, and when it is asked again (None: not any more)."""

    target: str
    since: datetime
    says: str
    next_try: datetime | None
    unsent: int = 0
    """Leads that wait for it."""

    def as_record(self) -> dict[str, Any]:
        """Plain values, for the sprint's result."""
        return {**vars(self)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any] | None) -> CrmWait | None:
        """What `as_record` made; None for none."""
        return cls(**record) if record else None

    @property
    def words(self) -> str:
        """For people, in one sentence."""
        on = f"it is asked again at {self.next_try:%H:%M:%S} UTC" if self.next_try else "it is not asked any more"
        waits = f"{self.unsent:,} leads wait, " if self.unsent else ""
        return f"{self.target} has not answered since {self.since:%H:%M:%S} UTC: {waits}{on}"


@dataclass
class Patience:
    """How long one sync waits for its CRM. `told` hears of every failed attempt, and None when an answer has come."""

    target: str
    seconds: float = 1800.0
    told: Callable[[CrmWait | None], Awaitable[None]] | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    unsent: int = 0
    """Leads that have not been sent, for what is told."""
    _since: datetime | None = field(default=None, init=False)

    async def through(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What the attempt returns. It is made again while the CRM does not answer, so it must be one that can be; then,
        after `seconds`, `VendorUnavailable` is raised. Every other error is raised at once."""
        began: float | None = None
        for wait in chain(WAITS, repeat(WAITS[-1])):
            try:
                answer = await attempt()
            except VendorUnavailable as error:
                began = self.clock() if began is None else began
                gives_up = self.clock() + wait - began > self.seconds
                await self._tell(error, None if gives_up else wait)
                if gives_up:
                    raise
                await self.sleep(wait)
                continue
            if began is not None:
                await self._tell_answer()
            return answer
        raise AssertionError("the waits have no end")

    async def _tell(self, error: VendorUnavailable, wait: float | None) -> None:
        now = datetime.now(UTC)
        self._since = self._since or now
        if self.told is not None:
            again = now + timedelta(seconds=wait) if wait is not None else None
            await self.told(CrmWait(self.target, self._since, str(error), again, self.unsent))

    async def _tell_answer(self) -> None:
        self._since = None
        if self.told is not None:
            await self.told(None)
