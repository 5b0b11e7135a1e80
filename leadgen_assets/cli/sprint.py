"""`leadgen sprint`: plan, open, start, rehearse, status, list, pause, resume, stop."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import typer
from rich.console import Console

from leadgen_assets.cli import emergency, show
from leadgen_assets.cli.conductor import AT_ONCE, SprintResult, conduct
from leadgen_assets.cli.dashboard_process import dashboard_beside
from leadgen_assets.cli.errors import CannotDo, told
from leadgen_assets.cli.grid import open_partitions, settle_empty_cells
from leadgen_assets.cli.person import me
from leadgen_assets.cli.runs import worker_pool
from leadgen_assets.cli.workplace import PROJECT, Workplace, workplace
from leadgen_assets.desk.status import sprint_status
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Sprint, load_sprint
from leadgen_assets.stores.errors import StoreConflict
from leadgen_assets.stores.incidents import IncidentSeverity
from leadgen_assets.stores.sprint_book import OpenSprint, SprintState

app = typer.Typer(no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="The sprint file (sprints/*.yaml).", show_default=False)]
Key = Annotated[str | None, typer.Option("--key", help="Name of this sprint; default: the name in the file.")]
Which = Annotated[str | None, typer.Argument(help="The sprint; default: the latest.", show_default=False)]
WithDashboard = Annotated[
    bool, typer.Option("--dashboard/--no-dashboard", help="Show it live in a page while it runs.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command()
@told
def plan(file: File, as_json: AsJson = False) -> None:
    """Check a sprint file and show what it would collect, where and for how much. Calls no vendor."""
    show.plan(load_sprint(file), Settings(), as_json)


@app.command("open")
@told
def open_sprint(file: File, key: Key = None) -> None:
    """Put a sprint on record and its partitions into Dagster, to run it from the web UI. Starts nothing by itself."""
    sprint = load_sprint(file)
    with workplace(dagster=True) as place, dg.DagsterInstance.get() as instance:
        opened = _opened(place, key or sprint.name, sprint)
        open_partitions(instance, opened)
        settle_empty_cells(instance, opened)
    Console().print(f"{opened.key}: open, {len(sprint.segments)} segments. `leadgen dev` shows it in Dagster's UI.")


@app.command()
@told
def start(file: File, key: Key = None, dashboard: WithDashboard = True, as_json: AsJson = False) -> None:
    """Run a whole sprint: collect all segments at once, refine, gate, load the CRM. Run again, it goes on."""
    conduct_to_the_end(load_sprint(file), key, dashboard=dashboard, as_json=as_json)


@app.command()
@told
def rehearse(key: Key = None, dashboard: WithDashboard = True, as_json: AsJson = False) -> None:
    """Run 1,000 leads end to end (TL-09) before the real thing."""
    conduct_to_the_end(load_sprint(PROJECT / "sprints" / "rehearsal.yaml"), key, dashboard=dashboard, as_json=as_json)


def conduct_to_the_end(sprint: Sprint, key: str | None, *, dashboard: bool, as_json: bool) -> None:
    """What `start` does. Raises `typer.Exit` with 0 for a sprint that was delivered, else 1."""
    name = key or sprint.name
    with worker_pool(AT_ONCE) as pool, workplace(vendors=True, dagster=True, patiently=True) as place:
        _tell_who_is_off(place, name, sprint)
        _opened(place, name, sprint)
        with dashboard_beside(place.settings.home, sprint=name) if dashboard else nullcontext() as page:
            if page:
                Console(stderr=True, highlight=False, soft_wrap=True).print(f"Dashboard: {page}")
            result = conduct(place, pool, name, quiet=as_json)
            _show_result(result, as_json)
    raise typer.Exit(0 if result.is_delivered else 1)


def _opened(place: Workplace, key: str, sprint: Sprint) -> OpenSprint:
    try:
        place.stores.book.open(key, sprint)
    except StoreConflict as error:
        raise CannotDo(f"{error}. Use `leadgen sprint segment …` to change it, or --key to open another.") from None
    opened = place.stores.book.get(key)
    if emergency.was_stopped_so(opened):
        raise CannotDo(
            f"{key} was stopped in an emergency. When that is over: leadgen sprint resume {key}, then start again."
        )
    return opened


def _tell_who_is_off(place: Workplace, key: str, sprint: Sprint) -> None:
    """Before anything is spent: without a source or the CRM a sprint does not start, without an enricher it goes on."""
    opened = {each.key: each.sprint for each in place.stores.book.list()}
    needed, optional = vendors_off(opened.get(key, sprint), place.settings)
    if needed:
        raise CannotDo(
            f"Off, because their credentials are not set: {_with_settings(needed, place.settings)}. Nothing was started "
            "or spent. Put the credentials into .env, take the vendors out of the sprint file, or pause their segments."
        )
    if optional:
        note = "Off, because their credentials are not set, and left out of the enrichment: "
        note += f"{_with_settings(optional, place.settings)}."
        Console(stderr=True, highlight=False).print(note, style="yellow")


def _with_settings(vendors: list[str], settings: Settings) -> str:
    return ", ".join(f"{each} ({' and '.join(settings.missing(each))})" for each in vendors)


def vendors_off(sprint: Sprint, settings: Settings) -> tuple[list[str], list[str]]:
    """Vendors the sprint names that are not configured: (sources and CRM, enrichers). Paused segments need nobody."""
    sources = {each.source for each in sprint.segments if not each.paused and each.source != "sales_navigator"}
    enrichers = {*sprint.enrichment.company, *sprint.enrichment.email, *sprint.enrichment.verify}
    off = {each for each in {*sources, sprint.crm.target, *enrichers} if settings.vendor(each) is None}
    needed = off & {*sources, sprint.crm.target}
    return sorted(needed), sorted(off - needed)


def _show_result(result: SprintResult, as_json: bool) -> None:
    if as_json:
        _print_json(result.to_json())
    else:
        show.result(result)


@app.command()
@told
def status(sprint: Which = None, as_json: AsJson = False) -> None:
    """Where a sprint stands: total, segments, quality, gates, CRM, cost."""
    with workplace() as place:
        current = sprint_status(place.stores, which(place, sprint))
    if as_json:
        _print_json(current.to_json())
    else:
        show.status(current)


@app.command("list")
@told
def list_sprints(as_json: AsJson = False) -> None:
    """All sprints on record, the latest first."""
    with workplace() as place:
        rows = [
            {
                "sprint": each.key,
                "state": each.state,
                "opened_at": each.opened_at,
                "segments": len(each.sprint.segments),
            }
            for each in place.stores.book.list()
        ]
    if as_json:
        _print_json(rows)
    else:
        show.sprints(rows)


@app.command()
@told
def pause(sprint: Which = None) -> None:
    """Pause every segment: collectors stop after the page they are on. Nothing is lost."""
    _each_segment(sprint, "pause")


@app.command()
@told
def resume(sprint: Which = None) -> None:
    """Let every paused segment collect again; then `leadgen sprint start` goes on where it stopped. After an emergency
    stop, what was paused before it stays paused."""
    with workplace() as place:
        key = which(place, sprint)
        if not emergency.was_stopped_so(place.stores.book.get(key)):
            _change_segments(place, key, "resume")
            return
        segments = emergency.let_go_on(place.stores, key, me())
    file = f"{len(segments)} segments and buying are on again. `leadgen sprint start FILE --key {key}` goes on."
    Console(highlight=False, soft_wrap=True).print(f"{key}: {file}")


@app.command()
@told
def stop(
    sprint: Which = None,
    now: Annotated[
        bool, typer.Option("--emergency", help="Within seconds: end its runs too, pause buying, open an incident.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; it goes on record.")] = "",
    as_json: AsJson = False,
) -> None:
    """Stop collecting for good: segments are paused and the sprint is marked stopped. What is collected stays."""
    if now:
        emergency_stop(sprint, reason, as_json)
        return
    with workplace() as place:
        key = which(place, sprint)
        for each in place.stores.book.get(key).sprint.segments:
            place.stores.book.pause(key, each.id)
        place.stores.book.set_state(key, SprintState.STOPPED)
    Console().print(f"{key}: stopped. `leadgen sprint resume {key}` and `start` go on.")


def emergency_stop(sprint: str | None, reason: str, as_json: bool) -> None:
    """End everything of a sprint within seconds, and say what was done."""
    with workplace(dagster=True) as place, dg.DagsterInstance.get() as instance:
        key, by = which(place, sprint), me()
        done = emergency.stop(place.stores, instance, key, by, reason)
        incidents = place.stores.incidents
        words = f"Emergency stop of {key}{f': {reason}' if reason else ''}"
        standing = next((each for each in incidents.list(only_open=True) if each.sprint == key), None)
        if standing is None:
            incident = incidents.open(words, IncidentSeverity.P1, by, sprint=key)
        else:
            incident = incidents.note(standing.id, words, by)
    if as_json:
        _print_json({**asdict(done), "incident": incident.id})
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{key}: stopped in {done.seconds:.1f} s. {len(done.paused)} segments and all buying are paused.", style="bold"
    )
    for name, runs in (("ended in order", done.ended), ("killed", done.killed)):
        if runs:
            console.print(f"Runs {name}: {', '.join(runs)}", markup=False)
    console.print(f"Everything that was collected and paid for is kept. Incident {incident.id} is open.")
    console.print(f"Go on: leadgen sprint resume {key}, then leadgen sprint start FILE --key {key}")


def _each_segment(sprint: str | None, change: str) -> None:
    with workplace() as place:
        _change_segments(place, which(place, sprint), change)


def _change_segments(place: Workplace, key: str, change: str) -> None:
    for each in place.stores.book.get(key).sprint.segments:
        getattr(place.stores.book, change)(key, each.id)
    Console().print(f"{key}: all segments {change}d.")


def which(place: Workplace, given: str | None) -> str:
    """The sprint that was named, or the latest. Raises `CannotDo` when there is none."""
    known = place.stores.book.list()
    if not known:
        raise CannotDo("There is no sprint yet. Start one: leadgen sprint start sprints/performance-marketers.yaml")
    if given is None:
        return known[0].key
    if given not in {each.key for each in known}:
        raise CannotDo(f"There is no sprint {given!r}. On record: {', '.join(each.key for each in known)}")
    return given


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, default=str))  # noqa: T201
