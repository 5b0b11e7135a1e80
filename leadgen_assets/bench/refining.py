"""Stages in columns: normalise, deduplicate, score, gate. Their baseline is pandas alone with the same frame."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pandas as pd

from leadgen_assets.bench.ground import KEY, Ground
from leadgen_assets.bench.measure import Job, Setup
from leadgen_assets.bench.records import made_elsewhere, pages
from leadgen_assets.collection.normalising import normalise_pages
from leadgen_assets.collection.sources import mapper
from leadgen_assets.leads.score import score
from leadgen_assets.refinement.deduplicate import deduplicate

OPTED_OUT = 5_000
"""People on the suppression list, nobody of whom is met: each lead's keys are looked for among them."""


@contextmanager
def normalising(ground: Ground) -> Iterator[Job]:
    """Landed pages of all segments → leads and quarantine, segment by segment as the assets do it."""
    made_elsewhere(ground)
    made: dict[str, pd.DataFrame] = {}
    job = Job(lambda: 0, after=lambda: ground.keep_segments("normalised", made))

    def run() -> int:
        made.clear()
        records = 0
        for segment in ground.sprint.segments:
            landed = job.apart.reading(pages(ground, segment))
            done = normalise_pages(landed, mapper(segment.source), ground.profile)
            made[segment.id] = done.leads
            records += len(done.leads) + len(done.quarantined)
        return records

    job.run = run
    yield job


@contextmanager
def deduplicating(ground: Ground) -> Iterator[Job]:
    """Keys → clusters → golden records → resemblances."""
    segments: dict[str, pd.DataFrame] = {}
    made: list[pd.DataFrame] = []

    def before() -> None:
        made.clear()
        segments.update(ground.segments("normalised"))

    with ground.stores() as stores:
        stores.suppressions.add_many(
            [("email", f"nobody-{each}@example.com") for each in range(OPTED_OUT)], "benchmark"
        )

        def run() -> int:
            leads = sum(len(each) for each in segments.values())
            made.append(deduplicate(stores, KEY, segments, let_go=True).golden)
            return leads

        yield Job(run, before=before, after=lambda: ground.keep("golden", made[0]))


@contextmanager
def scoring(ground: Ground) -> Iterator[Job]:
    """Score, qualification and its reasons for every enriched lead."""
    leads, sprint = ground.frame(ground.made("enriched")), ground.sprint
    made: list[pd.DataFrame] = []

    def run() -> int:
        made[:] = [score(leads, sprint.score, sprint.qualification.minimum_score, ground.profile)]
        return len(leads)

    yield Job(run, after=lambda: ground.keep("scored", made[0]))


@contextmanager
def gating(ground: Ground) -> Iterator[Job]:
    """The suite of the scored leads in Great Expectations, data docs included; its import is not in the time."""
    import great_expectations  # noqa: F401

    from leadgen_assets.checks.inputs import parameters_of
    from leadgen_assets.checks.runner import validate

    leads, parameters, state = ground.frame("scored"), parameters_of(ground.sprint), ground.folder / "quality"

    def run() -> int:
        outcomes = validate("scored", leads, parameters, KEY, state=state)
        unjudged = [each.check for each in outcomes if each.observed is None and not each.passed]
        if unjudged:
            raise RuntimeError(f"not judged: {', '.join(unjudged)}")
        return len(leads)

    yield Job(run)


@cache
def parquet(name: str) -> Setup:
    """Baseline: write the stage's frame as Parquet with pandas, and read it back; in memory, no disk."""

    @contextmanager
    def writing_and_reading(ground: Ground) -> Iterator[Job]:
        leads = ground.frame(ground.made(name))

        def run() -> int:
            buffer = io.BytesIO()
            leads.to_parquet(buffer, compression="zstd")
            buffer.seek(0)
            return len(pd.read_parquet(buffer))

        yield Job(run)

    return writing_and_reading
