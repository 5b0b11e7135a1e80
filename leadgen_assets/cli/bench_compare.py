"""`leadgen bench compare`: two runs beside each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.errors import CannotDo


def compare(
    first: Annotated[Path, typer.Argument(help="A run, as `leadgen bench --save` or `--json` wrote it.")],
    second: Annotated[Path, typer.Argument(help="Another one.")],
    write: Annotated[Path | None, typer.Option(help="Renew the table of two runs in this file.")] = None,
) -> None:
    """Put two runs beside each other. A figure that moved by more than 20 % is named, and the exit code is 1."""
    from leadgen_assets.bench import compared, sections

    runs = _run(first), _run(second)
    found = compared.pairs(*runs)
    if not found:
        raise CannotDo("The two runs have no stage and size in common.")
    if write is not None:
        try:
            sections.replaced(write, "two runs", compared.to_markdown(found, *runs))
        except (OSError, ValueError) as error:
            raise CannotDo(f"The table was not written: {error}") from None
    shown = Table(box=None, header_style="dim", padding=(0, 1))
    for name in compared.HEADER:
        shown.add_column(name, justify="left" if name == "Stage" else "right")
    for each in found:
        shown.add_row(*compared.row(each))
    console = Console(highlight=False)
    console.print(shown)
    console.print(compared.verdict(found))
    if not all(each.is_steady for each in found):
        raise typer.Exit(1)


def _run(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not all(name in content for name in ("machine", "at", "results")):
            raise ValueError("figures are missing")
    except (OSError, ValueError, TypeError) as error:
        raise CannotDo(f"{path} is no run of `leadgen bench --save`: {error}") from None
    return content
