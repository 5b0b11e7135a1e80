"""Export files as users of Sales Navigator make them (vendors.md §4.2): three shapes, three encodings.

LinkedIn offers no search API, so this source is a folder: `write_exports` fills it with two segments' files.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leadgen_assets.sandbox.world import Sighting
from leadgen_assets.sandbox.world.plan import POOLS
from leadgen_assets.sandbox.world.sightings import vendor_of
from leadgen_assets.sandbox.writing import company_name, linkedin_text, name_parts, seen_at, short_title

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import World

VENDOR = "sales_navigator"

PHANTOMBUSTER_HEADER: tuple[str, ...] = (
    "profileUrl", "fullName", "firstName", "lastName", "companyName", "title", "companyId", "companyUrl",
    "regularCompanyUrl", "summary", "titleDescription", "industry", "companyLocation", "location", "durationInRole",
    "durationInCompany", "pastExperienceCompanyName", "pastExperienceCompanyUrl", "pastExperienceCompanyTitle",
    "pastExperienceDate", "pastExperienceDuration", "connectionDegree", "profileImageUrl", "sharedConnectionsCount",
    "name", "vmid", "linkedInProfileUrl", "isPremium", "isOpenLink", "query", "timestamp", "defaultProfileUrl",
)  # fmt: skip
EVABOOT_HEADER: tuple[str, ...] = (
    "First Name", "Last Name", "Full Name", "Current Job", "Company Name", "Company Domain", "Company LinkedIn URL",
    "Company Industry", "Company Employee Count", "Location", "LinkedIn URL Public", "Sales Navigator URL", "Email",
    "Email Status", "Matches Filters",
)  # fmt: skip
CONNECTIONS_HEADER: tuple[str, ...] = (
    "First Name", "Last Name", "URL", "Email Address", "Company", "Position", "Connected On",
)  # fmt: skip
CONNECTIONS_PREAMBLE = (
    "Notes:\r\n"
    '"When exporting your connection data, you may notice that some of the email addresses are missing. You will only '
    'see email addresses for connections who have allowed their connections to see or download their email address."'
    "\r\n\r\n"
)
FILE_NAMES = {"evaboot": "evaboot", "phantombuster": "phantombuster", "connections": "users-connections"}
"""Connections, which know no place, sort last: a short segment takes the fuller files first."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Shape:
    """One kind of file: who makes it, what its columns are, how its bytes are."""

    header: tuple[str, ...]
    row: Callable[[Sighting], dict[str, object]]
    delimiter: str = ","
    encoding: str = "utf-8"
    preamble: str = ""


def write_exports(world: World, folder: Path) -> list[Path]:
    """Write `segment-1-*.csv` and `segment-2-*.csv` into the folder, which is made.

    Files of the same name are replaced, but not by the same content: a new date would start their segments again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for pool in (each for each in POOLS if vendor_of(each) == VENDOR):
        number = pool.rsplit("-", 1)[1]
        for name, shape in shapes_of(number).items():
            rows = [each for each in world.pool(pool) if each.shape == name]
            path = folder / f"segment-{number}-{FILE_NAMES[name]}.csv"
            content = table(shape, rows)
            if not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)
            written.append(path)
    return written


def shapes_of(segment: str) -> dict[str, Shape]:
    """The shapes of a segment's files; the second segment's Evaboot user exports tabs in UTF-16."""
    is_first = segment == "1"
    return {
        "phantombuster": Shape(PHANTOMBUSTER_HEADER, _phantombuster),
        "connections": Shape(CONNECTIONS_HEADER, _connection, encoding="utf-8-sig", preamble=CONNECTIONS_PREAMBLE),
        "evaboot": Shape(
            EVABOOT_HEADER, _evaboot, ";" if is_first else "\t", encoding="utf-8" if is_first else "utf-16"
        ),
    }


def table(shape: Shape, rows: Sequence[Sighting]) -> bytes:
    """The file's bytes."""
    text = io.StringIO(newline="")
    text.write(shape.preamble)
    writer = csv.DictWriter(text, shape.header, delimiter=shape.delimiter, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(shape.row(each) for each in rows)
    return text.getvalue().encode(shape.encoding)


def _public_url(seen: Sighting) -> str:
    """The public profile; a row that has only the token gives it in the place of the slug."""
    if seen.junk == "company_page":
        return seen.person.company.linkedin_url
    return linkedin_text(seen) or (f"https://www.linkedin.com/in/{seen.token}" if seen.token else "")


def _sales_url(seen: Sighting) -> str:
    return (
        f"https://www.linkedin.com/sales/lead/{seen.token},NAME_SEARCH,{seen.person.number % 9999:04d}"
        if seen.token
        else ""
    )


def _phantombuster(seen: Sighting) -> dict[str, object]:
    first, last, full = ("", "", "") if seen.junk else name_parts(seen)
    true, public = seen.person, _public_url(seen)
    employer = company_name(seen) or ""
    number = true.company.linkedin_number
    return {
        "profileUrl": _sales_url(seen) or public,
        "fullName": full,
        "firstName": first,
        "lastName": last,
        "companyName": employer,
        "title": short_title(seen, 0.4),
        "companyId": number if employer else "",
        "companyUrl": f"https://www.linkedin.com/sales/company/{number}" if employer else "",
        "regularCompanyUrl": f"https://www.linkedin.com/company/{number}" if employer else "",
        "summary": "Growth and paid media across …" if seen.dice("summary") < 0.3 else "",
        "industry": true.company.industry if seen.dice("industry") < 0.9 else "",
        "companyLocation": true.company.headquarters.text,
        "location": true.place.text if seen.dice("place") >= 0.06 else true.place.area_text,
        "durationInRole": "2 years 3 months in role",
        "durationInCompany": "2 years 3 months in company",
        "connectionDegree": "3rd",
        "name": full,
        "vmid": seen.token or "",
        "linkedInProfileUrl": public,
        "isPremium": "true" if seen.dice("premium") < 0.3 else "false",
        "isOpenLink": "false",
        "query": "https://www.linkedin.com/sales/search/people?query=(recentSearchParam:(doLogHistory:true))",
        "timestamp": seen_at(seen),
        "defaultProfileUrl": public,
    }


def _connection(seen: Sighting) -> dict[str, object]:
    first, last, _ = ("", "", "") if seen.junk else name_parts(seen)
    day, month, year = 1 + int(seen.dice("day") * 28), int(seen.dice("month") * 12), 2016 + seen.person.number % 10
    return {
        "First Name": first,
        "Last Name": last,
        "URL": _public_url(seen),
        "Email Address": seen.email or "",
        "Company": company_name(seen) or "",
        "Position": short_title(seen, 0.4),
        "Connected On": f"{day:02d} {_MONTHS[month]} {year}",
    }


def _evaboot(seen: Sighting) -> dict[str, object]:
    first, last, full = ("", "", "") if seen.junk else name_parts(seen)
    true, employer = seen.person, company_name(seen) or ""
    public = linkedin_text(seen) or (true.company.linkedin_url if seen.junk == "company_page" else "")
    return {
        "First Name": first,
        "Last Name": last,
        "Full Name": full,
        "Current Job": short_title(seen, 0.4),
        "Company Name": employer,
        "Company Domain": true.company.domain if employer and seen.dice("domain") < 0.92 else "",
        "Company LinkedIn URL": true.company.linkedin_url if employer else "",
        "Company Industry": true.company.industry if employer and seen.dice("industry") < 0.95 else "",
        "Company Employee Count": true.company.employees if employer and seen.dice("size") < 0.95 else "",
        "Location": true.place.text,
        "LinkedIn URL Public": public,
        "Sales Navigator URL": _sales_url(seen),
        "Email": seen.email or "",
        "Email Status": {"valid": "Safe", "invalid": "Invalid", "unknown": "Unknown"}[true.email_state]
        if seen.email
        else "",
        "Matches Filters": "YES" if seen.dice("filters") < 0.95 else "NO",
    }
