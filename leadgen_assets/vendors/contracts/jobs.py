"""Work that a vendor does while we wait: its states, and how an order is found again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class JobState(StrEnum):
    """Where an asynchronous vendor job stands; unknown words of a vendor mean RUNNING until a deadline."""

    RUNNING = "running"
    READY = "ready"
    EMPTY = "empty"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True)
class JobStatus:
    """Answer of a poll. `cost_usd` is what the vendor states, if it states it."""

    state: JobState
    records: int | None = None
    cost_usd: Decimal | None = None
    detail: str = ""


ORDER_SECONDS = 35.0
"""Age from which on an order is either carried out or never will be: a call is given up after 30 s. Nobody looks before."""

Strangers = Callable[[Sequence[str]], Awaitable[set[str]]]
"""Which of some job ids are known to belong to other orders."""
