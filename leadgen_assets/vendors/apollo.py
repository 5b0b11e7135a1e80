"""Apollo.io: lists people for free, sells their details by id (vendors.md §1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from leadgen_assets.vendors.answers import by_status, message_of
from leadgen_assets.vendors.contracts import (
    Draft,
    Drift,
    HealthVerdict,
    Listing,
    Purchase,
    Record,
    SearchQuery,
    Usage,
    VendorBadRequest,
    VendorError,
    VendorUnavailable,
    Verdict,
)
from leadgen_assets.vendors.http import Classified, VendorClient, retry_after
from leadgen_assets.vendors.mapping import country_name, draft, email, first, inner, known_fields, text, us_states
from leadgen_assets.vendors.values import amount, identifier, objects, whole

SANITY_CEILING = 5_000_000
"""More people than any title search can have: the server ignored the filters (vendors.md §1.3)."""

_SENIORITIES = (
    "owner", "founder", "c_suite", "partner", "vp", "head", "director", "manager", "senior", "entry", "intern",
)  # fmt: skip
_SIZES = (
    "1,10", "11,20", "21,50", "51,100", "101,200", "201,500", "501,1000", "1001,2000", "2001,5000", "5001,10000",
    "10001,10000000",
)  # fmt: skip
_FACETS = {"seniority": "person_seniorities", "size": "organization_num_employees_ranges"}


def classify(status: int, headers: Mapping[str, str], body: Any) -> Classified:
    """Apollo's language (§1.9): 401 is text, 422 may mean "no credits", 200 may say "failed" or be a web page."""
    if status == 422 and _is_out_of_credits(body):
        return Classified(Verdict.OUT_OF_CREDITS, detail=message_of(body) or "no credits left")
    if status == 429:
        return Classified(Verdict.RETRY_AFTER, retry_after(headers), _closed_window(headers))
    if status == 200 and not isinstance(body, dict):
        return Classified(Verdict.BACK_OFF, detail="the answer is not JSON")
    if status == 200 and body.get("status") == "failed":
        return Classified(Verdict.BAD_REQUEST, detail=message_of(body))
    return by_status(status, headers, body)


class ApolloClient(VendorClient):
    """People search and bulk enrichment. A `ListedSource`."""

    name = "apollo"
    page_size = 100
    reach = 50_000
    batch_size = 10
    paid_operation = "bulk_match"
    repeat_is_free = False  # not documented, so not assumed

    async def authorise(self) -> dict[str, str]:
        """The key belongs into the header; elsewhere Apollo refuses it."""
        return {"x-api-key": self.access.secret("apollo_api_key")}

    async def count(self, query: SearchQuery) -> int:
        """How many people match."""
        return (await self._search(query, page=1, size=1)).total

    async def listing(self, query: SearchQuery, page: int) -> Listing:
        """One page (from 1) of at most 100 masked people by id; a page past the reach is refused before it is sent."""
        if not 1 <= page <= self.reach // self.page_size:
            raise VendorBadRequest(self.name, "search", f"page {page} is past Apollo's 500 pages; split the query")
        return await self._search(query, page, self.page_size)

    def split(self, query: SearchQuery) -> Sequence[SearchQuery]:
        """By seniority, then company size, then location: each level once."""
        facets = dict(query.facets)
        if "seniority" not in facets:
            return [query.narrowed("seniority", value) for value in _SENIORITIES]
        if "size" not in facets:
            return [query.narrowed("size", value) for value in _SIZES]
        if "location" not in facets:
            return [query.narrowed("location", value) for value in _narrower_places(query)]
        return []

    async def buy(self, vendor_ids: Sequence[str]) -> Purchase:
        """Details of at most 10 people, joined by id; nulls and absent ids are missing (§1.5)."""
        wanted = dict.fromkeys(vendor_ids)
        if not wanted:
            return Purchase({})
        if len(wanted) > self.batch_size:
            raise VendorBadRequest(self.name, "bulk_match", f"{len(wanted)} ids; at most {self.batch_size} in one call")
        details = [{"id": each} for each in wanted]
        reply = await self.call(
            "bulk_match", "POST", "/people/bulk_match", classify=classify, json={"details": details}, paid=True
        )
        matches = [(identifier(match.get("id")), match) for match in objects(reply.json().get("matches"))]
        records = {found: match for found, match in matches if found is not None and found in wanted}
        charged = amount(reply.json().get("credits_consumed"))
        return Purchase(
            records,
            missing=tuple(each for each in wanted if each not in records),
            credits=Decimal(len(records)) if charged is None else charged,
        )

    async def check(self) -> HealthVerdict:
        """Whether the key works, by the health route, whose 200 also means "no" (§1.7); and the credits left."""
        try:
            health = await self.call("health", "GET", self.access.extra["health_url"], classify=classify)
            if not health.json().get("is_logged_in"):
                return HealthVerdict(self.name, False, "the key is not accepted; check APOLLO_API_KEY")
            left = await self._credits_left()
        except VendorError as error:
            return HealthVerdict(self.name, False, str(error))
        return HealthVerdict(self.name, True, "logged in", left)

    async def usage(self) -> Usage:
        """Lead credits consumed in the credit cycle (§1.7); on unified plans that is the one pool."""
        reply = await self.call("usage", "POST", "/usage_stats/credit_usage_stats", classify=classify, json={})
        used = amount(inner(reply.json(), "credit_usage_stats", "lead_credit", "consumed"))
        if used is None:
            raise VendorUnavailable(self.name, "usage", "the answer names no consumed lead credits", reply.status)
        cycle = text(inner(reply.json(), "current_credit_cycle", "start_date"))
        return Usage(used, period=cycle or "")

    async def _credits_left(self) -> Decimal | None:
        """Unknown where the key may not see the usage; that does not make the key bad."""
        try:
            reply = await self.call("usage", "POST", "/usage_stats/credit_usage_stats", classify=classify, json={})
        except VendorError:
            return None
        return amount(inner(reply.json(), "credit_usage_stats", "lead_credit", "left_over"))

    async def _search(self, query: SearchQuery, page: int, size: int) -> Listing:
        sent = {**search_body(query), "page": page, "per_page": size}
        reply = await self.call("search", "POST", "/mixed_people/api_search", classify=classify, json=sent)
        total = whole(reply.json().get("total_entries"))
        if total is None:
            raise VendorUnavailable(self.name, "search", "the answer does not say how many people match", reply.status)
        if total > SANITY_CEILING:
            detail = f"{total:,} people match, so the filters were ignored; nothing was listed"
            raise VendorBadRequest(self.name, "search", detail, reply.status)
        people = ((identifier(person.get("id")), person) for person in objects(reply.json().get("people")))
        return Listing(total, {found: person for found, person in people if found is not None})


def search_body(query: SearchQuery) -> Record:
    """The query as Apollo's filters (§1.3), facets included."""
    facets = dict(query.facets)
    places = [facets["location"]] if "location" in facets else _places(query)
    narrowed = {_FACETS[name]: [value] for name, value in query.facets if name in _FACETS}
    return {
        "person_titles": list(query.titles),
        "include_similar_titles": False,
        "person_locations": places,
        **narrowed,
    }


def to_draft(record: Record) -> Draft:
    """An enriched person as a draft. The organisation's phone is not the person's."""
    organization = record.get("organization")
    employer: Record = organization if isinstance(organization, dict) else {}
    return draft(
        vendor_id=record.get("id"),
        linkedin_url=record.get("linkedin_url"),
        full_name=record.get("name"),
        first_name=record.get("first_name"),
        last_name=record.get("last_name"),
        job_title=first(record.get("title"), record.get("headline")),
        company_name=employer.get("name"),
        company_linkedin=employer.get("linkedin_url"),
        company_website=first(employer.get("website_url"), employer.get("primary_domain")),
        company_industry=employer.get("industry"),
        company_size=employer.get("estimated_num_employees"),
        location_city=record.get("city"),
        location_state=record.get("state"),
        location_country=record.get("country"),
        email=_address(record),
        email_status=record.get("email_status"),
        phone=_phone(record),
        profile_picture_url=record.get("photo_url"),
        observed_at=record.get("last_refreshed_at"),
    )


def drift(records: Sequence[Record]) -> Drift:
    """Top-level fields that Apollo is not known to send."""
    return Drift.of("apollo", known_fields("apollo"), records)


def vendor_id(record: Record) -> str | None:
    """Apollo's id of the person."""
    return text(record.get("id"))


def _address(record: Record) -> str | None:
    """The person's address, else the one a saved contact holds; each may be masked."""
    return email(record.get("email")) or email(inner(record, "contact", "email"))


def _phone(record: Record) -> str | None:
    numbers = record.get("phone_numbers")
    if not isinstance(numbers, list):
        return None
    return next((first(inner(n, "sanitized_number"), inner(n, "raw_number")) for n in numbers), None)


def _places(query: SearchQuery) -> list[str]:
    return list(query.locations) or [country_name(code) for code in query.countries]


def _narrower_places(query: SearchQuery) -> Sequence[str]:
    places = _places(query)
    if len(places) > 1:
        return places
    return us_states() if not query.locations and query.countries == ("US",) else ()


def _is_out_of_credits(body: Any) -> bool:
    said = message_of(body).casefold()
    return "insufficient credit" in said or "credits_exhausted" in str(inner(body, "error_details", "code")).casefold()


def _closed_window(headers: Mapping[str, str]) -> str:
    """Which of the three windows is used up; unlimited ones are sent empty."""
    names = {"x-minute-requests-left": "minute", "x-hourly-requests-left": "hour", "x-24-hour-requests-left": "day"}
    closed = [label for name, label in names.items() if headers.get(name, "").strip() == "0"]
    return f"rate limit of the {closed[-1]}" if closed else "rate limit"
