"""Cities people of the world live in, and whether a searched location means one of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A city. `area_text` is how profiles write the region around it; `area_code` starts its phone numbers."""

    city: str
    state: str
    state_code: str
    country: str
    country_code: str
    metro: str | None
    area_text: str
    area_code: str

    @property
    def text(self) -> str:
        """City, state, country as a profile shows it."""
        return ", ".join(part for part in (self.city, self.state, self.country) if part)

    def matches(self, wanted: str) -> bool:
        """Whether a searched free-text location (city, state or country, or several with commas) means this city.

        A metro's main city stands for its suburbs too, as in the vendors' radius searches (vendors.md §1.3).
        """
        names = {
            self.city, self.state, self.state_code, self.country, self.country_code, self.metro or self.city,
            self.area_text, *(("usa", "u.s.", "united states of america") if self.country_code == "US" else ()),
            *(("new york city", "nyc") if self.metro == "New York" else ()),
        }  # fmt: skip
        known = {name.casefold() for name in names if name}
        parts = [part.strip().casefold() for part in wanted.split(",")]
        return all(part in known for part in parts if part)


def _us(city: str, state: str, code: str, area: str, metro: str | None = None, text: str | None = None) -> Place:
    return Place(city, state, code, "United States", "US", metro, text or f"Greater {city} Area", area)


METROS: dict[str, tuple[Place, ...]] = {
    "New York": (
        _us("New York", "New York", "NY", "212", "New York", "New York City Metropolitan Area"),
        _us("Brooklyn", "New York", "NY", "718", "New York", "New York City Metropolitan Area"),
    ),
    "San Francisco": (
        _us("San Francisco", "California", "CA", "415", "San Francisco", "San Francisco Bay Area"),
        _us("Oakland", "California", "CA", "510", "San Francisco", "San Francisco Bay Area"),
    ),
    "Los Angeles": (
        _us("Los Angeles", "California", "CA", "213", "Los Angeles", "Los Angeles Metropolitan Area"),
        _us("Santa Monica", "California", "CA", "310", "Los Angeles", "Los Angeles Metropolitan Area"),
    ),
    "Chicago": (
        _us("Chicago", "Illinois", "IL", "312", "Chicago"),
        _us("Evanston", "Illinois", "IL", "847", "Chicago", "Greater Chicago Area"),
    ),
    "Boston": (
        _us("Boston", "Massachusetts", "MA", "617", "Boston", "Greater Boston"),
        _us("Cambridge", "Massachusetts", "MA", "857", "Boston", "Greater Boston"),
    ),
    "Seattle": (
        _us("Seattle", "Washington", "WA", "206", "Seattle"),
        _us("Bellevue", "Washington", "WA", "425", "Seattle", "Greater Seattle Area"),
    ),
    "Austin": (
        _us("Austin", "Texas", "TX", "512", "Austin", "Austin, Texas Metropolitan Area"),
        _us("Round Rock", "Texas", "TX", "737", "Austin", "Austin, Texas Metropolitan Area"),
    ),
    "Denver": (
        _us("Denver", "Colorado", "CO", "303", "Denver", "Denver Metropolitan Area"),
        _us("Aurora", "Colorado", "CO", "720", "Denver", "Denver Metropolitan Area"),
    ),
    "Atlanta": (
        _us("Atlanta", "Georgia", "GA", "404", "Atlanta", "Atlanta Metropolitan Area"),
        _us("Marietta", "Georgia", "GA", "770", "Atlanta", "Atlanta Metropolitan Area"),
    ),
}
"""The sprint's priority metros: main city first, then a suburb."""

EASTERN: tuple[str, ...] = ("New York", "San Francisco", "Los Angeles", "Chicago", "Boston")
WESTERN: tuple[str, ...] = ("Seattle", "Austin", "Denver", "Atlanta")

OTHER_US: tuple[Place, ...] = (
    _us("Dallas", "Texas", "TX", "214", text="Dallas-Fort Worth Metroplex"),
    _us("Houston", "Texas", "TX", "713"),
    _us("Miami", "Florida", "FL", "305"),
    _us("Philadelphia", "Pennsylvania", "PA", "215"),
    _us("Phoenix", "Arizona", "AZ", "602"),
    _us("San Diego", "California", "CA", "619"),
    _us("Portland", "Oregon", "OR", "503"),
    _us("Minneapolis", "Minnesota", "MN", "612"),
    _us("Nashville", "Tennessee", "TN", "615"),
    _us("Charlotte", "North Carolina", "NC", "704"),
    _us("Salt Lake City", "Utah", "UT", "801"),
    _us("Detroit", "Michigan", "MI", "313"),
)

ABROAD: tuple[Place, ...] = (
    Place("London", "England", "", "United Kingdom", "GB", None, "London Area, United Kingdom", ""),
    Place("Toronto", "Ontario", "ON", "Canada", "CA", None, "Greater Toronto Area, Canada", "416"),
    Place("Leeds", "England", "", "United Kingdom", "GB", None, "Leeds, England, United Kingdom", ""),
)


def find_places(locations: tuple[str, ...]) -> frozenset[Place]:
    """Every place that one of the searched locations means."""
    everywhere = [*(place for metro in METROS.values() for place in metro), *OTHER_US, *ABROAD]
    return frozenset(place for place in everywhere if any(place.matches(wanted) for wanted in locations))
