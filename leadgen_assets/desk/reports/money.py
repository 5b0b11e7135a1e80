"""The part about cost that hourly and final reports share. Pure."""

from __future__ import annotations

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports import charts, tables
from leadgen_assets.desk.reports.document import Block, Text, table
from leadgen_assets.desk.reports.findings_money import field_costs
from leadgen_assets.desk.reports.picture import Picture


def blocks(picture: Picture, *, in_detail: bool = True) -> tuple[Block, ...]:
    """Budget and marks, per lead, by vendor; in detail also what the money bought, and every operation."""
    status, budget, cost = picture.status, picture.opened.sprint.budget, picture.cost
    reached = [f"{mark.at:.0%}" for mark in cost.marks if mark.reached]
    marks = f"; the marks {', '.join(reached)} were reached" if reached else "; no mark was reached"
    texts = [f"{say.usd(status.cost_usd)} of {say.usd(budget.usd)} ({status.cost_usd / budget.usd:.1%}){marks}."]
    if cost.control.buying.value != "on":
        texts.append(f"Buying is restricted: {cost.control.says}.")
    if cost.reserved_usd:
        texts.append(f"{say.usd(cost.reserved_usd)} more are reserved for calls without a bill yet.")
    if cost.uncertain:
        doubtful = f"{say.usd(cost.uncertain_usd)} of that is uncertain: calls that were sent and never confirmed"
        texts.append(f"{doubtful} ({len(cost.uncertain):,}). They may have been billed, and count against the budget.")
    if cost.decided:
        texts.append(say.decided(cost.decided))
    by_vendor: dict[str, float] = {}
    for name, each in picture.cost.by_vendor.items():
        by_vendor[say.vendor(name)] = each.usd
    found: list[Block | None] = [_per_lead(picture), charts.spending(by_vendor)]
    if in_detail:
        found += [_fields(picture), tables.purchases(picture)]
    return (*(Text(each) for each in texts), *(each for each in found if each is not None))


def _per_lead(picture: Picture) -> Block | None:
    status, limit = picture.status, picture.opened.sprint.budget.per_qualified_lead
    rows = [
        (name, f"{count:,}", say.usd(status.cost_usd / count, 4))
        for name, count in (
            ("Collected record", status.collected), ("Unique lead", status.unique), ("Qualified lead", status.qualified),
        )
        if count
    ]  # fmt: skip
    return (
        table(f"Cost of a lead (limit for a qualified one: {say.usd(limit)})", "Of | How many> | Each>", rows)
        if rows
        else None
    )


def _fields(picture: Picture) -> Block | None:
    costs = field_costs(picture)
    total = sum(usd for usd, _ in costs.values())
    if not costs:
        return None
    rows = [
        (
            what,
            say.usd(usd),
            say.share(usd / total),
            say.count(leads or None),
            say.usd(usd / leads if leads else None, 3),
        )
        for what, (usd, leads) in costs.items()
    ]
    return table("What the money bought", "What | Cost> | Share> | Leads that got it> | Each>", rows)
