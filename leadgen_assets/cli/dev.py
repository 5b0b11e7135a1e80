"""`leadgen dev`: services, sandbox vendors, Dagster's web UI, daemon and code location, and the dashboard, until Ctrl-C."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Annotated

import dagster as dg
import typer
from rich.console import Console

from leadgen_assets.automation.abandoned import close_killed_runs
from leadgen_assets.cli.dagster_process import HOST, running_dagster, why_not
from leadgen_assets.cli.dashboard_process import dashboard_beside
from leadgen_assets.cli.errors import CannotDo
from leadgen_assets.cli.grid import open_partitions, settle_empty_cells
from leadgen_assets.cli.whereabouts import DAGSTER, announced
from leadgen_assets.cli.workplace import Workplace, workplace

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Told(Exception):
    """Somebody wants this command to end."""


def dev(port: Annotated[int, typer.Option(min=1, max=65535, help=f"Port of the Dagster UI on {HOST}.")] = 3000) -> None:
    """Start everything and print where it is. A sprint can be started in another terminal meanwhile."""
    console = Console(highlight=False, soft_wrap=True)
    problem = why_not(port)
    if problem:
        raise CannotDo(
            f"Port {port} on {HOST} cannot be used ({problem}). Is another `leadgen dev` running? "
            f"Stop it, or choose another port: leadgen dev --port {port + 1 if port < 65535 else 3000}"
        )
    with suppress(_Told), _stopped_by_signals():
        console.print("Starting the stores, the sandbox vendors and Dagster …")
        with workplace(vendors=True, dagster=True) as place:
            _know_sprints(place)
            home = place.settings.home
            with (
                running_dagster(port, home) as dagster,
                dashboard_beside(home, dagster=dagster.url) as dashboard,
                announced(home, DAGSTER, dagster.url),
            ):
                dagster.wait_ready()
                console.print(f"Dagster UI       {dagster.url}", style="bold")
                console.print(f"Dashboard        {dashboard or 'did not start'}", style="bold")
                if place.settings.leadgen_mode == "sandbox":
                    console.print(f"Sandbox vendors  {os.environ['LEADGEN_SANDBOX_URL']}")
                console.print(f"State            {home}")
                console.print(f"Log              {dagster.log}")
                console.print("Ctrl-C stops everything.")
                code = dagster.wait()
                raise CannotDo(f"Dagster ended by itself (exit code {code}). {dagster.last_words()}")
    console.print("Stopped.")


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """The first signal ends the block in order; further ones are ignored, so that nothing is left half stopped."""

    def hear(_number: int, _frame: FrameType | None) -> None:
        for each in STOPS:
            signal.signal(each, signal.SIG_IGN)
        raise _Told

    before = {each: signal.signal(each, hear) for each in STOPS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _know_sprints(place: Workplace) -> None:
    """Every sprint on record is a partition; a run whose process is gone holds no slot any more."""
    with dg.DagsterInstance.get() as instance:
        close_killed_runs(instance, place.stores.pulses)
        for opened in place.stores.book.list():
            open_partitions(instance, opened)
            settle_empty_cells(instance, opened)
