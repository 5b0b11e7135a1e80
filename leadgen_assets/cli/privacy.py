"""`leadgen privacy`: suppress, status, export, erase, retain, sweep, notices (NFR-011). Personal data go to files only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import dagster as dg
import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.errors import CannotDo, told
from leadgen_assets.cli.sprint import which
from leadgen_assets.cli.workplace import Workplace, workplace
from leadgen_assets.delivery.mapping import MappingError
from leadgen_assets.privacy.access import access_report
from leadgen_assets.privacy.access_text import write_access_report
from leadgen_assets.privacy.erase import Office, erase, resume, sweep
from leadgen_assets.privacy.identifiers import UnknownPerson, identified
from leadgen_assets.privacy.listing import SuppressionFileError, suppress_file, suppress_person
from leadgen_assets.privacy.notices import notices_due
from leadgen_assets.privacy.standing import standing
from leadgen_assets.privacy.subject import SharedIdentifier, find
from leadgen_assets.privacy.upkeep import daily
from leadgen_assets.resources.crm import crm_opener
from leadgen_assets.stores.erasure import Erasure

app = typer.Typer(no_args_is_help=True)

Person = Annotated[str, typer.Argument(help="Email address, LinkedIn profile URL or lead id.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
P = ParamSpec("P")
R = TypeVar("R")


def _asked(command: Callable[P, R]) -> Callable[P, R]:
    """What a person typed wrongly, as a message."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (UnknownPerson, SharedIdentifier, SuppressionFileError, MappingError) as error:
            raise CannotDo(str(error)) from None

    return told(wrapped)


@app.command()
@_asked
def suppress(
    who: Annotated[str, typer.Argument(help="A CSV file, or an email address, profile URL, lead id or domain.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the entry. No names.")] = "asked not to be contacted",
    do_not_sell: Annotated[
        bool, typer.Option("--do-not-sell", help="CCPA: no sale or sharing, contact allowed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Nobody on the list is enriched or brought to the CRM. Only keyed hashes are stored."""
    with workplace() as place:
        onto = place.stores.do_not_sell if do_not_sell else place.stores.suppressions
        path = Path(who)
        if path.suffix.lower() in (".csv", ".tsv", ".txt") or path.is_file():
            done = suppress_file(place.stores, onto, path, reason)
        else:
            done = suppress_person(place.stores, onto, who, reason)
    if as_json:
        _print_json(asdict(done))
        return
    console = Console(highlight=False)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(done.kinds.items()))
    console.print(f"{done.added:,} added, {done.known:,} known already ({kinds}).")
    if done.unreadable:
        lines = ", ".join(map(str, done.unreadable[:10])) + (" …" if len(done.unreadable) > 10 else "")
        console.print(f"{len(done.unreadable):,} lines name nobody: {lines}", style="yellow")


@app.command()
@_asked
def status(person: Person, as_json: AsJson = False) -> None:
    """Whether anything is stored about a person, whether they may be contacted, and how an erasure stands."""
    who = identified(person)
    with workplace() as place:
        found = standing(place.stores, who)
    if as_json:
        _print_json(found)
        return
    console = Console(highlight=False)
    for name, value in found.items():
        if value not in (None, [], {}):
            console.print(f"{name.replace('_', ' ')}: {_shown(value)}", markup=False, soft_wrap=True)


@app.command()
@_asked
def export(
    person: Person,
    out: Annotated[Path | None, typer.Option(help="Folder; default: privacy/exports in LEADGEN_HOME.")] = None,
    as_json: AsJson = False,
) -> None:
    """Everything that is stored about a person, as JSON and as text that only you can read, with where each field came
    from. Hand it to that person and delete it."""
    who = identified(person)
    with workplace(dagster=True) as place, dg.DagsterInstance.get() as instance:
        subject = find(place.stores, who)
        report = access_report(place.stores, subject, _runs(instance))
        folder = out or place.settings.home / "privacy" / "exports"
        paths = write_access_report(report, folder, f"access-{place.stores.suppressions.hash('email', person)[:12]}")
    if as_json:
        _print_json({"files": [str(each) for each in paths], **report["summary"]})
    else:
        said = f"{report['summary']['leads']} leads, {report['summary']['records']} delivered records."
        Console(highlight=False).print(said, *map(str, paths), sep="\n", soft_wrap=True)


@app.command("erase")
@_asked
def erase_person(
    person: Annotated[str | None, typer.Argument(help="Email, profile URL or lead id.", show_default=False)] = None,
    resumed: Annotated[bool, typer.Option("--resume", help="Take up erasures that were interrupted.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person everywhere, the CRM included, and keep a hash so that nobody collects them again. Cannot be undone.

    Exit code 1 when something is still to be done; run it again then.
    """
    if (person is None) != resumed:
        raise CannotDo("Name one person, or give --resume.")
    who = identified(person) if person is not None else None
    with erasing() as office:
        if who is not None and not yes and not as_json:
            leads = len(find(office.stores, who).lead_ids)
            typer.confirm(f"Erase this person ({leads} records) for good?", abort=True)
        done = [erase(office, who)] if who is not None else resume(office)
    tell_erasures(done, as_json)


@app.command("sweep")
@_asked
def sweep_again(as_json: AsJson = False) -> None:
    """Erase again who was erased before and is stored once more: do this after restoring a backup."""
    with erasing() as office:
        done = sweep(office)
    tell_erasures(done, as_json)


@app.command("retain")
@_asked
def retain(as_json: AsJson = False) -> None:
    """Delete what is older than stores/retention.yaml (LEADGEN_RETENTION) allows, take up erasures, and sweep."""
    with erasing() as office:
        done = daily(office)
    if as_json:
        _print_json(asdict(done))
    else:
        table = Table("Place", "Days", "Deleted", "Kept", box=None, header_style="dim", padding=(0, 2, 0, 0))
        for each in done.kept:
            table.add_row(each.place, str(each.days or "for ever"), f"{each.deleted:,}", f"{each.kept:,}")
        Console(highlight=False).print(table)
    if done.waiting:
        raise typer.Exit(1)


@app.command()
@_asked
def notices(
    sprint: Annotated[str | None, typer.Argument(help="Default: the latest.")] = None, as_json: AsJson = False
) -> None:
    """Leads in the EU, EEA or UK that must be told that their data were collected, and by when (GDPR art. 14)."""
    with workplace() as place:
        due = notices_due(place.stores, which(place, sprint))
    if as_json:
        _print_json(due)
        return
    console = Console(highlight=False)
    for each in due:
        console.print(f"{each['lead_id']}  {each['region']}  by {each['due_by']:%Y-%m-%d}")
    console.print(f"{len(due):,} notices due.")


@contextmanager
def erasing() -> Iterator[Office]:
    """What erasures work with: Dagster's storage is searched too, where it is PostgreSQL."""
    with workplace(vendors=True, dagster=True) as place:
        yield office_of(place)


def office_of(place: Workplace) -> Office:
    """An erasure's means at a workplace."""
    return Office(place.stores, place.settings.home, crm_opener(place.settings), place.settings.dagster_pg_url)


def _runs(instance: dg.DagsterInstance) -> Callable[[str, str, str], str | None]:
    """Which run made a partition last, by Dagster's records."""
    known: dict[tuple[str, str, str], str | None] = {}

    def run_of(asset: str, sprint: str, segment: str) -> str | None:
        place = (asset, sprint, segment)
        if place not in known:
            key = str(dg.MultiPartitionKey({"sprint": sprint, "segment": segment})) if segment else sprint
            wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[key])
            records = instance.fetch_materializations(wanted, limit=1).records
            known[place] = records[0].run_id if records else None
        return known[place]

    return run_of


def tell_erasures(done: list[Erasure], as_json: bool) -> None:
    """Print what was erased and what is still to be done. Raises `typer.Exit(1)` when anything is."""
    if as_json:
        _print_json([_told(each) for each in done])
    else:
        console = Console(highlight=False)
        for each in done:
            console.print(f"erasure {each.erasure_id}: {each.state}, {len(each.lead_ids)} records", markup=False)
            for step, figures in each.steps.items():
                told_figures = {
                    name: value for name, value in figures.items() if name not in ("at", "is_done") and value
                }
                mark = "done" if figures["is_done"] else "NOT DONE"
                console.print(f"  {step}: {mark} {_shown(told_figures)}", markup=False, soft_wrap=True)
            for where, count in each.left.items():
                console.print(f"  still found in {where}: {count}", style="red", markup=False)
        if not done:
            console.print("Nothing to do.")
    if any(each.state != "done" for each in done):
        raise typer.Exit(1)


def _told(erasure: Erasure) -> dict[str, Any]:
    names = ("erasure_id", "state", "requested_at", "done_at", "lead_ids", "steps", "left")
    return {name: getattr(erasure, name) for name in names}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return str(value)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, default=str))  # noqa: T201
