"""Raw records of invented people in the vendors' own forms, as a sprint of any size would land them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count, islice
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


def made_elsewhere(ground: Ground) -> None:
    """As `write_records`, in a process of its own: a world of a million people must not count as this one's memory."""
    if not ground.records.exists():
        command = [sys.executable, "-m", "leadgen_assets.bench.records", str(ground.size), str(ground.folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def pages(ground: Ground, segment: Segment) -> Iterator[RawPage]:
    """A segment's records as the pages a collector would have landed, read one by one."""
    moment = datetime(2026, 11, 22, 8, tzinfo=UTC)
    with (ground.records / f"{segment.id}.jsonl").open(encoding="utf-8") as file:
        for number in count(1):
            records = [json.loads(line) for line in islice(file, PAGE_RECORDS)]
            if not records:
                return
            yield RawPage(KEY, segment.id, segment.source, number, records, {}, moment, Decimal(0), [])


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


if __name__ == "__main__":
    write_records(Ground(int(sys.argv[1]), Path(sys.argv[2])))
