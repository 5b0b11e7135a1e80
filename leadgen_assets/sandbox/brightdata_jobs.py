"""Bright Data's jobs: limits, the snapshot a job builds, and the check of scraper inputs (vendors.md §2.2, §2.5)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from leadgen_assets.sandbox.world import Sighting

BUILD_SECONDS = 2.0
"""How long a snapshot takes; minutes in life, but the states are the same."""
KEPT_SECONDS = 30 * 86_400
MOST_JOBS = 100
BLOCK_STRIKES, BLOCK_SECONDS = 25, 300.0
"""So many 429s in so many seconds block the address until support lifts it (`POST /_sandbox/reset`)."""
NOT_READY = {"message": "Snapshot is not ready yet, try again in 30s"}


@dataclass
class Snapshot:
    """A job and its rows (JSON text, shuffled). `is_announced` is set by the first status that says ready."""

    id: str
    dataset: str
    started: float
    rows: list[str]
    cost: Decimal
    errors: int = 0
    is_announced: bool = False
    not_ready_answers: int = 1
    """202s a download still gets after "ready"."""
    is_cancelled: bool = False
    seen: tuple[Sighting, ...] = ()
    is_delivered: bool = False
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))


def input_problem(content: Any) -> tuple[str, str] | None:
    """Field and complaint about one scraper input; None for a good one."""
    if not isinstance(content, dict) or not content.get("url"):
        return ("url", "Required field")
    parts = urlsplit(str(content["url"]))
    is_page = parts.netloc.endswith("linkedin.com") and parts.path.startswith(("/in/", "/company/"))
    return None if is_page else ("url", "This input should not contain a url that is not a LinkedIn page")


def invalid_input(content: Any, index: int, problem: tuple[str, str]) -> dict[str, Any]:
    """The refusal of a batch for one of its inputs (§2.2)."""
    return {
        "error": "Invalid input provided",
        "code": "validation_error",
        "type": "validation",
        "line": json.dumps(content),
        "index": index,
        "errors": [list(problem)],
    }
