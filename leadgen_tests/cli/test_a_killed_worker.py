"""Runs in worker processes, one of which is killed."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from leadgen_assets.cli import runs
from leadgen_assets.cli.runs import MOST_STARTS, ForkedRuns, RunOutcome, Workers, outcome_of


@pytest.fixture
def workers() -> Iterator[Workers]:
    """Workers that have no more loaded than these tests need."""
    multiprocessing.get_context("forkserver").set_forkserver_preload([runs.__name__, __name__])
    with ThreadPoolExecutor(2) as turns:
        yield Workers(turns)


def work(folder: Path, deaths: int) -> int:
    """Die so many times, then say how often this was begun."""
    begun = len(list(folder.iterdir())) + 1
    (folder / str(begun)).touch()
    if begun <= deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return begun


def wait_for(path: Path) -> str:
    while not path.exists():
        time.sleep(0.01)
    return "done"


def test_a_killed_workers_run_begins_again_and_takes_no_other_along(workers: Workers, tmp_path: Path) -> None:
    """Issue 4, crash safety, NFR-006: kill -9 of a worker ends neither the command nor the runs beside it."""
    (tmp_path / "own").mkdir()
    beside = workers.submit(wait_for, tmp_path / "end")

    again = workers.submit(work, tmp_path / "own", 1, may_restart=lambda: True)

    assert again.result(60) == 2
    assert not beside.done()
    (tmp_path / "end").touch()
    assert beside.result(60) == "done"


def test_a_worker_that_is_killed_again_and_again_is_given_up(workers: Workers, tmp_path: Path) -> None:
    """NFR-006: at most three times."""
    given_up = workers.submit(work, tmp_path, 99, may_restart=lambda: True)

    assert isinstance(given_up.exception(60), BrokenProcessPool)
    assert len(list(tmp_path.iterdir())) == MOST_STARTS


def fail(folder: Path, failures: int) -> int:
    """End with an error so many times, as a run does when Dagster's storage is on a full disk."""
    begun = len(list(folder.iterdir())) + 1
    (folder / str(begun)).touch()
    if begun <= failures:
        raise OSError(errno.ENOSPC, "No space left on device")
    return begun


def test_a_run_that_dagster_could_not_write_down_begins_again(workers: Workers, tmp_path: Path) -> None:
    """NFR-006: otherwise what it had landed would stay on its pages."""
    again = workers.submit(fail, tmp_path, 1, may_restart=lambda: True)

    assert again.result(60) == 2


def test_what_a_run_ended_with_is_told_when_nobody_can_say_whether_it_may_begin_again(
    workers: Workers, tmp_path: Path
) -> None:
    """NFR-006: whoever is asked may suffer from the same full disk."""

    def unknown() -> bool:
        raise ConnectionError("away")

    ended = workers.submit(fail, tmp_path, 99, may_restart=unknown)

    assert isinstance(ended.exception(60), OSError)
    assert "the worker process ended: OSError" in str(outcome_of(ended).problem)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_run_that_was_stopped_is_not_begun_again(workers: Workers, tmp_path: Path) -> None:
    """PHX-05: after an emergency stop, which kills workers too, nothing starts by itself; the command tells the problem."""
    killed = workers.submit(work, tmp_path, 99, may_restart=lambda: False)

    outcome = outcome_of(killed)

    assert not outcome.succeeded
    assert "the worker process ended" in str(outcome.problem)
    assert len(list(tmp_path.iterdir())) == 1


def test_whoever_starts_runs_decides_whether_they_begin_again(tmp_path: Path) -> None:
    """NFR-006: the conductor closes what a killed worker left before its run begins again."""
    asked = []

    class Noted(Workers):
        def submit(self, *given: Any, may_restart: Callable[[], bool] = lambda: False) -> Any:
            asked.append(may_restart())
            return Future[RunOutcome]()

    with ThreadPoolExecutor(1) as turns:
        ForkedRuns(Noted(turns), lambda: True).start("collect", "s|apollo-1", tmp_path / "log", None)

    assert asked == [True]
