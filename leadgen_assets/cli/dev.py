"""`leadgen dev`: services, sandbox vendors and Dagster's web UI, daemon and code location, until Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import dagster as dg
import typer
from rich.console import Console

from leadgen_assets.cli.conductor import open_partitions
from leadgen_assets.cli.workplace import PROJECT, workplace


def dev(port: Annotated[int, typer.Option(help="Port of the Dagster UI on 127.0.0.1.")] = 3000) -> None:
    """Start everything and print where it is. A sprint can be started in another terminal meanwhile."""
    console = Console(highlight=False)
    with workplace(vendors=True, dagster=True) as place:
        with dg.DagsterInstance.get() as instance:
            for opened in place.stores.book.list():
                open_partitions(instance, opened)
        command = [str(Path(sys.executable).with_name("dagster")), "dev", "-w", str(PROJECT / "workspace.yaml")]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(command, cwd=PROJECT, env=os.environ.copy())
        console.print(f"Dagster UI       http://127.0.0.1:{port}")
        if sandbox := os.environ.get("LEADGEN_SANDBOX_URL"):
            console.print(f"Sandbox vendors  {sandbox}")
        console.print(f"State            {place.settings.home}")
        try:
            process.wait()
        except KeyboardInterrupt:
            console.print("Stopping.")
        finally:
            process.terminate()
            process.wait(timeout=30)
