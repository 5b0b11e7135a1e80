"""What observers hear of every HTTP attempt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from leadgen_assets.vendors.contracts.errors import Verdict
from leadgen_assets.vendors.quota import Quota


@dataclass(frozen=True)
class CallRecord:
    """One HTTP attempt, for counters and latency figures."""

    vendor: str
    operation: str
    verdict: Verdict
    seconds: float
    status: int | None
    waited: float = 0.0
    """Seconds spent waiting for the rate governor."""
    quota: Quota | None = None
    """What the vendor says of its rate window, where it does."""


CallObserver = Callable[[CallRecord], None]


def ignore_calls(record: CallRecord) -> None:
    """The observer for callers that do not count."""
