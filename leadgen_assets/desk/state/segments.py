"""The segments of a sprint: state, throughput, errors, time, cost, and where to look further (OPS-01)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from leadgen_assets.desk.state.live_reader import RedisSays
from leadgen_assets.desk.state.on_record import OnRecord
from leadgen_assets.desk.state.times import from_millis
from leadgen_assets.desk.status import segment_state
from leadgen_assets.leads.counting import Counts
from leadgen_assets.sprint_file import Segment


def segment_rows(
    found: OnRecord, counts: Mapping[str, Counts], says: RedisSays, now: datetime, dagster_url: str | None
) -> list[dict[str, Any]]:
    """The state's part `segments`, in the sprint file's order."""
    return [
        _row(each, found, counts.get(each.id, Counts()), says, now, dagster_url)
        for each in found.opened.sprint.segments
    ]


def _row(
    segment: Segment, found: OnRecord, counts: Counts, says: RedisSays, now: datetime, dagster_url: str | None
) -> dict[str, Any]:
    marks, state = says.live.marks, segment_state(segment, counts, found.opened)
    seconds = _seconds(segment.id, found, marks, now if state == "collecting" else None)
    run = marks.get(f"run:{segment.id}")
    spent = found.cost.by_segment.get(segment.id) if found.cost else None
    reason = found.opened.result.get("stopped", {}).get(segment.id) if state != "done" else None
    return {
        "id": segment.id,
        "source": segment.source,
        "state": state,
        "target": segment.leads,
        **counts.as_dict(),
        "share": round(counts.delivered / segment.leads, 4) if segment.leads else 1.0,
        "leads_per_hour": round(counts.collected * 3600 / seconds, 1) if seconds and counts.collected else None,
        "errors": says.live.segments.get(segment.id, {}).get("errors", 0),
        "seconds": round(seconds, 1) if seconds is not None else None,
        "cost_usd": round(spent.usd, 2) if spent else 0.0,
        "reason": reason,
        "run_url": f"{dagster_url}/runs/{run}" if dagster_url and run else None,
        "asset_url": _asset_url(dagster_url, segment, found.opened.key),
    }


def _seconds(segment: str, found: OnRecord, marks: Mapping[str, str], now: datetime | None) -> float | None:
    """From the start of its collector (or its first page) to its last page, or to now while it collects."""
    started = from_millis(marks.get(f"started:{segment}"))
    pages = found.times.get(segment)
    starts = [each for each in (started, pages[0] if pages else None) if each is not None]
    until = now or (pages[1] if pages else None)
    return max(1.0, (until - min(starts)).total_seconds()) if starts and until else None


def _asset_url(dagster_url: str | None, segment: Segment, sprint: str) -> str | None:
    # Dagster writes a grid key with its dimensions in the order of their names
    place = quote(f"{segment.id}|{sprint}", safe="")
    return f"{dagster_url}/assets/raw_{segment.source}?view=partitions&partition={place}" if dagster_url else None
