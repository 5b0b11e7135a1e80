"""What alerts look at beside the sprint's state: backups, reports on their way, and whether the network is at fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from leadgen_assets.desk.backups import backup_age_seconds
from leadgen_assets.desk.state.measures import MEASURES, Measure, Measures
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.reports import ReportBook

PROBES = (
    Measure("backup_age_hours", "h", "since the last backup, or since there is something to back up"),
    Measure("reports_undelivered", "count", "reports of the last day that somebody should have and does not"),
    Measure("sources_failing_share", "share 0..1", "vendors that fail, of those called in the last minute, if several"),
)
KNOWN: dict[str, Measure] = {**MEASURES, **{each.name: each for each in PROBES}}
"""Every name a rule may use."""

LATE = timedelta(minutes=2)
"""A report that is on its way for less is not missing."""
_FAILING = 0.5
_SEVERAL = 2


@dataclass(frozen=True)
class Prober:
    """Takes the measures that the state does not have."""

    stores: OpenStores
    home: Path
    backups: Path | None = None
    """Where backups are; default: `home`/backups."""

    def measures(self, state: Mapping[str, Any], at: datetime) -> Measures:
        """Those that can be had now. Raises `StoreError` when MongoDB goes away under it."""
        found = network(state)
        if (state.get("stores") or {}).get("mongo", {}).get("up", True):
            waiting = ReportBook(self.stores.db).undelivered(at - timedelta(days=1), LATE)
            found["reports_undelivered", ""] = float(len(waiting))
            age = self._backup_age(at)
            if age is not None:
                found["backup_age_hours", ""] = age.total_seconds() / 3600
        return found

    def _backup_age(self, at: datetime) -> timedelta | None:
        """None while there is nothing that could be lost."""
        age = backup_age_seconds(self.home, self.backups, now=at)
        if age is not None:
            return timedelta(seconds=age)
        first = self.stores.book.first_opened_at()
        return at - first if first else None


def network(state: Mapping[str, Any]) -> Measures:
    """One vendor that fails is the vendor's trouble; when all do, it is likely ours."""
    called = [each for each in state.get("vendors") or () if each.get("calls_now_per_minute")]
    if len(called) < _SEVERAL:
        return {}
    failing = [each for each in called if each.get("is_down") or (each.get("error_rate_now") or 0) > _FAILING]
    return {("sources_failing_share", ""): len(failing) / len(called)}
