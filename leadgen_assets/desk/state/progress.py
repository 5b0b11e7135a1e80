"""How far a sprint is: counts by segment that add up, pace, time left (REQ-002, REQ-003, REQ-021)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from leadgen_assets.desk.state.live_reader import RedisSays
from leadgen_assets.desk.state.on_record import OnRecord
from leadgen_assets.desk.state.times import from_millis, iso, share
from leadgen_assets.desk.status import crm_waits
from leadgen_assets.leads.counting import Counts
from leadgen_assets.stores.crm_outcomes import DONE
from leadgen_assets.stores.raw_pages import COUNTS
from leadgen_assets.stores.sprint_book import SprintState


@dataclass
class LiveCounts:
    """Counts that are seconds fresh and right: the live ones between two looks at the database, corrected by it.

    A count goes to the database first and to Redis half a second later, so live counts lag, and after a crash they
    stay off. Whoever has delivered more is fresher; a difference that stands still is an error of the live ones.
    """

    _known: dict[str, tuple[Counts, Counts, Counts]] = field(default_factory=dict)
    """{segment: (database, live at that time, how much live counts too much)}"""
    _as_of: datetime | None = None

    def settle(self, found: OnRecord, says: RedisSays) -> dict[str, Counts]:
        """By segment. Where the sprint is refined or over, or Redis away, the database alone is asked."""
        if found.is_over or found.is_refined or not says.is_up:
            return found.counts
        live = {name: _counts(each) for name, each in says.live.segments.items()}
        if self._as_of != found.as_of:
            self._compare(found, live)
        return {
            each: self._shown(each, found.counts.get(each, Counts()), live.get(each)) for each in {*found.counts, *live}
        }

    def _compare(self, found: OnRecord, live: Mapping[str, Counts]) -> None:
        for name in {*found.counts, *live}:
            stored, now = found.counts.get(name, Counts()), live.get(name, Counts())
            before = self._known.get(name)
            stands_still = before is not None and before[0] == stored and before[1] == now
            excess = _minus(now, stored) if stands_still else before[2] if before else Counts()
            self._known[name] = (stored, now, excess)
        self._as_of = found.as_of

    def _shown(self, name: str, stored: Counts, live: Counts | None) -> Counts:
        if live is None:
            return stored
        _, then, excess = self._known.get(name, (Counts(), Counts(), Counts()))
        if live == then and live.delivered >= stored.delivered and excess != Counts():
            return stored
        corrected = _minus(live, excess)
        return corrected if corrected.delivered > stored.delivered and corrected.adds_up else stored


def _counts(values: Mapping[str, int]) -> Counts:
    return Counts(**{name: max(0, values.get(name, 0)) for name in COUNTS})


def _minus(one: Counts, other: Counts) -> Counts:
    mine, theirs = one.as_dict(), other.as_dict()
    return Counts(**{name: max(0, mine[name] - theirs[name]) for name in mine})


def deadline(found: OnRecord) -> datetime:
    """When the sprint must have collected its target."""
    return found.opened.opened_at + timedelta(hours=found.opened.sprint.target.hours)


def started_at(found: OnRecord) -> datetime | None:
    """When it was set running last; None before."""
    return _changed_to(found, {SprintState.RUNNING})


def ended_at(found: OnRecord) -> datetime | None:
    """When it was over; None while it is not."""
    return (
        _changed_to(found, {SprintState.FINISHED, SprintState.FAILED, SprintState.STOPPED}) if found.is_over else None
    )


def _changed_to(found: OnRecord, states: set[SprintState]) -> datetime | None:
    changes = [each["at"] for each in found.opened.changes if each["what"] == "state" and each["state"] in states]
    return changes[-1] if changes else None


def progress(found: OnRecord, counts: Mapping[str, Counts], says: RedisSays, now: datetime) -> dict[str, Any]:
    """The state's part `progress`."""
    opened, status, total = found.opened, found.status, Counts.total(counts.values())
    target = opened.sprint.target.collected
    remaining = max(0, target - total.collected)
    rate = leads_per_hour(found, total)
    is_running = opened.state is SprintState.RUNNING
    eta = now + timedelta(hours=remaining / rate) if remaining and rate and is_running else None
    left = (deadline(found) - now).total_seconds() / 3600
    synced = sum(leads for outcome, leads in found.outcomes.items() if outcome in DONE)
    failed = sum(leads for outcome, leads in found.outcomes.items() if outcome not in DONE)
    qualified = status.qualified if status else found.quality.qualified if found.quality and found.is_refined else None
    return {
        **total.as_dict(),
        "collected": total.collected,
        "counts_add_up": total.adds_up,
        "remaining": remaining,
        "share": round(total.collected / target, 4),
        "eta": iso(eta),
        "leads_per_hour": rate,
        "leads_per_hour_now": _now(found, says, now) if is_running else None,
        "required_per_hour": round(remaining / left, 1) if remaining and left > 0 and not found.is_over else None,
        "qualified": qualified,
        "crm_waits": crm_waits(found.opened),
        "crm_synced": status.crm_synced if status else synced,
        "crm_failed": status.crm_failed if status else failed,
        "last_progress_at": iso(last_progress(found, says)),
        "stage": says.live.marks.get("stage", "collecting") if is_running else None,
    }


def leads_per_hour(found: OnRecord, total: Counts) -> float | None:
    """Collected between the first and the last landed page; as `leadgen sprint status` says it."""
    if found.status is not None:
        return found.status.leads_per_hour
    if found.span is None or not total.collected:
        return None
    first, last = found.span
    return round(total.collected / (max((last - first).total_seconds(), 1.0) / 3600), 1)


def last_progress(found: OnRecord, says: RedisSays) -> datetime | None:
    """When anything came further: a page, an answer, a stage, a delivery."""
    moments = [from_millis(says.live.marks.get("progress")), found.span[1] if found.span else None]
    return max((each for each in moments if each is not None), default=None)


def _now(found: OnRecord, says: RedisSays, now: datetime) -> float | None:
    """Collected over the last minute, by the hour."""
    began = started_at(found)
    if not says.is_up or began is None:
        return None
    seconds = min(says.live.recent.seconds, (now - began).total_seconds())
    collected = says.live.recent.counts.get("collected", 0)
    return round(collected * 3600 / seconds, 1) if seconds >= 1 else None


def rates(progress: Mapping[str, Any], calls: tuple[int, int], recent: tuple[int, int]) -> dict[str, Any]:
    """The state's part `rates`. `calls` and `recent` are (calls, errors), of the sprint and of the last minute."""
    sent = progress["crm_synced"] + progress["crm_failed"]
    return {
        "error_rate": share(calls[1], calls[0]),
        "error_rate_now": share(recent[1], recent[0]),
        "duplicate_rate": progress["duplicates"] / progress["collected"] if progress["collected"] else None,
        "quarantine_rate": share(progress["quarantined"], progress["delivered"]),
        "crm_failure_rate": share(progress["crm_failed"], sent),
    }
