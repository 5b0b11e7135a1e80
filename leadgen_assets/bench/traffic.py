"""HTTP against the sandbox vendors: how many requests they served, and the bare loop that makes as many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from leadgen_assets.bench.ground import Ground
from leadgen_assets.bench.measure import Job, Setup
from leadgen_assets.settings import SANDBOX_CREDENTIAL
from leadgen_assets.vendors.limits import load_limits

WIDE_OPEN = {"requests": 100_000, "seconds": 1}


def write_wide_limits(path: Path) -> None:
    """A limits file in which no rate window is ever full: the windows are kept, they only hold nobody up."""
    documented = load_limits().windows
    wide = {vendor: {operation: [WIDE_OPEN] for operation in known} for vendor, known in documented.items()}
    path.write_text(yaml.safe_dump(wide))


def requests_made() -> int:
    """Requests the sandbox vendors have served so far."""
    vendors = httpx.get(f"{_sandbox()}/_sandbox/calls", trust_env=False).raise_for_status().json()
    return sum(each["requests"] for each in vendors.values())


def bare_gets(stage: str) -> Setup:
    """Baseline: as many GETs with httpx alone as the stage made requests, one after the other on one connection."""

    @contextmanager
    def getting(ground: Ground) -> Iterator[Job]:
        figures = ground.figures(stage)
        requests, leads = int(figures["notes"]["requests"]), int(figures["leads"])
        headers = {"X-Api-Key": SANDBOX_CREDENTIAL}
        with httpx.Client(base_url=_sandbox(), headers=headers, trust_env=False) as client:

            def run() -> int:
                for _ in range(requests):
                    client.get("/apollo/v1/auth/health").raise_for_status()
                return leads

            yield Job(run)

    return getting


def _sandbox() -> str:
    return os.environ["LEADGEN_SANDBOX_URL"]
