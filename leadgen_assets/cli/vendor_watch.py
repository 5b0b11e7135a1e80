"""Asks blocked vendors now and then, for free and beside the work, whether they answer again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from leadgen_assets.settings import Settings
from leadgen_assets.vendors import registry
from leadgen_assets.vendors.contracts import Checkable, HealthVerdict, VendorError

LOOK_SECONDS = 20.0


@dataclass
class VendorWatch:
    """Looks every `LOOK_SECONDS`, in a thread of its own; a look costs each blocked vendor one free call (TL-07)."""

    _pool: Executor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="vendor-watch"))
    _look: Future[set[str]] | None = None
    _looked: float = field(default_factory=time.monotonic)

    def answering(self, blocked: Mapping[str, str]) -> set[str]:
        """Of {vendor: why it is blocked} those that have been found well since the last call; never waits."""
        if self._look is None and blocked and time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            self._look = self._pool.submit(_well_now, dict(blocked))
        if self._look is None or not self._look.done():
            return set()
        found, self._look = self._look.result(), None
        return found & blocked.keys()


def _well_now(blocked: Mapping[str, str]) -> set[str]:
    return asyncio.run(_well(Settings(), blocked))  # the settings as they are now: a credential may have been mended


async def _well(settings: Settings, blocked: Mapping[str, str]) -> set[str]:
    governor = registry.governor(settings)
    try:
        opened = registry.checkables(settings, governor)
        asked = [name for name in sorted(blocked) if name in opened]
        verdicts = await asyncio.gather(*(_verdict(opened[name]) for name in asked))
        return {name for name, verdict in zip(asked, verdicts, strict=True) if _is_well(verdict, blocked[name])}
    finally:
        await governor.aclose()


async def _verdict(opened: AbstractAsyncContextManager[Checkable]) -> HealthVerdict | None:
    try:
        async with opened as client:
            return await client.check()
    except VendorError:
        return None


def _is_well(verdict: HealthVerdict | None, why: str) -> bool:
    """A free call proves that a vendor answers and takes the credential; of credits and rights it has to say so."""
    if verdict is None or not verdict.ok:
        return False
    if why == "out of credits":
        return verdict.credits_left is not None and verdict.credits_left > 0
    return why in ("unavailable", "credential rejected")
