"""`leadgen doctor`: go or no-go before a sprint (TL-07, TL-08), without spending a credit."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.workplace import PROJECT, Workplace, wants_postgres, workplace
from leadgen_assets.delivery.mapping import MappingError, load_mapping
from leadgen_assets.delivery.validation import validate
from leadgen_assets.sprint_file import Sprint, load_sprint
from leadgen_assets.vendors import registry
from leadgen_assets.vendors.contracts import Checkable, VendorError
from leadgen_assets.vendors.governor import Governor

FREE_DISK_GB = 5


@dataclass(frozen=True)
class Finding:
    """One line of the list. What is not required is told, but does not stop a sprint."""

    subject: str
    ok: bool
    detail: str
    required: bool = True


def doctor(
    file: Annotated[Path | None, typer.Argument(help="The sprint file; default: performance-marketers.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Call every configured API once for free, check stores, disk, budget and CRM mapping. Exit code 1 means no-go."""
    sprint = load_sprint(file or PROJECT / "sprints" / "performance-marketers.yaml")
    with workplace(vendors=True, dagster=True) as place:
        findings = [*_stores(place), *_disk(place), *_sprint(place, sprint), *asyncio.run(check_vendors(place, sprint))]
    go = all(each.ok for each in findings if each.required)
    if as_json:
        print(json.dumps({"go": go, "findings": [asdict(each) for each in findings]}, indent=2))  # noqa: T201
    else:
        _show(findings, go)
    raise typer.Exit(0 if go else 1)


def _stores(place: Workplace) -> Iterator[Finding]:
    place.stores.db.command("ping")
    yield Finding("MongoDB", True, f"answers; database {place.settings.leadgen_database}")
    try:
        place.stores.redis.ping()
        yield Finding("Redis", True, "answers")
    except Exception as error:
        yield Finding(
            "Redis", False, f"away ({type(error).__name__}); claims would fall back to MongoDB", required=False
        )
    yield Finding("Dagster storage", True, "PostgreSQL answers" if wants_postgres() else "as DAGSTER_HOME says")


def _disk(place: Workplace) -> Iterator[Finding]:
    free = shutil.disk_usage(place.settings.home).free / 1e9
    yield Finding("Disk", free >= FREE_DISK_GB, f"{free:,.0f} GB free in LEADGEN_HOME, {FREE_DISK_GB} needed")


def _sprint(place: Workplace, sprint: Sprint) -> Iterator[Finding]:
    asked = sum(each.leads for each in sprint.segments)
    enough = asked >= sprint.target.collected
    yield Finding("Target", enough, f"segments ask for {asked:,} records, the target is {sprint.target.collected:,}")
    yield Finding(
        "Budget", True, f"${sprint.budget.usd:,.0f}, ${sprint.budget.per_qualified_lead:.2f} per qualified lead"
    )
    gates = sprint.gates.model_dump()
    yield Finding("Thresholds", True, ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in gates.items()))
    people = place.stores.suppressions.count()
    detail = f"{people:,} entries" if people else "empty: nobody is known to have opted out"
    yield Finding("Suppression list", people > 0, detail, required=False)


async def check_vendors(place: Workplace, sprint: Sprint) -> list[Finding]:
    """One free call to every vendor that the sprint names; those it does not name are told, not required."""
    waterfalls = (sprint.enrichment.company, sprint.enrichment.email, sprint.enrichment.verify)
    named: set[str] = {each.source for each in sprint.segments}
    named.update([sprint.crm.target], *waterfalls)
    governor = registry.governor(place.settings)
    opened = registry.checkables(place.settings, governor)
    off = [_off(place, name) for name in sorted(named - opened.keys())]
    checked = await asyncio.gather(*(check_vendor(name, each, required=name in named) for name, each in opened.items()))
    return [*checked, *off, await _mapping(place, sprint, governor)]


def _off(place: Workplace, name: str) -> Finding:
    return Finding(name, False, f"off: {', '.join(place.settings.missing(name)) or 'its credentials'} not set", True)


async def check_vendor(name: str, opened: AbstractAsyncContextManager[Checkable], *, required: bool) -> Finding:
    """One free call to a vendor."""
    try:
        async with opened as client:
            verdict = await client.check()
    except VendorError as error:
        return Finding(name, False, str(error), required)
    left = f", {verdict.credits_left:,} credits left" if verdict.credits_left is not None else ""
    return Finding(name, verdict.ok, f"{verdict.detail}{left}", required)


async def _mapping(place: Workplace, sprint: Sprint, governor: Governor) -> Finding:
    target = sprint.crm.target
    try:
        mapping = load_mapping(target, getattr(place.settings, f"{target}_mapping"))
        async with registry.crm(target, place.settings, governor) as client:
            problems = validate(mapping, await client.describe())
    except (MappingError, VendorError, registry.VendorOff) as error:
        return Finding("CRM mapping", False, str(error))
    return Finding("CRM mapping", not problems, "; ".join(problems) or f"every field fits {target}")


def _show(findings: list[Finding], go: bool) -> None:
    table = Table("Check", "", "Detail", box=None, header_style="dim", padding=(0, 2))
    for each in findings:
        verdict = "[green]ok[/green]" if each.ok else "[red]no[/red]" if each.required else "[yellow]note[/yellow]"
        table.add_row(each.subject, verdict, each.detail)
    console = Console(highlight=False)
    console.print(table)
    console.print("Go." if go else "No-go.", style="bold green" if go else "bold red")
