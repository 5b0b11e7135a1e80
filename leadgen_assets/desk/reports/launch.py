"""The status report at launch: what will be collected, where, for how much, and what it will be judged by (OPS-05). Pure."""

from __future__ import annotations

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports.document import Block, Headline, Report, Section, Text, table
from leadgen_assets.desk.reports.picture import Picture
from leadgen_assets.leads.counting import Counts
from leadgen_assets.sprint_file import Segment, Sprint
from leadgen_assets.vendors.prices import PricesError, load_prices

_STEPS = {"company": "Company data", "email": "Email address", "verify": "Email verification"}


def launch_report(picture: Picture) -> Report:
    """The plan as it stands when collecting starts."""
    sprint, target = picture.opened.sprint, picture.opened.sprint.target
    asked = sum(each.leads for each in sprint.segments if not each.paused)
    listed = sum(list_price(each) or 0 for each in sprint.segments if not each.paused)
    is_enough = asked >= target.collected
    says = (
        f"{len(sprint.segments)} segments ask for {asked:,} records to collect {target.collected:,} by "
        f"{say.moment(picture.deadline)}."
    )
    return Report(
        title=f"Sprint {picture.opened.key}",
        subtitle=f"Launch · {sprint.name} · opened {say.moment(picture.opened.opened_at)}",
        verdict=says if is_enough else f"{says} That is {target.collected - asked:,} too few.",
        tone="good" if is_enough else "bad",
        as_of=say.moment(picture.at),
        headlines=(
            Headline(say.count(target.collected), "records to collect"),
            Headline(say.count(target.unique), "unique leads to deliver"),
            Headline(say.rate(target.leads_per_hour), f"for {target.hours:g} hours at most"),
            Headline(say.usd(sprint.budget.usd, 0), f"budget; collecting at list prices {say.usd(listed)}"),
        ),
        sections=(
            Section("Segments", _segments(sprint)),
            Section("Targets and gates", _gates(sprint)),
            Section("Enrichment and delivery", _after(sprint)),
            Section("Already on record", _on_record(picture)),
        ),
        footer=f"As of {say.moment(picture.at)}. List prices are upper bounds; what is paid is in the ledger.",
    )


def list_price(segment: Segment) -> float | None:
    """US dollars for a segment at list prices, a credit a record; None for a source without a price."""
    try:
        return float(load_prices().of(segment.source).usd(segment.leads))
    except PricesError:
        return None


def _segments(sprint: Sprint) -> tuple[Block, ...]:
    rows = [
        (each.id, say.vendor(each.source), _titles(sprint, each), ", ".join(sprint.locations_of(each)) or _countries(sprint),
         f"{each.leads:,}", say.usd(list_price(each)), "paused" if each.paused else "ready")
        for each in sprint.segments
    ]  # fmt: skip
    asked = sum(each.leads for each in sprint.segments)
    usd = say.usd(sum(list_price(each) or 0 for each in sprint.segments))
    head = "Segment | Source | Titles | Places | Records> | List price> | State"
    return (table("What is collected at once", head, rows, ("Together", "", "", "", f"{asked:,}", usd, "")),)


def _titles(sprint: Sprint, segment: Segment) -> str:
    titles = sprint.titles_of(segment)
    return ", ".join(titles) if len(titles) <= 2 else f"{len(titles)} titles"


def _countries(sprint: Sprint) -> str:
    return f"all of {', '.join(sprint.profile.countries)}"


def _gates(sprint: Sprint) -> tuple[Block, ...]:
    gates = sprint.gates.model_dump()
    rows = [(say.gate(name), say.limit(name, value)) for name, value in sorted(gates.items())]
    rows.append(
        ("Cost of a qualified lead", f"at most {say.usd(sprint.budget.per_qualified_lead)} (reported, not gated)")
    )
    marks = ", ".join(f"{mark:.0%} ({say.usd(mark * sprint.budget.usd, 0)})" for mark in sprint.budget.alerts)
    return (
        table("Nothing goes into the CRM below these", "Gate | Required>", rows),
        Text(f"Marks of the budget that are announced: {marks}."),
    )


def _after(sprint: Sprint) -> tuple[Block, ...]:
    plan = sprint.enrichment.model_dump()
    rows = [
        (label, " → ".join(say.vendor(each) for each in plan[step]) or "not enriched") for step, label in _STEPS.items()
    ]
    rows.append(("Delivered to", say.vendor(sprint.crm.target)))
    return (table("What is missing is asked in this order", "Step | Vendors", rows),)


def _on_record(picture: Picture) -> tuple[Block, ...]:
    """What earlier runs of the sprint have left."""
    delivered = Counts.total(page.counts for page in picture.pages if page.at < picture.began).delivered
    if not delivered:
        return ()
    return (Text(f"{delivered:,} records were delivered before: the sprint goes on from there."),)
