"""Commands that a guard keeps: started again when they end, until they end too often; gone with whoever asked for them."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from leadgen_assets.cli import guard
from leadgen_assets.cli.dagster_process import DagsterProcess

SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]
PATIENT_SECONDS = 60


@contextmanager
def guarded(folder: Path, **commands: list[str]) -> Iterator[DagsterProcess]:
    """A guard of these commands, whose parent we are, and all of them running."""
    parts = folder / "parts.json"
    parts.write_text(json.dumps({name: {"command": command} for name, command in commands.items()}))
    command = [sys.executable, "-m", "leadgen_assets.cli.guard", str(os.getpid()), str(parts)]
    kept = DagsterProcess(command, os.environ, "", folder / "log")
    try:
        _until(lambda: len(_children(kept)) == len(commands))
        yield kept
    finally:
        kept.end()


def test_what_is_killed_is_started_again_and_the_others_are_left_alone(tmp_path: Path) -> None:
    """NFR-006: one of several commands is killed with -9; at the end nothing is left."""
    with guarded(tmp_path, one=SLEEPS, two=SLEEPS) as kept:
        one, two = _children(kept)
        one.kill()
        _until(lambda: len(set(_children(kept)) - {one}) == 2)
        last = _children(kept)
        assert two in last
    assert not any(each.is_running() for each in (one, *last))
    assert "guard: one ended (signal 9)" in kept.last_words()


def test_a_guard_that_is_killed_takes_all_along_and_is_followed_by_another(tmp_path: Path) -> None:
    """NFR-006: nobody would start its commands again, or end them with us."""
    with guarded(tmp_path, one=SLEEPS) as kept:
        codes: list[int] = []
        waiting = threading.Thread(target=lambda: codes.append(kept.wait()))
        waiting.start()
        first, (one,) = kept.process, _children(kept)
        first.kill()
        _until(lambda: kept.process is not first and len(_children(kept)) == 1)
        assert not one.is_running()
        kept.process.terminate()
        waiting.join()
    assert codes == [0]


def test_what_ends_again_and_again_is_given_up_and_the_log_says_so(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFR-006: no endless circle."""
    monkeypatch.setattr(guard, "FIRST_REST_SECONDS", 0.0)
    kept = guard.Kept("the daemon", [sys.executable, "-c", "raise SystemExit(3)"])
    _until(lambda: not kept.step())
    said = capfd.readouterr().out.splitlines()
    assert len(said) == guard.MOST_DEATHS
    assert said[0] == "guard: the daemon ended (exit code 3); it is started again"
    assert said[-1] == "guard: the daemon ended (exit code 3)"


def test_deaths_that_do_not_follow_one_another_closely_are_not_counted_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """NFR-006: a daemon that is killed once a day is started again for ever."""
    monkeypatch.setattr(guard, "FIRST_REST_SECONDS", 0.0)
    monkeypatch.setattr(guard, "STEADY_SECONDS", 0.0)
    lives = tmp_path / "lives"
    lives.touch()
    kept = guard.Kept("the daemon", [sys.executable, "-c", f"open({str(lives)!r}, 'a').write('.')"])
    _until(lambda: not kept.step() or lives.stat().st_size > guard.MOST_DEATHS)
    assert lives.stat().st_size > guard.MOST_DEATHS


def test_what_needs_another_part_is_started_when_that_one_listens(tmp_path: Path) -> None:
    """NFR-006: a daemon without its code server would drop the retries of runs."""
    kept = guard.Kept("the daemon", SLEEPS, after=str(tmp_path / "code"))
    assert kept.step()
    assert kept.pid is None
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "code"))
        listener.listen()
        assert kept.step()
    assert kept.pid is not None
    psutil.Process(kept.pid).kill()
    _until(lambda: kept.step() and kept.pid is None)


def _children(kept: DagsterProcess) -> list[psutil.Process]:
    return psutil.Process(kept.process.pid).children()


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
