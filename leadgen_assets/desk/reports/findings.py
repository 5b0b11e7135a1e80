"""What the figures of a sprint teach: each rule says something only when its figures stand out (OPS-06).

A finding has the lesson, the figures it rests on, and, where one follows from them, the advice. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports import findings_gates, findings_money
from leadgen_assets.desk.reports.lesson import Lesson, pair
from leadgen_assets.desk.reports.picture import Picture
from leadgen_assets.leads.score import REASONS

WAITED_SHARE = 0.15
"""Part of the collecting time in which everybody waited for one segment."""
SCARCE_SHARE = 0.5
"""A sprint that collected for this part of its hours had no time to give away; before, a slow segment costs nothing."""
SLOW_SHARE = 0.5
"""A segment that took this much longer than the median one is slow."""
OVERLAP_SHARE = 0.02
"""Two sources that share this part of what was collected overlap."""
QUARANTINE_SHARE = 0.01
ERROR_SHARE = 0.05
THROTTLED_SHARE = 0.10
REASON_SHARE = 0.5
"""One reason behind this part of the leads that did not qualify is the reason."""
SLOW_COMMANDS = 20
LISTED = frozenset({"apollo", "zoominfo"})
"""Sources that list people before they sell them: whoever is known already need not be bought."""


def lessons(picture: Picture) -> list[Lesson]:
    """Everything that stands out, the weightiest first."""
    found = [lesson for rule in RULES for lesson in rule(picture)]
    return sorted(found, key=lambda each: -each.weight)


def slowest_segment(picture: Picture) -> Iterator[Lesson]:
    """The segment everybody waited for."""
    if len(picture.segments) < 3:
        return
    last, second = picture.segments[0], picture.segments[1]
    waited, middle = last.seconds - second.seconds, median(each.seconds for each in picture.segments)
    if waited < WAITED_SHARE * last.seconds and last.seconds < (1 + SLOW_SHARE) * middle:
        return
    fastest = max(picture.segments, key=lambda each: each.per_hour)
    says = f"{last.segment} was the slowest segment: it took {say.duration(last.seconds)}, the median one {say.duration(middle)}."
    rests_on = (
        f"{last.collected:,} collected at {last.per_hour:,.0f} an hour; the others were through "
        f"{say.duration(waited)} earlier; fastest: {fastest.segment} at {fastest.per_hour:,.0f} an hour"
    )
    move = round(last.collected * (1 - middle / last.seconds), -1)
    advice = (
        f"Ask {last.segment} for about {move:,.0f} records fewer: at its pace it would then end with the median segment. "
        f"{fastest.segment} is fast enough to take them."
    )
    was_scarce = picture.seconds > SCARCE_SHARE * picture.opened.sprint.target.hours * 3600
    yield Lesson(says, rests_on, advice if was_scarce and move >= 10 else "", 6 if was_scarce else 2)


def short_segments(picture: Picture) -> Iterator[Lesson]:
    """Segments that ended before their target, by what was missing."""
    for each in picture.status.segments:
        if each.state == "short" or (each.reason and each.delivered < each.target):
            says = f"{each.id} ended {each.target - each.delivered:,} records short of its target."
            rests_on = f"{each.delivered:,} of {each.target:,} delivered" + (f"; {each.reason}" if each.reason else "")
            yield Lesson(says, rests_on, "", 9)


def source_overlap(picture: Picture) -> Iterator[Lesson]:
    """The pair of sources that delivered the same people most often."""
    collected = picture.status.collected
    if not picture.lessons.overlaps or not collected:
        return
    top = picture.lessons.overlaps[0]
    if top.people < OVERLAP_SHARE * collected:
        return
    one, other = top.sources
    same = one == other
    says = (
        f"{say.vendor(one)} delivered {top.people:,} people more than once."
        if same
        else f"{pair(one, other)} share {top.people:,} people, more than any other pair of sources."
    )
    rests_on = (
        f"{top.people / collected:.1%} of {collected:,} collected; {picture.status.duplicates:,} duplicates in all"
    )
    listed = [each for each in top.sources if each in LISTED]
    advice = ""
    if listed and not same:
        late = max(listed, key=lambda name: findings_money.usd_per_record(picture, name))
        early = other if late == one else one
        price = findings_money.usd_per_record(picture, late)
        saved = f" ({top.people:,} × {say.usd(price, 3)} = {say.usd(top.people * price)})" if price else ""
        advice = (
            f"Collect {say.vendor(early)} before {say.vendor(late)}: it lists people before it sells them, so those already "
            f"known are not bought{saved}."
        )
    yield Lesson(says, rests_on, advice, 5)


def quarantine(picture: Picture) -> Iterator[Lesson]:
    """Why records could not become leads."""
    records, delivered = sum(picture.quarantine.values()), picture.status.delivered
    if not delivered or records < QUARANTINE_SHARE * delivered:
        return
    reason, count = next(iter(picture.quarantine.items()))
    worst = max(picture.status.segments, key=lambda each: each.quarantined / max(each.delivered, 1))
    says = f"{records:,} delivered records could not become leads, most often because of: {reason.replace('_', ' ')}."
    rests_on = (
        f"{records / delivered:.1%} of {delivered:,} delivered; {count:,} of them {reason.replace('_', ' ')}; "
        f"highest share in {worst.id}: {worst.quarantined / max(worst.delivered, 1):.1%}"
    )
    yield Lesson(says, rests_on, "", 3)


def vendor_errors(picture: Picture) -> Iterator[Lesson]:
    """Vendors whose calls failed or were slowed down."""
    for each in picture.state["vendors"]:
        name, calls = say.vendor(each["vendor"]), each["calls"]
        if calls and (each["error_rate"] or 0) > ERROR_SHARE:
            says = f"{each['error_rate']:.1%} of the calls to {name} failed."
            yield Lesson(says, f"{each['errors']:,} of {calls:,} calls", "", 7)
        if calls and each["throttled"] > THROTTLED_SHARE * calls:
            says = f"{name} slowed us down: {each['throttled'] / calls:.0%} of the calls were told to wait."
            yield Lesson(
                says, f"{each['throttled']:,} of {calls:,} calls; {each.get('quota_says') or 'rate limit'}", "", 4
            )


def not_qualified(picture: Picture) -> Iterator[Lesson]:
    """The reason why most leads did not qualify."""
    status = picture.status
    lost = status.unique - (status.qualified if status.qualified is not None else status.unique)
    if lost < 20 or not picture.lessons.not_qualified:
        return
    reason, count = next(iter(picture.lessons.not_qualified.items()))
    if count >= REASON_SHARE * lost:
        says = (
            f"Most leads that did not qualify failed for one reason: {REASONS.get(reason, reason.replace('_', ' '))}."
        )
        yield Lesson(says, f"{count:,} of {lost:,} leads that are not qualified", "", 4)


def crm_refusals(picture: Picture) -> Iterator[Lesson]:
    """Why the CRM did not take leads."""
    refused = sum(picture.lessons.crm_refusals.values())
    if refused:
        reason, count = next(iter(picture.lessons.crm_refusals.items()))
        crm = say.vendor(picture.status.crm_target)
        says = f"{crm} did not take {refused:,} leads, most often: {reason or 'no reason given'}."
        yield Lesson(
            says,
            f"{count:,} of {refused:,} refusals",
            "Mend the cause and run `leadgen sprint start` again: only what changed is sent.",
            9,
        )


def slow_database(picture: Picture) -> Iterator[Lesson]:
    """Database commands that were slow again and again."""
    times = sum(each["times"] for each in picture.slow)
    if times >= SLOW_COMMANDS:
        worst = picture.slow[0]
        by = f" by {', '.join(worst['fields'])}" if worst["fields"] else ""
        which = f"{worst['command']} on {worst['collection']}{by}"
        says = f"{times:,} database commands took longer than 100 ms; the slowest was {which}."
        yield Lesson(
            says,
            f"{worst['ms_max']:,.0f} ms at most, {worst['ms_mean']:,.0f} ms on average over {worst['times']:,}",
            "",
            2,
        )


Rule = Callable[[Picture], Iterator[Lesson]]
RULES: tuple[Rule, ...] = (
    *findings_gates.RULES, short_segments, slowest_segment, source_overlap, quarantine, vendor_errors, not_qualified,
    crm_refusals, slow_database, *findings_money.RULES,
)  # fmt: skip
