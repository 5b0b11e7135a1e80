"""`leadgen bench capacity`: how far this goes, and what breaks first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from leadgen_assets.cli.errors import CannotDo
from leadgen_assets.cli.workplace import PROJECT, workplace

PAGE = PROJECT / "docs" / "scaling.md"
BENCHMARKS = PROJECT / "docs" / "benchmarks.md"


def capacity(
    sprint: Annotated[
        str | None,
        typer.Option(help="Measure this finished sprint, alone in its home, instead of the figures on record."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    write: Annotated[Path | None, typer.Option(help="Renew the tables in this file (docs/scaling.md).")] = None,
) -> None:
    """Leads a day by vendors' limits, machines, memory, disk and money, from 20,000 leads to 100 million.

    From what one lead took in a measured sprint, the benchmarks on record and the documented limits (or LEADGEN_LIMITS).
    """
    from leadgen_assets.bench import capacity_page, page, sections
    from leadgen_assets.bench.footprint import footprint
    from leadgen_assets.settings import Settings
    from leadgen_assets.vendors.limits import load_limits

    try:
        figures = sections.on_record(PAGE)
        if sprint is not None:
            with workplace() as place:
                lead = footprint(place.stores, sprint).to_json()
            results = sections.on_record(BENCHMARKS).get("results", [])
            figures = {"date": page.now().date().isoformat(), "lead": lead, **capacity_page.from_benchmarks(results)}
        found = capacity_page.model(figures, load_limits(Settings().leadgen_limits))
        if write is not None:
            sections.replaced(write, "capacity", capacity_page.tables(found))
            sections.keep(write, figures)
    except (OSError, ValueError, KeyError) as error:
        raise CannotDo(f"There is nothing to reckon with: {error}") from None
    if as_json:
        steps = [found.step(leads) for leads in capacity_page.STEPS]
        said = {"figures": figures, "steps": steps, "breaks": found.breaks(), "leads_per_day": found.leads_per_day()}
        print(json.dumps(said, indent=2))  # noqa: T201
    else:
        Console().print(Markdown(capacity_page.tables(found)))
