"""Raw records of invented people in the vendors' own forms, as a sprint of any size would land them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from leadgen_assets.bench.ground import KEY, Ground
from leadgen_assets.sandbox import apollo_records, brightdata_records, zoominfo_records
from leadgen_assets.sandbox.sales_navigator import write_exports
from leadgen_assets.sandbox.world import World
from leadgen_assets.sandbox.world.plan import FULL_SCALE, POOLS
from leadgen_assets.sprint_file import Segment
from leadgen_assets.stores.raw_pages import RawPage
from leadgen_assets.vendors.sales_navigator import read_export

PAGE_RECORDS = 250
FULL_SPRINT = 20_000
"""Leads of a sprint for which a world of `FULL_SCALE` people is made."""

Record = dict[str, Any]


def write_records(ground: Ground) -> None:
    """Write `<segment>.jsonl` for every segment of the sprint, at most its target each. Same size, same records."""
    if ground.records.exists():
        return
    world = World.generate(people=max(400, math.ceil(FULL_SCALE * ground.size / FULL_SPRINT)))
    draft = ground.records.with_suffix(".draft")
    draft.mkdir(parents=True)
    for segment in ground.sprint.segments:
        with (draft / f"{segment.id}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(each) + "\n" for each in _of_segment(world, segment))
    draft.rename(ground.records)


def pages(ground: Ground, segment: Segment) -> list[RawPage]:
    """A segment's records as the pages a collector would have landed."""
    with (ground.records / f"{segment.id}.jsonl").open(encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    moment = datetime(2026, 11, 22, 8, tzinfo=UTC)
    return [
        RawPage(KEY, segment.id, segment.source, number, part, {}, moment, Decimal(0), [])
        for number, part in enumerate(_parts(records), start=1)
    ]


def _of_segment(world: World, segment: Segment) -> list[Record]:
    if segment.source == "sales_navigator":
        return _exported(world, segment)
    pool = segment.id if segment.id in POOLS else segment.source
    seen = world.pool(pool, segment.leads)
    if segment.source == "apollo":
        return [apollo_records.person(each) for each in seen]
    if segment.source == "brightdata":
        return [brightdata_records.person(each) for each in seen]
    fields = zoominfo_records.CONTACT_FIELDS
    return [{"id": each.vendor_id, "attributes": zoominfo_records.contact(each, fields)} for each in seen]


def _exported(world: World, segment: Segment) -> list[Record]:
    with TemporaryDirectory() as folder:
        write_exports(world, Path(folder))
        files = sorted(Path(folder).glob(Path(segment.files or "*").name))
        rows = [row for file in files for row in read_export(file)]
    return rows[: segment.leads]


def _parts(records: list[Record]) -> Iterator[list[Record]]:
    for start in range(0, len(records), PAGE_RECORDS):
        yield records[start : start + PAGE_RECORDS]
