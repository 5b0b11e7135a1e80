"""Times and shares as the state writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from leadgen_assets.stores.live_buckets import quantile


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds and Z."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parsed(text: str | None) -> datetime | None:
    """The moment that `iso` wrote."""
    return None if text is None else datetime.fromisoformat(text)


def from_millis(text: str | None) -> datetime | None:
    """A moment from the milliseconds since 1970 that live marks hold."""
    return None if text is None else datetime.fromtimestamp(int(text) / 1000, UTC)


def share(part: float, whole: float, digits: int = 4) -> float | None:
    """part / whole; None of nothing."""
    return round(part / whole, digits) if whole else None


def ms(buckets: Mapping[int, int], at: float) -> float | None:
    """A quantile of a bucket count in milliseconds; None when nothing was counted."""
    found = quantile(buckets, at)
    return None if found is None else round(found * 1000, 1)
