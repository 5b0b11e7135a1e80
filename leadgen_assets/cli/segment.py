"""`leadgen sprint segment`: add, pause, resume and retarget segments while a sprint runs."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from leadgen_assets.cli.errors import CannotDo, told
from leadgen_assets.cli.sprint import which
from leadgen_assets.cli.workplace import workplace
from leadgen_assets.sprint_file import MOST_LEADS, Segment, SprintFileError, problems

app = typer.Typer(no_args_is_help=True)

SegmentId = Annotated[str, typer.Argument(help="The segment's id.")]
OfSprint = Annotated[str | None, typer.Option("--sprint", help="The sprint; default: the latest.")]
Leads = Annotated[int, typer.Option("--leads", min=1, max=MOST_LEADS, help="Records to collect in all.")]


@app.command()
@told
def add(
    segment: SegmentId,
    source: Annotated[str, typer.Option(help="apollo, brightdata, zoominfo or sales_navigator.")],
    leads: Leads,
    title: Annotated[list[str] | None, typer.Option(help="Title to search; repeat. Default: the profile's.")] = None,
    location: Annotated[list[str] | None, typer.Option(help="Location to search; repeat.")] = None,
    files: Annotated[str | None, typer.Option(help="Pattern of export files (sales_navigator).")] = None,
    sprint: OfSprint = None,
) -> None:
    """Add a segment to a sprint; the next `start`, or the running one, collects it."""
    try:
        wanted = Segment.model_validate(
            {
                "id": segment,
                "source": source,
                "leads": leads,
                "titles": tuple(title or ()),
                "locations": tuple(location or ()),
                "files": files,
            }
        )
    except ValidationError as error:
        raise SprintFileError(f"segment {segment}", problems(error)) from None
    with workplace() as place:
        key = which(place, sprint)
        if segment in {each.id for each in place.stores.book.get(key).sprint.segments}:
            raise CannotDo(f"{key} has a segment {segment} already; retarget it instead.")
        place.stores.book.add_segment(key, wanted)
    Console().print(f"{key}: segment {segment} added, {leads:,} leads from {source}.")


@app.command()
@told
def pause(segment: SegmentId, sprint: OfSprint = None) -> None:
    """Pause a segment: its collector stops after the page it is on."""
    _change("pause", segment, sprint)


@app.command()
@told
def resume(segment: SegmentId, sprint: OfSprint = None) -> None:
    """Let a paused segment collect again."""
    _change("resume", segment, sprint)


@app.command()
@told
def retarget(
    segment: SegmentId,
    leads: Leads,
    sprint: OfSprint = None,
    from_segment: Annotated[
        str | None,
        typer.Option("--from", help="Take the difference away from this segment, as when a source is blocked."),
    ] = None,
) -> None:
    """Change how many leads a segment collects."""
    with workplace() as place:
        key = which(place, sprint)
        _known(place.stores.book.get(key).sprint.segments, segment, key)
        if from_segment is not None:
            giver = _known(place.stores.book.get(key).sprint.segments, from_segment, key)
            now = _known(place.stores.book.get(key).sprint.segments, segment, key)
            rest = giver.leads - (leads - now.leads)
            if rest < 0:
                raise CannotDo(
                    f"{from_segment} has {giver.leads:,} leads, fewer than the {leads - now.leads:,} to be moved."
                )
            if rest == 0:
                place.stores.book.pause(key, from_segment, reason=f"its leads moved to {segment}")
            else:
                place.stores.book.retarget(key, {from_segment: rest}, reason=f"leads moved to {segment}")
        place.stores.book.retarget(key, {segment: leads})
    Console().print(f"{key}: segment {segment} now collects {leads:,} leads.")


def _change(change: str, segment: str, sprint: str | None) -> None:
    with workplace() as place:
        key = which(place, sprint)
        _known(place.stores.book.get(key).sprint.segments, segment, key)
        getattr(place.stores.book, change)(key, segment)
    Console().print(f"{key}: segment {segment} {change}d.")


def _known(segments: tuple[Segment, ...], wanted: str, key: str) -> Segment:
    for each in segments:
        if each.id == wanted:
            return each
    raise CannotDo(f"{key} has no segment {wanted}; it has {', '.join(each.id for each in segments)}.")
