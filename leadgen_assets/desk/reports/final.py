"""The final report of a sprint, section by section as OPS-06 names them. Pure: a picture in, a report out."""

from __future__ import annotations

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports import charts, findings, infrastructure, money, quality, tables
from leadgen_assets.desk.reports.document import Block, Headline, Report, Section, Text
from leadgen_assets.desk.reports.lesson import Lesson
from leadgen_assets.desk.reports.picture import Picture
from leadgen_assets.desk.state.verdict import verdict

DELIVERED, NOT_DELIVERED = "delivered", "not delivered"
"""The two editions a final report may have."""


def edition(picture: Picture) -> str:
    """What it says in a word: recipients are told again only when this changes."""
    return DELIVERED if picture.status.is_delivered else NOT_DELIVERED


def final_report(picture: Picture) -> Report:
    """Everything about the sprint."""
    status, learned = picture.status, findings.lessons(picture)
    return Report(
        title=f"Sprint {status.sprint}",
        subtitle=f"Final report · opened {say.moment(picture.opened.opened_at)} · {len(status.segments)} segments",
        verdict=says(picture),
        tone="good" if status.is_delivered else "bad",
        as_of=say.moment(picture.at),
        headlines=headlines(picture),
        sections=(
            Section("Executive summary", _summary(picture, learned)),
            Section("Collection", _collection(picture)),
            Section("Performance", _performance(picture)),
            Section("Errors", _errors(picture)),
            Section("Infrastructure", infrastructure.blocks(picture)),
            Section("Quality", quality.blocks(picture, with_gates=False)),
            Section("Alerts", _alerts(picture)),
            Section("Cost", money.blocks(picture)),
            Section("Lessons", tuple(each.as_lesson() for each in learned)),
            Section("Recommendations", _advice(learned)),
        ),
        footer=footer(picture),
    )


def says(picture: Picture) -> str:
    """Whether it was delivered, and what came of it, as the desk says it of a sprint that is over."""
    status, state = picture.status, picture.state
    progress = {name: getattr(status, name) for name in ("collected", "qualified", "crm_synced", "crm_failed")}
    ended = {
        "sprint": {
            **state["sprint"],
            "state": "finished",
            "is_delivered": status.is_delivered,
            "left_over": status.left_over,
        },
        "progress": {**state["progress"], **progress, "leads": status.unique},
        "cost": {**state["cost"], "per_qualified": status.cost_per_qualified_lead},
        "gates": status.gates,
    }
    found = verdict({**state, **ended}).says
    return f"Delivered: {found}" if status.is_delivered else found


def headlines(picture: Picture) -> tuple[Headline, ...]:
    """The figures at the top."""
    status, budget = picture.status, picture.opened.sprint.budget
    price = status.cost_per_qualified_lead
    return (
        Headline(say.count(status.collected), f"collected of {status.target:,}"),
        Headline(say.count(status.unique), "unique leads"),
        Headline(say.count(status.qualified), "qualified"),
        Headline(say.count(status.crm_synced), f"in {say.vendor(status.crm_target)}",
                 "bad" if status.crm_failed else "plain"),
        Headline(say.value("average_quality_score", status.average_quality_score), "average quality score"),
        Headline(say.share(status.email_availability), "with an email address"),
        Headline(say.usd(status.cost_usd), f"spent of {say.usd(budget.usd, 0)}"),
        Headline(say.usd(price, 3), f"per qualified lead (≤ {say.usd(budget.per_qualified_lead)})",
                 "plain" if price is None else "good" if price <= budget.per_qualified_lead else "bad"),
    )  # fmt: skip


def footer(picture: Picture) -> str:
    """How the figures were taken."""
    how = (
        "one moment of the database" if picture.is_exact else "the database, one after the other (it has no snapshots)"
    )
    return f"Counts, quality and cost are from {how}, {say.moment(picture.at)}; calls, times and load from the live counters."


def _summary(picture: Picture, learned: list[Lesson]) -> tuple[Block, ...]:
    status, pace, target = picture.status, picture.pace, picture.opened.sprint.target
    texts = []
    if pace.ended is not None:
        left = (picture.deadline - pace.ended).total_seconds()
        when = f"{say.duration(left)} before the deadline" if left >= 0 else f"{say.duration(-left)} after the deadline"
        texts.append(
            f"{status.collected:,} records were collected in {say.duration(picture.seconds)}: {say.rate(pace.per_hour)} on "
            f"average, {say.rate(target.leads_per_hour)} were asked for. The last page came {when}."
        )
    if status.duplicate_rate is not None:
        texts.append(
            f"{status.unique:,} of them are unique leads; {status.duplicate_rate:.1%} were duplicates. "
            + (f"{status.qualified:,} leads qualified." if status.qualified is not None else "They are not scored yet.")
        )
    share = status.cost_usd / status.budget_usd
    price = (
        f", {say.usd(status.cost_per_qualified_lead, 3)} for a qualified lead" if status.cost_per_qualified_lead else ""
    )
    texts.append(f"{say.usd(status.cost_usd)} were spent, {share:.1%} of the budget{price}.")
    if learned:
        texts.append(f"What stood out most: {learned[0].says}")
    found = tables.gates(picture)
    return (*(Text(each) for each in texts), *([found] if found else []))


def _collection(picture: Picture) -> tuple[Block, ...]:
    status = picture.status
    sum_line = "Delivered = leads + duplicates + suppressed + quarantined, in each segment and in total."
    note = Text(sum_line) if status.counts_add_up else Text("The counts do not add up.", "bad")
    chart = charts.outcomes(status.segments)
    return (tables.sources(picture), *([chart] if chart else []), tables.segments(picture), note)


def _performance(picture: Picture) -> tuple[Block, ...]:
    pace, target = picture.pace, picture.opened.sprint.target
    if pace.per_hour is None or pace.peak_at is None:
        return ()
    text = (
        f"On average {say.rate(pace.per_hour)}, at the peak {say.rate(pace.peak_per_hour)} "
        f"(at {pace.peak_at:%H:%M:%S} UTC, over {say.duration(pace.width.total_seconds())}); {say.rate(target.leads_per_hour)} "
        "were asked for."
    )
    drawn = [
        charts.progress(pace, target.collected),
        charts.course(pace, target.leads_per_hour),
        tables.vendors(picture),
    ]
    return (Text(text), *(each for each in drawn if each is not None))


def _errors(picture: Picture) -> tuple[Block, ...]:
    learned, rates = picture.lessons, picture.state["rates"]
    found: list[Block | None] = []
    if rates["error_rate"] is not None:
        errors, calls = (sum(each[name] for each in picture.state["vendors"]) for name in ("errors", "calls"))
        found.append(Text(f"{errors:,} of {calls:,} calls to vendors failed ({rates['error_rate']:.2%})."))
    found += [
        tables.frequencies("Records set aside", "Reason", picture.quarantine),
        tables.frequencies("Flags on leads", "Flag", learned.flags),
        tables.frequencies("Why leads are not qualified", "Reason", learned.not_qualified),
        tables.frequencies("What the CRM did not take", "Reason", learned.crm_refusals),
    ]
    return tuple(each for each in found if each is not None)


def _alerts(picture: Picture) -> tuple[Block, ...]:
    found = picture.alerts
    if not found:
        return (Text("No alert was raised."),)
    answered = sum(1 for each in found if each.acked_at)
    text = Text(
        f"{len(found):,} alerts, {answered:,} of them acknowledged, {sum(each.is_open for each in found):,} still open."
    )
    return tuple(each for each in (text, tables.alert_rules(found), tables.alerts(found)) if each is not None)


def _advice(learned: list[Lesson]) -> tuple[Block, ...]:
    return tuple(each.as_advice() for each in learned if each.advice)
