"""What vendors say in their headers of how much of a rate window is used (vendors.md): also by other users of the account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from leadgen_assets.vendors.bodies import loads
from leadgen_assets.vendors.values import whole

MINUTE, HOUR, DAY = 60, 3600, 86400
_APOLLO = {"minute": MINUTE, "hourly": HOUR, "24-hour": DAY}
_ZOOMINFO = {"hour": HOUR, "day": DAY}


@dataclass(frozen=True)
class Quota:
    """`used` of `limit` calls in a window of `seconds`."""

    used: int
    limit: int
    seconds: int

    @property
    def share(self) -> float:
        """0..1."""
        return self.used / self.limit


def told_quota(headers: Iterable[tuple[bytes, bytes]]) -> Quota | None:
    """The fullest window of a minute or more that an answer's raw headers tell of; None when they tell of none."""
    told = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in ((name.lower(), value) for name, value in headers)
        if b"limit" in name or b"usage" in name
    }
    return max(_windows(told), key=lambda each: each.share, default=None) if told else None


def _windows(told: Mapping[str, str]) -> Iterator[Quota]:
    for name, seconds in _APOLLO.items():
        yield from _quota(told.get(f"x-{name}-usage"), told.get(f"x-rate-limit-{name}"), seconds)
    for name, seconds in _ZOOMINFO.items():
        limit, remaining = told.get(f"x-ratelimit-limit-{name}"), told.get(f"x-ratelimit-remaining-{name}")
        yield from _left(remaining, limit, seconds)
    yield from _left(told.get("x-hubspot-ratelimit-daily-remaining"), told.get("x-hubspot-ratelimit-daily"), DAY)
    used, _, limit = told.get("sforce-limit-info", "").partition("api-usage=")[2].partition("/")
    yield from _quota(used, limit.partition(",")[0], DAY)
    if "x-ratelimit-limit" in told and "x-ratelimit-limit-hour" not in told:
        # Clearbit's is a number a minute, People Data Labs' an object by window
        limit, remaining = _a_minute(told["x-ratelimit-limit"]), _a_minute(told.get("x-ratelimit-remaining", ""))
        yield from _left(remaining, limit, MINUTE)


def _a_minute(text: str) -> str:
    if not text.startswith("{"):
        return text
    try:
        return str(loads(text).get("minute"))
    except (ValueError, AttributeError):
        return ""


def _left(remaining: str | None, limit: str | None, seconds: int) -> Iterator[Quota]:
    left, most = whole(remaining), whole(limit)
    if left is not None and most:
        yield Quota(max(0, most - left), most, seconds)


def _quota(used: str | None, limit: str | None, seconds: int) -> Iterator[Quota]:
    """Vendors write an empty text or -1 for a window that is not limited or not known."""
    spent, most = whole(used), whole(limit)
    if spent is not None and most:
        yield Quota(spent, most, seconds)
