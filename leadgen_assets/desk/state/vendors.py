"""The vendors of a sprint: calls, errors, latency, quota, credits, cost (OPS-01)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from leadgen_assets.desk.cost import Cost
from leadgen_assets.desk.state.live_reader import RedisSays
from leadgen_assets.desk.state.times import from_millis, iso, ms, share
from leadgen_assets.sprint_file import Sprint
from leadgen_assets.stores.live import FAILED
from leadgen_assets.stores.live_buckets import added
from leadgen_assets.vendors.condition import Circuit, Condition
from leadgen_assets.vendors.limits import Window
from leadgen_assets.vendors.windows import WindowUse

THROTTLED = "retry_after"
DOWN_CALLS = 5
"""Calls of the last minute that must all have failed before a vendor counts as down."""
SHUT_OUT_SECONDS = 60.0
"""A vendor that asks for a longer pause than this counts as down."""


def vendors_of(sprint: Sprint) -> list[str]:
    """Everybody the sprint calls: sources, enrichers, the CRM; exports call nobody."""
    sources = [each.source for each in sprint.segments]
    plan = sprint.enrichment
    everyone = [*sources, *plan.company, *plan.email, *plan.verify, sprint.crm.target]
    return [each for each in dict.fromkeys(everyone) if each != "sales_navigator"]


def vendor_rows(names: Sequence[str], says: RedisSays, cost: Cost | None) -> list[dict[str, Any]]:
    """The state's part `vendors`."""
    spent = {name: each.usd for name, each in cost.by_vendor.items()} if cost else {}
    return [_row(name, says, spent.get(name, 0.0)) for name in names]


def totals(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Calls and errors of all vendors."""
    return sum(each["calls"] for each in rows), sum(each["errors"] for each in rows)


def recent_totals(says: RedisSays) -> tuple[int, int]:
    """Calls and errors of all vendors in the last minute."""
    calls = errors = 0
    for name, times in says.live.recent.counts.items():
        kind, _, rest = name.partition(":")
        if kind == "calls":
            calls += times
            errors += times if rest.rpartition(":")[2] in FAILED else 0
    return calls, errors


def _row(name: str, says: RedisSays, usd: float) -> dict[str, Any]:
    live = says.live
    verdicts = _by_verdict(live.calls.get(name, {}))
    prefix = f"calls:{name}:"
    recent = {key.removeprefix(prefix): n for key, n in live.recent.counts.items() if key.startswith(prefix)}
    calls, calls_now = sum(verdicts.values()), sum(recent.values())
    errors, errors_now = _failed(verdicts), _failed(recent)
    latency = added(*live.latencies.get(name, {}).values())
    windows, condition = says.windows.get(name, []), says.conditions.get(name, Condition())
    next_probe = _next_probe(condition, says)
    fullest = max([*windows, *_told(name, live.marks)], key=lambda each: each.share, default=None)
    return {
        "vendor": name,
        "calls": calls,
        "calls_now_per_minute": round(calls_now * 60 / live.recent.seconds) if live.recent.seconds else 0,
        "errors": errors,
        "error_rate": share(errors, calls),
        "error_rate_now": share(errors_now, calls_now),
        "throttled": verdicts.get(THROTTLED, 0),
        "p50_ms": ms(latency, 0.5),
        "p95_ms": ms(latency, 0.95),
        "at_once": max(_numbers(f"width:{name}:", live.marks), default=None),
        "quota": round(fullest.share, 4) if fullest else None,
        "quota_says": fullest.text if fullest else None,
        "credits_out": _credits_out(name, live.marks),
        "is_down": condition.is_open or _is_down(name, live.marks, calls_now, errors_now, windows),
        "circuit": condition.circuit.value,
        "circuit_open": condition.is_open,
        "next_probe_at": iso(next_probe),
        "condition": _in_words(condition, next_probe),
        "pace": round(condition.pace, 4),
        "usd": round(usd, 2),
    }


def _next_probe(condition: Condition, says: RedisSays) -> datetime | None:
    """When the circuit lets a call through again; None unless it is open."""
    if condition.circuit is not Circuit.OPEN or says.as_of is None:
        return None
    return says.as_of + timedelta(seconds=condition.next_probe)


def _in_words(condition: Condition, next_probe: datetime | None) -> str | None:
    if next_probe is not None:
        return f"Nobody calls it after {condition.failures} unanswered calls; the next probe is at {next_probe:%H:%M:%S} UTC."
    if condition.circuit is Circuit.PROBING:
        return "One call tries whether it answers again; the others wait for that."
    return f"It is called at {condition.pace:.0%} of its rate after rejections." if condition.pace < 1 else None


def _told(name: str, marks: Mapping[str, str]) -> list[WindowUse]:
    """What the vendor's own headers said of windows that are not over yet: other users of the account count there too."""
    found = []
    for mark, text in marks.items():
        if mark.startswith(f"quota:{name}:"):
            used, limit, seconds, at = map(int, text.split("/"))
            if time.time() - at < seconds and limit:
                found.append(WindowUse(mark.rpartition(":")[2], Window(requests=limit, seconds=seconds), used))
    return found


def _by_verdict(calls: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, times in calls.items():
        verdict = name.rpartition(":")[2]
        found[verdict] = found.get(verdict, 0) + times
    return found


def _failed(verdicts: Mapping[str, int]) -> int:
    return sum(times for verdict, times in verdicts.items() if verdict in FAILED)


def _numbers(prefix: str, marks: Mapping[str, str]) -> list[int]:
    return [int(value) for mark, value in marks.items() if mark.startswith(prefix)]


def _mark(marks: Mapping[str, str], name: str) -> datetime | None:
    return from_millis(marks.get(name))


def _credits_out(name: str, marks: Mapping[str, str]) -> bool:
    """The vendor said so, and has answered nothing since."""
    said, answered = _mark(marks, f"no_credits:{name}"), _mark(marks, f"answered:{name}")
    return said is not None and (answered is None or answered < said)


def _is_down(
    name: str, marks: Mapping[str, str], calls_now: int, errors_now: int, windows: Sequence[WindowUse]
) -> bool:
    """Shut out, or nothing but failures: in the last minute, or ever since when nobody has tried again."""
    if any(each.blocked_seconds >= SHUT_OUT_SECONDS for each in windows):
        return True
    failed, answered = _mark(marks, f"failed:{name}"), _mark(marks, f"answered:{name}")
    if failed is None or (answered is not None and answered >= failed):
        return False
    return errors_now == calls_now if calls_now >= DOWN_CALLS else int(marks.get(f"streak:{name}", 0)) >= DOWN_CALLS
