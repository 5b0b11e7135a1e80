"""Asks vendors that were blocked, by one free call each (TL-07), whether they can be used again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

from leadgen_assets.settings import Settings
from leadgen_assets.vendors import registry
from leadgen_assets.vendors.blocked import Block
from leadgen_assets.vendors.contracts import Checkable, HealthVerdict, VendorError

PATIENCE = 20.0
"""Seconds that a vendor has to answer: who asks has other things to do."""


def usable_again(blocked: Mapping[str, str]) -> set[str]:
    """Of {vendor: why it is blocked} those that are well now, by the settings as they are now: a credential may have been
    mended."""
    return asyncio.run(_usable(Settings(), blocked)) if blocked else set()


async def _usable(settings: Settings, blocked: Mapping[str, str]) -> set[str]:
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
        async with asyncio.timeout(PATIENCE), opened as client:
            return await client.check()
    except (VendorError, TimeoutError):
        return None


def _is_well(verdict: HealthVerdict | None, why: str) -> bool:
    """A free call proves that a vendor answers and takes the credential; of credits and rights it has to say so."""
    if verdict is None or not verdict.ok:
        return False
    if why == Block.OUT_OF_CREDITS:
        return verdict.credits_left is not None and verdict.credits_left > 0
    return why in (Block.UNAVAILABLE, Block.CREDENTIAL_REJECTED)
