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


def _pictures(config: pytest.Config) -> Path:
    named = os.environ.get("LEADGEN_SCREENSHOTS")
    return Path(named).absolute() if named else config.rootpath / "build" / "screenshots"


@pytest.fixture(scope="session")
def screenshots(pytestconfig: pytest.Config) -> Path:
    """Where pictures are kept: the folder that LEADGEN_SCREENSHOTS names, else `build/screenshots`."""
    folder = _pictures(pytestconfig)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say where the pictures are."""
    if any(_pictures(config).glob("*.png")):
        terminalreporter.write_line(f"Screenshots of the web pages: {_pictures(config)}")
