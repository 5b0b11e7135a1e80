"""Are we going to make it? One word, one sentence with the figures it rests on, from a state's other parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.state.times import parsed

COMFORT = 1.15
"""A pace this many times the required one is on track; below it there is no room for a hiccup."""
STALLED_SECONDS = 600.0
"""Without any progress for so long, a running sprint is at risk."""
ERROR_RATE = 0.05
"""REQ-022."""
SETTLING_SECONDS = 60.0
"""How long a sprint may take until its first leads are there."""

State = Mapping[str, Any]


class Verdict(NamedTuple):
    """What the top row says. `severity` is that of an alert of the same gravity."""

    word: str
    says: str
    severity: str


def verdict(state: State) -> Verdict:
    """From everything else in the state."""
    sprint = state["sprint"]
    if sprint is None:
        problem = state["stores"]["mongo"]["says"]
        if problem:
            return Verdict("at risk", problem, "CRITICAL")
        return Verdict("no sprint", "No sprint is on record; `leadgen sprint start FILE` starts one.", "INFO")
    return _BY_STATE[sprint["state"]](state)


def _open(state: State) -> Verdict:
    return Verdict("waiting", f"{len(state['segments'])} segments wait to be started; nothing is spent yet.", "INFO")


def _paused(state: State) -> Verdict:
    return Verdict("waiting", f"Paused at {_collected(state)}.", "WARNING")


def _stopped(state: State) -> Verdict:
    return Verdict("stopped", f"Stopped at {_collected(state)}; `leadgen sprint start` goes on from there.", "WARNING")


def _over(state: State) -> Verdict:
    progress, failed = state["progress"], _failed_gates(state)
    if state["sprint"]["is_delivered"]:
        cost = state["cost"]["per_qualified"]
        price = f" at ${cost:.2f} each" if cost is not None else ""
        says = f"{progress['leads']:,} unique leads, {progress['qualified']:,} qualified and in the CRM{price}."
        if state["sprint"]["state"] == "failed":
            return Verdict("delivered", f"{says} A step after that failed; its run tells why.", "WARNING")
        return Verdict("delivered", says, "INFO")
    if failed:
        return Verdict("refused", f"Not delivered: {'; '.join(failed)}.", "CRITICAL")
    if progress["qualified"] is None:
        return Verdict(
            "refused",
            f"Not delivered: the refinement ended before the leads were scored, at {_collected(state)}.",
            "CRITICAL",
        )
    if state["sprint"]["left_over"]:
        return Verdict("at risk", f"Not delivered: {say.left_over(state['sprint']['left_over'])}.", "CRITICAL")
    synced, qualified = progress["crm_synced"], progress["qualified"] or 0
    says = f"The gates passed, but the CRM holds {synced:,} of {qualified:,} qualified leads ({progress['crm_failed']:,} failed)."
    return Verdict("at risk", f"{says} `leadgen sprint start` sends the rest.", "CRITICAL")


def _running(state: State) -> Verdict:
    failed = _failed_gates(state)
    if failed and state["progress"]["stage"] != "collecting":
        return Verdict("refused", f"A gate refuses: {'; '.join(failed)}.", "CRITICAL")
    for look in (_too_little_left, _too_late, _too_slow, _in_danger):
        found = look(state)
        if found:
            return found
    return _good(state)


def _too_little_left(state: State) -> Verdict | None:
    """What the segments that still collect can bring at most is less than what is missing."""
    progress = state["progress"]
    ended = [each for each in state["segments"] if each["state"] == "short" or (each["reason"] and each["share"] < 1)]
    coming = sum(max(0, each["target"] - each["delivered"]) for each in state["segments"] if each not in ended)
    best = progress["collected"] + coming
    target = state["sprint"]["target"]
    if not progress["remaining"] or best >= target or not ended:
        return None
    worst = max(ended, key=lambda each: each["target"] - each["delivered"])
    says = f"The segments can bring {best:,} of {target:,} at most: {worst['id']} ended at {worst['delivered']:,}"
    return Verdict(
        "will miss", f"{says} of {worst['target']:,} ({worst['reason'] or 'no reason on record'}).", "CRITICAL"
    )


def _too_late(state: State) -> Verdict | None:
    deadline, now = parsed(state["sprint"]["deadline"]), parsed(state["at"])
    if deadline is None or now is None or now <= deadline:
        return None
    return Verdict("will miss", f"The deadline has passed at {_collected(state)}.", "CRITICAL")


def _too_slow(state: State) -> Verdict | None:
    progress = state["progress"]
    rate, required = _pace(state), progress["required_per_hour"]
    if rate is None or not required or rate >= required * COMFORT:
        return None
    says = f"{rate:,.0f} leads/h, {required:,.0f}/h are needed for the remaining {progress['remaining']:,}"
    if rate < required:
        return Verdict("will miss", f"{says}: at this pace the target is missed.", "CRITICAL")
    return Verdict("at risk", f"{says}: there is hardly any room.", "WARNING")


def _in_danger(state: State) -> Verdict | None:
    """Not late, but something is wrong that would make it so."""
    says = next((text for text in (look(state) for look in _DANGERS) if text), None)
    return Verdict("at risk", f"{_collected(state)}; {says}.", "WARNING") if says else None


def _crm_away(state: State) -> str | None:
    waits: str | None = state["progress"].get("crm_waits")
    return waits


def _stalled(state: State) -> str | None:
    now, last = parsed(state["at"]), parsed(state["progress"]["last_progress_at"] or state["sprint"]["started_at"])
    if now is None or last is None:
        return None
    idle = (now - last).total_seconds()
    return f"nothing has come further for {_minutes(idle)}" if idle > STALLED_SECONDS else None


def _vendor_gone(state: State) -> str | None:
    gone = [f"{each['vendor']} has no credits left" for each in state["vendors"] if each["credits_out"]]
    gone += [f"{each['vendor']} is down" for each in state["vendors"] if each["is_down"] and not each["credits_out"]]
    return " and ".join(gone) or None


def _errors(state: State) -> str | None:
    rate = state["rates"]["error_rate_now"]
    return f"{rate:.0%} of the calls in the last minute failed" if rate is not None and rate > ERROR_RATE else None


def _money(state: State) -> str | None:
    cost = state["cost"]
    if cost["buying"] != "on":
        return f"buying is restricted: {cost['buying']}"
    forecast, budget = cost["forecast_usd"], cost["budget_usd"]
    return f"${forecast:,.0f} are forecast of ${budget:,.0f}" if forecast is not None and forecast > budget else None


def _stores(state: State) -> str | None:
    away = [name for name in ("mongo", "redis") if not state["stores"][name]["up"]]
    waits = ", collectors wait for it and go on by themselves" if "mongo" in away else ""
    return f"{' and '.join(away)} cannot be reached{waits}" if away else None


def _alerts(state: State) -> str | None:
    critical = [each["title"] for each in state["alerts"] if each["severity"] == "CRITICAL" and not each["is_test"]]
    return f"{len(critical)} critical alerts are open ({critical[0]})" if critical else None


_DANGERS: tuple[Callable[[State], str | None], ...] = (
    _stores,
    _crm_away,
    _stalled,
    _vendor_gone,
    _errors,
    _money,
    _alerts,
)
_BY_STATE: dict[str, Callable[[State], Verdict]] = {
    "open": _open,
    "running": _running,
    "paused": _paused,
    "stopped": _stopped,
    "finished": _over,
    "failed": _over,
}


def _good(state: State) -> Verdict:
    progress = state["progress"]
    if not progress["remaining"]:
        stage = str(progress["stage"]).replace("_", " ")
        return Verdict("on track", f"{_collected(state)}, the target is reached; now: {stage}.", "INFO")
    rate, left = _pace(state), progress["required_per_hour"]
    if rate is None:
        started, now = parsed(state["sprint"]["started_at"]), parsed(state["at"])
        idle = (now - started).total_seconds() if started and now else 0.0
        word, severity = ("waiting", "INFO") if idle < SETTLING_SECONDS else ("at risk", "WARNING")
        return Verdict(word, f"No lead yet, {_minutes(idle)} after the start.", severity)
    says = f"{_collected(state)} at {rate:,.0f} leads/h; {left:,.0f}/h are enough"
    eta = parsed(progress["eta"])
    return Verdict("on track", f"{says}{_in_time(eta, state)}.", "INFO")


def _in_time(eta: datetime | None, state: State) -> str:
    deadline = parsed(state["sprint"]["deadline"])
    if eta is None or deadline is None:
        return ""
    return f", the target is reached {_minutes((deadline - eta).total_seconds())} before the deadline"


def _pace(state: State) -> float | None:
    """The average, or that of the last minute once the sprint has slowed down: sources deliver in lumps, so a single
    good minute proves nothing."""
    average, now = state["progress"]["leads_per_hour"], state["progress"]["leads_per_hour_now"]
    return average if average is not None else now or None


def _failed_gates(state: State) -> list[str]:
    return [
        f"{name.replace('_', ' ')} is {_figure(gate['value'])}, {_figure(gate['threshold'])} is asked for"
        for name, gate in state["gates"].items()
        if not gate["passed"]
    ]


def _figure(value: Any) -> str:
    if not isinstance(value, int | float):
        return "unknown"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) > 1 else f"{value:.4g}"


def _collected(state: State) -> str:
    return f"{state['progress']['collected']:,} of {state['sprint']['target']:,} collected"


def _minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    if abs(seconds) < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
