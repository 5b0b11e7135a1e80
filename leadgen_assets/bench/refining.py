"""Stages in columns: normalise, deduplicate, score, gate. Their baseline is pandas alone with the same frame."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context

import pandas as pd

from leadgen_assets.bench.ground import KEY, Ground
from leadgen_assets.bench.measure import Apart, Elsewhere, Job, Setup, cpu_seconds, forget_peak, peak_mb
from leadgen_assets.bench.records import made_elsewhere, pages
from leadgen_assets.collection.normalising import normalise_pages
from leadgen_assets.collection.sources import mapper
from leadgen_assets.leads.score import score
from leadgen_assets.refinement.deduplicate import deduplicate
from leadgen_assets.sprint_file import Segment

OPTED_OUT = 5_000
"""People on the suppression list, nobody of whom is met: each lead's keys are looked for among them."""


WORKERS = 2
"""Processes that normalise segments: each segment is a run of its own, and a sprint has several at once."""


@dataclass(frozen=True)
class _Segment:
    """What one segment took, in the process that normalised it: seconds without reading, and memory."""

    worker: int
    records: int
    wall: float
    cpu: float
    peak_mb: float


@contextmanager
def normalising(ground: Ground) -> Iterator[Job]:
    """Landed pages of all segments → leads and quarantine, each segment in one of two processes, as its run would be.

    The wall time is that of the process that was busy longer; CPU and memory are those of both.
    """
    made_elsewhere(ground)
    done: list[_Segment] = []
    largest_first = sorted(ground.sprint.segments, key=lambda segment: -segment.leads)
    with get_context("spawn").Pool(WORKERS) as pool:
        job = Job(lambda: 0, elsewhere=lambda: _of_both(done))

        def run() -> int:
            began = time.perf_counter()
            done[:] = pool.imap_unordered(_normalised, [(ground, segment) for segment in largest_first])
            busy: dict[int, float] = {}
            for each in done:
                busy[each.worker] = busy.get(each.worker, 0.0) + each.wall
            job.apart.wall = time.perf_counter() - began - max(busy.values())
            return sum(each.records for each in done)

        job.run = run
        yield job


def _normalised(task: tuple[Ground, Segment]) -> _Segment:
    ground, segment = task
    apart = Apart()
    forget_peak()
    cpu, began = cpu_seconds(), time.perf_counter()
    done = normalise_pages(apart.reading(pages(ground, segment)), mapper(segment.source), ground.profile)
    wall, cpu = time.perf_counter() - began - apart.wall, cpu_seconds() - cpu - apart.cpu
    peak = peak_mb()
    ground.keep_segments("normalised", {segment.id: done.leads})
    return _Segment(os.getpid(), len(done.leads) + len(done.quarantined), wall, cpu, peak)


def _of_both(done: list[_Segment]) -> Elsewhere:
    peaks: dict[int, float] = {}
    for each in done:
        peaks[each.worker] = max(peaks.get(each.worker, 0.0), each.peak_mb)
    return Elsewhere(sum(each.cpu for each in done), sum(peaks.values()))


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
    if "is_suppressed" not in leads:  # golden records stand for enriched ones
        leads = leads.assign(is_suppressed=False)
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
