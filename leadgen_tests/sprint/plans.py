"""Small sprints: the real file's shape with few leads."""

from __future__ import annotations

from typing import Any

from leadgen_assets.sprint_file import Sprint

TITLES = [
    "Performance Marketing Manager", "Paid Media Manager", "Digital Marketing Manager", "PPC Manager", "SEM Manager",
    "Marketing Operations Manager", "Growth Marketing Manager", "Customer Acquisition Manager", "Media Buyer",
    "Ad Operations Manager",
]  # fmt: skip
EAST = ["New York", "San Francisco", "Los Angeles", "Chicago", "Boston"]
WEST = ["Seattle", "Austin", "Denver", "Atlanta"]

SEGMENTS: dict[str, dict[str, Any]] = {
    "brightdata-1": {"source": "brightdata", "titles": TITLES[:1], "locations": ["New York, NY"]},
    "brightdata-2": {"source": "brightdata", "titles": TITLES[1:2], "locations": ["San Francisco, CA"]},
    "apollo-1": {"source": "apollo", "locations": EAST},
    "apollo-2": {"source": "apollo", "locations": WEST},
    "zoominfo-1": {"source": "zoominfo"},
    "sales-navigator-1": {"source": "sales_navigator", "files": "imports/sales_navigator/segment-1*"},
    "sales-navigator-2": {"source": "sales_navigator", "files": "imports/sales_navigator/segment-2*"},
}
"""Searches of the real sprint, without their sizes."""
SIZES = {
    "brightdata-1": 85,
    "brightdata-2": 80,
    "apollo-1": 120,
    "apollo-2": 120,
    "zoominfo-1": 130,
    "sales-navigator-1": 55,
    "sales-navigator-2": 40,
}


def small_sprint(name: str, sizes: dict[str, int] | None = None, **changes: Any) -> Sprint:
    """A sprint of these segments ({id: leads}); `changes` replace whole parts of the file, and `gates` single gates."""
    wanted = sizes or SIZES
    gates = {"duplicate_rate": 0.9, "unique_leads": 5, "company_completeness": 0.5, **changes.pop("gates", {})}
    content = {
        "name": name,
        "target": {"collected": sum(wanted.values()), "unique": 5},
        "profile": {"titles": TITLES, "countries": ["US"], "metros": [*EAST, *WEST]},
        "segments": [{"id": each, "leads": leads, **SEGMENTS[each]} for each, leads in wanted.items()],
        "enrichment": {"company": ["brightdata", "clearbit"], "email": ["hunter"], "verify": ["neverbounce"]},
        "gates": gates,
        "budget": {"usd": 500},
        "crm": {"target": "hubspot"},
        **changes,
    }
    return Sprint.model_validate(content)
