"""The sections of daily, weekly and monthly reports. Pure: figures in, blocks out; nothing when there is nothing to say."""

from __future__ import annotations

from datetime import timedelta

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports import charts, tables
from leadgen_assets.desk.reports.document import Block, Text, Tone, table
from leadgen_assets.desk.reports.rollup_figures import RollUp, SprintLine

PERIODS = {"daily": "day", "weekly": "week", "monthly": "month"}
"""What a kind is about, in a word."""


def sprints(found: RollUp) -> tuple[Block, ...]:
    """Each sprint that was worked on or ended, and what came of it."""
    rows = [
        (each.status.sprint, each.status.state, f"{each.collected:,}", f"{each.status.unique:,}",
         say.count(each.status.qualified), say.count(each.status.crm_synced), say.usd(each.status.cost_usd),
         say.usd(each.status.cost_per_qualified_lead, 3), _outcome(each))
        for each in found.sprints
    ]  # fmt: skip
    tones: dict[int, Tone] = {at: _TONES[_outcome(each)] for at, each in enumerate(found.sprints)}
    head = "Sprint | State | Collected> | Leads> | Qualified> | In CRM> | Cost> | Per lead> | Outcome"
    return (table("Sprints worked on", head, rows, tones=tones),) if rows else ()


_TONES: dict[str, Tone] = {"delivered": "good", "not delivered": "bad", "under way": "plain"}


def _outcome(line: SprintLine) -> str:
    if line.status.is_delivered:
        return "delivered"
    return "not delivered" if line.ended_at else "under way"


def open_matters(found: RollUp) -> tuple[Block, ...]:
    """What somebody has to look at: short segments, refused gates, reports that did not arrive, open alerts."""
    rows: list[tuple[str, ...]] = []
    for line in found.sprints:
        rows += _short(line)
        rows += _refused(line)
    rows += [(each.sprint or "", f"{each.kind} report not delivered", each.headline) for each in found.undelivered]
    rows += [(each.sprint, f"{each.severity} alert is open", each.title) for each in found.alerts if each.is_open]
    return (table("What somebody has to look at", "Sprint | What | Figures", rows),) if rows else ()


def _short(line: SprintLine) -> list[tuple[str, ...]]:
    return [
        (line.status.sprint, f"{each.id} is {each.state}",
         f"{each.delivered:,} of {each.target:,} delivered{f'; {each.reason}' if each.reason else ''}")
        for each in line.status.segments
        if each.state in ("short", "paused")
    ]  # fmt: skip


def _refused(line: SprintLine) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (line.status.sprint, f"{say.gate(name)} failed",
         f"{say.value(name, gate['value'])}, required {say.limit(name, gate['threshold'])}")
        for name, gate in sorted(line.status.gates.items())
        if not gate["passed"]
    ]  # fmt: skip
    if line.status.crm_failed:
        rows.append((line.status.sprint, "leads the CRM did not take", f"{line.status.crm_failed:,}"))
    return rows


def alerts(found: RollUp) -> tuple[Block, ...]:
    """By rule; in the daily report also the last of them one by one."""
    by_rule, each = tables.alert_rules(found.alerts), tables.alerts(found.alerts[-20:])
    if found.kind != "daily":
        each = None
    return tuple(block for block in (by_rule, each) if block is not None)


def cost(found: RollUp) -> tuple[Block, ...]:
    """By vendor."""
    ranked = sorted(found.by_vendor.items(), key=lambda item: (-item[1].usd, item[0]))
    rows = [(say.vendor(name), f"{each.calls:,}", say.usd(float(each.usd))) for name, each in ranked]
    total = ("Together", f"{sum(each.calls for _, each in ranked):,}", say.usd(found.totals.usd))
    chart = charts.spending({say.vendor(name): float(each.usd) for name, each in ranked})
    return (
        (*([chart] if chart else []), table("By vendor", "Vendor | Paid calls> | US dollars>", rows, total))
        if rows
        else ()
    )


def comparison(found: RollUp) -> tuple[Block, ...]:
    """Against the period before, where either had a sprint."""
    now, then = found.totals, found.before
    pairs = [
        ("Sprints delivered", now.delivered, then.delivered, "{:,.0f}"),
        ("Records collected", now.collected, then.collected, "{:,.0f}"),
        ("Qualified leads", now.qualified, then.qualified, "{:,.0f}"),
        ("Leads in the CRM", now.synced, then.synced, "{:,.0f}"),
        ("Spent", now.usd, then.usd, "${:,.2f}"),
        ("Cost of a qualified lead", now.per_qualified, then.per_qualified, "${:,.3f}"),
        ("Alerts", now.alerts, then.alerts, "{:,.0f}"),
    ]
    if not now.sprints and not then.sprints:
        return ()
    rows = [
        (name, *(say.UNKNOWN if each is None else form.format(each) for each in (one, other)), _change(one, other))
        for name, one, other, form in pairs
    ]
    period = PERIODS[found.kind]
    return (table(f"This {period} and the one before", f"Figure | This {period}> | Before> | Change>", rows),)


def _change(now: float | None, then: float | None) -> str:
    return f"{now / then - 1:+.0%}" if now is not None and then else say.UNKNOWN


def days(found: RollUp) -> tuple[Block, ...]:
    """What was collected and spent, a bar a day."""
    names = [f"{each.period.start:%d %b}" for each in found.days]
    drawn = [
        charts.by_day("Records delivered by day", names, [each.delivered for each in found.days], "{:,.0f}".format),
        charts.by_day("US dollars spent by day", names, [each.usd for each in found.days], "${:,.2f}".format),
    ]
    return tuple(each for each in drawn if each is not None)


def pace(found: RollUp) -> tuple[Block, ...]:
    """Average and peak by sprint."""
    rows = [
        (each.status.sprint, say.rate(each.pace.per_hour), say.rate(each.pace.peak_per_hour),
         say.duration((each.pace.ended - each.pace.began).total_seconds()), f"{each.status.collected:,}")
        for each in found.sprints
        if each.pace.ended and each.pace.began
    ]  # fmt: skip
    return (table("Pace of collecting", "Sprint | Average> | Peak> | Took> | Collected>", rows),) if rows else ()


def quality(found: RollUp) -> tuple[Block, ...]:
    """Scores and shares by sprint."""
    rows = [
        (each.status.sprint, say.value("average_quality_score", each.status.average_quality_score),
         say.share(each.status.email_availability), say.share(each.status.company_completeness),
         say.share(each.status.validation_rate), say.share(each.status.duplicate_rate))
        for each in found.sprints
        if each.status.qualified is not None
    ]  # fmt: skip
    return (
        (table("Quality by sprint", "Sprint | Score> | Email> | Company> | Valid> | Duplicates>", rows),)
        if rows
        else ()
    )


def projection(found: RollUp) -> tuple[Block, ...]:
    """Spending to the end of the period at the pace so far (PHX-03)."""
    passed = (min(found.at, found.period.end) - found.period.start) / timedelta(days=1)
    whole = found.period.hours / 24
    if not found.totals.usd or passed < 1:
        return ()
    spent = found.totals.usd
    says = f"{say.usd(spent)} in {passed:.1f} of {whole:.0f} days, {say.usd(spent / passed)} a day"
    return (
        Text(f"{says}; at this pace {say.usd(spent / passed * whole)} by the end." if passed < whole else f"{says}."),
    )
