"""Collection: all ten segments at once in one process, sandbox vendors over HTTP, real stores."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from functools import cache
from pathlib import Path

from leadgen_assets.bench.ground import KEY, Ground
from leadgen_assets.bench.measure import Job, Setup
from leadgen_assets.bench.records import FULL_SPRINT, made_elsewhere, pages
from leadgen_assets.bench.traffic import requests_made
from leadgen_assets.bench.vendors import larger_world
from leadgen_assets.collection.collector import SegmentReport, collect_segment
from leadgen_assets.collection.normalising import normalise_pages
from leadgen_assets.collection.sources import fetcher, mapper
from leadgen_assets.collection.workbench import Assignment
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Segment
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.vendors import registry

_SAMPLE = 200
"""Leads that are normalised before the clock starts."""


@cache
def collecting_from(*sources: str) -> Setup:
    """Search, buy, land, normalise, claim, insert, count, as `raw_<source>` does it, rate limits wide open, for the
    segments of some sources.

    More leads than one sprint has come from a world as many times as large.
    """

    @contextmanager
    def collecting(ground: Ground) -> Iterator[Job]:
        # brings Dagster, which is nothing for the other stages' memory and nobody's time
        from leadgen_assets.resources import vendors as _  # noqa: F401

        with ExitStack() as stack:
            if ground.size > FULL_SPRINT:
                stack.enter_context(_larger_world(ground))
            stores = stack.enter_context(ground.stores("collect" if len(sources) > 1 else f"collect_{sources[0]}"))
            segments = [each for each in ground.sprint.segments if each.source in sources]
            job = Job(lambda: 0, rounds=1)

            def run() -> int:
                before = requests_made()
                reports = asyncio.run(_collect(ground, stores, segments))
                short = [f"{each.segment}: {each.progress.stopped_because}" for each in reports if each.is_short]
                if short:
                    raise RuntimeError("; ".join(short))
                job.notes["requests"] = requests_made() - before
                return sum(each.counts.delivered for each in reports)

            job.before = lambda: _made_ready(ground, stores)
            job.run = run
            yield job

    return collecting


collecting = collecting_from("apollo", "brightdata", "zoominfo", "sales_navigator")
"""All ten segments."""


@contextmanager
def _larger_world(ground: Ground) -> Iterator[None]:
    home = ground.folder / f"world-{ground.size}"
    limits = Path(os.environ["LEADGEN_LIMITS"])
    with larger_world(ground.size, home, limits) as (url, _):
        os.environ.update({"LEADGEN_SANDBOX_URL": url, "LEADGEN_HOME": str(home)})
        yield


def _made_ready(ground: Ground, stores: OpenStores) -> None:
    """Open the sprint and forget earlier claims; load the tables of names and places, with which workers are forked."""
    stores.redis.flushdb()
    stores.book.open(KEY, ground.sprint)
    sample = Ground(_SAMPLE, ground.folder)
    made_elsewhere(sample)
    for segment in sample.sprint.segments:
        normalise_pages(pages(sample, segment), mapper(segment.source), sample.profile)


async def _collect(ground: Ground, stores: OpenStores, segments: Sequence[Segment]) -> list[SegmentReport]:
    from leadgen_assets.resources.vendors import adaptive_widths, both, counted

    settings = Settings()
    widths = adaptive_widths(settings, stores, KEY)
    governor, observer = registry.governor(settings), both(counted(stores, KEY), widths.observe)
    async with AsyncExitStack() as stack:
        bound = []
        for segment in segments:
            client = await stack.enter_async_context(registry.source(segment.source, settings, governor, observer))
            assignment = Assignment(KEY, ground.sprint, segment)
            fetch = fetcher(segment.source, client, settings.home, widths)
            bound.append(collect_segment(stores, assignment, mapper(segment.source), fetch))
        return list(await asyncio.gather(*bound))
