"""`leadgen dagster`: upkeep of Dagster's own storage."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import dagster as dg
import typer
from rich.console import Console

from leadgen_assets.automation.pruning import Pruned
from leadgen_assets.automation.pruning import prune as pruned
from leadgen_assets.cli.errors import told
from leadgen_assets.cli.moments import moment
from leadgen_assets.cli.workplace import workplace

app = typer.Typer(no_args_is_help=True)


@app.callback()
def dagster() -> None:
    """Upkeep of Dagster's own storage."""


@app.command()
@told
def prune(
    older_than: Annotated[str, typer.Option(help="How long ago a run must have ended (30d, 12h), or a time.")] = "90d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only, delete nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Delete old runs and their events. Runs that made what is materialised now stay, however old."""
    before = moment(older_than, "--older-than")
    with workplace(dagster=True), dg.DagsterInstance.get() as instance:
        done = pruned(instance, before, is_rehearsal=dry_run)
    if as_json:
        print(json.dumps(asdict(done), indent=2, default=str))  # noqa: T201
        return
    Console(highlight=False, soft_wrap=True).print(_said(done))


def _said(done: Pruned) -> str:
    verb = "would be deleted" if done.is_rehearsal else "deleted"
    by_job = ", ".join(f"{job} {count}" for job, count in sorted(done.jobs.items()))
    what = f"{done.deleted} runs that ended before {done.before:%Y-%m-%d %H:%M} UTC {verb}"
    kept = f"{done.kept} older ones stay: what they made is what there is."
    return f"{what}{f' ({by_job})' if by_job else ''}. {kept}"
