"""People Data Labs v5 (vendors.md §5.4): people enriched one by one or in bulk; a 200 outside hides a 404 inside."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.responses import Response
from starlette.routing import Route

from leadgen_assets.sandbox.frame import Call, FrameOptions, Refused, VendorSim, answer
from leadgen_assets.sandbox.rates import Rejection

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import Company, Person, World

KNOWN_PEOPLE = 0.40
WITH_WORK_EMAIL = 0.75
WITH_PERSONAL_EMAIL = 0.35
WITH_PHONE = 0.30
MOST_REQUESTS = 100
MOST_BYTES = 1_000_000
"""Largest bulk answer."""
CONTACT_FIELDS = ("work_email", "personal_emails", "mobile_phone")
LEVELS = {"vp": "vp", "director": "director", "head": "director", "senior": "senior", "entry": "entry"}
KINDS = {400: "invalid_request_error", 402: "payment_required", 404: "not_found"}
ALIASES = {
    "emails": ("work_email", "personal_emails"),
    "phone_numbers": ("mobile_phone",),
    "profiles": ("linkedin_url",),
}

Params = Mapping[str, Any]


def failure(status: int, kind: str, message: str) -> Response:
    """PDL's error body."""
    return answer({"status": status, "error": {"type": kind, "message": message}}, status)


class Rejected(Exception):
    """One request of a bulk (or a single one) that is answered with an error status."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(message)

    @property
    def body(self) -> dict[str, Any]:
        return {"status": self.status, "error": {"type": KINDS[self.status], "message": self.message}}


class PeopleDataLabs(VendorSim):
    """One account. `is_free_tier` answers contact fields as booleans, as free plans do."""

    name = "pdl"
    prefix = "/pdl/v5"
    sliding_windows = False
    credit_usd = Decimal("0.28")

    def __init__(self, world: World, options: FrameOptions, is_free_tier: bool = False) -> None:
        self.is_free_tier = is_free_tier
        super().__init__(world, options)

    def routes(self) -> Sequence[Route]:
        return [
            self.endpoint("/person/enrich", "enrich", self.enrich, ["GET", "POST"]),
            self.endpoint("/person/bulk", "bulk", self.enrich_bulk),
        ]

    # Its own language

    def authorize(self, call: Call) -> Response | None:
        if self.accepts(call.header("x-api-key") or call.query.get("api_key")):
            return None
        return failure(401, "authentication_error", "Invalid API key")

    def too_many(self, call: Call, rejection: Rejection) -> Response:
        return failure(429, "rate_limit_error", "You have hit your account maximum for requests per minute")

    def broken(self, call: Call) -> Response:
        return failure(503, "service_unavailable", "The server is temporarily unable to answer")

    def rate_headers(self, operation: str) -> Mapping[str, str]:
        usage = {window.seconds: (window.requests, used) for window, used in self.windows.usage(operation)}
        most, used = usage.get(60.0, (None, 0))
        left = None if most is None else max(0, most - used)
        wait = max((counter.wait(self.clock()) for counter in self.windows.counters(operation)), default=0.0)
        total = str(int(self.credits_left))
        return {
            "x-ratelimit-limit": json.dumps({"minute": most, "day": None, "month": None}),
            "x-ratelimit-remaining": json.dumps({"minute": left, "day": None, "month": None}),
            "x-ratelimit-reset": (datetime.now(UTC) + timedelta(seconds=wait or 60)).isoformat(),
            "x-totallimit-remaining": total,
            "x-totallimit-purchased-remaining": total,
            "x-totallimit-overages-remaining": "0",
            "x-lifetime-used": str(int(self.credits_used)),
        }

    # Enrichment

    def enrich(self, call: Call) -> Response:
        """One person, from the query or the body."""
        try:
            body = self._match(call.json_object if call.body else dict(call.query))
        except Rejected as rejected:
            return answer(rejected.body, rejected.status, _spent(0))
        self.charge("enrich", 1)
        return answer(body, 200, _spent(1))

    def enrich_bulk(self, call: Call) -> Response:
        """Up to 100 people; each has its own status and gets its metadata back."""
        requests = call.json_object.get("requests")
        if not isinstance(requests, list) or not requests:
            raise Refused(failure(400, "invalid_request_error", "`requests` must be a list that is not empty"))
        if len(requests) > MOST_REQUESTS:
            raise Refused(failure(400, "invalid_request_error", f"At most {MOST_REQUESTS} requests are allowed"))
        if self.credits_left < 1:
            raise Refused(failure(402, "payment_required", "You have reached your credit limit"))
        rows, matches = [], 0
        for each in requests:
            params = each.get("params") if isinstance(each, dict) else None
            try:
                row = self._match(params if isinstance(params, dict) else {}, spent=matches)
                matches += 1
            except Rejected as rejected:
                row = rejected.body
            if isinstance(each, dict) and "metadata" in each:
                row["metadata"] = each["metadata"]
            rows.append(row)
        response = answer(rows, 200, _spent(matches))
        if len(response.body) > MOST_BYTES:
            raise Refused(failure(400, "invalid_request_error", "The response would exceed 1 MB; send fewer requests"))
        if matches:
            self.charge("bulk", matches)
        return response

    def _match(self, params: Params, spent: int = 0) -> dict[str, Any]:
        """The answer for one person; `Rejected` when there is none."""
        person, likelihood, matched = self._find(params)
        if self.credits_left - spent < 1:
            raise Rejected(402, "You have reached your credit limit")
        wanted = params.get("min_likelihood", 2)
        least = int(wanted) if str(wanted).isdigit() else 2
        is_known = person and not person.opted_out and self.world.share("pdl", person.truth_id) < KNOWN_PEOPLE
        if person is None or not is_known or likelihood < least:
            raise Rejected(404, "No records were found matching your request")
        data = self._record(person)
        if not satisfies(data, str(params.get("required") or "")):
            raise Rejected(404, "No records were found matching your request")
        body = {"status": 200, "likelihood": likelihood, "data": self.drifted(self._shown(data, params))}
        return {**body, "matched": matched} if is_yes(params.get("include_if_matched")) else body

    def _find(self, params: Params) -> tuple[Person | None, int, list[str]]:
        """The person meant, how sure that is (0-10), and by what."""
        given = {name: str(value).strip() for name, value in params.items() if value}
        if profile := given.get("profile"):
            slug = unquote(re.sub(r"[/?#]+$", "", profile)).rpartition("/")[2]
            return self.world.person_by_linkedin(slug) or self.world.person_by_token(slug), 9, ["profile"]
        if lid := given.get("lid"):
            return self.world.person_by_token(lid), 9, ["lid"]
        if email := given.get("email"):
            return self.world.person_by_email(email), 8, ["email"]
        name = given.get("name") or f"{given.get('first_name', '')} {given.get('last_name', '')}".strip()
        if name and (employer := given.get("company")):
            company = self._company(employer)
            found = self.world.person_by_name_domain(name, "", company.domain) if company else None
            return found, 7, ["name", "company"]
        if given.get("phone") or given.get("email_hash") or given.get("pdl_id") or (name and given.get("location")):
            return None, 0, []
        raise Rejected(400, "Request must contain at least profile, email, phone, email_hash, lid, or name and company")

    def _company(self, text: str) -> Company | None:
        domain = re.sub(r"^(https?://)?(www\.)?", "", text.lower()).partition("/")[0]
        return self.world.company_by_domain(domain) or self.world.company_by_name(text)

    def _record(self, person: Person) -> dict[str, Any]:
        """What PDL has on a person: lower case, addresses of pages without a scheme."""
        company, share = person.company, self.world.share
        record = {
            "id": f"{person.truth_id}sandboxpdl_0000",
            "full_name": person.full_name,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "linkedin_url": f"linkedin.com/in/{person.slug}",
            "work_email": person.email if share("pdl-work", person.truth_id) < WITH_WORK_EMAIL else None,
            "personal_emails": [person.private_email]
            if share("pdl-own", person.truth_id) < WITH_PERSONAL_EMAIL
            else [],
            "mobile_phone": person.phone if share("pdl-phone", person.truth_id) < WITH_PHONE else None,
            "job_title": person.title,
            "job_title_role": "marketing",
            "job_title_levels": [LEVELS.get(person.seniority, "manager")],
            "job_company_name": company.name,
            "job_company_website": company.domain,
            "job_company_size": company.size_band,
            "job_company_linkedin_url": f"linkedin.com/company/{company.linkedin_slug}",
            "industry": company.industry,
            "location_name": person.place.text,
        }
        return {
            name: value.lower() if isinstance(value, str) and name != "id" else value for name, value in record.items()
        }

    def _shown(self, data: dict[str, Any], params: Params) -> dict[str, Any]:
        """The record as the plan and the request want it."""
        shown = dict(data)
        if self.is_free_tier:
            shown.update({name: bool(shown[name]) for name in CONTACT_FIELDS})
        if is_yes(params.get("titlecase")):
            titled = (
                "full_name",
                "first_name",
                "last_name",
                "job_title",
                "job_company_name",
                "location_name",
                "industry",
            )
            shown.update({name: str(shown[name]).title() for name in titled})
        include = [name.strip() for name in str(params.get("data_include") or "").split(",") if name.strip()]
        if not include:
            return shown
        if include[0].startswith("-"):
            hidden = {include[0][1:], *include[1:]}
            return {name: value for name, value in shown.items() if name not in hidden}
        return {name: shown[name] for name in include if name in shown}


def satisfies(data: Mapping[str, Any], required: str) -> bool:
    """Whether the record has what `required` asks for: field names joined by AND, OR and parentheses."""
    if not required.strip():
        return True
    tokens = re.findall(r"\(|\)|[A-Za-z_.]+", required)

    def factor() -> bool:
        token = tokens.pop(0) if tokens else ""
        if token == "(":  # noqa: S105 - a parenthesis
            value = either()
            if tokens:
                tokens.pop(0)
            return value
        return any(bool(data.get(name)) for name in ALIASES.get(token, (token,)))

    def both() -> bool:
        value = factor()
        while tokens and tokens[0].upper() == "AND":
            tokens.pop(0)
            value = factor() and value
        return value

    def either() -> bool:
        value = both()
        while tokens and tokens[0].upper() == "OR":
            tokens.pop(0)
            value = both() or value
        return value

    return either()


def is_yes(value: Any) -> bool:
    """A switch as text or as a boolean."""
    return str(value).lower() == "true"


def _spent(credits: int) -> dict[str, str]:
    return {"x-call-credits-spent": str(credits), "x-call-credits-type": "enrichment"}


def build(world: World, options: FrameOptions) -> VendorSim:
    """The simulator, as the server mounts it."""
    return PeopleDataLabs(world, options)
