"""Tables for people: a sprint's cost, its forecast, and what is unusual about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.show import wide_console
from leadgen_assets.desk import wording as say
from leadgen_assets.desk.baseline import Comparison, Judged
from leadgen_assets.desk.cost import Cost, Spent
from leadgen_assets.desk.forecast import Forecast, Projection
from leadgen_assets.stores.baselines import Baseline

SHOWN_HOURS = 12


def cost(found: Cost) -> None:
    """Totals, marks, and the parts of a sprint's cost."""
    console = wide_console()
    console.print(f"[bold]{found.sprint}[/bold]  {say.usd(found.usd)} of {say.usd(found.budget_usd)}")
    console.print(_totals(found), "")
    console.print(_marks(found), "")
    hours = dict(list(found.by_hour.items())[-SHOWN_HOURS:])
    for title, part in (
        ("Vendor and operation", {say.purchase(name): each for name, each in found.by_operation.items()}),
        ("Field", found.by_field),
        ("Segment", found.by_segment),
        ("Hour", hours),
    ):
        console.print(_parts(title, part, found.usd), "")
    console.print(found.control.says, style=None if found.buying == "on" else "bold red", markup=False)
    for each in found.control.changes:
        line = f"  {each.at:%Y-%m-%d %H:%M:%S} UTC  {each.buying}  {each.by}: {each.reason or 'no reason given'}"
        console.print(line, style="dim", markup=False)
    _uncertain(console, found)


def forecast(found: Cost, projection: Projection) -> None:
    """The end of the sprint, the day, the month."""
    console = wide_console()
    to_come: Forecast = found.forecast
    console.print(f"[bold]{found.sprint}[/bold]  {say.usd(to_come.usd)} at the end of {say.usd(found.budget_usd)}")
    table = _grid()
    table.add_row("Spent", say.usd(found.usd), "Reserved", say.usd(found.reserved_usd))
    table.add_row(
        "Collection to come",
        say.usd(to_come.collection_to_come),
        "Enrichment to come",
        say.usd(to_come.enrichment_to_come),
    )
    console.print(table)
    if to_come.over_budget_by:
        console.print(f"{say.usd(to_come.over_budget_by)} over the budget.", style="bold red")
    console.print(to_come.basis, style="dim", markup=False)
    days = Table("All sprints", "So far", "Projected", box=None, header_style="dim", padding=(0, 2, 0, 0))
    days.add_row("Today (UTC)", say.usd(projection.today), say.usd(projection.day))
    days.add_row("This month", say.usd(projection.this_month), say.usd(projection.month))
    console.print("", days)


def comparison(found: Judged) -> None:
    """A sprint or run against what is usual."""
    console, current = wide_console(), found.baseline
    console.print(f"[bold]{current.key}[/bold]  {current.about}  {current.at:%Y-%m-%d %H:%M} UTC", highlight=False)
    table = _plain("Figure", "")
    for name in ("This time", "Usual", "Spread", "Earlier", "Trend"):
        table.add_column(name, justify="right")
    table.add_column("")
    for each in found.comparisons:
        unit = each.measure.unit
        style = {"worse": "bold red", "better": "green", "different": "yellow"}.get(each.verdict, "")
        cells = (figure(each.current, unit), figure(each.usual, unit), figure(each.spread, unit), str(each.earlier))
        table.add_row(each.measure.label, "", *cells, _trend(each), each.verdict, style=style)
    console.print(table)
    if not found.against:
        console.print("There is no earlier one like it yet; three are needed to tell what is usual.", style="dim")
    for each in found.deviations:
        unit = each.measure.unit
        line = f"{each.measure.label}: {figure(each.current, unit)} instead of about {figure(each.usual, unit)}"
        console.print(f"{line} ({each.verdict})", style="red" if each.verdict == "worse" else "", markup=False)


def baselines(rows: Sequence[Baseline]) -> None:
    """What is on record."""
    table = _plain("When", "About", "Key", "Ended")
    for name in ("Records", "Duration", "Throughput", "Cost"):
        table.add_column(name, justify="right")
    for each in rows:
        names = (("records", "records"), ("duration", "s"), ("throughput", "records/h"), ("cost_usd", "USD"))
        cells = (figure(each.figures.get(name), unit) for name, unit in names)
        ended = "well" if each.succeeded else "[red]badly[/red]"
        table.add_row(f"{each.at:%Y-%m-%d %H:%M}", each.about, each.key, ended, *cells)
    wide_console().print(table)


def figure(value: float | None, unit: str) -> str:
    """A figure in its unit."""
    if value is None:
        return say.UNKNOWN
    if unit == "share":
        return f"{value:.1%}"
    if unit == "USD":
        return say.usd(value, 2 if abs(value) >= 10 else 4)
    return f"{value:,.0f} {unit}" if abs(value) >= 100 or unit == "records" else f"{value:,.1f} {unit}"


def _trend(each: Comparison) -> str:
    if each.trend is None or each.trend == "steady" or each.change_per_step is None:
        return each.trend or ""
    return f"{each.trend} ({figure(each.change_per_step, each.measure.unit)} each)"


def _grid() -> Table:
    table = Table.grid(padding=(0, 3))
    for style in ("dim", "", "dim", ""):
        table.add_column(style=style, no_wrap=True)
    return table


def _plain(*columns: str) -> Table:
    return Table(*columns, box=None, header_style="dim", padding=(0, 2, 0, 0))


def _totals(found: Cost) -> Table:
    table = _grid()
    limit = f"{say.usd(found.per_qualified, 3)} (at most {say.usd(found.per_qualified_limit)})"
    reserved = say.usd(found.reserved_usd) + (
        f" ({say.usd(found.uncertain_usd)} uncertain)" if found.uncertain_usd else ""
    )
    table.add_row("Reserved", reserved, "Share of the budget", say.share(found.share))
    table.add_row("Per collected", say.usd(found.per_collected, 4), "Per unique lead", say.usd(found.per_unique, 4))
    table.add_row("Per qualified lead", limit, "At the end", say.usd(found.forecast.usd))
    return table


def _marks(found: Cost) -> Table:
    table = _plain("Mark", "Amount", "", "By itself")
    for each in found.marks:
        reached = "[bold red]reached[/bold red]" if each.reached else ""
        table.add_row(f"{each.at:.0%} {each.severity}", say.usd(each.usd), reached, each.action or "")
    return table


def _parts(title: str, parts: Mapping[str, Spent], total: float) -> Table:
    table = _plain(title)
    for name in ("Cost", "Share", "Calls", "Units", "Reserved"):
        table.add_column(name, justify="right", no_wrap=True)
    ordered = parts.items() if title == "Hour" else sorted(parts.items(), key=lambda each: -each[1].usd)
    for name, each in ordered:
        share = say.share(each.usd / total if total else None)
        reserved = say.usd(each.reserved_usd) if each.reserved_usd else ""
        table.add_row(name, say.usd(each.usd), share, f"{each.calls:,}", f"{each.units:,}", reserved)
    return table


def _uncertain(console: Console, found: Cost) -> None:
    if found.decided:
        console.print(f"\n{say.decided(found.decided)}")
    if not found.uncertain:
        return
    console.print(
        f"\nUncertain, {say.usd(found.uncertain_usd)}: calls that were sent and never confirmed. They may have been billed, "
        "count against the budget and are not repeated where that would cost again. `leadgen cost reconcile` asks the vendors.",
        style="yellow",
        markup=False,
    )
    table = _plain("Reserved", "Vendor", "Operation", "Segment", "Units", "At most", "Why", "Entry")
    for each in found.uncertain:
        row = (each.vendor, each.operation, each.segment, f"{each.units:,}", say.usd(float(each.usd)))
        table.add_row(f"{each.reserved_at:%Y-%m-%d %H:%M}", *row, each.doubt or "no answer yet", each.entry_id)
    console.print(table)
