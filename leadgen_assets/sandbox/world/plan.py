"""How many people each vendor search yields, and how many of them two or three vendors know. Numbers only.

All counts are for a world of `FULL_SCALE` people; smaller worlds take the same shares.
"""

from __future__ import annotations

FULL_SCALE = 26_000

BRIGHTDATA_CELLS: tuple[tuple[str, str], ...] = (
    ("Performance Marketing Manager", "New York"),
    ("Paid Media Manager", "San Francisco"),
    ("Digital Marketing Manager", "Los Angeles"),
    ("PPC Manager", "Chicago"),
    ("Marketing Operations Manager", "Boston"),
)
"""Title and metro of Bright Data's five segments (requirements.md §2)."""

POOLS: dict[str, int] = {
    **{f"brightdata-{cell}": 2_300 for cell in range(1, 6)},
    "apollo-1": 3_200,
    "apollo-2": 3_500,
    "zoominfo": 3_600,
    "sales-navigator-1": 1_500,
    "sales-navigator-2": 1_100,
}
"""Records behind each segment's search, junk and repeats included."""

JUNK_SHARE = 0.01
"""Records of a pool that cannot be leads."""

REPEATS: dict[str, float] = {"brightdata": 0.01}
"""Records that a vendor delivers twice within one pool."""

SHARED: tuple[tuple[tuple[str, ...], int], ...] = (
    (("brightdata", "apollo-1"), 370),
    (("brightdata", "zoominfo"), 230),
    (("brightdata", "sales-navigator-1"), 110),
    (("brightdata", "sales-navigator-2"), 80),
    (("apollo-1", "zoominfo"), 130),
    (("apollo-2", "zoominfo"), 270),
    (("apollo-1", "sales-navigator-1"), 60),
    (("apollo-2", "sales-navigator-2"), 60),
    (("zoominfo", "sales-navigator-1"), 60),
    (("zoominfo", "sales-navigator-2"), 50),
    (("brightdata", "apollo-1", "zoominfo"), 60),
    (("sales-navigator-1", "sales-navigator-2"), 40),
)
"""People known to several vendors by at least one exact key in common. `brightdata` spreads over its five pools."""

RESEMBLING: tuple[tuple[tuple[str, ...], int], ...] = (
    (("apollo-1", "zoominfo"), 20),
    (("apollo-2", "zoominfo"), 20),
    (("brightdata", "sales-navigator-1"), 15),
)
"""People known to two vendors without an exact key in common: one person, but nothing that proves it."""

MOVED = 15
"""People whose LinkedIn slug changed: Apollo has the old one, ZoomInfo the new one, both the same address."""

NAMESAKES = 40
"""Pairs of two people with one name at one company, one in Bright Data and one in ZoomInfo."""

MAILBOXES = 12
"""Pairs of colleagues for whom vendors give one shared mailbox, one in Apollo and one in ZoomInfo."""

APOLLO_LINKEDIN, APOLLO_EMAIL = 0.98, 0.70
ZOOMINFO_LINKEDIN, ZOOMINFO_EMAIL = 0.94, 0.75
NO_COMPANY, NO_PLACE = 0.02, 0.01
"""Share of records without employer (any vendor) and without city and state (Apollo, ZoomInfo)."""
NOT_THE_TITLE = 0.008
"""Share of people whose title names a target title and means another job (former, assistant to, intern)."""

EXPORT_EMAIL = {"phantombuster": 0.0, "evaboot": 0.30, "connections": 0.10}
EXPORT_SHAPES = {"phantombuster": 0.64, "evaboot": 0.31, "connections": 0.05}
"""Share of a Sales Navigator folder's rows in each of the three CSV shapes of vendors.md §4.2."""


def scaled(count: int, people: int) -> int:
    """A full-scale count in a world of that many people, never none."""
    return max(1, round(count * people / FULL_SCALE))
