"""`leadgen incident`: open, note, close, list, report (PHX-05)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.errors import CannotDo, told
from leadgen_assets.cli.moments import moment
from leadgen_assets.cli.person import me
from leadgen_assets.cli.sprint import which
from leadgen_assets.cli.workplace import Workplace, workplace
from leadgen_assets.desk.incidents import Event, incident_report, timeline
from leadgen_assets.desk.scrub import Scrubber, names_of_leads
from leadgen_assets.desk.status import sprint_status
from leadgen_assets.stores.errors import StoreMissing
from leadgen_assets.stores.incidents import Incident, IncidentSeverity

app = typer.Typer(no_args_is_help=True)

_COLOURS = {"P0": "bold red", "P1": "red", "P2": "yellow", "P3": "dim"}

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
By = Annotated[str, typer.Option("--by", help="Who does this.", show_default="the user of this machine")]
Id = Annotated[str | None, typer.Argument(help="The incident; default: the latest open one.", show_default=False)]


@app.command("open")
@told
def open_incident(
    title: Annotated[str, typer.Argument(help="What is wrong, in one line.")],
    severity: Annotated[
        IncidentSeverity, typer.Option(help="P0 data lost or leaked … P3 a nuisance.")
    ] = IncidentSeverity.P2,
    sprint: Annotated[str | None, typer.Option(help="The sprint it is about; default: the latest, if any.")] = None,
    began: Annotated[str | None, typer.Option(help="When it began (ISO 8601, UTC) or how long ago (20m, 3h).")] = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Put an incident on record."""
    began_at = moment(began, "--began") if began else None
    with workplace() as place:
        key = which(place, sprint) if sprint or place.stores.book.latest() else None
        words = _scrubber(place).line(title)
        found = place.stores.incidents.open(words, severity, by or me(), sprint=key, began_at=began_at)
    _say(found, as_json, f"{found.id} is open ({found.severity}). Notes: leadgen incident note {found.id} TEXT")


@app.command()
@told
def note(
    text: Annotated[str, typer.Argument(help="What was seen or done. Personal data are taken out.")],
    incident: Annotated[str | None, typer.Option("--incident", help="Default: the latest open one.")] = None,
    severity: Annotated[IncidentSeverity | None, typer.Option(help="Change the severity, too.")] = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Add a note to the time line."""
    with workplace() as place:
        key = _which(place, incident)
        found = place.stores.incidents.note(key, _scrubber(place).line(text), by or me())
        if severity is not None and severity is not found.severity:
            found = place.stores.incidents.rate(key, severity, by or me())
    _say(found, as_json, f"{found.id}: noted.")


@app.command()
@told
def close(
    incident: Id = None,
    cause: Annotated[str, typer.Option(help="Why it happened.")] = "",
    resolution: Annotated[str, typer.Option(help="What ended it.")] = "",
    lessons: Annotated[str, typer.Option(help="What is done so that it does not happen again.")] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """It is over: say why it happened and what ended it."""
    if not cause or not resolution:
        raise CannotDo("An incident is closed with --cause and --resolution, so that the report can say them.")
    with workplace() as place:
        words = _scrubber(place).line
        found = place.stores.incidents.close(
            _which(place, incident),
            by or me(),
            cause=words(cause),
            resolution=words(resolution),
            lessons=words(lessons),
        )
    _say(found, as_json, f"{found.id} is closed. Report: leadgen incident report {found.id}")


@app.command("list")
@told
def list_incidents(
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are open.")] = False,
    as_json: AsJson = False,
) -> None:
    """All incidents, the latest first."""
    with workplace() as place:
        found = place.stores.incidents.list(only_open=only_open)
    if as_json:
        _print_json([_plain(each) for each in found])
        return
    table = Table(
        "Incident", "", "Opened (UTC)", "State", "Sprint", "Title", box=None, header_style="dim", padding=(0, 2)
    )
    for each in found:
        severity = f"[{_COLOURS[each.severity]}]{each.severity}[/]"
        table.add_row(
            each.id, severity, f"{each.opened_at:%Y-%m-%d %H:%M}", "open" if each.is_open else "closed", each.sprint or "",
            each.title,
        )  # fmt: skip
    Console(highlight=False).print(table if found else "No incident on record.")


@app.command()
@told
def report(
    incident: Id = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write it; default: LEADGEN_HOME/reports/incidents.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the incident's Markdown report, with everything that happened in its time."""
    with workplace(dagster=True) as place:
        stores = place.stores
        found = stores.incidents.get(incident) if incident else _latest(place)
        events = timeline(stores, found, runs=list(_runs(found)), backups=place.settings.backups)
        try:
            status = sprint_status(stores, found.sprint) if found.sprint else None
        except StoreMissing:
            status = None
        text = incident_report(found, events, status)
        path = out or place.settings.home / "reports" / "incidents" / f"{found.id}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    if as_json:
        _print_json({**_plain(found), "timeline": [asdict(each) for each in events], "file": str(path)})
    else:
        Console(highlight=False, soft_wrap=True).print(f"{path}: {len(events)} events.")


def _which(place: Workplace, given: str | None) -> str:
    return given or _latest(place, only_open=True).id


def _latest(place: Workplace, *, only_open: bool = False) -> Incident:
    found = place.stores.incidents.list(only_open=only_open, limit=1)
    if not found:
        raise CannotDo(f"There is no {'open ' if only_open else ''}incident. Open one: leadgen incident open TITLE")
    return found[0]


def _runs(incident: Incident) -> Iterator[Event]:
    """Dagster's runs in the incident's time."""
    since = incident.began_at - timedelta(hours=1)
    with dg.DagsterInstance.get() as instance:
        for record in instance.get_run_records(dg.RunsFilter(created_after=since), limit=500):
            run = record.dagster_run
            partition = run.tags.get("dagster/partition", "")
            if incident.sprint and partition and incident.sprint not in partition.split("|"):
                continue
            what = f"{run.job_name} {partition}".strip()
            if record.start_time:
                yield Event(datetime.fromtimestamp(record.start_time, UTC), "run", f"{what} started")
            if record.end_time:
                ended = run.status.value.lower()
                yield Event(datetime.fromtimestamp(record.end_time, UTC), "run", f"{what} ended: {ended}")


def _scrubber(place: Workplace) -> Scrubber:
    return Scrubber(place.settings.secret_values(), names_of_leads(place.stores.db))


def _say(found: Incident, as_json: bool, text: str) -> None:
    if as_json:
        _print_json(_plain(found))
    else:
        Console(highlight=False, soft_wrap=True).print(text)


def _plain(found: Incident) -> dict[str, Any]:
    return {**asdict(found), "is_open": found.is_open}


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, default=str))  # noqa: T201
