"""One `leadgen dev` with an open sprint for the tests of this folder, and a place for pictures."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadgen_tests.browser.desk import Dev, open_sprint, running_dev, small_world, survivors


@pytest.fixture(scope="module")
def dev(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """`leadgen dev` on a small world, with one open sprint that nothing was collected for yet."""
    home = tmp_path_factory.mktemp("dev") / "home"
    home.mkdir()
    with small_world(home), running_dev(home) as started:
        open_sprint(home)
        yield started
        family = started.family()
        started.process.send_signal(signal.SIGINT)
        assert started.process.wait(60) == 0, "Ctrl-C is how it is meant to end"
        assert survivors(family) == []


_PICTURES = pytest.StashKey[Path]()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """Where pictures go: the folder that LEADGEN_SCREENSHOTS names, else one of pytest's."""
    named = os.environ.get("LEADGEN_SCREENSHOTS")
    folder = Path(named).absolute() if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    pytestconfig.stash[_PICTURES] = folder
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say where the pictures are."""
    if _PICTURES in config.stash:
        terminalreporter.write_line(f"Screenshots of the Dagster UI: {config.stash[_PICTURES]}")
