"""ZoomInfo's contacts and companies as JSON:API items (vendors.md §3.2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from leadgen_assets.sandbox.world import Company, Sighting
from leadgen_assets.sandbox.world.plan import NO_PLACE
from leadgen_assets.sandbox.world.sightings import share
from leadgen_assets.sandbox.writing import company_name, linkedin_text, name_parts, seen_at

LEVELS = {
    "manager": "Manager", "senior": "Non Manager", "entry": "Non Manager", "head": "Director", "director": "Director",
    "vp": "VP Level Exec",
}  # fmt: skip
"""ZoomInfo's management level of the world's seniorities."""

CONTACT_FIELDS = frozenset(
    ("id", "firstName", "middleName", "lastName", "email", "phone", "mobilePhone", "directPhone", "jobTitle",
     "jobFunction", "managementLevel", "contactAccuracyScore", "validDate", "lastUpdatedDate", "companyId",
     "companyName", "companyWebsite", "companyPrimaryIndustry", "companyEmployeeCount", "city", "state", "country",
     "street", "zipCode", "externalUrls", "picture", "personHasMoved", "withinEu", "withinCalifornia", "withinCanada")
)  # fmt: skip
"""What enrich may be asked for."""

COMPANY_FIELDS = frozenset(
    ("id", "name", "website", "domainList", "revenue", "employeeCount", "employeeRange", "primaryIndustry", "city",
     "state", "country", "foundedYear", "socialMediaUrls")
)  # fmt: skip


def listed(seen: Sighting) -> dict[str, Any]:
    """A row of the free search: has an address or not, but not which."""
    first, last, _ = name_parts(seen)
    attributes: dict[str, Any] = {
        "firstName": first[:40],
        "lastName": last[:40],
        "jobTitle": seen.person.title,
        "contactAccuracyScore": accuracy(seen),
        "hasEmail": seen.email is not None,
        "hasDirectPhone": seen.dice("phone") < 0.4,
        "validDate": seen_at(seen),
    }
    name = company_name(seen)
    if name:
        attributes["company"] = {"id": seen.person.company.zoominfo_id, "name": name}
    return {"id": seen.vendor_id, "type": "Contact", "attributes": attributes}


def contact(seen: Sighting, wanted: Collection[str]) -> dict[str, Any]:
    """The asked-for attributes of a bought contact; absent values are left out or empty, as ZoomInfo does both."""
    first, last, _ = name_parts(seen)
    true, place, employer = seen.person, seen.person.place, company_name(seen)
    has_place, fill = seen.dice("place") >= NO_PLACE, seen.dice("company")
    known: dict[str, Any] = {
        "id": int(seen.vendor_id),
        "firstName": first,
        "middleName": "",
        "lastName": last,
        "jobTitle": true.title,
        "jobFunction": "Marketing",
        "managementLevel": LEVELS[true.seniority],
        "contactAccuracyScore": accuracy(seen),
        "validDate": seen_at(seen),
        "lastUpdatedDate": seen_at(seen),
        "email": seen.email or "",
        "city": place.city if has_place else "",
        "state": place.state if has_place else "",
        "country": place.country,
        "personHasMoved": "No",
        "withinEu": False,
        "withinCalifornia": place.state_code == "CA",
        "withinCanada": place.country_code == "CA",
    }
    if seen.dice("phone") < 0.4:
        known["phone"] = true.phone
    if employer:
        company = true.company
        known |= {
            "companyId": company.zoominfo_id,
            "companyName": employer,
            "companyWebsite": "" if fill < 0.03 else f"www.{company.domain}",
            "companyPrimaryIndustry": [] if 0.03 <= fill < 0.06 else [company.industry],
            "companyEmployeeCount": None if 0.06 <= fill < 0.09 else company.employees,
        }
    url = linkedin_text(seen)
    if url:
        known["externalUrls"] = [{"type": "linkedin.com", "url": url}]
    return {name: value for name, value in known.items() if name in wanted}


def company(true: Company, wanted: Collection[str]) -> dict[str, Any]:
    """The asked-for attributes of a company; revenue in $1,000s."""
    fill = share(f"zoominfo company:{true.slug}")
    known = {
        "id": true.zoominfo_id,
        "name": true.name,
        "website": "" if fill < 0.03 else f"www.{true.domain}",
        "domainList": [true.domain],
        "revenue": true.employees * 150,
        "employeeCount": None if 0.03 <= fill < 0.06 else true.employees,
        "employeeRange": true.size_band,
        "primaryIndustry": [] if 0.06 <= fill < 0.09 else [true.industry],
        "city": true.headquarters.city,
        "state": true.headquarters.state,
        "country": true.headquarters.country,
        "foundedYear": str(true.founded),
        "socialMediaUrls": [{"type": "linkedin.com", "url": true.linkedin_url}],
    }
    return {name: value for name, value in known.items() if name in wanted}


def accuracy(seen: Sighting) -> int:
    """ZoomInfo's contact accuracy score, 70 to 99."""
    return 70 + int(seen.dice("accuracy") * 30)


def unmatched(asked: Mapping[str, Any], status: str) -> dict[str, Any]:
    """The item of an input that yields nothing."""
    return {"id": "0", "type": "NoMatch", "meta": {"input": dict(asked), "matchStatus": status}}
