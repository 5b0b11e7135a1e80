"""When a condition becomes an alert and when it is over. Pure: a value, what was remembered, the time; no stores, no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from leadgen_assets.stores.alert_watch import Watched


class Verdict(Enum):
    """What follows from a look."""

    NOTHING = "nothing"
    RAISE = "raise"
    REOPEN = "reopen"
    """It is back within the quiet time: the same alert goes on, nobody is told again."""
    RESOLVE = "resolve"


@dataclass(frozen=True)
class Limits:
    """Beyond `threshold` for `window` it is an alert, within `clear` for `clear_window` it is over.

    Between the two it stays what it is: an alert does not end because a figure came back by a hair. `quiet` is the time
    after its end in which it reopens instead of being told anew.
    """

    is_above: bool
    """Whether it is bad to be above the threshold; else it is bad to be below."""
    threshold: float
    clear: float
    window: timedelta = timedelta(0)
    clear_window: timedelta = timedelta(0)
    quiet: timedelta = timedelta(0)
    is_inclusive: bool = False
    """Whether the threshold itself is bad already."""

    def is_bad(self, value: float) -> bool:
        """Beyond the threshold."""
        beyond = value > self.threshold if self.is_above else value < self.threshold
        return beyond or (self.is_inclusive and value == self.threshold)

    def is_good(self, value: float) -> bool:
        """Back within the clear threshold."""
        within = value <= self.clear if self.is_above else value >= self.clear
        return within and not self.is_bad(value)


def judge(limits: Limits, value: float | None, before: Watched, at: datetime) -> tuple[Watched, Verdict]:
    """What to remember, and what to do. A value that is not known changes nothing: it neither raises nor resolves."""
    if value is None:
        return _rested(before, limits, at), Verdict.NOTHING
    if before.is_raised:
        return _while_raised(limits, value, before, at)
    return _while_quiet(limits, value, before, at)


def resolved(before: Watched, at: datetime) -> Watched:
    """The condition after it was found to be over by other means: the sprint ended, somebody said so."""
    return Watched(before.key, resolved_at=at if before.is_raised else before.resolved_at)


def _while_raised(limits: Limits, value: float, before: Watched, at: datetime) -> tuple[Watched, Verdict]:
    if not limits.is_good(value):
        return replace(before, good_since=None), Verdict.NOTHING
    good_since = before.good_since or at
    if at - good_since < limits.clear_window:
        return replace(before, good_since=good_since), Verdict.NOTHING
    return Watched(before.key, resolved_at=at), Verdict.RESOLVE


def _while_quiet(limits: Limits, value: float, before: Watched, at: datetime) -> tuple[Watched, Verdict]:
    if not limits.is_bad(value):
        return _rested(replace(before, bad_since=None), limits, at), Verdict.NOTHING
    bad_since = before.bad_since or at
    if at - bad_since < limits.window:
        return replace(before, bad_since=bad_since), Verdict.NOTHING
    is_back = before.resolved_at is not None and bad_since - before.resolved_at < limits.quiet
    return Watched(before.key, is_raised=True), Verdict.REOPEN if is_back else Verdict.RAISE


def _rested(before: Watched, limits: Limits, at: datetime) -> Watched:
    """Forget an end that is too long ago to matter."""
    if before.resolved_at is not None and at - before.resolved_at >= limits.quiet and before.bad_since is None:
        return replace(before, resolved_at=None)
    return before
