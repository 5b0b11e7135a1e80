"""People and companies in the shape Clearbit made common (vendors.md §5.1); Hunter answers it too."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import Company, Person
    from leadgen_assets.sandbox.world.places import Place

BANDS: tuple[tuple[int, str], ...] = (
    (10, "1-10"), (50, "11-50"), (250, "51-250"), (1_000, "251-1K"), (5_000, "1K-5K"), (10_000, "5K-10K"),
    (50_000, "10K-50K"), (100_000, "50K-100K"),
)  # fmt: skip
"""Clearbit's own size bands, by their upper end."""
REVENUES = (
    "$0M-$1M",
    "$1M-$10M",
    "$10M-$50M",
    "$50M-$100M",
    "$100M-$250M",
    "$250M-$500M",
    "$500M-$1B",
    "$1B-$10B",
    "$10B+",
)


def stable_id(*parts: object) -> str:
    """A UUID that depends on the parts alone."""
    return str(uuid.UUID(bytes=hashlib.blake2b(":".join(map(str, parts)).encode(), digest_size=16).digest()))


def employees_range(employees: int) -> str:
    """The band a head count falls into."""
    return next((band for most, band in BANDS if employees <= most), "100K+")


def revenue_range(employees: int) -> str:
    """A plausible band, from the head count."""
    return (
        REVENUES[[band for _, band in BANDS].index(employees_range(employees))]
        if employees <= 100_000
        else REVENUES[-1]
    )


def company_record(company: Company, has_metrics: bool = True) -> dict[str, Any]:
    """A company. Without metrics the head count is unknown, as it is for some."""
    employees = company.employees if has_metrics else None
    return {
        "id": stable_id("company", company.domain),
        "name": company.name,
        "legalName": company.aliases[0] if company.aliases else None,
        "domain": company.domain,
        "domainAliases": [],
        "site": {"phoneNumbers": [], "emailAddresses": []},
        "category": {
            "sector": company.sector,
            "industryGroup": company.sector,
            "industry": company.industry,
            "subIndustry": None,
        },
        "tags": [],
        "description": None,
        "foundedYear": company.founded,
        "location": company.headquarters.text,
        "timeZone": None,
        "geo": geo(company.headquarters),
        "linkedin": {"handle": f"company/{company.linkedin_slug}"},
        "twitter": {"handle": None},
        "metrics": {
            "employees": employees,
            "employeesRange": employees_range(employees) if employees else None,
            "annualRevenue": None,
            "estimatedAnnualRevenue": revenue_range(employees) if employees else None,
        },
        "tech": ["salesforce"] if company.number % 3 == 0 else [],
        "type": "private",
        "emailProvider": False,
        "phone": None,
    }


def person_record(person: Person) -> dict[str, Any]:
    """A person with the current employment."""
    company = person.company
    return {
        "id": stable_id("person", person.truth_id),
        "name": {"fullName": person.full_name, "givenName": person.first_name, "familyName": person.last_name},
        "email": person.email,
        "location": person.place.text,
        "timeZone": None,
        "geo": geo(person.place),
        "employment": {
            "domain": company.domain,
            "name": company.name,
            "title": person.title,
            "role": "marketing",
            "subRole": None,
            "seniority": "executive" if person.seniority in ("vp", "head", "director") else "manager",
        },
        "linkedin": {"handle": f"in/{person.slug}"},
        "twitter": {"handle": None},
        "fuzzy": False,
        "emailProvider": False,
    }


def geo(place: Place) -> dict[str, Any]:
    """A place as a nested record."""
    return {
        "city": place.city,
        "state": place.state or None,
        "stateCode": place.state_code or None,
        "country": place.country,
        "countryCode": place.country_code,
        "lat": None,
        "lng": None,
    }
