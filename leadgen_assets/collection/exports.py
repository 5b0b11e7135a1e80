"""Sources that come as files a person exported (Sales Navigator): every file once, by its content."""

from __future__ import annotations

import asyncio
import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from leadgen_assets.collection.workbench import NO_FILE, Intake
from leadgen_assets.vendors.contracts import Record, VendorBadRequest

PAGE_RECORDS = 50
"""Rows per page: pages are never cut, so this is also by how much a segment may overshoot its target."""
_TOLD = 3
"""Broken files that are named."""


class FileSource(Protocol):
    """Reads an export file into records; raises with the file's name when it is none."""

    name: str

    def read_export(self, path: Path) -> list[Record]: ...


async def collect_exports(source: FileSource, intake: Intake, imports: Path) -> None:
    """Collect the rows of every file that matches the segment's pattern, below `imports`.

    A file that is no export does not keep the others from being collected; it is told as why the segment stays short.
    Raises the source's error when no file is an export.
    """
    files = await asyncio.to_thread(_matching, imports, intake.assignment.segment.files or "")
    if not files:
        intake.progress.stopped_because = f"{NO_FILE} {intake.assignment.segment.files}"
    numbered, broken = await _numbered(source, intake, files)
    for path, first in numbered:
        records = await asyncio.to_thread(source.read_export, path)
        for index in range(_pages(records)):
            if await intake.wanted() == 0:
                return
            if not intake.has(first + index):
                rows = records[index * PAGE_RECORDS : (index + 1) * PAGE_RECORDS]
                await intake.land(first + index, rows, {"file": path.name}, Decimal(0))
    if broken and await intake.wanted():
        intake.progress.stopped_because = "; ".join(str(each) for each in broken[:_TOLD])


async def _numbered(
    source: FileSource, intake: Intake, files: list[Path]
) -> tuple[list[tuple[Path, int]], list[VendorBadRequest]]:
    """Every file with the number of its first page, in the order of the numbers; and why others cannot be read.

    A file's place in the numbering is written down when it is first seen: files dropped later must not move it.
    """
    jobs = intake.bench.jobs
    entries = {intake.assignment.entry("file", await asyncio.to_thread(_digest, path)): path for path in files}
    known = {entry: job for entry in entries if (job := await asyncio.to_thread(jobs.find, entry)) is not None}
    ends = [int(job.job_id) + job.request["pages"] for job in known.values()]
    free = max([1 + max(intake.landed, default=0), *ends])
    broken: list[VendorBadRequest] = []
    for entry in [each for each in entries if each not in known]:
        path = entries[entry]
        try:
            pages = _pages(await asyncio.to_thread(source.read_export, path))
        except VendorBadRequest as error:
            broken.append(error)
            continue
        request = {"file": path.name, "pages": pages}
        known[entry] = await asyncio.to_thread(jobs.remember, entry, source.name, "file", str(free), request)
        free += pages
    if broken and not known:
        raise broken[0]
    return sorted(((entries[entry], int(job.job_id)) for entry, job in known.items()), key=lambda each: each[1]), broken


def _matching(imports: Path, pattern: str) -> list[Path]:
    return sorted(each for each in imports.glob(pattern) if each.is_file())


def _pages(records: list[Record]) -> int:
    return -(-len(records) // PAGE_RECORDS)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]
