"""`leadgen sandbox`: the sandbox vendors as a server of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from leadgen_assets.cli.errors import told
from leadgen_assets.cli.sandbox_process import announce
from leadgen_assets.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def sandbox() -> None:
    """Invented people behind the vendors' real HTTP contracts, on loopback."""


@app.command()
@told
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8765,
    people: Annotated[
        int, typer.Option(min=200, max=1_000_000, help="How many people the invented world has.")
    ] = 26_000,
    seed: Annotated[int, typer.Option(help="Same seed, same world.")] = 7,
    host: Annotated[
        str, typer.Option(help="Another address only in a container: whoever reaches it can change everything in it.")
    ] = "127.0.0.1",
    limits: Annotated[Path | None, typer.Option(help="YAML that overrides documented rate limits.")] = None,
    while_used: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Serve all sandbox vendors and write this home's Sales Navigator exports, until Ctrl-C."""
    from leadgen_assets.sandbox import server

    settings = Settings()

    def ready(url: str) -> None:
        announce(settings.home, url, while_used=while_used)
        Console().print(f"Sandbox vendors: {url}  (LEADGEN_SANDBOX_URL)")

    server.run(
        host=host,
        port=port,
        people=people,
        seed=seed,
        limits_path=limits or settings.leadgen_limits,
        exports_dir=settings.home / "imports" / "sales_navigator",
        ready=ready,
    )
