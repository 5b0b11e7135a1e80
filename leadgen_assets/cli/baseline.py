"""`leadgen baseline`: is this sprint as usual?"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from leadgen_assets.cli import show_cost
from leadgen_assets.cli.errors import CannotDo, told
from leadgen_assets.cli.sprint import AsJson
from leadgen_assets.cli.workplace import workplace
from leadgen_assets.desk.baseline import Judged, judged
from leadgen_assets.stores.baselines import Baseline
from leadgen_assets.stores.opened import OpenStores

app = typer.Typer(invoke_without_command=True)

Last = Annotated[int, typer.Option("--last", min=3, max=100, help="How many earlier ones to compare with.")]
Runs = Annotated[bool, typer.Option("--runs", help="Runs instead of sprints.")]


@app.callback()
def baseline(context: typer.Context) -> None:
    """Current figures against earlier ones. Without a command: the latest sprint's."""
    if context.invoked_subcommand is None:
        show(None)


@app.command()
@told
def show(
    key: Annotated[
        str | None,
        typer.Argument(help="A sprint, or with --runs a run id; default: the latest.", show_default=False),
    ] = None,
    last: Last = 10,
    runs: Runs = False,
    as_json: AsJson = False,
) -> None:
    """Compare a sprint with the last ones of the same file: median, spread, trend; what deviates is flagged.

    With --runs and no key, the latest run of every kind.
    """
    with workplace() as place:
        found = [judged(place.stores, each, last) for each in _wanted(place.stores, key, runs)]
    _show(found, as_json, is_list=runs and key is None)


@app.command("list")
@told
def list_baselines(
    last: Annotated[int, typer.Option("--last", min=1, max=1000, help="How many.")] = 20,
    runs: Runs = False,
    as_json: AsJson = False,
) -> None:
    """What is on record, the newest first."""
    with workplace() as place:
        rows = place.stores.baselines.last("run" if runs else "sprint", last)
    if as_json:
        _print_json([asdict(each) for each in rows])
    else:
        show_cost.baselines(rows)


def _wanted(stores: OpenStores, key: str | None, runs: bool) -> list[Baseline]:
    kind = "run" if runs else "sprint"
    if key is not None:
        found = stores.baselines.get("run" if runs else "sprint", key)
        if found is None:
            raise CannotDo(
                f"There are no figures of a {kind} {key!r}; `leadgen baseline list` shows what is on record."
            )
        return [found]
    recent = stores.baselines.last("run" if runs else "sprint", 200 if runs else 1)
    if not recent:
        raise CannotDo(f"There are no figures of a {kind} yet; they are taken when one ends (`leadgen sprint start`).")
    latest: dict[str, Baseline] = {}
    for each in recent:
        latest.setdefault(each.about, each)
    return [latest[about] for about in sorted(latest)]


def _show(found: list[Judged], as_json: bool, *, is_list: bool) -> None:
    if as_json:
        said = [each.to_json() for each in found]
        _print_json(said if is_list else said[0])
        return
    for each in found:
        show_cost.comparison(each)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, default=str))  # noqa: T201
