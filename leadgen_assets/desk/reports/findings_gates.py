"""What the gates of a sprint teach: which refused it, and which nearly did. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports.lesson import Lesson, pair

if TYPE_CHECKING:
    from leadgen_assets.desk.reports.picture import Picture

NEAR_SHARE = 0.05
"""A gate passed by less than this part of its threshold nearly failed."""


def failed_gates(picture: Picture) -> Iterator[Lesson]:
    """Gates that refused the sprint, and by how much."""
    for name, gate in sorted(picture.status.gates.items()):
        if gate["passed"]:
            continue
        rests_on = f"measured {say.value(name, gate['value'])}, required {say.limit(name, gate['threshold'])}"
        yield Lesson(f"{say.gate(name)} kept the sprint from being delivered.", rests_on, _way_to(picture, name), 10)


def _way_to(picture: Picture, gate: str) -> str:
    """What the figures say about mending a gate; empty when they say nothing."""
    status, reasons = picture.status, picture.lessons.not_qualified
    if gate == "unique_leads":
        missing = round(status.gates[gate]["threshold"] - (status.gates[gate]["value"] or 0))
        share = status.unique / status.delivered if status.delivered else 0
        more = f"Ask for about {missing / share:,.0f} more records" if share else ""
        return more and f"{more}: {share:.0%} of those delivered became leads."
    if gate == "duplicate_rate" and picture.lessons.overlaps:
        one, other = picture.lessons.overlaps[0].sources
        return f"Start with {pair(one, other)}, which share the most people."
    if gate == "email_availability":
        return _best_finder(picture)
    missing_fields = {name: count for name, count in reasons.items() if name.startswith("missing_")}
    if gate == "required_fields" and missing_fields:
        name, count = next(iter(missing_fields.items()))
        return f"Most often {name.removeprefix('missing_').replace('_', ' ')} is missing: {count:,} leads."
    return ""


def _best_finder(picture: Picture) -> str:
    lines = [each for each in picture.enrichment if each["step"] == "email" and each["stopped_because"]]
    stopped = [f"{say.vendor(each['vendor'])} ({each['stopped_because']})" for each in lines]
    return (
        f"Enrich again: {', '.join(stopped)} left {sum(each['skipped'] for each in lines):,} people unasked."
        if stopped
        else ""
    )


def near_gates(picture: Picture) -> Iterator[Lesson]:
    """The threshold that nearly failed."""
    margins = []
    for name, gate in picture.status.gates.items():
        threshold, value = gate["threshold"], gate["value"]
        is_a_bound = name in say.SHARES and threshold in (0, 1)
        if gate["passed"] and value is not None and threshold and not is_a_bound:
            sign = -1 if name in say.CEILINGS else 1
            margins.append((sign * (value - threshold) / threshold, name, gate))
    if not margins:
        return
    margin, name, gate = min(margins, key=lambda each: each[0])
    if margin < NEAR_SHARE:
        says = f"{say.gate(name)} passed by only {margin:.1%} of its threshold."
        rests_on = f"measured {say.value(name, gate['value'])}, required {say.limit(name, gate['threshold'])}"
        yield Lesson(says, rests_on, _way_to(picture, name) if name == "email_availability" else "", 8)


RULES = (failed_gates, near_gates)
