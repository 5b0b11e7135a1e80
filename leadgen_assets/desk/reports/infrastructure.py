"""The part about machine and stores: average and peak while the sprint ran, where they were recorded. Pure."""

from __future__ import annotations

from typing import Any

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports.document import Block, Text, table
from leadgen_assets.desk.reports.machine import Course
from leadgen_assets.desk.reports.picture import Picture
from leadgen_assets.desk.reports.tables import milliseconds

_FIGURES: dict[str, tuple[str, str]] = {
    "cpu": ("CPU", "share"),
    "memory": ("Memory", "share"),
    "disk": ("Disk", "share"),
    "net_in_kbps": ("Network, received", "kB/s"),
    "net_out_kbps": ("Network, sent", "kB/s"),
    "mongo_connections": ("MongoDB connections", "count"),
    "pool_in_use": ("Connections in use, busiest process", "count"),
    "insert_per_second": ("Inserts while inserting", "/s"),
    "insert_p95_ms": ("Insert of a batch, 95 %", "ms"),
    "query_p95_ms": ("MongoDB command, 95 %", "ms"),
    "claim_p95_ms": ("Duplicate check of a page, 95 %", "ms"),
    "redis_memory_mb": ("Redis memory", "MB"),
    "redis_hit_rate": ("Redis look-ups that found something", "share"),
}
"""{measure: (label, unit)}, those of `picture.MEASURED`."""


def blocks(picture: Picture, most: int = 8) -> tuple[Block, ...]:
    """A row a figure: average and peak where the time series has them, else the last value; `most` kinds of slow commands."""
    rows: list[tuple[str, ...]] = []
    for name, (label, unit) in _FIGURES.items():
        course = picture.machine.courses.get(name) or Course()
        last = course.last if course.last is not None else picture.machine.present.get(name)
        if last is not None:
            earlier = (_said(course.average, unit), _said(course.peak, unit)) if picture.machine.courses else ()
            rows.append((label, *earlier, _said(last, unit)))
    if not rows:
        return ()
    head = "Figure | Average> | Peak> | Last>" if picture.machine.courses else "Figure | When this was written>"
    found: list[Block] = [table("Machine and stores", head, rows)]
    if not picture.machine.courses:
        found.append(Text("No time series was recorded during the sprint, so there is no average and no peak."))
    slow = sum(each["times"] for each in picture.slow)
    if slow:
        shapes = [
            (f"{each['command']} on {each['collection']}", ", ".join(each["fields"]) or say.UNKNOWN, f"{each['times']:,}",
             milliseconds(each["ms_mean"]), milliseconds(each["ms_max"]))
            for each in picture.slow[:most]
        ]  # fmt: skip
        found.append(table("Database commands over 100 ms", "Command | By | Times> | Mean> | Slowest>", shapes))
    return tuple(found)


def _said(value: Any, unit: str) -> str:
    if value is None:
        return say.UNKNOWN
    if unit == "share":
        return say.share(value)
    if unit == "ms":
        return milliseconds(value)
    return f"{value:,.0f}{'' if unit in ('count', '/s') else ' '}{'' if unit == 'count' else unit}"
