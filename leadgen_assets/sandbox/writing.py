"""How the lead sources write what they know: the dirt of vendors.md, chosen by the record's own dice.

Nothing here changes an exact key, it only dresses it.
"""

from __future__ import annotations

from urllib.parse import quote

from leadgen_assets.sandbox.world import Sighting
from leadgen_assets.sandbox.world.plan import NO_COMPANY
from leadgen_assets.sandbox.world.vocabulary import NAME_DRESSES, SHORT_TITLES

OVERSIZED = "Very Long Name " * 800
"""12,000 characters where a name belongs."""
CONTROL = "\x00\x01\x07\x1b"

_LINKEDIN_FORMS: tuple[tuple[float, str], ...] = (
    (0.62, "https://www.linkedin.com/in/{slug}"),
    (0.70, "https://www.linkedin.com/in/{slug}/"),
    (0.75, "http://www.linkedin.com/in/{slug}"),
    (0.79, "https://uk.linkedin.com/in/{slug}"),
    (0.82, "https://ca.linkedin.com/in/{slug}/en"),
    (0.86, "https://www.linkedin.com/in/{slug}?trk=people_directory&originalSubdomain=us"),
    (0.89, "https://www.linkedin.com/in/{slug}/?miniProfileUrn=urn%3Ali%3Afs_miniProfile"),
    (0.92, "https://www.linkedin.com/in/{upper}"),
    (0.94, "https://m.linkedin.com/in/{slug}"),
    (0.96, "linkedin.com/in/{slug}"),
    (0.98, "https://www.linkedin.com/in/{twice}"),
    (1.00, "https://www.linkedin.com/in/{slug}#experience"),
)


def linkedin_text(seen: Sighting, slug: str | None = None) -> str | None:
    """The record's LinkedIn URL in one of the forms in which vendors hand them over; None when it has none."""
    slug = slug or seen.slug
    if slug is None:
        return None
    at = seen.dice("linkedin form")
    form = next(text for share, text in _LINKEDIN_FORMS if at < share)
    encoded = quote(slug)
    return form.format(slug=encoded, upper=quote(slug.upper()), twice=quote(encoded))


def name_parts(seen: Sighting) -> tuple[str, str, str]:
    """First, last and full name as given: sometimes dressed with credentials, an emoji or in capitals."""
    person = seen.person
    if seen.junk == "oversized":
        return OVERSIZED, OVERSIZED, OVERSIZED
    if seen.junk == "control":
        return CONTROL, CONTROL, CONTROL
    full = person.full_name
    if seen.dice("name") < 0.06:
        form = NAME_DRESSES[int(seen.dice("name dress") * len(NAME_DRESSES))]
        first, last = person.first_name, person.last_name
        full = form.format(first=first, last=last, FIRST=first.upper(), LAST=last.upper())
    return person.first_name, person.last_name, full


def short_title(seen: Sighting, portion: float) -> str:
    """The person's title, for that portion of the records in a form that does not spell it out."""
    person = seen.person
    if person.target_title and person.title == person.target_title and seen.dice("short title") < portion:
        forms = SHORT_TITLES[person.target_title]
        return forms[int(seen.dice("short form") * len(forms))]
    return person.title


def company_name(seen: Sighting) -> str | None:
    """The employer as given: sometimes with its legal form, sometimes not at all."""
    at, company = seen.dice("company name"), seen.person.company
    if at < NO_COMPANY:
        return None
    return company.aliases[seen.person.number % len(company.aliases)] if at < NO_COMPANY + 0.12 else company.name


def seen_at(seen: Sighting) -> str:
    """When the vendor last saw the person, ISO 8601, within the weeks before the sprint."""
    day, hour, minute = 1 + int(seen.dice("day") * 20), int(seen.dice("hour") * 24), int(seen.dice("minute") * 60)
    return f"2026-11-{day:02d}T{hour:02d}:{minute:02d}:00.000Z"
