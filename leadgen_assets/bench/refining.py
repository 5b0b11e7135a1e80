"""Stages in columns: normalise, deduplicate, score, gate. Their baseline is pandas alone with the same frame."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pandas as pd

from leadgen_assets.bench.ground import KEY, Ground
from leadgen_assets.bench.measure import Job, Setup
from leadgen_assets.bench.records import pages, write_records
from leadgen_assets.collection.ingest import normalise_pages
from leadgen_assets.collection.sources import mapper
from leadgen_assets.leads.score import score
from leadgen_assets.refinement.deduplicate import deduplicate


@contextmanager
def normalising(ground: Ground) -> Iterator[Job]:
    """Landed pages of all segments → leads and quarantine, segment by segment as the assets do it."""
    write_records(ground)
    segments = [(mapper(each.source), pages(ground, each)) for each in ground.sprint.segments]
    made: list[pd.DataFrame] = []

    def run() -> int:
        made.clear()
        done = [normalise_pages(landed, how, ground.profile) for how, landed in segments]
        made.extend(each.leads for each in done)
        return sum(len(each.leads) + len(each.quarantined) for each in done)

    yield Job(run, after=lambda: ground.keep("normalised", pd.concat(made, ignore_index=True)))


@contextmanager
def deduplicating(ground: Ground) -> Iterator[Job]:
    """Keys → clusters → golden records → resemblances."""
    leads = ground.frame("normalised")
    segments = {str(name): frame.reset_index(drop=True) for name, frame in leads.groupby("segment")}
    made: list[pd.DataFrame] = []
    with ground.stores() as stores:

        def run() -> int:
            made[:] = [deduplicate(stores, KEY, segments).golden]
            return len(leads)

        yield Job(run, after=lambda: ground.keep("golden", made[0]))


@contextmanager
def scoring(ground: Ground) -> Iterator[Job]:
    """Score, qualification and its reasons for every enriched lead."""
    leads, sprint = ground.frame("enriched"), ground.sprint
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
        leads = ground.frame(name)

        def run() -> int:
            buffer = io.BytesIO()
            leads.to_parquet(buffer, compression="zstd")
            buffer.seek(0)
            return len(pd.read_parquet(buffer))

        yield Job(run)

    return writing_and_reading
