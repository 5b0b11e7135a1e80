"""The process of `leadgen sprint start` in a case of the chaos suite, forked from a server that has everything loaded.

The command is the one that people type, with shorter pauses; its workers are forked from the same server, so that a
sprint of two hundred leads costs what it does and not what starting Python costs.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import forkserver, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import typer

from leadgen_assets.services.processes import ProcessIdentity

PRELOAD = ["leadgen_assets.cli.preload", "leadgen_assets.cli.chaos_preload"]


class Starter:
    """Starts commands. Make one before threads; `__call__` is a `chaos.ground.StartCommand`."""

    def __init__(self) -> None:
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)
        with _without_warnings():
            forkserver.ensure_running()

    def __call__(self, file: Path, log: Path, environment: Mapping[str, str]) -> BaseProcess:
        arguments = (file, log, dict(environment), _fork_server()._forkserver_address, ProcessIdentity.current())
        process = self._context.Process(target=start_sprint, args=arguments)
        process.start()
        return process


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Python's resource tracker, which starts here, would complain at the end of what killed processes have left."""
    before = os.environ.get("PYTHONWARNINGS", "")
    os.environ["PYTHONWARNINGS"] = f"{before},ignore::UserWarning:multiprocessing.resource_tracker".lstrip(",")
    try:
        yield
    finally:
        os.environ["PYTHONWARNINGS"] = before


def start_sprint(file: Path, log: Path, environment: dict[str, str], server: str, owner: ProcessIdentity) -> None:
    """Run the sprint to its end; exit code as of the command."""
    from leadgen_assets.cli import runs, sprint
    from leadgen_assets.sprint_file import load_sprint

    for name in [each for each in os.environ if each.startswith(("LEADGEN_", "DAGSTER_"))]:
        del os.environ[name]
    os.environ.update(environment)
    runs.print_to(log)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", force=True)
    runs.end_with(owner)
    _join_fork_server(server)
    try:
        sprint.conduct_to_the_end(load_sprint(file), None, dashboard=False, as_json=True)
    except typer.Exit as end:
        sys.stdout.flush()
        sys.exit(end.exit_code)


def _join_fork_server(address: str) -> None:
    """Fork workers from the server that forked this process, instead of starting one more."""
    from leadgen_assets.cli import runs

    known, as_it_is = _fork_server(), {"ensure_running": lambda: None}
    known._forkserver_address = address
    vars(known).update(as_it_is)
    vars(runs).update(as_it_is)


def _fork_server() -> Any:
    """What this process knows of its fork server; there is no public way to hand it on."""
    return forkserver._forkserver
