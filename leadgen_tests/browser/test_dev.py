"""`leadgen dev` takes everything along when it goes, however it goes."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

from leadgen_tests.browser.desk import environment, leadgen, running_dev, survivors


def test_no_process_outlives_it_when_it_is_killed(tmp_path: Path) -> None:
    """interfaces.md, `make dev`: web UI, daemon, code location, vendors and stores end with the command, kill -9 included."""
    home = tmp_path / "home"
    home.mkdir()
    with running_dev(home) as dev:
        family = dev.family()
        names = " ".join(" ".join(each.cmdline()) for each in family)
        assert all(each in names for each in ("dagster_webserver", "dagster._daemon", "sandbox serve", "mongod"))

        dev.process.kill()
        dev.process.wait()
        assert survivors(family) == []


def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path: Path) -> None:
    """interfaces.md, `make dev`: the message says which port, why, and what to do; exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = leadgen("dev", "--port", str(port))
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(tmp_path / "home"), capture_output=True, text=True, check=False
        )
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr
    assert "--port" in done.stderr
    assert not (tmp_path / "home" / "services").exists()
