"""Collection with documented rate limits: two homes that share the stores collect from one Apollo account at once.

The vendor counts. What it allows in the time between the first and the last paid call it let through is the limit; one
call too many fails the benchmark.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from leadgen_assets.bench.endtoend import ProcessTree
from leadgen_assets.bench.ground import KEY, Ground
from leadgen_assets.bench.measure import Job
from leadgen_assets.bench.vendors import larger_world
from leadgen_assets.collection.collector import SegmentReport, collect_segment
from leadgen_assets.collection.sources import fetcher, mapper
from leadgen_assets.collection.workbench import Assignment
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import open_stores
from leadgen_assets.vendors import registry
from leadgen_assets.vendors.limits import load_limits

VENDOR, OPERATION = "apollo", "bulk_match"
SEGMENTS = ("apollo-1", "apollo-2")
"""One for each home."""


@contextmanager
def collecting_at_the_limit(ground: Ground) -> Iterator[Job]:
    """Both Apollo segments of the sprint, each by a process with a home of its own."""
    with ExitStack() as stack:
        stores = stack.enter_context(ground.stores("limited"))
        limits = ground.folder / "documented-limits.yaml"
        limits.write_text("{}\n")
        url, _ = stack.enter_context(larger_world(ground.size, ground.folder / "limited", limits))
        watch = ProcessTree()
        job = Job(lambda: 0, rounds=1, elsewhere=watch.figures)

        def run() -> int:
            homes = [_start(ground, segment, url, limits) for segment in SEGMENTS]
            with watch.over(*(home.pid for home in homes)):
                failed = [home.returncode for home in homes if home.wait()]
            if failed:
                raise RuntimeError(f"a collector ended with exit code {failed[0]}")
            job.notes.update(used(httpx.get(f"{url}/_sandbox/calls", trust_env=False).json()[VENDOR]))
            return sum(stores.counts(KEY)[segment].delivered for segment in SEGMENTS)

        stores.book.open(KEY, ground.sprint)
        job.run = run
        yield job


def used(calls: dict[str, Any]) -> dict[str, float]:
    """{share of the allowed calls that was used, calls, rejections} of what the vendor says of itself.

    Raises `RuntimeError` for a rejected call: then it was not we who kept to the limit.
    """
    let_through = calls["admitted"][OPERATION]
    rejected = sum(statuses.get("429", 0) for statuses in calls["operations"].values())
    if rejected:
        raise RuntimeError(f"{VENDOR} rejected {rejected} calls")
    windows = load_limits().windows[VENDOR][OPERATION]
    allowed = min(each.requests * (1 + let_through["seconds"] / each.seconds) for each in windows)
    return {"used": let_through["requests"] / allowed, "calls": let_through["requests"], "rejected": rejected}


def told_use(notes: Mapping[str, float]) -> str:
    """What `used` found, for people."""
    return (
        f"{notes['calls']:,.0f} paid calls, counted by the vendor: {notes['used']:.1%} of what it allows, "
        f"{notes['rejected']:.0f} rejected"
    )


def _start(ground: Ground, segment: str, url: str, limits: Path) -> subprocess.Popen[bytes]:
    places = {
        "LEADGEN_HOME": str(ground.folder / f"home-{segment}"),
        "LEADGEN_SANDBOX_URL": url,
        "LEADGEN_LIMITS": str(limits),
    }
    command = [sys.executable, "-m", "leadgen_assets.bench.limited", segment, str(ground.size), str(ground.folder)]
    return subprocess.Popen(command, env={**os.environ, **places})


async def _collect(ground: Ground, segment_id: str) -> SegmentReport:
    from leadgen_assets.resources.vendors import adaptive_widths

    settings = Settings()
    governor = registry.governor(settings)
    segment = ground.sprint.segment(segment_id)
    with open_stores(settings) as stores:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(governor.aclose)
            widths = adaptive_widths(settings, stores, KEY)
            source = registry.source(segment.source, settings, governor, widths.observe)
            fetch = fetcher(segment.source, await stack.enter_async_context(source), settings.home, widths)
            return await collect_segment(stores, Assignment(KEY, ground.sprint, segment), mapper(segment.source), fetch)


if __name__ == "__main__":
    name, size, folder = sys.argv[1:]
    report = asyncio.run(_collect(Ground(int(size), Path(folder)), name))
    if report.is_short:
        raise SystemExit(f"{report.segment}: {report.progress.stopped_because}")
