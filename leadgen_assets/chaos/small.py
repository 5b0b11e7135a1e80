"""The sprint that is hurt: four sources, some two hundred records, an invented world of its own for every seed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from leadgen_assets.sandbox.world import World
from leadgen_assets.sandbox.world.vocabulary import TARGET_TITLES
from leadgen_assets.sprint_file import Sprint
from leadgen_assets.vendors.limits import load_limits

PEOPLE = 800
SIZES = {"apollo-1": 80, "brightdata-1": 45, "zoominfo-1": 70}
"""Records asked of the paid sources; each can give more, because a purchase that broke off is made up for."""
METROS = ("New York", "San Francisco", "Los Angeles", "Chicago", "Boston")
ALL_METROS = (*METROS, "Seattle", "Austin", "Denver", "Atlanta")
SEARCHES: dict[str, dict[str, Any]] = {
    "apollo-1": {"source": "apollo", "locations": list(METROS)},
    "brightdata-1": {
        "source": "brightdata", "titles": ["Performance Marketing Manager"], "locations": ["New York, NY"],
    },
    "zoominfo-1": {"source": "zoominfo"},
}  # fmt: skip
EXPORTED = "sales-navigator-1"

LIMITS: dict[str, dict[str, tuple[int, float]]] = {
    "apollo": {"bulk_match": (30, 3.0), "search": (200, 60.0)},
    "brightdata": {"*": (120, 3.0), "filter": (120, 3600.0)},
    "zoominfo": {"*": (75, 3.0)},
    "hunter": {"finder": (120, 3.0)},
    "clearbit": {"company": (120, 3.0)},
    "neverbounce": {"jobs": (90, 3.0)},
    "hubspot": {"*": (190, 10.0)},
}
"""Calls in seconds by vendor and operation. As documented where that costs no time; narrow enough to be reached."""
JITTER = 1.25
"""How much wider the vendors' windows are: what is sent in time may arrive in bunches on a busy machine."""


def make_world(seed: int) -> World:
    """The people of a seed."""
    return World.generate(seed, PEOPLE)


def make_sprint(name: str, world: World, crm: str, sizes: Mapping[str, int]) -> Sprint:
    """A sprint of these sizes and the export files. Its gates are low: whether a gate refuses is for other tests."""
    exported = len(world.pool(EXPORTED))
    segments: list[dict[str, Any]] = [
        *({"id": each, "leads": leads, **SEARCHES[each]} for each, leads in sizes.items()),
        {
            "id": EXPORTED, "source": "sales_navigator", "files": "imports/sales_navigator/segment-1*",
            "leads": exported,
        },
    ]  # fmt: skip
    content = {
        "name": name,
        "target": {"collected": sum(each["leads"] for each in segments), "unique": 5},
        "profile": {"titles": list(TARGET_TITLES), "countries": ["US"], "metros": list(ALL_METROS)},
        "segments": segments,
        "enrichment": {"company": ["clearbit"], "email": ["hunter"], "verify": ["neverbounce"]},
        "gates": {
            "required_fields": 1.0, "average_quality_score": 1, "email_availability": 0.01,
            "company_completeness": 0.01, "validation_rate": 0.01, "duplicate_rate": 0.9, "unique_leads": 5,
        },
        "budget": {"usd": 500},
        "crm": {"target": crm},
    }  # fmt: skip
    return Sprint.model_validate(content)


def write_limits(path: Path, times: float = 1.0, wider: float = 1.0) -> Path:
    """`LIMITS` as a limits file that lifts every other window. `times` stretches them for a clock that runs fast."""
    table = {
        vendor: {operation: _windows(vendor, operation, times, wider) for operation in operations}
        for vendor, operations in load_limits().windows.items()
    }
    path.write_text(yaml.safe_dump(table))
    return path


def _windows(vendor: str, operation: str, times: float, wider: float) -> list[dict[str, float]]:
    own = LIMITS.get(vendor, {}).get(operation)
    return [{"requests": int(own[0] * wider), "seconds": own[1] * times}] if own else []
