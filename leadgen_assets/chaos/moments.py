"""When a sprint is hurt: moments that show from outside, at the vendors or in the stores."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from leadgen_assets.chaos.ground import Ground


@dataclass(frozen=True)
class Moment:
    """`reached(ground, sprint, chance)` makes the question whether it has come; chance says how far into it."""

    name: str
    phase: int
    """Moments of later phases come later in a sprint."""
    reached: Callable[[Ground, str, random.Random], Callable[[], bool]]
    vendors: tuple[str, ...]
    """Who is asked then."""
    crm: str | None = None
    """The CRM without which it does not come."""


def _requests(vendor: str, operation: str, most: int) -> Callable[[Ground, str, random.Random], Callable[[], bool]]:
    """The vendor has answered so many calls, 1 to `most`; and then a little later."""

    def made(ground: Ground, _: str, chance: random.Random) -> Callable[[], bool]:
        wanted, later = chance.randint(1, most), _Later(chance.uniform(0, 0.08))
        sim = ground.sims[vendor]
        return lambda: later.after(sum(dict(sim.statuses.get(operation, {})).values()) >= wanted)

    return made


def _between_pages(ground: Ground, sprint: str, chance: random.Random) -> Callable[[], bool]:
    wanted, later = chance.randint(1, 8), _Later(chance.uniform(0, 0.05))
    pages = ground.db["raw_pages"]
    return lambda: later.after(pages.count_documents({"sprint": sprint, "kind": "page"}) >= wanted)


def _refining(ground: Ground, sprint: str, chance: random.Random) -> Callable[[], bool]:
    later, log = _Later(chance.uniform(0, 1.2)), ground.logs / f"{sprint}-refine.log"
    return lambda: later.after(log.exists())


class _Later:
    """True so many seconds after something was first true."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None

    def after(self, is_so: bool) -> bool:
        if is_so and self._since is None:
            self._since = time.monotonic()
        return self._since is not None and time.monotonic() - self._since >= self._seconds


SOURCES = ("apollo", "zoominfo", "brightdata")
COLLECTION = Moment("collection", 1, _requests("apollo", "bulk_match", 6), SOURCES)
BETWEEN_PAGES = Moment("between pages", 1, _between_pages, SOURCES)
SNAPSHOT = Moment("snapshot under way", 1, _requests("brightdata", "filter", 1), ("brightdata",))
REFINEMENT = Moment("refinement", 2, _refining, ("clearbit",))
ENRICHMENT = Moment("enrichment", 2, _requests("hunter", "finder", 30), ("hunter", "clearbit"))
VERIFICATION = Moment("verification job under way", 2, _requests("neverbounce", "jobs", 1), ("neverbounce",))
CRM = Moment("CRM sync", 3, _requests("hubspot", "upsert", 1), ("hubspot",), "hubspot")
CRM_JOB = Moment("CRM job under way", 3, _requests("salesforce", "jobs", 4), ("salesforce",), "salesforce")

ALL = (COLLECTION, REFINEMENT, CRM, BETWEEN_PAGES, ENRICHMENT, CRM_JOB, SNAPSHOT, VERIFICATION)
"""In an order in which neighbours are of different phases."""
ASKING = (COLLECTION, ENRICHMENT, CRM, SNAPSHOT, VERIFICATION, CRM_JOB)
"""Vendors are being asked."""
PAYING = (COLLECTION, ENRICHMENT, SNAPSHOT, VERIFICATION)
JOBS = (SNAPSHOT, VERIFICATION, CRM_JOB)
