"""Daily, weekly and monthly reports: operations, performance, executive (PHX-06). Pure: figures in, a report out."""

from __future__ import annotations

from datetime import timedelta

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports import rollup_parts as parts
from leadgen_assets.desk.reports.document import Headline, Report, Section, Tone
from leadgen_assets.desk.reports.rollup_figures import RollUp

_TITLES = {
    "daily": "Daily operations report",
    "weekly": "Weekly performance report",
    "monthly": "Monthly executive report",
}

NOTHING_HAPPENED = "nothing happened"
"""The edition of a report that nobody needs to be sent."""


def edition(found: RollUp) -> str:
    """What the report says in a word."""
    totals = found.totals
    return "" if totals.sprints or totals.usd or totals.alerts else NOTHING_HAPPENED


def roll_up_report(found: RollUp) -> Report:
    """The report of its kind."""
    sections = {"daily": _operations, "weekly": _performance, "monthly": _executive}[found.kind](found)
    verdict, tone = _verdict(found)
    return Report(
        title=_TITLES[found.kind],
        subtitle=f"{found.period.name} · {_span(found)}",
        verdict=verdict,
        tone=tone,
        as_of=say.moment(found.at),
        headlines=_headlines(found),
        sections=sections,
        footer=f"Counted in {'one moment of' if found.is_exact else ''} the database, {say.moment(found.at)}. Days are UTC.",
    )


def _operations(found: RollUp) -> tuple[Section, ...]:
    return (
        Section("Sprints", parts.sprints(found)),
        Section("Open matters", parts.open_matters(found)),
        Section("Alerts", parts.alerts(found)),
        Section("Cost", parts.cost(found)),
    )


def _performance(found: RollUp) -> tuple[Section, ...]:
    return (
        Section("Against the week before", parts.comparison(found)),
        Section("Day by day", parts.days(found)),
        Section("Pace", parts.pace(found)),
        Section("Quality", parts.quality(found)),
        Section("Cost", parts.cost(found)),
        Section("Alerts", parts.alerts(found)),
    )


def _executive(found: RollUp) -> tuple[Section, ...]:
    return (
        Section("Results", parts.sprints(found)),
        Section("Against the month before", parts.comparison(found)),
        Section("Day by day", parts.days(found)),
        Section("Cost and projection", (*parts.projection(found), *parts.cost(found))),
        Section("Quality", parts.quality(found)),
        Section("Alerts", parts.alerts(found)),
    )


def _span(found: RollUp) -> str:
    last = found.period.end - timedelta(seconds=1)
    days = (
        f"{found.period.start:%d %B %Y}" if found.kind == "daily" else f"{found.period.start:%d %B} to {last:%d %B %Y}"
    )
    return f"{days}{', not over yet' if found.at < found.period.end else ''}"


def _verdict(found: RollUp) -> tuple[str, Tone]:
    totals = found.totals
    if not totals.sprints:
        return f"No sprint was worked on; {say.usd(totals.usd)} were spent.", "plain"
    price = totals.per_qualified
    each = f" at {say.usd(price, 3)} each" if price is not None else ""
    delivered = f"{totals.delivered} of {totals.ended} sprints that ended were delivered"
    says = (
        f"{delivered}; {totals.qualified:,} qualified leads{each}."
        if totals.ended
        else f"{totals.collected:,} records were collected; no sprint ended."
    )
    return says, "plain" if not totals.ended else "good" if totals.delivered == totals.ended else "bad"


def _headlines(found: RollUp) -> tuple[Headline, ...]:
    totals = found.totals
    return (
        Headline(f"{totals.delivered} of {totals.ended}", "ended sprints delivered"),
        Headline(say.count(totals.collected), "records collected"),
        Headline(say.count(totals.qualified), "qualified leads"),
        Headline(say.count(totals.synced), "leads in the CRM"),
        Headline(say.usd(totals.usd), "spent"),
        Headline(say.usd(totals.per_qualified, 3), "per qualified lead"),
        Headline(
            say.count(totals.alerts), f"alerts, {totals.critical} critical", "bad" if totals.critical else "plain"
        ),
        Headline(say.count(len(found.undelivered)), "reports not delivered", "bad" if found.undelivered else "plain"),
    )
