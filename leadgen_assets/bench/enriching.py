"""Enrichment, twice: with every answer in the cache, and with an empty cache against the sandbox vendors."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pandas as pd

from leadgen_assets.bench.answers import toolbox
from leadgen_assets.bench.ground import KEY, Ground
from leadgen_assets.bench.measure import Job
from leadgen_assets.bench.traffic import requests_made
from leadgen_assets.enrichment.desk import Desk
from leadgen_assets.enrichment.enrich import enrich
from leadgen_assets.stores.opened import OpenStores


@contextmanager
def enriching_from_cache(ground: Ground) -> Iterator[Job]:
    """Own knowledge and the waterfalls with every answer cached: what enrichment costs without its vendors."""
    # in a process of its own: what was asked must not count as this one's memory
    command = [sys.executable, "-m", "leadgen_assets.bench.enriching", str(ground.size), str(ground.folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    golden, plan = ground.frame("golden"), ground.sprint.enrichment
    made: list[pd.DataFrame] = []
    with ground.stores() as stores:
        desk = _desk(ground, stores)

        def run() -> int:
            made.clear()
            done = asyncio.run(enrich(golden, plan, toolbox(), desk))
            asked = sum(line.asked for line in done.report.lines)
            if asked:
                raise RuntimeError(f"{asked} questions were not in the cache")
            made.append(done.leads)
            return len(done.leads)

        yield Job(run, after=lambda: ground.keep("enriched", made[0]))


def fill_cache(ground: Ground) -> None:
    """Ask everything once, so that every answer is cached."""
    with ground.stores() as stores:
        asyncio.run(enrich(ground.frame("golden"), ground.sprint.enrichment, toolbox(), _desk(ground, stores)))


def _desk(ground: Ground, stores: OpenStores) -> Desk:
    return Desk(
        sprint=KEY,
        budget_usd=Decimal(str(ground.sprint.budget.usd)),
        cache=stores.cache,
        ledger=stores.ledger,
        suppressions=stores.suppressions,
        jobs=stores.jobs,
        leads=stores.leads,
        controls=stores.controls,
    )


@contextmanager
def enriching_over_http(ground: Ground) -> Iterator[Job]:
    """The sprint's own enrichment against the sandbox vendors, rate limits wide open, nothing cached."""
    from leadgen_assets.resources.vendors import Vendors

    golden, sprint = ground.frame("golden"), ground.sprint
    with ground.stores("cold") as stores:
        job = Job(lambda: 0, rounds=1)

        def run() -> int:
            before = requests_made()
            done = Vendors().enrich(stores, KEY, sprint, golden)
            if done.report.problems:
                raise RuntimeError("; ".join(done.report.problems))
            job.notes["requests"] = requests_made() - before
            return len(done.leads)

        job.run = run
        yield job


if __name__ == "__main__":
    fill_cache(Ground(int(sys.argv[1]), Path(sys.argv[2])))
