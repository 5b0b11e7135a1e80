"""`leadgen cost`: what a sprint costs, what it will cost, and the emergency controls."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from leadgen_assets.cli import show_cost
from leadgen_assets.cli.errors import told
from leadgen_assets.cli.person import me
from leadgen_assets.cli.reconcile import decide, reconcile
from leadgen_assets.cli.sprint import AsJson, Which, which
from leadgen_assets.cli.workplace import workplace
from leadgen_assets.desk.cost import Cost, cost_of
from leadgen_assets.desk.forecast import Projection, projection_of

app = typer.Typer(invoke_without_command=True)

Reason = Annotated[str, typer.Option("--reason", help="Why; kept on record.")]
By = Annotated[str | None, typer.Option("--by", help="Who; kept on record. Default: the user of this machine.")]


@app.callback()
def cost(context: typer.Context) -> None:
    """What a sprint costs. Without a command: show the latest sprint's cost."""
    if context.invoked_subcommand is None:
        show(None)


@app.command()
@told
def show(sprint: Which = None, as_json: AsJson = False) -> None:
    """Cost by vendor, field, segment and hour, per lead, budget marks, and calls that may have been billed."""
    found, _ = _look(sprint)
    if not _told(found.to_json(), as_json):
        show_cost.cost(found)


@app.command()
@told
def forecast(sprint: Which = None, as_json: AsJson = False) -> None:
    """What the sprint will have cost at its end, and what this day and this month will, over all sprints."""
    found, projection = _look(sprint)
    said = {
        "sprint": found.sprint,
        "usd": found.usd,
        "reserved_usd": found.reserved_usd,
        "budget_usd": found.budget_usd,
        "forecast": asdict(found.forecast),
        "projection": asdict(projection),
    }
    if not _told(said, as_json):
        show_cost.forecast(found, projection)


@app.command()
@told
def pause(
    sprint: Which = None,
    enrichment_only: Annotated[
        bool, typer.Option("--enrichment-only", help="Stop buying enrichment; collecting goes on.")
    ] = False,
    reason: Reason = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Stop buying. Runs notice within two seconds, and take in what was bought already; nothing is lost."""
    with workplace() as place:
        key, controls = which(place, sprint), place.stores.controls
        change = controls.pause_enrichment if enrichment_only else controls.pause_all
        changed = change(key, by or me(), reason)
        said = _control(key, changed, controls.read(key).says)
    if not _told(said, as_json):
        _say(said)


@app.command()
@told
def resume(
    sprint: Which = None,
    collection_only: Annotated[
        bool, typer.Option("--collection-only", help="Collect again; enrichment stays paused.")
    ] = False,
    reason: Reason = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Buy again. A running sprint goes on by itself while it collects; later, `leadgen sprint start` goes on."""
    with workplace() as place:
        key, controls = which(place, sprint), place.stores.controls
        changed = controls.resume(key, by or me(), reason, collection_only=collection_only)
        said = _control(key, changed, controls.read(key).says)
        found = cost_of(place.stores, key)
    said["share"] = found.share
    if not _told(said, as_json):
        _say(said)
        Console(highlight=False).print(
            f"{found.share:.1%} of ${found.budget_usd:,.2f} are spent or reserved. A mark that paused the sprint before does "
            "not pause it again; at 100 % nothing more is bought.",
            style="dim",
        )


app.command()(reconcile)
app.command()(decide)


def _look(sprint: str | None) -> tuple[Cost, Projection]:
    with workplace() as place:
        return cost_of(place.stores, which(place, sprint)), projection_of(place.stores)


def _control(key: str, changed: bool, says: str) -> dict[str, Any]:
    return {"sprint": key, "changed": changed, "says": says}


def _say(said: dict[str, Any]) -> None:
    note = "" if said["changed"] else " (as before)"
    Console(highlight=False).print(f"{said['sprint']}: {said['says']}{note}", markup=False)


def _told(said: dict[str, Any], as_json: bool) -> bool:
    """Print JSON if it is wanted; False when it is not."""
    if as_json:
        print(json.dumps(said, indent=2, default=str))  # noqa: T201
    return as_json
