"""Tables for people: a plan, a status, a result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.conductor import SprintResult
from leadgen_assets.desk.status import SprintStatus
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Sprint
from leadgen_assets.vendors.prices import price

_UNKNOWN = "–"


def _console() -> Console:
    """As wide as the terminal; wide enough for every column where there is none."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=140)


def status(current: SprintStatus) -> None:
    """Figures, gates and segments of a sprint."""
    console = _console()
    console.print(f"[bold]{current.sprint}[/bold]  {current.state}")
    console.print(_figures(current))
    console.print(_segments(current))
    if current.gates:
        console.print(_gates(current.gates))


def result(done: SprintResult) -> None:
    """The status, what this run did, what went wrong, and where the report is."""
    status(done.status)
    console = _console()
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
    rows: list[dict[str, Any]] = [
        {
            "segment": each.id,
            "source": each.source,
            "leads": each.leads,
            "usd": round(float(price(each.source).usd(each.leads)), 2),
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
    console = _console()
    console.print(table)
    total = sum(float(row["usd"]) for row in rows)
    leads = sum(int(row["leads"]) for row in rows)
    console.print(f"{leads:,} leads, ${total:,.2f} before enrichment, budget ${sprint.budget.usd:,.0f}.")


def sprints(rows: Sequence[Mapping[str, Any]]) -> None:
    """The sprints on record."""
    table = Table("Sprint", "State", "Opened", "Segments")
    for row in rows:
        table.add_row(row["sprint"], row["state"], f"{row['opened_at']:%Y-%m-%d %H:%M}", str(row["segments"]))
    _console().print(table)


def _figures(current: SprintStatus) -> Table:
    table = Table.grid(padding=(0, 3))
    share = _share
    table.add_row(
        "Collected",
        f"{current.collected:,} of {current.target:,}",
        "Average score",
        _number(current.average_quality_score),
    )
    table.add_row("Unique leads", f"{current.unique:,}", "Email available", share(current.email_availability))
    table.add_row(
        "Duplicates",
        f"{current.duplicates:,} ({share(current.duplicate_rate)})",
        "Company complete",
        share(current.company_completeness),
    )
    table.add_row("Suppressed", f"{current.suppressed:,}", "Valid", share(current.validation_rate))
    table.add_row("Quarantined", f"{current.quarantined:,}", "Qualified", _count(current.qualified))
    adds_up = "adds up" if current.counts_add_up else "DOES NOT ADD UP"
    table.add_row(
        "Delivered",
        f"{current.delivered:,} ({adds_up})",
        f"In {current.crm_target}",
        f"{current.crm_synced:,} ({current.crm_failed:,} failed)",
    )
    table.add_row(
        "Cost",
        f"${current.cost_usd:,.2f} of ${current.budget_usd:,.0f}",
        "Cost per qualified lead",
        _money(current.cost_per_qualified_lead),
    )
    return table


def _segments(current: SprintStatus) -> Table:
    table = Table("Segment", "Source", "State", box=None, header_style="dim", padding=(0, 2))
    for name in ("Delivered", "Leads", "Duplicates", "Suppressed", "Quarantined", "Cost"):
        table.add_column(name, justify="right")
    for each in current.segments:
        figures = (each.delivered, each.leads, each.duplicates, each.suppressed, each.quarantined)
        table.add_row(each.id, each.source, each.state, *(f"{n:,}" for n in figures), f"${each.cost_usd:,.2f}")
    return table


def _gates(gates: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("Gate", box=None, header_style="dim", padding=(0, 2))
    table.add_column("Value", justify="right")
    table.add_column("Threshold", justify="right")
    table.add_column("")
    for name, gate in sorted(gates.items()):
        verdict = "[green]passed[/green]" if gate["passed"] else "[red]FAILED[/red]"
        table.add_row(name.replace("_", " "), _number(gate["value"]), _number(gate["threshold"]), verdict)
    return table


def _number(value: Any) -> str:
    if value is None:
        return _UNKNOWN
    return (
        f"{value:,.4g}"
        if isinstance(value, float) and abs(value) < 1000
        else f"{value:,}"
        if isinstance(value, int | float)
        else str(value)
    )


def _count(value: int | None) -> str:
    return _UNKNOWN if value is None else f"{value:,}"


def _share(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.1%}"


def _money(value: float | None) -> str:
    return _UNKNOWN if value is None else f"${value:,.3f}"
