"""Enrichment, twice: with every answer in the cache, and with an empty cache against the sandbox vendors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pandas as pd

from leadgen_assets.bench.answers import toolbox
from leadgen_assets.bench.ground import KEY, Ground
from leadgen_assets.bench.measure import Job
from leadgen_assets.bench.traffic import requests_made
from leadgen_assets.enrichment.asking import Desk
from leadgen_assets.enrichment.enrich import enrich


@contextmanager
def enriching_from_cache(ground: Ground) -> Iterator[Job]:
    """Own knowledge and the waterfalls with every answer cached: what enrichment costs without its vendors."""
    golden, plan = ground.frame("golden"), ground.sprint.enrichment
    made: list[pd.DataFrame] = []
    with ground.stores() as stores:
        desk = Desk(
            sprint=KEY,
            budget_usd=Decimal(str(ground.sprint.budget.usd)),
            cache=stores.cache,
            ledger=stores.ledger,
            suppressions=stores.suppressions,
            jobs=stores.jobs,
            leads=stores.leads,
        )
        asyncio.run(enrich(golden, plan, toolbox(), desk))

        def run() -> int:
            done = asyncio.run(enrich(golden, plan, toolbox(), desk))
            asked = sum(line.asked for line in done.report.lines)
            if asked:
                raise RuntimeError(f"{asked} questions were not in the cache")
            made[:] = [done.leads]
            return len(done.leads)

        yield Job(run, after=lambda: ground.keep("enriched", made[0]))


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
