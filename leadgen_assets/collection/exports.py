"""Sources that come as files a person exported (Sales Navigator): every file once, by its content."""

from __future__ import annotations

import asyncio
import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from leadgen_assets.collection.workbench import Intake
from leadgen_assets.vendors.contracts import Record

PAGE_RECORDS = 250


class FileSource(Protocol):
    """Reads an export file into records; raises with the file's name when it is none."""

    name: str

    def read_export(self, path: Path) -> list[Record]: ...


async def collect_exports(source: FileSource, intake: Intake, imports: Path) -> None:
    """Collect the rows of every file that matches the segment's pattern, below `imports`."""
    files = await asyncio.to_thread(_matching, imports, intake.assignment.segment.files or "")
    if not files:
        intake.progress.stopped_because = f"no file matches {intake.assignment.segment.files}"
    first_free = 1
    for path in files:
        entry = intake.assignment.entry("file", await asyncio.to_thread(_digest, path))
        known = await asyncio.to_thread(intake.bench.jobs.find, entry)
        records = await asyncio.to_thread(source.read_export, path)
        first = int(known.job_id) if known else first_free
        if known is None:
            # The file's place in the numbering is written down first: files that are dropped later must not move it.
            first = max(first_free, 1 + max(intake.landed, default=0))
            await asyncio.to_thread(
                intake.bench.jobs.remember, entry, source.name, "file", str(first), {"file": path.name}
            )
        first_free = max(first_free, first + _pages(records))
        for index in range(_pages(records)):
            number = first + index
            still = await intake.wanted()
            if still == 0:
                return
            if not intake.has(number):
                rows = records[index * PAGE_RECORDS : (index + 1) * PAGE_RECORDS]
                await intake.land(number, rows[:still], {"file": path.name}, Decimal(0))


def _matching(imports: Path, pattern: str) -> list[Path]:
    return sorted(each for each in imports.glob(pattern) if each.is_file())


def _pages(records: list[Record]) -> int:
    return -(-len(records) // PAGE_RECORDS)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]
