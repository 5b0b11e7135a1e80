"""Figures are those of the job, and of nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from leadgen_assets.bench.measure import Elsewhere, Job, measured


def test_a_job_is_repeated_between_its_preparations_and_put_away_once() -> None:
    """DE-05: what is untimed happens before every round, what is kept is kept once."""
    happened: list[str] = []

    def run() -> int:
        happened.append("run")
        return 7

    figures = measured(Job(run, before=lambda: happened.append("before"), after=lambda: happened.append("after")))

    assert happened == ["before", "run"] * 3 + ["after"]
    assert (figures.leads, figures.rounds) == (7, 3)
    assert figures.wall > 0
    assert figures.spread >= 0


def test_a_job_that_runs_once_has_no_spread() -> None:
    """DE-05: a single round says nothing about noise."""
    figures = measured(Job(lambda: 1, rounds=1))

    assert (figures.rounds, figures.spread) == (1, 0)


def test_peak_memory_is_what_the_job_took_beyond_what_was_there() -> None:
    """DE-05: memory that is free again when the job ends was needed all the same."""

    def run() -> int:
        return len(bytearray(80_000_000)) // 80_000_000

    figures = measured(Job(run, rounds=1))

    assert figures.peak_mb - figures.start_mb == pytest.approx(80, abs=25)


def test_reading_the_input_is_not_in_the_time() -> None:
    """DE-05: a stage is not slower because its input comes from a slow disk."""
    job = Job(lambda: 0, rounds=1)

    def slow() -> Iterator[int]:
        for each in range(3):
            time.sleep(0.05)
            yield each

    job.run = lambda: sum(1 for _ in job.apart.reading(slow()))
    figures = measured(job)

    assert figures.leads == 3
    assert figures.wall < 0.1 < job.apart.wall


def test_work_of_other_processes_replaces_the_figures_of_this_one() -> None:
    """DE-05: the end-to-end sprint is measured over all of its processes."""
    figures = measured(Job(lambda: 3, rounds=1, elsewhere=lambda: Elsewhere(cpu=12.5, peak_mb=900.0)))

    assert (figures.cpu, figures.peak_mb, figures.start_mb) == (12.5, 900.0, 0.0)
