"""`leadgen backup`: create, list, verify, restore, prune (REQ-018, DE-06)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.errors import CannotDo, told
from leadgen_assets.cli.privacy import erasing, tell_erasures
from leadgen_assets.cli.workplace import PROJECT, wants_postgres, workplace
from leadgen_assets.privacy.erase import sweep
from leadgen_assets.privacy.erased_people import ErasedPeople
from leadgen_assets.services import running, status
from leadgen_assets.services.backup import catalogue, mongo_tools
from leadgen_assets.services.backup.create import create_backup
from leadgen_assets.services.backup.manifest import Manifest
from leadgen_assets.services.backup.place import Place
from leadgen_assets.services.backup.restore import restore_backup
from leadgen_assets.services.backup.verify import verify_backup
from leadgen_assets.settings import Settings
from leadgen_assets.stores.erasure import Erasure

app = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Which = Annotated[
    str | None, typer.Argument(help="Name or folder of the backup; default: the newest.", show_default=False)
]
KeepDays = Annotated[
    int, typer.Option(min=catalogue.FEWEST_DAYS, max=36_500, help="For so many days the newest of each day is kept.")
]


@app.command()
@told
def create(
    with_mongodump: Annotated[
        bool,
        typer.Option("--with-mongodump", help="Let mongodump read MongoDB (not of one moment, for huge databases)."),
    ] = False,
    keep_days: KeepDays = catalogue.USUAL_DAYS,
    as_json: AsJson = False,
) -> None:
    """Back up MongoDB, Redis, Dagster's storage, the lake and the files, then prune. A sprint may run meanwhile."""
    if with_mongodump and not mongo_tools.has("mongodump"):
        raise CannotDo("mongodump is not on PATH. Leave --with-mongodump out: the backup has its format all the same.")
    with workplace(dagster=True) as here:
        place = _place(here.settings)
        manifest = create_backup(place, with_mongodump=with_mongodump)
    pruned = catalogue.prune(place.backups, keep_days)
    if as_json:
        _print_json({**_row(place.backups / manifest.id, manifest), "pruned": pruned})
        return
    _show_parts(manifest)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{place.backups / manifest.id}: {_size(manifest.bytes)}, {_moment(manifest)}.")
    if pruned:
        console.print(f"Thrown away: {', '.join(pruned)}.")


@app.command("list")
@told
def list_backups(as_json: AsJson = False) -> None:
    """All backups, the newest first. Exit code 1 when there is none, or one cannot be read."""
    settings = Settings()
    found = catalogue.listed(settings.backups)
    if as_json:
        rows = [
            {**_row(each.folder, each.manifest), "problem": each.problem, "verified_at": each.verified_at}
            for each in found
        ]
        _print_json(rows)
    elif not found:
        Console().print(f"No backup in {settings.backups}. Make one: leadgen backup create", soft_wrap=True)
    else:
        _show_list(found)
    raise typer.Exit(0 if found and not any(each.problem for each in found) else 1)


@app.command()
@told
def verify(
    backup: Which = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only sizes and hashes; nothing is restored.")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into scratch servers and compare everything. Exit code 1 when it would not come back whole."""
    settings = Settings()
    folder = catalogue.found(settings.backups, backup)
    verdicts = verify_backup(folder, settings, restore=not quick)
    problems = [line for each in verdicts for line in each.problems]
    if not quick:
        catalogue.note_verified(folder, problems)
    if as_json:
        _print_json({"backup": str(folder), "ok": not problems, "checks": [vars(each) for each in verdicts]})
    else:
        table = Table("Part", "Checked", "", box=None, header_style="dim", padding=(0, 2))
        for each in verdicts:
            table.add_row(each.part, each.checked, "[red]FAILED[/red]" if each.problems else "[green]equal[/green]")
        console = Console(highlight=False, soft_wrap=True)
        console.print(table)
        for line in problems:
            console.print(line, style="red", markup=False)
        console.print(f"{folder}: {'NOT usable' if problems else 'whole'}.")
    raise typer.Exit(1 if problems else 0)


@app.command()
@told
def restore(
    backup: Which = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Throw away what is in the databases now. Files of the same name too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a backup back into an empty LEADGEN_HOME (or over this one). Then `leadgen sprint start` goes on.

    Whoever was erased after the backup is erased again. Exit code 1 when that could not be finished.
    """
    settings = Settings()
    folder = catalogue.found(settings.backups, backup)
    others = status(settings).users
    if others:
        raise CannotDo(
            f"Process {', '.join(map(str, others))} uses these databases. Stop it first: leadgen sprint stop --emergency, "
            "or Ctrl-C where `leadgen dev` runs."
        )
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with running(settings, postgres=wants_postgres()) as addresses:
        done = restore_backup(folder, _place(addresses.applied_to(settings)), replace=replace)
    erased = _erased_again() if done.kept_refusals or ErasedPeople(settings.home).read() else []
    is_forgotten = all(each.state == "done" for each in erased)
    if as_json:
        figures: dict[str, Any] = {"documents": done.documents, "keys": done.keys, "files": done.files}
        figures |= {"kept_refusals": done.kept_refusals, "erased_again": sum(len(each.lead_ids) for each in erased)}
        _print_json({**_row(folder, done.manifest), **figures})
        raise typer.Exit(0 if is_forgotten else 1)
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{folder.name} is back in {settings.home}: {done.documents:,} documents, {done.keys:,} keys, {done.files:,} files, "
        f"{_moment(done.manifest)}."
    )
    if done.kept_refusals:
        console.print(f"{done.kept_refusals:,} entries of people who said no after the backup were kept.")
    for sprint, state in done.manifest.sprints.items():
        console.print(f"Sprint {sprint} was {state}; `leadgen sprint status {sprint}` shows it.")
    if erased:
        console.print("The backup still had people who were erased since. They were erased again:")
        tell_erasures(erased, as_json=False)


def _erased_again() -> list[Erasure]:
    """Erase whom the backup brought back although they were to be forgotten (GDPR art. 17)."""
    with erasing() as office:
        return sweep(office)


@app.command()
@told
def prune(
    keep_days: KeepDays = catalogue.USUAL_DAYS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Throw away backups that are no longer needed: kept are the newest, the last 24 hours, and one a day."""
    backups = Settings().backups
    gone = (
        [each.name for each in catalogue.needless(backups, keep_days)]
        if dry_run
        else catalogue.prune(backups, keep_days)
    )
    if as_json:
        _print_json({"pruned": gone, "dry_run": dry_run})
    else:
        word = "Would be thrown away" if dry_run else "Thrown away"
        Console(soft_wrap=True).print(f"{word}: {', '.join(gone) or 'nothing'}.")


def _place(settings: Settings) -> Place:
    dagster_home = None if wants_postgres() else Path(os.environ["DAGSTER_HOME"])
    return Place(settings, PROJECT / "sprints", dagster_home)


def _row(folder: Path, manifest: Manifest | None) -> dict[str, Any]:
    row: dict[str, Any] = {"backup": folder.name, "folder": str(folder)}
    if manifest is None:
        return row
    return row | {
        "started_at": manifest.started_at,
        "point_in_time": manifest.point_in_time,
        "bytes": manifest.bytes,
        "sprints": manifest.sprints,
        "parts": [{"name": each.name, "bytes": each.bytes, "records": each.records} for each in manifest.parts],
    }


def _show_parts(manifest: Manifest) -> None:
    table = Table("Part", box=None, header_style="dim", padding=(0, 2))
    for name in ("Records", "Size"):
        table.add_column(name, justify="right")
    table.add_column("Made with")
    for part in manifest.parts:
        made_with = ", ".join(filter(None, (part.made_with, part.server)))
        table.add_row(part.name, f"{part.records:,}", _size(part.bytes), made_with)
    Console(highlight=False).print(table)


def _show_list(found: list[catalogue.Listed]) -> None:
    table = Table(box=None, header_style="dim", padding=(0, 2))
    for name in ("Backup", "As of (UTC)"):
        table.add_column(name, no_wrap=True)
    for name in ("Documents", "Size"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("Sprints", "Verified"):
        table.add_column(name, overflow="fold")
    for each in found:
        if each.manifest is None:
            table.add_row(each.folder.name, "[red]damaged[/red]", "", "", each.problem, "")
            continue
        mongo = each.manifest.part("mongo")
        sprints = ", ".join(f"{name} ({state})" for name, state in each.manifest.sprints.items())
        verified = f"{each.verified_at:%Y-%m-%d %H:%M}" if each.verified_at else "[yellow]never[/yellow]"
        documents = f"{mongo.records:,}" if mongo else ""
        table.add_row(
            each.folder.name, _time(each.manifest), documents, _size(each.manifest.bytes), sprints or "none", verified
        )
    Console(highlight=False).print(table)


def _moment(manifest: Manifest) -> str:
    if manifest.point_in_time is None:
        return f"read collection by collection from {manifest.started_at:%Y-%m-%d %H:%M:%S} UTC on"
    return f"as of {manifest.point_in_time:%Y-%m-%d %H:%M:%S} UTC"


def _time(manifest: Manifest) -> str:
    at = manifest.point_in_time
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else f"from {manifest.started_at:%Y-%m-%d %H:%M:%S} on"


def _size(number: int) -> str:
    return f"{number / 1e6:,.1f} MB"


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, default=str))  # noqa: T201
