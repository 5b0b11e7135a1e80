"""Where somebody is: city, two-letter state, ISO country, metro (REQ-004, design's identity rules)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from leadgen_assets.leads import gazetteer
from leadgen_assets.leads.text import clean, fold, is_masked, without_symbols

_AREA = re.compile(
    r"(?i)^(?:greater|the greater|metro)\s+"
    r"|\s+(?:city\s+)?(?:metropolitan|metro|bay|statistical)?\s*(?:area|region|metroplex|metro)$"
)
_POSTCODE = re.compile(r"\s*\b\d{5}(?:-\d{4})?$")
_STATE_AT_END = re.compile(r"^(?P<city>.*\D)\s+(?P<state>[A-Z]{2})$")


class Place(NamedTuple):
    """City for display, state (two letters in the US, as delivered elsewhere), ISO 3166-1 alpha-2 country."""

    city: str | None = None
    state: str | None = None
    country: str | None = None


NOWHERE = Place()


@lru_cache(maxsize=65536)
def place(location: str | None, city: str | None, state: str | None, country: str | None) -> Place:
    """The place that a vendor's four location fields mean together; separate fields win over free text.

    The free text or a neighbouring field fills what is missing only if it does not contradict what is there. Names of
    areas ("Greater Chicago Area") stand for their principal city.
    """
    country_code = country_of(country) if country else None
    state_code = _state_field(state, country_code) if state else None
    found = Place(None, state_code, country_code or ("US" if state_code and _is_state(state_code) else None))
    if city:
        # Bright Data writes the whole place into `city`.
        found = _filled(found, _city_field(city, found))
    if location:
        found = _filled(found, parse(location))
    return _completed(found)


@lru_cache(maxsize=65536)
def parse(text: str) -> Place:
    """The place that free text names: "Brooklyn, NY", "Leeds, England, United Kingdom", "San Francisco Bay Area"."""
    given = _plain(text)
    if given is None:
        return NOWHERE
    area = gazetteer.areas().get(fold(given)) or gazetteer.areas().get(fold(_without_area_words(given)))
    if area:
        return Place(*area, "US")
    parts = [each for each in (_plain(part) for part in _without_area_words(given).split(",")) if each]
    return _of_parts(parts) if len(parts) > 1 else _of_one(parts[0]) if parts else NOWHERE


def country_of(text: str) -> str | None:
    """ISO 3166-1 alpha-2 of a country name or code; None if it is none."""
    given = _plain(text)
    return gazetteer.countries().get(fold(given)) if given else None


def state_of(text: str) -> str | None:
    """Two letters of a US state by name, traditional abbreviation or code; None if it is none."""
    return gazetteer.states().get(fold(_POSTCODE.sub("", text)))


def metro_of(where: Place, metros: tuple[str, ...]) -> str | None:
    """The one of the sprint's metros that a place belongs to, in the sprint's spelling; suburbs count."""
    if where.city is None or where.country not in (None, "US"):
        return None
    by_place = _sprint_metros(metros)
    home = gazetteer.metro_places().get((fold(where.city), where.state or ""))
    return by_place.get(home or "") or by_place.get((fold(where.city), where.state))


@lru_cache(maxsize=64)
def _sprint_metros(metros: tuple[str, ...]) -> dict[object, str]:
    """Name in metros.yaml, or (folded city, state) of a metro that is not listed there → the sprint's spelling."""
    known: dict[object, str] = {}
    for metro in metros:
        where = parse(metro)
        listed = gazetteer.metro_places().get((fold(where.city or ""), where.state or ""))
        known.setdefault(listed or (fold(where.city or metro), where.state), metro)
    return known


def _plain(text: str) -> str | None:
    given = clean(without_symbols(text))
    given = given.strip(" ,;.-|") if given else None
    if not given or is_masked(given) or "@" in given or not any(each.isalpha() for each in given):
        return None
    return None if fold(given) in gazetteer.metro_table().junk else given


def _without_area_words(given: str) -> str:
    while (shorter := _AREA.sub("", given).strip(" ,-")) != given and shorter:
        given = shorter
    return given


def _of_parts(parts: list[str]) -> Place:
    """Read from the end, where the large is: country, state, city. What is both goes by what stands before it."""
    country, state = None, None
    last = fold(parts[-1])
    if last in gazetteer.countries() and not (state_of(parts[-1]) and not _means_country(parts)):
        country = gazetteer.countries()[last]
        parts = parts[:-1]
    if country in (None, "US") and parts and state_of(parts[-1]):
        state, country = state_of(parts[-1]), "US"
        parts = parts[:-1]
    elif country not in (None, "US") and len(parts) > 1:
        state = parts[-1]
        parts = parts[:-1]
    city = parts[0] if parts else None
    if city and country is None and len(parts) == 1:
        return _of_one(city)
    return Place(city, state, country)


def _means_country(parts: list[str]) -> bool:
    """ "Tbilisi, Georgia" and "Toronto, ON, CA" are abroad; "Atlanta, Georgia" and "San Jose, CA" are not."""
    code = gazetteer.countries()[fold(parts[-1])]
    before = fold(parts[-2])
    if len(parts) > 2 and fold(parts[-2]) in gazetteer.states() and code != "US":
        return False
    return before == gazetteer.capitals().get(code) or (len(parts) > 2 and len(parts[-1]) == 2)


def _of_one(text: str) -> Place:
    """A single word or name: an area, a state by its full name, a country, a city without doubt."""
    folded = fold(text)
    if folded in gazetteer.areas():
        return Place(*gazetteer.areas()[folded], "US")
    if folded in gazetteer.state_names():
        return Place(None, gazetteer.states()[folded], "US")
    if (folded in gazetteer.countries() and len(folded) > 2) or text in {"US", "UK", "GB"}:
        return Place(None, None, gazetteer.countries()[folded])
    ending = _STATE_AT_END.match(_POSTCODE.sub("", text))
    if ending and ending["state"].lower() in gazetteer.states():
        return Place(ending["city"].strip(), ending["state"], "US")
    known = gazetteer.dominant_city(text)
    return Place(known.name, known.state, "US") if known else Place(text)


def _city_field(city: str, beside: Place) -> Place:
    given = _plain(city)
    if given is None:
        return NOWHERE
    if "," in given or _AREA.search(given):
        return parse(city)
    area = gazetteer.areas().get(fold(given))
    if area and beside.country in (None, "US") and beside.state in (None, area[1]):
        return Place(area[0], area[1], "US")
    if fold(given) in gazetteer.countries() and gazetteer.dominant_city(given) is None and len(given) > 3:
        return Place(None, None, gazetteer.countries()[fold(given)])
    return Place(given)


def _state_field(state: str, country: str | None) -> str | None:
    given = _plain(state)
    if given is None:
        return None
    if country in (None, "US"):
        found = state_of(given) or gazetteer.misspelled_state(fold(given))
        if found or country == "US":
            return found
    return given


def _is_state(code: str) -> bool:
    return gazetteer.states().get(code.casefold()) == code


def _filled(have: Place, more: Place) -> Place:
    if have.country and more.country and have.country != more.country:
        return have
    if have.state and more.state and have.state != more.state:
        return have if have.city or have.country == "US" else Place(more.city, have.state, have.country)
    if have.city and more.city and fold(have.city) != fold(more.city):
        return Place(have.city, have.state, have.country or more.country)
    return Place(have.city or more.city, have.state or more.state, have.country or more.country)


def _completed(found: Place) -> Place:
    city, state, country = found.city, found.state, found.country
    if city and country in (None, "US"):
        if state is None:
            known = gazetteer.dominant_city(city)
            if known:
                city, state, country = _spelled(city, known), known.state, "US"
        elif _is_state(state):
            area = gazetteer.areas().get(fold(city))
            known = gazetteer.city_in(city, state)
            city = area[0] if area and area[1] == state else _spelled(city, known)
    if country is None and state and _is_state(state):
        country = "US"
    return Place(city, state, country)


def _spelled(city: str, known: gazetteer.City | None) -> str:
    if not (city.isupper() or city.islower()):
        return city
    return known.name if known else city.title()
