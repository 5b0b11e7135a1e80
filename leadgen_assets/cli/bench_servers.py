"""Servers for a benchmark: in a folder of its own, whatever `.env` and the environment say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from leadgen_assets.cli.sandbox_process import running_sandbox
from leadgen_assets.services import running
from leadgen_assets.settings import VENDORS, Settings


@contextmanager
def servers(folder: Path, *, sandbox: bool) -> Iterator[None]:
    """MongoDB, Valkey and, where wanted, the sandbox vendors with their rate limits wide open."""
    with ExitStack() as stack:
        stack.enter_context(environment(folder))
        stack.enter_context(running(Settings(), postgres=False))
        if sandbox:
            from leadgen_assets.bench.traffic import write_wide_limits

            limits = folder / "limits.yaml"
            write_wide_limits(limits)
            os.environ["LEADGEN_LIMITS"] = str(limits)
            os.environ["LEADGEN_SANDBOX_URL"] = stack.enter_context(running_sandbox(Settings()))
        yield


@contextmanager
def environment(folder: Path) -> Iterator[None]:
    """An empty home in `folder` and embedded servers, whatever `.env` and the environment say."""
    before = dict(os.environ)
    empty = ["LEADGEN_MONGO_URI", "LEADGEN_REDIS_URL", "DAGSTER_PG_URL", "LEADGEN_STORAGE", "LEADGEN_SANDBOX_URL"]
    empty += [f"{vendor.upper()}_BASE_URL" for vendor in VENDORS if vendor != "slack"]
    os.environ.update(dict.fromkeys(empty, ""))
    os.environ.update({"LEADGEN_HOME": str(folder / "home"), "LEADGEN_MODE": "sandbox"})
    os.environ.pop("DAGSTER_HOME", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
