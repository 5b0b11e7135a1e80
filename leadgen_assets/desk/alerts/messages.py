"""What an alert says: its figures in words, its trend, its links, and the message about each step of its life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Any

from leadgen_assets.desk.alerts.contacts import Links
from leadgen_assets.desk.alerts.decision import Limits
from leadgen_assets.desk.alerts.probes import KNOWN
from leadgen_assets.desk.alerts.rules import Rule, look_up
from leadgen_assets.desk.notifier import Message
from leadgen_assets.stores.alert_outbox import Delivery
from leadgen_assets.stores.alerts import Alert

_BARS = "▁▂▃▄▅▆▇█"
_BARS_WIDE = 20
_LEVELS = {1: "the team", 2: "the project manager", 3: "management"}
_UNITS = {each.place: each.unit for each in KNOWN.values() if each.place}
"""Units by place in the state."""
TREND_SPAN = timedelta(minutes=15)


def wording(
    rule: Rule,
    limits: Limits,
    value: float,
    sprint: str,
    instance: str,
    state: Mapping[str, Any],
    *,
    detail: str = "",
    event: str = "",
    given: Mapping[str, str] | None = None,
) -> tuple[str, str, dict[str, str]]:
    """Title, text and figures of an alert, from the rule's templates and the state.

    What an `event` tells, with the figures it has given, stands in place of what would be measured.
    """
    figures = dict(given or {})
    if not rule.is_event and not event:
        figures = {"Measured": shown(rule, value), "Threshold": threshold(rule, limits), **figures}
    words = {
        "value": figures.get("Measured", "") if event else shown(rule, value),
        "threshold": figures.get("Threshold", "") if event else shown(rule, limits.threshold),
        "clear": shown(rule, limits.clear),
        "instance": instance,
        "sprint": sprint,
        "window": span(limits.window),
        "detail": event or detail or str((look_up(state, rule.detail, instance) if rule.detail else "") or ""),
    }
    for label, place in rule.figures.items():
        found = look_up(state, place, instance)
        if found is not None:
            figures[label] = _plain(found, _UNITS.get(place.replace(".{instance}", ""), ""))
    text = event if event and not rule.is_event else rule.text.format(**words)
    return _squeezed(rule.title.format(**words)), _squeezed(text), figures


def _squeezed(text: str) -> str:
    """Without the gaps that empty words leave."""
    return "\n".join(" ".join(line.split()) for line in text.splitlines()).strip()


def shown(rule: Rule, value: float) -> str:
    """A value in the unit of the rule's measure."""
    return _in_unit(value, KNOWN[rule.metric].unit if rule.metric else "")


def _in_unit(value: float, unit: str) -> str:
    if unit.startswith("share"):
        return f"{value:.1%}"
    if unit == "s":
        return span(timedelta(seconds=value))
    if unit == "US dollars":
        return f"${value:,.2f}"
    if unit.startswith("1 yes"):
        return "yes" if value else "no"
    number = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.1f}"
    return f"{number} {unit}".strip() if unit in ("ms", "MB", "GB", "h", "per hour", "per minute") else number


def threshold(rule: Rule, limits: Limits) -> str:
    """ "above 5.0% for 1 min"."""
    said = f"{rule.comparison.replace('_', ' ')} {shown(rule, limits.threshold)}"
    return f"{said} for {span(limits.window)}" if limits.window else said


def span(length: timedelta) -> str:
    """ "45 s", "5 min", "2 h 10 min", "3 d"."""
    seconds = round(length.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours = seconds // 60 % 60, seconds // 3600
    if hours >= 48:
        return f"{hours // 24} d"
    return " ".join(filter(None, (f"{hours} h" if hours else "", f"{minutes} min" if minutes or not hours else "")))


def trend(rule: Rule, points: Sequence[tuple[datetime, float]]) -> str:
    """A line of bars from the first to the last value: "▁▂▅█ 1.2% → 7.9% in 15 min"; empty for fewer than two."""
    if len(points) < 2:
        return ""
    step = max(1, len(points) / _BARS_WIDE)
    values = [points[int(each * step)][1] for each in range(min(len(points), _BARS_WIDE))]
    low, high = min(values), max(values)
    wide = (high - low) or 1.0
    bars = "".join(_BARS[round((each - low) / wide * (len(_BARS) - 1))] for each in values)
    length = span(points[-1][0] - points[0][0])
    return f"{bars} {shown(rule, points[0][1])} → {shown(rule, points[-1][1])} in {length}"


def message(alert: Alert, delivery: Delivery, links: Links, *, dagster: str | None = None) -> Message:
    """The message about one step."""
    fields = {"Sprint": alert.sprint} if alert.sprint else {}
    fields |= {"Where": alert.instance} if alert.instance else {}
    fields |= alert.figures
    title, text = alert.title, alert.text
    if delivery.about == "escalated":
        title = f"Nobody has acknowledged: {alert.title}"
        waited = span((delivery.created_at or alert.raised_at) - alert.raised_at)
        text = f"Open for {waited}, now with {_LEVELS.get(delivery.number, f'level {delivery.number}')}. {alert.text}"
    if delivery.about == "resolved":
        title, fields = f"Resolved: {alert.title}", dict(list(fields.items())[:2])
        text = _ending(alert)
    kind = "TEST · " if alert.is_test else ""
    return Message(
        title=kind + title,
        text=text,
        severity=alert.severity,
        fields=fields,
        links=_links(alert, links, dagster),
        footer=f"{kind}{alert.severity} · {alert.rule} · {alert.id} · {alert.raised_at:%Y-%m-%d %H:%M} UTC"
        + ("" if delivery.about == "resolved" else f" · leadgen alerts ack {alert.id}"),
        is_over=delivery.about == "resolved",
    )


def digest(messages: Sequence[Message]) -> Message:
    """Many messages as one, when a channel has had its share."""
    worst = next(
        (each for each in ("CRITICAL", "WARNING", "INFO") if any(m.severity == each for m in messages)), "INFO"
    )
    return Message(
        title=f"{len(messages)} more alerts",
        text="\n".join(f"{each.headline} ({each.footer.partition(' · leadgen')[0]})" for each in messages)[:2900],
        severity=worst,  # type: ignore[arg-type]
        footer="held back because this channel had many messages; leadgen alerts list",
    )


def subject(said: Message) -> str:
    """The subject of a mail, on one line."""
    word = "RESOLVED" if said.is_over else said.severity
    return " ".join(f"[leadgen {word}] {said.title}".split())[:200]


def html(said: Message) -> str:
    """The message as a small page for mail: no style sheet, no picture, nothing from outside."""
    rows = "".join(
        f'<tr><td style="padding:2px 16px 2px 0;color:#57606a">{escape(name)}</td><td>{escape(value)}</td></tr>'
        for name, value in said.fields.items()
    )
    links = " · ".join(
        f'<a href="{escape(address)}">{escape(label)}</a>'
        for label, address in said.links.items()
        if address.startswith(("http://", "https://"))
    )
    parts = [
        f"<h2>{escape(said.headline)}</h2>",
        "".join(f"<p>{escape(line)}</p>" for line in said.text.splitlines() if line.strip()),
        f"<table>{rows}</table>" if rows else "",
        f"<p>{links}</p>" if links else "",
        f'<p style="color:#57606a;font-size:smaller">{escape(said.footer)}</p>',
    ]
    return f'<div style="font-family:sans-serif;font-size:15px;line-height:1.5">{"".join(parts)}</div>'


def _ending(alert: Alert) -> str:
    end = alert.resolved_at or alert.raised_at
    last = alert.history[-1] if alert.history else {}
    reason = str(last.get("reason") or "")
    flapped = f" It came back {alert.resolutions - 1} times meanwhile." if alert.resolutions > 1 else ""
    by = "by itself" if alert.resolved_by in (None, "itself") else f"by {alert.resolved_by}"
    return f"Over since {end:%H:%M} UTC, {by}, after {span(end - alert.raised_at)}.{flapped} {reason}".strip()


def _links(alert: Alert, links: Links, dagster: str | None) -> dict[str, str]:
    anchor = alert.runbook.rpartition("#")[2]
    runbook = f"{links.runbook}#{anchor}" if links.runbook else alert.runbook
    found = {"Runbook": runbook, "Dashboard": links.dashboard, "Dagster": dagster or ""}
    return {label: address for label, address in found.items() if address}


def _plain(value: Any, unit: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _in_unit(float(value), unit) if isinstance(value, int | float) else str(value)
