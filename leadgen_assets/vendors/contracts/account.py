"""What a client can tell of our account at its vendor: whether it works, and what was used."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol


@dataclass(frozen=True)
class HealthVerdict:
    """What `doctor` learned from one call that costs nothing."""

    vendor: str
    ok: bool
    detail: str
    credits_left: Decimal | None = None
    """In the vendor's credits, where it tells."""


class Checkable(Protocol):
    """Every client has this: one free call (TL-07)."""

    async def check(self) -> HealthVerdict: ...


@dataclass(frozen=True)
class Usage:
    """What a vendor says that our account has used so far in a billing period, whoever used it."""

    used: Decimal
    unit: Literal["credits", "usd"] = "credits"
    period: str = ""
    """Names the billing period, where the vendor has one: in the next one it counts from 0 again."""


class Metered(Protocol):
    """A client whose vendor tells what was used, by a call that costs nothing."""

    async def usage(self) -> Usage:
        """Raises `VendorError` when it cannot be had now."""
        ...
