"""`leadgen bench db`: the lead store with many writers, three batch sizes and duplicate checks beside them (DE-05)."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.bench_servers import servers
from leadgen_assets.cli.errors import CannotDo
from leadgen_assets.cli.whole_numbers import whole_numbers

UNIQUE = 0.9
"""At least that share of the sandbox world's records are leads of different people."""


def db(
    records: Annotated[str, typer.Option(help="Comma-separated numbers of records.")] = "10000,20000",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    write: Annotated[Path | None, typer.Option(help="Renew the table in this file (docs/benchmarks.md).")] = None,
) -> None:
    """Insert with 10 and 50 writers in batches of 100, 250 and 500, checking for duplicates meanwhile: three minutes.

    Works in servers and folders of its own, on invented people; your databases are not touched.
    """
    from leadgen_assets.bench import database, page, sections, suite
    from leadgen_assets.bench.ground import Ground
    from leadgen_assets.bench.machine import Machine
    from leadgen_assets.bench.storing import provisional

    numbers = whole_numbers(
        "--records", records, like="10000,20000", least=1_000, because="50 writers have nothing to do"
    )
    console = Console(stderr=True, highlight=False, quiet=as_json)

    def tell(text: str) -> None:
        console.print(f"[dim]{time.strftime('%H:%M:%S')}[/dim] {text}")

    machine, at = Machine.this(), page.now()
    with TemporaryDirectory(prefix="leadgen-bench-") as folder, servers(Path(folder), sandbox=False):
        ground = Ground(round(max(numbers) / UNIQUE), Path(folder))
        suite.prepare(ground, "golden", tell)
        with ground.stores("database") as stores:
            loads = list(database.measured(stores, provisional(ground), tell, numbers))
    said = {"machine": asdict(machine), "date": at.date().isoformat(), "loads": [asdict(each) for each in loads]}
    if write is not None:
        try:
            sections.replaced(write, "database", database.to_markdown(loads, f"Measured {said['date']} on {machine}."))
            sections.keep(write, {"database": said})
        except (OSError, ValueError) as error:
            raise CannotDo(f"The table was not written: {error}") from None
    if as_json:
        print(json.dumps(said, indent=2))  # noqa: T201
        return
    shown = Table(*database.HEADER, box=None, header_style="dim")
    for each in loads:
        shown.add_row(*database.row(each))
    Console(highlight=False).print(shown)
