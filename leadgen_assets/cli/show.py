"""Tables for people: a plan, a status, a result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.conductor import SprintResult
from leadgen_assets.desk import wording as say
from leadgen_assets.desk.status import SprintStatus
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Sprint
from leadgen_assets.vendors.prices import load_prices

_PLAIN: dict[str, Any] = {"box": None, "header_style": "dim", "padding": (0, 2, 0, 0)}


def wide_console() -> Console:
    """As wide as the terminal; wide enough for every column where there is none."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=140)


def status(current: SprintStatus) -> None:
    """Figures, gates and segments of a sprint."""
    console = wide_console()
    console.print(f"[bold]{current.sprint}[/bold]  {current.state}")
    console.print(_figures(current), "")
    console.print(_segments(current))
    if current.crm_waits:
        console.print(current.crm_waits, markup=False, style="yellow")
    for each in current.segments:
        if each.reason:
            console.print(f"{each.id}: {each.reason}", markup=False, style="yellow")
    if current.left_over:
        console.print(f"Not delivered: {say.left_over(current.left_over)}.", markup=False, style="red")
    if current.gates:
        console.print("", _gates(current.gates), "", sep="\n")


def result(done: SprintResult) -> None:
    """The status, what this run did, what went wrong, and where the report is."""
    status(done.status)
    console = wide_console()
    if done.did_nothing:
        console.print("Nothing to do: no lead added, nothing bought, nothing synced.")
    else:
        console.print(
            f"This run: {done.added_leads:,} leads added, ${done.spent_usd:,.2f} spent, "
            f"{done.synced:,} synced, {done.seconds:,.0f} s."
        )
    for where, problem in done.problems.items():
        console.print(f"{where}: {problem}", style="red", markup=False)
    if done.status.report:
        console.print(f"Report: {done.status.report}", markup=False)
    verdict = ("Delivered: every gate passed.", "bold green") if done.is_delivered else ("Not delivered.", "bold red")
    console.print(verdict[0], style=verdict[1])


def plan(sprint: Sprint, settings: Settings, as_json: bool) -> None:
    """What a sprint would collect and what that costs at list prices, before enrichment."""
    prices = load_prices(settings.leadgen_prices)
    rows: list[dict[str, Any]] = [
        {
            "segment": each.id,
            "source": each.source,
            "leads": each.leads,
            "usd": round(float(prices.usd(each.source, Decimal(each.leads))), 2),
            "source_is_on": each.source == "sales_navigator"
            or settings.leadgen_mode == "sandbox"
            or settings.vendor(each.source) is not None,
        }
        for each in sprint.segments
    ]
    if as_json:
        print(json.dumps({"sprint": sprint.name, "segments": rows, "budget_usd": sprint.budget.usd}, indent=2))  # noqa: T201
        return
    table = Table("Segment", "Source", "Leads", "List price", "Source")
    for row in rows:
        on = "on" if row["source_is_on"] else f"off: no credentials ({row['source']})"
        table.add_row(row["segment"], row["source"], f"{row['leads']:,}", f"${row['usd']:,.2f}", on)
    console = wide_console()
    console.print(table)
    total = sum(float(row["usd"]) for row in rows)
    leads = sum(int(row["leads"]) for row in rows)
    console.print(f"{leads:,} leads, ${total:,.2f} before enrichment, budget ${sprint.budget.usd:,.0f}.")


def sprints(rows: Sequence[Mapping[str, Any]]) -> None:
    """The sprints on record."""
    table = Table("Sprint", "State", "Opened", "Segments")
    for row in rows:
        table.add_row(row["sprint"], row["state"], f"{row['opened_at']:%Y-%m-%d %H:%M}", str(row["segments"]))
    wide_console().print(table)


def _figures(current: SprintStatus) -> Table:
    table = Table.grid(padding=(0, 3))
    for style in ("dim", "", "dim", ""):
        table.add_column(style=style, no_wrap=True)
    duplicates = f"{current.duplicates:,} ({say.share(current.duplicate_rate)})"
    adds_up = "adds up" if current.counts_add_up else "[red]DOES NOT ADD UP[/red]"
    synced = f"{current.crm_synced:,} ({current.crm_failed:,} failed)"
    spent = f"{say.usd(current.cost_usd)} of {say.usd(current.budget_usd, 0)}"
    score = say.value("average_quality_score", current.average_quality_score)
    for row in (
        ("Collected", f"{current.collected:,} of {current.target:,}", "Average score", score),
        ("Unique leads", f"{current.unique:,}", "Email available", say.share(current.email_availability)),
        ("Duplicates", duplicates, "Company complete", say.share(current.company_completeness)),
        ("Suppressed", f"{current.suppressed:,}", "Valid", say.share(current.validation_rate)),
        ("Quarantined", f"{current.quarantined:,}", "Qualified", say.count(current.qualified)),
        ("Delivered", f"{current.delivered:,} ({adds_up})", f"In {say.vendor(current.crm_target)}", synced),
        ("Cost", spent, "Cost per qualified lead", say.usd(current.cost_per_qualified_lead, 3)),
    ):
        table.add_row(*row)
    return table


def _segments(current: SprintStatus) -> Table:
    """Why a segment is short stands in a line of its own: it is too long for a column, and rare."""
    table = Table("Segment", "State", **_PLAIN)
    for name in ("Delivered", "Leads", "Duplicates", "Suppressed", "Quarantined", "Cost"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in current.segments:
        figures = (each.delivered, each.leads, each.duplicates, each.suppressed, each.quarantined)
        table.add_row(each.id, each.state, *(f"{n:,}" for n in figures), say.usd(each.cost_usd))
    return table


def _gates(gates: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("Gate", **_PLAIN)
    table.add_column("Measured", justify="right")
    table.add_column("Required", justify="right")
    table.add_column("")
    for name, gate in sorted(gates.items()):
        verdict = "[green]passed[/green]" if gate["passed"] else "[red]FAILED[/red]"
        table.add_row(say.gate(name), say.value(name, gate["value"]), say.limit(name, gate["threshold"]), verdict)
    return table
