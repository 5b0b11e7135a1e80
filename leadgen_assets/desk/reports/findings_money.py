"""What the money of a sprint teaches: the dearest field, the worst hit rate, the dearest source, the limit. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports.lesson import Lesson
from leadgen_assets.enrichment import company_step, email_step, verify_step
from leadgen_assets.leads.schema import SOURCES

if TYPE_CHECKING:
    from leadgen_assets.desk.reports.picture import Picture

FIELD_SHARE = 0.25
"""A field that took this part of all money is told."""
WORST_HIT_RATE = 0.6
FEWEST_ANSWERS = 20
"""Below that a hit rate is chance."""
DEARER_TIMES = 2.0
LIMIT_SHARE = 0.8
"""Of the limit per qualified lead."""

FIELDS = {
    "collection": "Lead records",
    "company": "Company data",
    "email": "Email addresses",
    "verification": "Email verification",
}
"""What money is spent on (`desk.cost`), in words."""
_LEAD_FIELDS = {
    "company": ("company_website", "company_industry", "company_size"),
    "email": ("email",),
    "verification": ("email_verified",),
}
_OPERATIONS = {"company": company_step.OPERATIONS, "email": email_step.OPERATIONS, "verify": verify_step.OPERATIONS}
_STEPS = {"company": "company", "email": "email", "verify": "verification"}


def field_costs(picture: Picture) -> dict[str, tuple[float, int]]:
    """{what was bought: (US dollars, leads that got it)}, the dearest first; people's records are what the sources sold."""
    found = {name: each.usd for name, each in picture.cost.by_field.items() if each.usd}
    ranked = sorted(found.items(), key=lambda each: -each[1])
    return {FIELDS.get(name, name.capitalize()): (usd, _filled(picture, name)) for name, usd in ranked}


def usd_per_record(picture: Picture, source: str) -> float:
    """What a delivered record of a source cost; 0 when it is free or none was bought."""
    records = sum(each.delivered for each in picture.status.segments if each.source == source)
    own = [each.id for each in picture.status.segments if each.source == source]
    usd = sum(picture.cost.by_segment[each].usd for each in own if each in picture.cost.by_segment)
    return usd / records if records else 0.0


def dearest_field(picture: Picture) -> Iterator[Lesson]:
    """The most expensive field among those that were bought one by one."""
    total = sum(usd for usd, _ in field_costs(picture).values())
    fields = {what: each for what, each in field_costs(picture).items() if what != FIELDS["collection"]}
    if not fields:
        return
    what, (usd, leads) = max(fields.items(), key=lambda each: each[1][0])
    if usd < FIELD_SHARE * total:
        return
    each = f"; {leads:,} leads got it, {say.usd(usd / leads, 3)} each" if leads else "; no lead got it"
    yield Lesson(
        f"{what} was the most expensive field to fill: {usd / total:.0%} of all money.",
        f"{say.usd(usd)} of {say.usd(total)}{each}",
        weight=5,
    )


def worst_hit_rate(picture: Picture) -> Iterator[Lesson]:
    """The enrichment vendor that knew least."""
    lines = [
        (each["found"] / answered, answered, each)
        for each in picture.enrichment
        if (answered := each["found"] + each["missed"]) >= FEWEST_ANSWERS and each["step"] != "verify"
    ]
    if not lines:
        return
    rate, answered, worst = min(lines, key=lambda each: each[0])
    if rate >= WORST_HIT_RATE:
        return
    name = say.vendor(worst["vendor"])
    others = [(other, each) for other, _, each in lines if each["step"] == worst["step"] and each is not worst]
    usd = _paid(picture, worst)
    each_one = f", {say.usd(usd / worst['found'], 3)} for each answer" if usd and worst["found"] else ""
    advice = ""
    if others and max(others, key=lambda each: each[0])[0] > rate:
        better, line = max(others, key=lambda each: each[0])
        advice = f"Ask {say.vendor(line['vendor'])} before {name}: it knew {better:.0%} of what it was asked."
    yield Lesson(
        f"{name} had the worst hit rate: it knew {rate:.0%} of what it was asked about {FIELDS[_STEPS[worst['step']]].lower()}.",
        f"{worst['found']:,} of {answered:,} answers{each_one}",
        advice,
        weight=5,
    )


def dearest_source(picture: Picture) -> Iterator[Lesson]:
    """A source whose qualified leads cost far more than another's."""
    prices = {}
    for source in SOURCES:
        figures = picture.lessons.sources.get(source)
        records = sum(each.delivered for each in picture.status.segments if each.source == source)
        if figures and figures.qualified:
            prices[source] = usd_per_record(picture, source) * records / figures.qualified
    paid = {name: price for name, price in prices.items() if price > 0}
    if len(paid) < 2:
        return
    dearest, cheapest = max(paid, key=paid.__getitem__), min(paid, key=paid.__getitem__)
    if paid[dearest] < DEARER_TIMES * paid[cheapest]:
        return
    spare, times = paid[dearest] - paid[cheapest], paid[dearest] / paid[cheapest]
    yield Lesson(
        f"A qualified lead from {say.vendor(dearest)} cost {times:,.{0 if times >= 10 else 1}f} times one from "
        f"{say.vendor(cheapest)}.",
        f"{say.usd(paid[dearest], 3)} against {say.usd(paid[cheapest], 3)}, collecting only; "
        f"{_worth(picture, dearest)} against {_worth(picture, cheapest)}",
        f"Every 100 qualified leads moved from {say.vendor(dearest)} to {say.vendor(cheapest)} would save "
        f"{say.usd(100 * spare)}.",
        weight=5,
    )


def _worth(picture: Picture, source: str) -> str:
    known = picture.lessons.sources[source]
    score = f"score {known.score:.1f}, " if known.score is not None else ""
    return f"{score}{known.email_availability:.0%} with an address"


def cost_per_qualified(picture: Picture) -> Iterator[Lesson]:
    """The price of a qualified lead near or above its limit."""
    price, limit = picture.status.cost_per_qualified_lead, picture.opened.sprint.budget.per_qualified_lead
    if price is None or price < LIMIT_SHARE * limit:
        return
    word = "above" if price > limit else "close to"
    yield Lesson(
        f"A qualified lead cost {say.usd(price, 3)}, {word} the limit of {say.usd(limit)}.",
        f"{say.usd(picture.status.cost_usd)} for {say.count(picture.status.qualified)} qualified leads",
        weight=8 if price > limit else 4,
    )


def _paid(picture: Picture, line: dict[str, Any]) -> float:
    """US dollars for what a vendor was asked in one step."""
    operation = _OPERATIONS[line["step"]].get(line["vendor"], "")
    found = picture.cost.by_operation.get(f"{line['vendor']} {operation}")
    # the vendor may sell leads by the same operation (Bright Data): then its enrichment cannot be told apart
    is_source = line["vendor"] in SOURCES
    return found.usd if found and not is_source else 0.0


def _filled(picture: Picture, what: str) -> int:
    """Leads that got something of it from a vendor; of several fields, the one that was filled most often."""
    if what == "collection":
        return picture.status.unique
    by_field: dict[str, int] = {}
    for each in picture.lessons.filled:
        if each.field in _LEAD_FIELDS.get(what, ()):
            by_field[each.field] = by_field.get(each.field, 0) + each.leads
    return max(by_field.values(), default=0)


RULES = (dearest_field, worst_hit_rate, dearest_source, cost_per_qualified)
