"""`leadgen report`: list, write, send and open reports."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.errors import CannotDo, told
from leadgen_assets.cli.sprint import which
from leadgen_assets.cli.workplace import Workplace, workplace
from leadgen_assets.desk.alerts.yaml_file import AlertFileError
from leadgen_assets.desk.reports import periods
from leadgen_assets.desk.reports.delivery import Sender
from leadgen_assets.desk.reports.write import write_roll_up, write_sprint_report
from leadgen_assets.stores.reports import ReportKind, WrittenReport

app = typer.Typer(no_args_is_help=True)


class Kind(StrEnum):
    """Kinds of reports."""

    LAUNCH = "launch"
    HOURLY = "hourly"
    SPRINT = "sprint"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


Which = Annotated[Kind, typer.Argument(help="Which report.", show_default=False)]
OfSprint = Annotated[str | None, typer.Argument(help="The sprint; default: the latest.", show_default=False)]
At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H"],
        help="A day, or hour (UTC), that the report's period holds; default: the present one.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command("list")
@told
def list_reports(
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only these.")] = None,
    sprint: Annotated[str | None, typer.Option("--sprint", help="Only of this sprint.")] = None,
    as_json: AsJson = False,
) -> None:
    """Reports on record, the one written last first, and whether they arrived."""
    with workplace() as place:
        found = place.stores.reports.list(_kind(kind) if kind else None, sprint)
    if as_json:
        _print_json([told_of(each) for each in found])
        return
    table = Table("Written (UTC)", "Report", "Says", "Arrived", box=None, header_style="dim", padding=(0, 2, 0, 0))
    for each in found:
        table.add_row(f"{each.written_at:%Y-%m-%d %H:%M}", each.html, each.headline, _arrived(each))
    Console(highlight=False).print(table if found else "No report was written yet.")


@app.command()
@told
def write(kind: Which, sprint: OfSprint = None, at: At = None, as_json: AsJson = False) -> None:
    """Write a report now, as HTML and PDF; again writes it anew. Sends nothing."""
    with workplace() as place:
        written = _write(place, kind, sprint, at)
        _show(written, place.settings.home / "reports", as_json)


@app.command()
@told
def send(kind: Which, sprint: OfSprint = None, at: At = None, as_json: AsJson = False) -> None:
    """Send a report to everybody who should have it and does not yet; it is written first where it was not."""
    with workplace() as place:
        try:
            sender = Sender.of(place.settings)
        except AlertFileError as error:
            raise CannotDo(str(error)) from None
        written = _on_record(place, kind, sprint, at) or _write(place, kind, sprint, at)
        written = sender.send(place.stores.reports, written)
        _show(written, place.settings.home / "reports", as_json)
    if any(each.state == "failed" for each in _present(written)):
        raise typer.Exit(1)


@app.command("open")
@told
def open_report(
    kind: Annotated[Kind, typer.Argument(help="Which report.")] = Kind.SPRINT, sprint: OfSprint = None, at: At = None
) -> None:
    """Open the page of a report in the browser, and print where it is."""
    with workplace() as place:
        found = _on_record(place, kind, sprint, at)
        folder = place.settings.home / "reports"
    if found is None or not (folder / found.html).is_file():
        raise CannotDo(f"That report is not there. Write it: leadgen report write {kind.value}")
    Console(highlight=False).print(str(folder / found.html), markup=False, soft_wrap=True)
    typer.launch(str(folder / found.html))


def told_of(written: WrittenReport) -> dict[str, Any]:
    """A report for programs."""
    return {
        **{name: value for name, value in vars(written).items() if name != "deliveries"},
        "deliveries": [vars(each) for each in written.deliveries],
    }


def _write(place: Workplace, kind: Kind, sprint: str | None, at: datetime | None) -> WrittenReport:
    folder, moment, name = place.settings.home / "reports", _moment(at), _kind(kind)
    if name in periods.ROLL_UPS:
        return write_roll_up(place.stores, name, periods.roll_up(name, moment), folder)
    hour = periods.hour_of(moment) if name == "hourly" else None
    return write_sprint_report(place.stores, name, which(place, sprint), folder, hour)


def _on_record(place: Workplace, kind: Kind, sprint: str | None, at: datetime | None) -> WrittenReport | None:
    """The report of the named period; of hours, without a name, the one written last."""
    moment, name = _moment(at), _kind(kind)
    if name in periods.ROLL_UPS:
        wanted = periods.report_id(name, None, periods.roll_up(name, moment))
        return next((each for each in place.stores.reports.list(name) if each.report_id == wanted), None)
    found = place.stores.reports.list(name, which(place, sprint))
    if name == "hourly" and at is not None:
        found = [each for each in found if each.period_start == periods.hour_of(moment).start]
    return found[0] if found else None


def _moment(at: datetime | None) -> datetime:
    return datetime.now(UTC) if at is None else at.replace(tzinfo=UTC)


def _kind(kind: Kind) -> ReportKind:
    return next(each for each in periods.KINDS if each == kind.value)


def _show(written: WrittenReport, folder: Path, as_json: bool) -> None:
    if as_json:
        _print_json(told_of(written) | {"folder": str(folder)})
        return
    console = Console(highlight=False)
    for name in (written.html, written.pdf):
        console.print(str(folder / name), markup=False, soft_wrap=True)
    console.print(written.headline, markup=False)
    for each in _present(written):
        why = f" ({each.error})" if each.error else ""
        console.print(f"{each.channel} to {each.to_role}: {each.state}{why}", markup=False)


def _present(written: WrittenReport) -> list[Any]:
    return [each for each in written.deliveries if each.edition == written.edition]


def _arrived(written: WrittenReport) -> str:
    states = [each.state for each in _present(written)]
    reached = sum(each == "delivered" for each in states)
    wanted = sum(each != "off" for each in states)
    return f"{reached} of {wanted}" if wanted else "not sent"


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, default=str))  # noqa: T201
