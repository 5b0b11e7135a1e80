"""`leadgen services`: start, stop and look at the embedded stores. Thin: the work is in `leadgen_assets.services`."""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.errors import told
from leadgen_assets.services import lifecycle
from leadgen_assets.services.errors import HomeOwned, ServiceUnavailable
from leadgen_assets.services.status import ServicesStatus, status
from leadgen_assets.settings import Settings

app = typer.Typer(help="The embedded MongoDB, Valkey and PostgreSQL of this LEADGEN_HOME.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

_COLOURS = {"ready": "green", "stopped": "dim", "starting": "yellow", "restarting": "yellow"}


@app.command("up")
@told
def up(
    foreground: Annotated[bool, typer.Option(help="Serve until Ctrl-C instead of in the background.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start the stores and keep them running until `down`."""
    settings = Settings()
    try:
        if foreground:
            _serve_until_told(settings, as_json)
            return
        lifecycle.up(settings)
    except HomeOwned as already:
        if not as_json:
            typer.echo(str(already))
    except ServiceUnavailable as error:
        _give_up(error, as_json)
    _show(status(settings), as_json)


@app.command("down")
@told
def down(
    force: Annotated[bool, typer.Option(help="Stop them even while another command uses them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop the stores; nothing is lost. Exit code 1 while another command still uses them."""
    settings = Settings()
    try:
        users = lifecycle.down(settings, force=force)
    except ServiceUnavailable as error:
        _give_up(error, as_json)
    if as_json:
        typer.echo(json.dumps({"stopped": not users, "users": users}))
    elif users:
        typer.echo(f"still used by process {', '.join(map(str, users))}; they stop when it ends (--force: now)")
    else:
        typer.echo("stopped")
    if users:
        raise typer.Exit(1)


@app.command("status")
@told
def show_status(as_json: AsJson = False) -> None:
    """Show every store. Exit code 0 only when all are ready."""
    found = status(Settings())
    _show(found, as_json)
    if not found.is_ready:
        raise typer.Exit(1)


def _serve_until_told(settings: Settings, as_json: bool) -> None:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with lifecycle.running(settings):
        _show(status(settings), as_json)
        while not ended.wait(1):
            pass


def _give_up(error: ServiceUnavailable, as_json: bool) -> None:
    typer.echo(json.dumps({"error": str(error)}) if as_json else f"error: {error}", err=not as_json)
    raise typer.Exit(2)


def _show(found: ServicesStatus, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"ready": found.is_ready}))
        return
    table = Table("store", "state", "address", "from", "pid", "restarts", title=found.home, title_justify="left")
    for service in found.services:
        colour = _COLOURS.get(service.state, "red")
        pid = str(service.pid or "")
        state = f"[{colour}]{service.state}[/]"
        table.add_row(service.service, state, service.address, service.origin, pid, str(service.restarts))
    console = Console()
    console.print(table)
    for service in found.services:
        if service.error:
            console.print(f"{service.service}: {service.error}", markup=False)
