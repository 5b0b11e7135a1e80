"""`leadgen bench`: measures every stage of a sprint on this machine, in servers and folders of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.bench_capacity import capacity
from leadgen_assets.cli.bench_compare import compare
from leadgen_assets.cli.bench_db import db
from leadgen_assets.cli.bench_servers import environment, servers
from leadgen_assets.cli.errors import CannotDo, told
from leadgen_assets.cli.whole_numbers import whole_numbers

if TYPE_CHECKING:  # the stages import everything there is; other commands need not wait for that
    from leadgen_assets.bench.page import Report
    from leadgen_assets.bench.stages import Stage
    from leadgen_assets.bench.suite import Result

SIZES = (20_000, 200_000, 1_000_000)
QUICK = 1_000

app = typer.Typer(invoke_without_command=True)
app.command("db")(told(db))
app.command("capacity")(told(capacity))
app.command("compare")(told(compare))


@app.callback()
@told
def bench(
    context: typer.Context,
    quick: Annotated[bool, typer.Option(help=f"{QUICK:,} leads only.")] = False,
    stages: Annotated[
        str, typer.Option(help="Comma-separated names; an unknown one lists them.", show_default="all")
    ] = "",
    sizes: Annotated[
        str, typer.Option(help="Comma-separated numbers of leads.", show_default="20000,200000,1000000")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    write: Annotated[Path | None, typer.Option(help="Renew the table in this file (docs/benchmarks.md).")] = None,
    save: Annotated[Path | None, typer.Option(help="Keep the run in this file, for `leadgen bench compare`.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="Fail where a ratio is 20 % worse than on record (docs/benchmarks.md).")
    ] = None,
) -> None:
    """Measure collecting, refining, gating and storing, each beside a bare baseline; half an hour on two cores.

    Works in servers and folders of its own, on invented people; your databases are not touched.
    """
    if context.invoked_subcommand is not None:
        return
    from leadgen_assets.bench import page, regression, suite
    from leadgen_assets.bench.machine import Machine

    plan = suite.planned(_stages(stages), _sizes(sizes, quick))
    if not plan:
        raise CannotDo(f"Nothing to measure: {_largest(stages)}.")
    try:
        on_record = regression.recorded(against) if against else {}
    except ValueError as error:
        raise CannotDo(f"--against {against}: {error}") from None
    console = Console(stderr=True, highlight=False, quiet=as_json)
    machine, at, began = Machine.this(), page.now(), time.monotonic()
    results: list[Result] = []
    problem = None
    try:
        with TemporaryDirectory(prefix="leadgen-bench-") as folder:
            for each in _measured(plan, Path(folder), console):
                results.append(each)  # noqa: PERF402 - what was measured before a failure is kept
    except suite.BenchmarkFailed as error:
        problem = str(error)
    report = page.Report(machine, at, time.monotonic() - began, results)
    if problem is None:
        _keep(report, save, write)
    _show(report, as_json)
    if problem is not None:
        raise CannotDo(f"{problem}\nWhat was measured before it is above; no file was written.")
    slower = regression.regressions(results, on_record)
    if slower:
        console.print("\n".join(f"Slower than on record: {each}" for each in slower), style="red", markup=False)
        raise typer.Exit(1)


def _stages(given: str) -> list[str]:
    from leadgen_assets.bench.stages import BY_NAME

    names = [each.strip() for each in given.split(",") if each.strip()] or list(BY_NAME)
    unknown = [each for each in names if each not in BY_NAME]
    if unknown:
        raise CannotDo(f"There is no stage {', '.join(unknown)}; there are {', '.join(BY_NAME)}.")
    return names


def _largest(given: str) -> str:
    from leadgen_assets.bench.stages import BY_NAME

    wanted = [BY_NAME[name] for name in _stages(given)]
    return "; ".join(f"{each.name} is measured up to {each.largest:,} leads" for each in wanted if each.largest)


def _sizes(given: str, quick: bool) -> tuple[int, ...]:
    if not given:
        return (QUICK,) if quick else SIZES
    return whole_numbers(
        "--sizes", given, like="20000,200000", least=100, because="the ten segments cannot be told apart"
    )


def _measured(plan: Sequence[tuple[Stage, int]], folder: Path, console: Console) -> Iterator[Result]:
    """Stages that share servers first, in them; then the end-to-end sprint, which brings its own."""
    from leadgen_assets.bench import suite

    def tell(text: str) -> None:
        console.print(f"[dim]{time.strftime('%H:%M:%S')}[/dim] {text}")

    sharing = [each for each in plan if each[0].name != "sprint"]
    alone = [each for each in plan if each[0].name == "sprint"]
    if sharing:
        with servers(folder, sandbox=any(stage.needs_sandbox for stage, _ in sharing)):
            yield from suite.run(sharing, folder, tell)
    with environment(folder):
        yield from suite.run(alone, folder, tell)


def _keep(report: Report, save: Path | None, write: Path | None) -> None:
    from leadgen_assets.bench import page

    try:
        if save is not None:
            save.write_text(json.dumps(report.to_json(), indent=1) + "\n", encoding="utf-8")
        if write is not None:
            page.written(report, write)
    except (OSError, ValueError) as error:
        raise CannotDo(f"The run was not written: {error}") from None


def _show(report: Report, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report.to_json(), indent=2))  # noqa: T201
        return
    from leadgen_assets.bench import page, targets

    table = Table(box=None, header_style="dim", padding=(0, 1))
    for name in page.HEADER:
        table.add_column(name, justify="left" if name in page.LEFT else "right", overflow="fold")
    for each in report.rows():
        table.add_row(*each)
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=180)
    console.print(table)
    for miss in targets.missed(targets.results_of(report.to_json())):
        console.print(f"Target not met: {miss}", style="yellow", markup=False)
    console.print(f"{report.machine}. Baselines and method: docs/benchmarks.md", style="dim")
