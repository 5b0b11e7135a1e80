"""What one run took: time, CPU and memory of its own process, vendor errors, money, and the records it brought (PHX-02).

Read when a run begins and when it ends, so that measuring costs a run two looks and no thread.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

from leadgen_assets.stores.errors import StoreError
from leadgen_assets.stores.live import FAILED
from leadgen_assets.stores.opened import OpenStores

log = logging.getLogger(__name__)

Calls = Mapping[str, Mapping[str, int]]
"""{vendor: {"operation:verdict": attempts}}"""


@dataclass(frozen=True)
class RunPlace:
    """What a run is about."""

    run_id: str
    job: str
    sprint: str
    segment: str | None = None


@dataclass(frozen=True)
class _Look:
    cpu_seconds: float
    at: float = field(default_factory=time.monotonic)
    delivered: int = 0
    usd: float = 0.0
    calls: Calls = field(default_factory=dict)


class RunMeter:
    """Made when a run begins; `record` when it ends. A store that is away costs the figures, never the run."""

    def __init__(self, stores: OpenStores, place: RunPlace) -> None:
        self._stores = stores
        self._place = place
        self._before = self._look()

    def record(self, *, succeeded: bool) -> None:
        """Put the run's figures on record. A run that did nothing has none: it would only blur what is usual."""
        after = self._look()
        if self._before is None or after is None:
            return
        figures = self._figures(self._before, after)
        if succeeded and not figures["records"] and not figures["calls"]:
            return
        try:
            where = self._place
            opened = self._stores.book.get(where.sprint).sprint
            what = f"{where.job} {opened.segment(where.segment).source}" if where.segment else where.job
            self._stores.baselines.record(
                "run",
                where.run_id,
                {name: value for name, value in figures.items() if name != "calls"},
                about=f"{opened.name}: {what}",
                sprint=where.sprint,
                succeeded=succeeded,
            )
        except (StoreError, KeyError) as error:
            log.warning("the figures of run %s are not recorded: %s", self._place.run_id, error)

    def _figures(self, before: _Look, after: _Look) -> dict[str, float | None]:
        seconds = max(after.at - before.at, 0.001)
        calls = _difference(after.calls, before.calls)
        records = after.delivered - before.delivered if self._place.segment else after.delivered
        return {
            "duration": round(seconds, 2),
            "records": records,
            "throughput": round(records / seconds * 3600, 1) if records else None,
            "error_rate": error_rate(calls),
            "cpu_seconds": round(after.cpu_seconds - before.cpu_seconds, 2),
            "memory_mb": peak_memory_mb(),
            "cost_usd": round(after.usd - before.usd, 6),
            "calls": sum(sum(each.values()) for each in calls.values()),
        }

    def _look(self) -> _Look | None:
        """The run's segment: what it has delivered and paid; of a run for a whole sprint, the leads it works on."""
        stores, where = self._stores, self._place
        try:
            if where.segment:
                source = stores.book.get(where.sprint).sprint.segment(where.segment).source
                counts = stores.counts(where.sprint).get(where.segment)
                paid = stores.ledger.by(where.sprint, "segment").get(where.segment)
                usd, delivered = float(paid.usd) if paid else 0.0, counts.delivered if counts else 0
            else:
                source, delivered = None, stores.leads.count(where.sprint)
                usd = float(stores.ledger.spent(where.sprint))
            stores.live.flush()
            calls = stores.live.read(where.sprint).calls
        except (StoreError, KeyError) as error:
            log.warning("run %s is not measured: %s", where.run_id, error)
            return None
        of_the_run = {vendor: each for vendor, each in calls.items() if source in (None, vendor)}
        return _Look(cpu_seconds(), delivered=delivered, usd=usd, calls=of_the_run)


def cpu_seconds() -> float:
    """CPU time of this process so far, in user and system mode."""
    times = psutil.Process().cpu_times()
    return float(times.user + times.system)


def peak_memory_mb() -> float:
    """The most memory this process has held, in MB; where the system does not say, what it holds now."""
    if sys.platform == "win32":
        return round(psutil.Process().memory_info().peak_wset / 1e6, 1)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)


def error_rate(calls: Calls) -> float | None:
    """Share of attempts that were errors, 0..1; None when there were none."""
    everything = sum(sum(each.values()) for each in calls.values())
    failed = sum(n for each in calls.values() for name, n in each.items() if name.rpartition(":")[2] in FAILED)
    return round(failed / everything, 4) if everything else None


def _difference(after: Calls, before: Calls) -> dict[str, dict[str, int]]:
    return {
        vendor: {name: n - before.get(vendor, {}).get(name, 0) for name, n in each.items()}
        for vendor, each in after.items()
    }
