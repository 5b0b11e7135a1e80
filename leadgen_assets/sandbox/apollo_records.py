"""Apollo's people and organisations in Apollo's form (vendors.md §1.3, §1.4)."""

from __future__ import annotations

from typing import Any

from leadgen_assets.sandbox.world import Company, Sighting
from leadgen_assets.sandbox.world.plan import NO_PLACE
from leadgen_assets.sandbox.writing import company_name, linkedin_text, name_parts, seen_at

MASKED_EMAIL = "email_not_unlocked@domain.com"
EMAIL_STATUSES = {"valid": "verified", "invalid": "unverified", "unknown": "likely to engage"}


def listed(seen: Sighting) -> dict[str, Any]:
    """A row of the free search: no last name, no email, no LinkedIn, no place."""
    first, last, _ = name_parts(seen)
    if seen.junk:
        first, last = first[:20], last[:20]
    return {
        "id": seen.vendor_id,
        "first_name": first,
        "last_name_obfuscated": f"{last[:2]}***{last[-1:]}",
        "title": seen.person.title,
        "last_refreshed_at": seen_at(seen).replace("Z", "+00:00"),
        "has_email": seen.email is not None,
        "has_city": True,
        "has_state": True,
        "has_country": True,
        "has_direct_phone": "Yes"
        if seen.dice("phone") < 0.3
        else "Maybe: please request direct dial via people/bulk_match",
        "organization": {
            "name": company_name(seen),
            "has_industry": True,
            "has_phone": False,
            "has_city": True,
            "has_state": True,
            "has_country": True,
            "has_zip_code": False,
            "has_revenue": True,
            "has_employee_count": True,
        },
    }


def person(seen: Sighting) -> dict[str, Any]:
    """A bought person. Where there is no address it is null or masked; about one record in thirty has no employer."""
    first, last, full = name_parts(seen)
    true, employer, place = seen.person, company_name(seen), seen.person.place
    has_place = seen.dice("place") >= NO_PLACE
    return {
        "id": seen.vendor_id,
        "first_name": first,
        "last_name": last,
        "name": full,
        "linkedin_url": linkedin_text(seen),
        "title": true.title,
        "headline": f"{true.title} at {true.company.name}" if employer else true.title,
        "photo_url": f"https://media.example/apollo/{true.number}.jpg" if seen.dice("photo") < 0.6 else None,
        **_email(seen),
        "organization_id": true.company.apollo_id if employer else None,
        "seniority": true.seniority,
        "departments": ["master_marketing"],
        "subdepartments": [],
        "functions": ["marketing"],
        "city": place.city if has_place else None,
        "state": place.state if has_place else None,
        "country": place.country,
        "employment_history": [
            {
                "organization_name": employer,
                "title": true.title,
                "start_date": f"{2015 + true.number % 11}-0{1 + true.number % 9}-01",
                "end_date": None,
                "current": True,
            }
        ]
        if employer
        else [],
        "contact_id": None,
        "revealed_for_current_team": True,
        "is_likely_to_engage": seen.dice("engage") < 0.2,
        "last_refreshed_at": seen_at(seen).replace("Z", "+00:00"),
        "organization": organization(true.company, seen.dice("organization"), employer) if employer else None,
    }


def organization(company: Company, fill: float, name: str | None = None) -> dict[str, Any]:
    """A company; `fill` in [0, 1) decides which of industry, website and size is missing (one in twelve lacks one)."""
    place = company.headquarters
    return {
        "id": company.apollo_id,
        "name": name or company.name,
        "website_url": None if 0.03 <= fill < 0.05 else f"http://www.{company.domain}",
        "primary_domain": None if 0.03 <= fill < 0.05 else company.domain,
        "linkedin_url": company.linkedin_url.replace("https:", "http:"),
        "industry": None if fill < 0.03 else company.industry.lower(),
        "keywords": ["e-commerce"],
        "estimated_num_employees": None if 0.05 <= fill < 0.08 else company.employees,
        "annual_revenue": company.employees * 150_000,
        "annual_revenue_printed": f"{company.employees * 150 // 1000}M",
        "founded_year": company.founded,
        "raw_address": place.text,
        "city": place.city,
        "state": place.state,
        "country": place.country,
        "technology_names": [],
        "phone": None,
    }


def _email(seen: Sighting) -> dict[str, Any]:
    if seen.email is None:
        masked = seen.dice("mask") < 0.3
        return {"email": MASKED_EMAIL if masked else None, "email_status": "unavailable" if masked else None}
    return {"email": seen.email, "email_status": EMAIL_STATUSES[seen.person.email_state]}
