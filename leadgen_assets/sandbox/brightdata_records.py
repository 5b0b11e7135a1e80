"""Bright Data's LinkedIn records (vendors.md §2.4): people, companies, and the fields a filter may name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadgen_assets.sandbox.world import Company, Sighting
from leadgen_assets.sandbox.world.sightings import share
from leadgen_assets.sandbox.writing import OVERSIZED, company_name, linkedin_text, name_parts, seen_at, short_title

PEOPLE_DATASET = "gd_l1viktl72bvl7bjuj0"
COMPANY_DATASET = "gd_l1vikfnt1wgvvqz95w"

PEOPLE_FIELDS: dict[str, Callable[[Sighting], Any]] = {
    "country_code": lambda seen: seen.person.place.country_code,
    "position": lambda seen: _position(seen),
    "city": lambda seen: _city(seen),
    "location": lambda seen: seen.person.place.city,
    "current_company_name": lambda seen: company_name(seen),
    "current_company_company_id": lambda seen: _company_id(seen) if seen.dice("company id") < 0.39 else None,
    "id": lambda seen: seen.slug,
    "linkedin_id": lambda seen: seen.slug,
    "linkedin_num_id": lambda seen: _member_number(seen),
    "name": lambda seen: None if seen.junk else seen.person.full_name,
    "first_name": lambda seen: None if seen.junk else seen.person.first_name,
    "last_name": lambda seen: None if seen.junk else seen.person.last_name,
    "url": lambda seen: linkedin_text(seen),
    "followers": lambda seen: _followers(seen),
    "connections": lambda seen: min(500, _followers(seen)),
}
"""Fields of the people dataset that can be filtered, as the filter sees them."""

COMPANY_FIELDS: dict[str, Callable[[Company], Any]] = {
    "id": lambda company: company.slug,
    "company_id": lambda company: str(company.linkedin_number),
    "name": lambda company: company.name,
    "url": lambda company: company.linkedin_url,
    "website": lambda company: company.website,
    "country_code": lambda company: company.headquarters.country_code,
    "company_size": lambda company: f"{company.size_band} employees",
    "industries": lambda company: company.industry,
    "employees_in_linkedin": lambda company: company.employees,
    "founded": lambda company: company.founded,
    "followers": lambda company: company.employees * 11,
}
"""The same for the company dataset."""


def person(seen: Sighting) -> dict[str, Any]:
    """A people record: no email, no phone, a regional URL, now and then `Contact Info` for a city."""
    first, last, full = name_parts(seen)
    true, place, url = seen.person, seen.person.place, linkedin_text(seen)
    employer, title = company_name(seen), short_title(seen, 0.25)
    slug, company_id = seen.slug, _company_id(seen) if company_name(seen) else None
    record: dict[str, Any] = {
        "id": slug,
        "linkedin_id": slug,
        "linkedin_num_id": _member_number(seen),
        "name": full,
        "first_name": first if seen.dice("first name") < 0.95 else None,
        "last_name": last if seen.dice("first name") < 0.95 else None,
        "city": "Contact Info" if seen.dice("contact info") < 0.005 else _city(seen),
        "country_code": place.country_code,
        "location": place.city,
        "position": _position(seen),
        "about": "Performance-minded marketer with a decade of …" if seen.dice("about") < 0.19 else None,
        "url": url,
        "input_url": f"https://www.linkedin.com/in/{slug}/" if slug else None,
        "avatar": f"https://media.example/brightdata/{true.number}.jpg",
        "banner_image": None,
        "default_avatar": seen.dice("avatar") < 0.3,
        "followers": _followers(seen),
        "connections": min(500, _followers(seen)),
        "current_company": {"name": None, "company_id": None, "title": None, "link": None},
        "current_company_name": employer,
        "current_company_company_id": company_id if seen.dice("company id") < 0.39 else None,
        "experience": [],
        "education": [],
        "educations_details": None,
        "certifications": [],
        "languages": [],
        "posts": [],
        "activity": [],
        "people_also_viewed": [],
        "similar_profiles": [],
        "recommendations": [],
        "timestamp": seen_at(seen),
        "input": {"url": f"https://www.linkedin.com/in/{slug}/" if slug else None},
    }
    if employer:
        link = f"https://www.linkedin.com/company/{company_id}" if company_id else None
        record["current_company"] = {"name": employer, "company_id": company_id, "title": title, "link": link}
        record["experience"] = [
            {
                "title": title,
                "company": employer,
                "company_id": company_id,
                "url": link,
                "start_date": f"Feb {2014 + true.number % 12}",
                "end_date": "Present",
                "duration": "3 years",
                "location": place.city,
                "description": None,
            }
        ]
    return {**record, **_junk(seen)} if seen.junk else record


def company(true: Company) -> dict[str, Any]:
    """A company record; about one in twenty lacks website, industry or size."""
    fill = share(f"brightdata company:{true.slug}")
    return {
        "id": true.slug,
        "name": true.name,
        "company_id": str(true.linkedin_number),
        "about": f"{true.name} is a company.",
        "company_size": None if 0.02 <= fill < 0.035 else f"{true.size_band} employees",
        "country_code": true.headquarters.country_code,
        "employees_in_linkedin": true.employees,
        "followers": true.employees * 11,
        "founded": true.founded,
        "headquarters": f"{true.headquarters.city}, {true.headquarters.state_code}",
        "industries": None if fill < 0.02 else true.industry,
        "organization_type": "Privately Held",
        "specialties": None,
        "website": None if 0.035 <= fill < 0.05 else true.website,
        "url": true.linkedin_url,
        "funding": None,
        "formatted_locations": [true.headquarters.text],
        "crunchbase_url": None,
    }


def dead_page(url: str, at: str) -> dict[str, Any]:
    """The row of an input that could not be read, among the good ones (§2.4)."""
    return {"timestamp": at, "input": {"url": url}, "error": "4XX page - dead page.", "error_code": "dead_page"}


def _junk(seen: Sighting) -> dict[str, Any]:
    nobody = dict.fromkeys(
        ("id", "linkedin_id", "linkedin_num_id", "name", "first_name", "last_name", "url", "input_url", "avatar")
    )
    if seen.junk == "company_page":
        return {**nobody, "url": seen.person.company.linkedin_url, "default_avatar": True}
    if seen.junk == "oversized":
        return {**nobody, "name": OVERSIZED, "default_avatar": True}
    return {**nobody, "default_avatar": True}


def _position(seen: Sighting) -> str:
    at = company_name(seen)
    return f"{seen.person.title} at {at}" if at and "@" not in seen.person.title else seen.person.title


def _city(seen: Sighting) -> str:
    place = seen.person.place
    return place.area_text if seen.dice("area") < 0.04 and place.city in place.area_text else place.text


def _company_id(seen: Sighting) -> str | None:
    company = seen.person.company
    if seen.dice("company link") >= 0.93:
        return None
    return str(company.linkedin_number) if seen.dice("company number") < 0.1 else company.linkedin_slug


def _member_number(seen: Sighting) -> str:
    return str(100_000_000 + seen.person.number * 13)


def _followers(seen: Sighting) -> int:
    return 40 + int(seen.dice("followers") * 4000)
