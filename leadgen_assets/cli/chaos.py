"""`leadgen chaos`: hurts small sprints in servers and folders of its own, and checks what must hold afterwards."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.bench_servers import environment
from leadgen_assets.cli.errors import CannotDo
from leadgen_assets.services import running
from leadgen_assets.settings import Settings

if TYPE_CHECKING:  # the suite imports everything there is; other commands need not wait for that
    from leadgen_assets.chaos.case import Outcome
    from leadgen_assets.chaos.faults import Fault
    from leadgen_assets.chaos.tally import Tally


def chaos(
    seeds: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many worlds; each fault strikes once in each.")
    ] = 1,
    first: Annotated[
        int, typer.Option(min=1, max=10**9, help="The first seed; the same seeds play the same cases.")
    ] = 1,
    faults: Annotated[
        str, typer.Option(help="Comma-separated names; an unknown one lists them.", show_default="all")
    ] = "",
    write: Annotated[
        Path | None, typer.Option(help="Renew the table in this file (docs/reliability.md), as it goes.")
    ] = None,
) -> None:
    """Kill, freeze and starve small sprints at seeded moments, let them recover, and check that nothing was lost, doubled
    or paid twice. A few minutes a seed on two cores.

    Works in servers and folders of its own, on invented people; your databases are not touched. Exit code 1 when
    something was not survived.
    """
    from leadgen_assets.chaos import ground, page, suite
    from leadgen_assets.chaos.disk import small_disk
    from leadgen_assets.chaos.tally import Tally
    from leadgen_assets.cli.chaos_process import Starter

    chosen = _faults(faults)
    console, began, tally = Console(stderr=True, highlight=False, soft_wrap=True), time.monotonic(), Tally()
    start_command = Starter()
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # whoever ends it must not leave a disk and servers behind
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="leadgen-chaos-")))
        if not stack.enter_context(small_disk(folder / "home")):
            left_out = [each.name for each in chosen if each.needs_disk]
            chosen = [each for each in chosen if not each.needs_disk]
            if left_out:
                console.print(f"Left out: {', '.join(left_out)}; no disk may be mounted here.", style="yellow")
        stack.enter_context(environment(folder))
        stack.enter_context(running(Settings()))
        plan = suite.planned(chosen, range(first, first + seeds))
        total, played = sum(map(len, plan.values())), 0
        try:
            for done, tally in suite.run(plan, Settings().home, start_command):
                played += 1
                _tell(console, f"{played}/{total}", done)
                if write is not None:
                    _write(page.markdown(tally, seeds, (time.monotonic() - began) / 60), write)
        except ground.NotReady as error:
            raise CannotDo(str(error)) from None
    _show(tally)
    if not tally.is_survived:
        console.print("\n".join(f"Not survived: {each}" for each in tally.broken), style="red", markup=False)
        raise typer.Exit(1)


def _faults(given: str) -> list[Fault]:
    from leadgen_assets.chaos.faults import BY_NAME

    names = [each.strip() for each in given.split(",") if each.strip()] or list(BY_NAME)
    unknown = [each for each in names if each not in BY_NAME]
    if unknown:
        raise CannotDo(f"There is no fault {', '.join(unknown)}; there are {', '.join(BY_NAME)}.")
    return [BY_NAME[each] for each in names]


def _tell(console: Console, count: str, done: Outcome) -> None:
    steps = ", ".join(f"{each}{'' if each in done.struck else ' (missed)'}" for each in done.case.steps)
    verdict = "; ".join(done.violations) or "survived"
    at = time.strftime("%H:%M:%S")
    text = f"{at} {count} seed {done.case.seed}: {steps}: {verdict} ({done.starts} starts, {done.seconds:.0f} s)"
    console.print(text, style="red" if done.violations else "", markup=False)


def _write(text: str, path: Path) -> None:
    from leadgen_assets.chaos import page

    try:
        page.written(text, path)
    except (OSError, ValueError) as error:
        raise CannotDo(f"The table was not written: {error}") from None


def _show(tally: Tally) -> None:
    from leadgen_assets.chaos import page

    table = Table(box=None, header_style="dim", padding=(0, 1))
    for name in page.HEADER:
        table.add_column(name, justify="right" if name in ("Injected", "Survived") else "left", overflow="fold")
    for each in page.rows(tally):
        table.add_row(*each)
    console = Console(highlight=False)
    (console if console.is_terminal else Console(highlight=False, width=140)).print(table)
