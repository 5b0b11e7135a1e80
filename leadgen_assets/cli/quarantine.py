"""`leadgen quarantine`: list, show, replay (REQ-011). Prints no personal data unless asked to with --reveal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from leadgen_assets.cli.errors import CannotDo, told
from leadgen_assets.cli.sprint import which
from leadgen_assets.cli.workplace import Workplace, workplace
from leadgen_assets.collection.replay import Replayed, replay
from leadgen_assets.limited_read import CannotRead, read_at_most
from leadgen_assets.stores.accounting import FATES
from leadgen_assets.stores.quarantine import Quarantined
from leadgen_assets.vendors.bodies import loads
from leadgen_assets.vendors.values import objects

LARGEST_FILE = 64 * 1024 * 1024
DEEPEST = 20

app = typer.Typer(no_args_is_help=True)

Of = Annotated[str | None, typer.Option("--sprint", help="The sprint; default: the latest.")]
Segment = Annotated[str | None, typer.Option("--segment", help="Only of this segment.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Only with this reason.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Print the records themselves: personal data.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command("list")
@told
def list_records(
    sprint: Of = None,
    segment: Segment = None,
    reason: Reason = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000)] = 100,
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> None:
    """Records that could not become leads, each with its reason."""
    with workplace() as place:
        found = _chosen(place, sprint, segment, reason)
    shown = found[:limit]
    if as_json:
        print(json.dumps([_told(each, reveal) for each in shown], indent=2, default=str))  # noqa: T201
        return
    console = Console(highlight=False)
    table = Table("Lead id", "Segment", "Page", "Reason", "Field", box=None, header_style="dim", padding=(0, 2, 0, 0))
    for each in shown:
        table.add_row(each.lead_id, each.segment, f"{each.page}:{each.position}", each.reason, each.field or "")
    console.print(table)
    if reveal:
        for each in shown:
            console.print(f"{each.lead_id}: {json.dumps(each.raw, ensure_ascii=False)}", markup=False, soft_wrap=True)
    console.print(f"{len(found):,} records." + (f" The first {limit:,} are shown." if len(found) > limit else ""))


@app.command()
@told
def show(
    lead_id: Annotated[str, typer.Argument(help="The record's lead id.")],
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> None:
    """One record: where it was delivered, why it was set aside, which fields it has."""
    with workplace() as place:
        held = _one(place, lead_id)
    told_fields = _told(held, reveal)
    if as_json:
        print(json.dumps(told_fields, indent=2, default=str))  # noqa: T201
        return
    for name, value in told_fields.items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
        Console(highlight=False).print(f"{name}: {text}", markup=False, soft_wrap=True)


@app.command("replay")
@told
def replay_records(
    lead_id: Annotated[list[str] | None, typer.Argument(help="Lead ids; default: all that the options name.")] = None,
    sprint: Of = None,
    segment: Segment = None,
    reason: Reason = None,
    corrected: Annotated[
        Path | None,
        typer.Option("--from", help="JSON: {lead id: corrected record}, or what `list --reveal --json` printed."),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="FIELD=VALUE in the raw record (dots go deeper); one lead id. Repeat."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put records through normalisation again, as they came or corrected. New leads wait for the next refinement."""
    with workplace() as place:
        corrections = _read(corrected) if corrected else {}
        ids = list(lead_id or corrections)
        held = [_one(place, each) for each in ids] if ids else _chosen(place, sprint, segment, reason)
        if change:
            if len(held) != 1:
                raise CannotDo("--set corrects one record: name its lead id.")
            corrections[held[0].lead_id] = _changed(corrections.get(held[0].lead_id, held[0].raw), change)
        done = replay(place.stores, held, corrections)
    _tell(done, as_json)


def _tell(done: Replayed, as_json: bool) -> None:
    counts = {fate: done.count(fate) for fate in FATES}
    if as_json:
        print(json.dumps({**counts, "records": done.fates, "reasons": done.reasons}, indent=2))  # noqa: T201
        return
    console = Console(highlight=False)
    console.print(f"{len(done.fates):,} replayed: " + ", ".join(f"{count:,} {fate}" for fate, count in counts.items()))
    for each, reason in done.reasons.items():
        console.print(f"{each}: still {reason}", style="yellow", markup=False)
    if done.count("leads") or done.count("duplicates"):
        console.print("Run the sprint again (`leadgen sprint start`) to refine and deliver them.")


def _chosen(place: Workplace, sprint: str | None, segment: str | None, reason: str | None) -> list[Quarantined]:
    found = place.stores.quarantine.list(which(place, sprint), segment)
    return [each for each in found if reason is None or each.reason == reason]


def _one(place: Workplace, lead_id: str) -> Quarantined:
    held = place.stores.quarantine.get([lead_id]).get(lead_id)
    if held is None:
        raise CannotDo(f"{lead_id} is not in quarantine; `leadgen quarantine list` shows who is.")
    return held


def _told(held: Quarantined, reveal: bool) -> dict[str, Any]:
    names = ("lead_id", "sprint", "segment", "data_source", "page", "position", "reason", "field", "at")
    shown = {name: getattr(held, name) for name in names}
    return shown | ({"raw": held.raw} if reveal else {"fields": {name: _size(held.raw[name]) for name in held.raw}})


def _size(value: Any) -> str:
    """What a field holds, without telling it."""
    if value is None or isinstance(value, bool):
        return "nothing" if value is None else "yes/no"
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, str | list | dict) else type(value).__name__


def _read(path: Path) -> dict[str, Any]:
    try:
        content: Any = loads(read_at_most(path, LARGEST_FILE))
    except CannotRead as error:
        raise CannotDo(f"{path}: {error}.") from None
    except ValueError as error:
        raise CannotDo(f"{path}: cannot be read as JSON ({type(error).__name__}).") from None
    if isinstance(content, list):
        content = {
            each["lead_id"]: each.get("raw") for each in objects(content) if isinstance(each.get("lead_id"), str)
        }
    if not isinstance(content, dict) or not content or not all(isinstance(each, dict) for each in content.values()):
        raise CannotDo(f"{path}: expected {{lead id: record}}, or the output of `quarantine list --reveal --json`.")
    return content


def _changed(record: dict[str, Any], changes: list[str]) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(record))
    for each in changes:
        path, is_given, value = each.partition("=")
        if not is_given or not path:
            raise CannotDo(f"--set {path or each}: write FIELD=VALUE.")
        inside = changed
        *outer, name = path.split(".")
        if len(outer) > DEEPEST:
            raise CannotDo(f"--set: {len(outer):,} levels are more than any record has.")
        for part in outer:
            inside = inside.setdefault(part, {})
            if not isinstance(inside, dict):
                raise CannotDo(f"--set {path}: {part} holds no further fields.")
        inside[name] = value or None
    return changed
