"""From vendors' drafts to leads: one schema, canonical values, flags; what cannot be a lead is set apart (REQ-011).

The rules are in the module named after the field; here is which column gets which rule. A rule runs once per distinct
value, on plain lists, so that a page of a hundred costs as little per row as a segment of thousands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from leadgen_assets.leads import acceptance, companies, emails, flags, linkedin, locations, names, phones, titles
from leadgen_assets.leads.columns import text_array
from leadgen_assets.leads.schema import COORDINATES, DRAFT_FIELDS, LEAD_FIELDS
from leadgen_assets.leads.text import clean, over_unique, printable

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class TargetProfile:
    """Whom the sprint looks for: titles as it spells them, ISO alpha-2 countries, metros as it spells them."""

    titles: tuple[str, ...]
    countries: tuple[str, ...] = ("US",)
    metros: tuple[str, ...] = ()


@dataclass(frozen=True)
class Normalised:
    """`leads` has LEAD_FIELDS, `quarantined` has `acceptance.QUARANTINE_FIELDS`; every draft is in exactly one."""

    leads: pd.DataFrame
    quarantined: pd.DataFrame


def normalise(drafts: pd.DataFrame, profile: TargetProfile) -> Normalised:
    """Leads of a frame of drafts (columns COORDINATES + DRAFT_FIELDS; a missing draft column counts as empty).

    Text columns are `str`, `page` and `position` integers, `title_confidence` float, `email_verified` nullable boolean,
    `flags` list[str]. The order of the rows is kept; the index is new. Raises `KeyError` if a coordinate is missing.
    """
    absent = [name for name in COORDINATES if name not in drafts]
    if absent:
        raise KeyError(f"drafts lack the columns {', '.join(absent)}")
    given: Columns = {name: drafts[name].tolist() for name in COORDINATES}
    for name in DRAFT_FIELDS:
        given[name] = drafts[name].tolist() if name in drafts else [None] * len(drafts)
    return normalise_columns(given, profile)


def normalise_columns(given: Columns, profile: TargetProfile) -> Normalised:
    """As `normalise`, for drafts that are lists by column: every one of COORDINATES and DRAFT_FIELDS, all as long."""
    sizes = acceptance.sizes(given)
    fields, events = _refined(acceptance.without_too_large(given, sizes), profile)
    reasons = acceptance.reasons(given, fields, sizes)
    kept = [position for position, reason in enumerate(reasons) if reason is None]
    leads = _frame({**{name: given[name] for name in COORDINATES}, **fields}, events, kept)
    leads["flags"] = flags.refreshed(leads, profile.countries)
    return Normalised(leads, acceptance.quarantined(given, reasons))


def refine_answer(fields: Mapping[str, str], country: str | None = None) -> dict[str, Any]:
    """What an enrichment vendor found, in the lead schema: only fields with a usable value, with those derived of them.

    Understands email (→ email, email_kind), email_status, linkedin_url (→ linkedin_url, linkedin_member), phone,
    company_website or company_domain (→ both), company_name (→ with company_key), company_industry, company_size,
    company_linkedin. `country` reads phone numbers without a country code.
    """
    found: dict[str, Any] = {}
    if email := fields.get("email"):
        parsed = emails.parse(email)
        found |= {"email": parsed.address, "email_kind": parsed.kind}
    if status := fields.get("email_status"):
        found["email_status"] = emails.status_word(status)
    if url := fields.get("linkedin_url"):
        found |= {"linkedin_url": linkedin.profile_url(url), "linkedin_member": linkedin.member_token(url)}
    if phone := fields.get("phone"):
        found["phone"] = phones.parse(phone, country or "US").number
    address = fields.get("company_website") or fields.get("company_domain")
    if address and (domain := companies.domain(address)):
        found |= {"company_website": companies.website(domain), "company_domain": domain}
    if company := fields.get("company_name"):
        name = companies.name(company)
        found |= {"company_name": name.display, "company_key": name.key}
    for field, rule in (("company_industry", companies.industry), ("company_size", companies.size_band)):
        if text := fields.get(field):
            found[field] = rule(text)
    if slug := fields.get("company_linkedin"):
        found["company_linkedin"] = linkedin.company_slug(slug)
    return {field: value for field, value in found.items() if value is not None}


def _refined(given: Columns, profile: TargetProfile) -> tuple[Columns, dict[str, list[bool]]]:
    """Refined columns of every draft, and per event flag whether the row earned it."""
    fields: Columns = {"vendor_id": over_unique(given["vendor_id"], clean)}
    events: dict[str, list[bool]] = {}
    for part in (_profiles, _people, _companies, _contacts):
        part(given, fields, events)
    _posts(given, fields, events, profile)
    _places(given, fields, profile)
    _phones(given, fields, events, profile)
    fields["profile_picture_url"] = over_unique(given["profile_picture_url"], _web_address)
    fields["observed_at"] = over_unique(given["observed_at"], utc_time)
    return fields, events


def _profiles(given: Columns, fields: Columns, events: dict[str, list[bool]]) -> None:
    """Either column may hold either form: exports put Sales Navigator addresses where the public one belongs."""
    public = [each or _NO_PROFILE for each in over_unique(given["linkedin_url"], _profile)]
    sales = [each or _NO_PROFILE for each in over_unique(given["linkedin_member_url"], _profile)]
    fields["linkedin_url"] = [a[0] or b[0] for a, b in zip(public, sales, strict=True)]
    fields["linkedin_member"] = [b[1] or a[1] for a, b in zip(public, sales, strict=True)]
    events["linkedin_not_a_person"] = [each[2] for each in public]


def _profile(text: str) -> tuple[str | None, str | None, bool]:
    """Profile URL and member token in a text, and whether it says something that is neither."""
    url, token = linkedin.profile(text)
    return url, token, not url and not token and clean(text) is not None


_NO_PROFILE: tuple[str | None, str | None, bool] = (None, None, False)


def _people(given: Columns, fields: Columns, events: dict[str, list[bool]]) -> None:
    found = _over_rows((given["full_name"], given["first_name"], given["last_name"]), names.person)
    fields["full_name"], fields["first_name"], fields["last_name"], events["name_suspicious"] = _apart(found, 4)


def _companies(given: Columns, fields: Columns, events: dict[str, list[bool]]) -> None:
    nothing = companies.CompanyName(None, None)
    found = [each or nothing for each in over_unique(given["company_name"], companies.name)]
    fields["company_name"], fields["company_key"], events["company_junk"] = _apart(found, 3)
    fields["company_linkedin"] = over_unique(given["company_linkedin"], linkedin.company_slug)
    fields["company_domain"] = over_unique(given["company_website"], companies.domain)
    fields["company_website"] = [companies.website(each) if each else None for each in fields["company_domain"]]
    fields["company_industry"] = over_unique(given["company_industry"], companies.industry)
    fields["company_size"] = over_unique(given["company_size"], companies.size_band)


def _contacts(given: Columns, fields: Columns, events: dict[str, list[bool]]) -> None:
    nothing = emails.Email(None, None)
    found = [each or nothing for each in over_unique(given["email"], emails.parse)]
    fields["email"], fields["email_kind"], events["email_invalid"] = _apart(found, 3)
    fields["email_status"] = over_unique(given["email_status"], emails.status_word)
    fields["email_verified"] = [
        False if address and status and emails.is_undeliverable(status) else None
        for address, status in zip(fields["email"], fields["email_status"], strict=True)
    ]


def _posts(given: Columns, fields: Columns, events: dict[str, list[bool]], profile: TargetProfile) -> None:
    found = over_unique(given["job_title"], lambda text: titles.match(text, profile.titles))
    absent = titles.TitleMatch(None)
    matches = [each or absent for each in found]
    fields["job_title"] = [each.text for each in matches]
    fields["target_title"] = [each.target for each in matches]
    fields["seniority"] = [each.seniority for each in matches]
    fields["title_confidence"] = [each.confidence for each in matches]
    events["title_former"] = [each.is_former and each.target is None for each in matches]


def _places(given: Columns, fields: Columns, profile: TargetProfile) -> None:
    columns = tuple(given[f] for f in ("location", "location_city", "location_state", "location_country"))
    found = _over_rows(columns, locations.place)
    metros = {where: locations.metro_of(where, profile.metros) for where in set(found)}
    fields["location_city"], fields["location_state"], fields["location_country"] = _apart(found, 3)
    fields["metro"] = [metros[each] for each in found]


def _phones(given: Columns, fields: Columns, events: dict[str, list[bool]], profile: TargetProfile) -> None:
    home = profile.countries[0] if profile.countries else "US"
    regions = [country or home for country in fields["location_country"]]
    nothing = phones.Phone(None)
    found = _over_rows((given["phone"], regions), lambda text, region: phones.parse(text, region) if text else nothing)
    fields["phone"], events["phone_invalid"] = _apart(found, 2)


def _apart(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """The columns of some rows."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _over_rows(columns: Sequence[list[Any]], rule: Any) -> list[Any]:
    """`rule` applied once per distinct combination of the columns' values; a missing value arrives as None."""
    texts = ([each if each.__class__ is str else None for each in column] for column in columns)
    rows = list(zip(*texts, strict=True))
    answers = {row: rule(*row) for row in set(rows)}
    return [answers[row] for row in rows]


def _frame(fields: Columns, events: dict[str, list[bool]], kept: list[int]) -> pd.DataFrame:
    rest = np.asarray(kept, dtype=np.int64)
    everything = len(rest) == len(fields["lead_id"])
    columns = {name: typed(name, fields[name]) for name in LEAD_FIELDS if name != "flags"}
    if not everything:
        columns = {name: values.take(rest) for name, values in columns.items()}
    rows: list[list[str]] = [[] for _ in kept]
    for name, hits in events.items():
        for position in np.flatnonzero(np.asarray(hits, dtype=bool)[rest]).tolist():
            rows[position].append(name)
    leads = pd.DataFrame(columns)
    leads["flags"] = flags.column(rows, leads.index)
    return leads


def typed(name: str, values: list[Any]) -> Any:
    """Values of a lead field as an array of the field's type."""
    if name in {"page", "position"}:
        return np.asarray(values, dtype=np.int64)
    if name == "title_confidence":
        return np.asarray(values, dtype=float)
    if name == "email_verified":
        return pd.array(values, dtype="boolean")
    if name == "data_collected_date" and not all(each is None or each.__class__ is str for each in values):
        distinct = {each: code for code, each in enumerate(dict.fromkeys(values))}  # one a page
        return pd.Series(list(distinct)).array.take([distinct[each] for each in values])
    return text_array(values)


_TO_THE_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)


def utc_time(text: str) -> str | None:
    """ISO 8601 in UTC to the second, so that text order is time order; None for what is not ISO 8601."""
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        if when.tzinfo is not UTC:
            when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except OverflowError:
        return None
    if when.year < 1970:
        return None
    if text.endswith(("Z", "+00:00")) and _TO_THE_SECOND.match(text):
        return text[:19] + "Z"
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _web_address(text: str) -> str | None:
    given = printable(text)
    return given if given.startswith(("https://", "http://")) and " " not in given else None
