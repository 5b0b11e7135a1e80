"""`leadgen export`: leads as a CSV or Parquet file, by sprint or by the days on which they were collected."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from leadgen_assets.cli.errors import CannotDo
from leadgen_assets.cli.sprint import which
from leadgen_assets.cli.workplace import Workplace, workplace
from leadgen_assets.delivery.export import Format, export_leads

_ENDINGS: dict[str, Format] = {".csv": "csv", ".parquet": "parquet"}
_DAYS = ["%Y-%m-%d"]


def export(
    file: Annotated[Path, typer.Argument(help="Where to: a name that ends in .csv or .parquet.")],
    sprint: Annotated[str | None, typer.Option(help="Leads of this sprint; default, without days: the latest.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=_DAYS, help="Collected on this day (UTC) or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=_DAYS, help="Collected on this day (UTC) or earlier.")
    ] = None,
    qualified: Annotated[bool, typer.Option("--qualified", help="Qualified leads only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print file, format and number of leads as JSON.")] = False,
) -> None:
    """Write leads to a file that only you can read. The file holds personal data: delete it when it has served."""
    file_format = _ENDINGS.get(file.suffix.lower())
    if file_format is None:
        raise CannotDo(f"{file}: the name must end in {' or '.join(_ENDINGS)}.")
    if since and until and until < since:
        raise CannotDo(f"--to {until:%Y-%m-%d} is before --from {since:%Y-%m-%d}.")
    with workplace() as place:
        leads = _chosen(place, sprint, since, until)
        try:
            count = export_leads((each for each in leads if each["is_qualified"] or not qualified), file, file_format)
        except OSError as error:
            raise CannotDo(f"{file} cannot be written: {error.strerror}.") from None
    if as_json:
        print(json.dumps({"file": str(file), "format": file_format, "leads": count}))  # noqa: T201
    else:
        Console(highlight=False).print(f"{count:,} leads in {file}", soft_wrap=True)


def _chosen(
    place: Workplace, sprint: str | None, since: datetime | None, until: datetime | None
) -> Iterator[Mapping[str, Any]]:
    start = since.replace(tzinfo=UTC) if since else datetime.min.replace(tzinfo=UTC)
    end = until.replace(tzinfo=UTC) + timedelta(days=1) if until else datetime.max.replace(tzinfo=UTC)
    if sprint is None and (since or until):
        return place.stores.leads.collected_between(start, end)
    leads = place.stores.leads.iterate(which(place, sprint))
    return (each for each in leads if start <= each["data_collected_date"] < end)
