"""Two sprints side by side: the same figures of both, and which of the two did better."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from leadgen_assets.desk.dashboard.backing import State

Better = Literal["higher", "lower", ""]


class Figure(NamedTuple):
    """A compared figure: what it is called, where the state has it, its unit, and which way is better."""

    label: str
    place: str
    unit: Literal["count", "share", "usd", "usd3", "score", "seconds", "per_hour"]
    better: Better = ""


FIGURES = (
    Figure("Target", "sprint.target", "count"),
    Figure("Duration", "duration", "seconds", "lower"),
    Figure("Collected", "progress.collected", "count", "higher"),
    Figure("Unique leads", "progress.leads", "count", "higher"),
    Figure("Leads an hour", "progress.leads_per_hour", "per_hour", "higher"),
    Figure("Duplicate rate", "rates.duplicate_rate", "share", "lower"),
    Figure("Quarantine rate", "rates.quarantine_rate", "share", "lower"),
    Figure("Error rate of calls", "rates.error_rate", "share", "lower"),
    Figure("Average quality score", "quality.average_quality_score", "score", "higher"),
    Figure("Email availability", "quality.email_availability", "share", "higher"),
    Figure("Company completeness", "quality.company_completeness", "share", "higher"),
    Figure("Validation rate", "quality.validation_rate", "share", "higher"),
    Figure("Qualified", "progress.qualified", "count", "higher"),
    Figure("In the CRM", "progress.crm_synced", "count", "higher"),
    Figure("Not taken by the CRM", "progress.crm_failed", "count", "lower"),
    Figure("Cost", "cost.usd", "usd", "lower"),
    Figure("Cost per unique lead", "cost.per_unique", "usd3", "lower"),
    Figure("Cost per qualified lead", "cost.per_qualified", "usd3", "lower"),
)


def compared(one: State, other: State) -> dict[str, Any]:
    """{a, b: key, name, state, opened_at, verdict; rows: label, unit, a, b, winner ("a", "b" or "")}."""
    pairs = [(each, _value(one, each.place), _value(other, each.place)) for each in FIGURES]
    rows = [
        {"label": each.label, "unit": each.unit, "a": a, "b": b, "winner": _winner(each.better, a, b)}
        for each, a, b in pairs
    ]
    return {"a": _side(one), "b": _side(other), "rows": rows}


def _side(state: State) -> dict[str, Any]:
    sprint = state["sprint"]
    names = ("key", "name", "state", "opened_at", "started_at", "ended_at")
    return {**{name: sprint[name] for name in names}, "verdict": state["verdict"]}


def _winner(better: Better, a: float | None, b: float | None) -> str:
    if a is None or b is None or a == b or not better:
        return ""
    return "a" if (a > b) == (better == "higher") else "b"


def _value(state: State, place: str) -> float | None:
    if place == "duration":
        return _duration(state["sprint"])
    found: Any = state
    for name in place.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, int | float) else None


def _duration(sprint: Mapping[str, Any]) -> float | None:
    if not sprint.get("started_at") or not sprint.get("ended_at"):
        return None
    return (datetime.fromisoformat(sprint["ended_at"]) - datetime.fromisoformat(sprint["started_at"])).total_seconds()
