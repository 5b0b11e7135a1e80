"""ZoomInfo GTM as vendors.md §3.2 has it: OAuth token, JSON:API, sliding windows, credits by new record."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from starlette.responses import Response
from starlette.routing import Route

from leadgen_assets.sandbox import zoominfo_records as records
from leadgen_assets.sandbox.frame import Call, FrameOptions, Refused, VendorSim, answer
from leadgen_assets.sandbox.rates import Rejection
from leadgen_assets.sandbox.search import PeopleFilter, PeopleSearch
from leadgen_assets.sandbox.world import Person, Sighting
from leadgen_assets.sandbox.zoominfo_requests import (
    attributes,
    contact_filter,
    document,
    enrichment,
    page,
    page_of,
    problem,
    prose_error,
    usage_limit,
    with_number,
)
from leadgen_assets.settings import SANDBOX_CREDENTIAL

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import World

TOKEN_SECONDS = 86_400
_BUCKETS = {1: "Second", 3600: "Hour", 86400: "Day"}


class ZoomInfo(VendorSim):
    """One ZoomInfo account of the Standard tier."""

    name = "zoominfo"
    prefix = "/zoominfo"
    credit_limit = Decimal(15_000)
    credit_usd = Decimal("0.35")

    def __init__(self, world: World, options: FrameOptions) -> None:
        self._listed: dict[str, str] = {}
        super().__init__(world, options)
        self._search = PeopleSearch(world.sightings(self.name))
        self._by_person = {each.person.truth_id: each for each in world.sightings(self.name) if not each.junk}
        self._companies = {str(each.zoominfo_id): each for each in world.companies}

    def reset(self) -> None:
        super().reset()
        self._tokens: dict[str, float] = {}
        self._managed: set[str] = set()

    def faults_changed(self) -> None:
        """`expired_token` revokes every token issued until now; the next login works."""
        if self.faults.expired_token:
            self._tokens.clear()
            self.faults.expired_token = False

    def routes(self) -> Sequence[Route]:
        post, get = ("POST",), ("GET",)
        return [
            self.endpoint("/oauth2/default/v1/token", "token", self.token, post, is_open=True),
            self.endpoint("/gtm/data/v1/contacts/search", "search", self.contacts, post),
            self.endpoint("/gtm/data/v1/contacts/enrich", "enrich", self.enrich_contacts, post),
            self.endpoint("/gtm/data/v1/companies/search", "search", self.companies, post),
            self.endpoint("/gtm/data/v1/companies/enrich", "enrich", self.enrich_companies, post),
            self.endpoint("/gtm/data/v1/lookup/enrich", "lookup", self.lookup_enrich, get),
            self.endpoint("/gtm/data/v1/lookup/{field}", "lookup", self.lookup, get),
            self.endpoint("/gtm/data/v1/users/usage", "usage", self.usage, get),
        ]

    # ZoomInfo's language

    def token(self, call: Call) -> Response:
        """OAuth 2 client credentials, as HTTP Basic or in the form."""
        form = {name: values[-1] for name, values in parse_qs(call.body.decode(errors="replace")).items()}
        if form.get("grant_type") != "client_credentials":
            return answer({"error": "unsupported_grant_type", "error_description": "use client_credentials"}, 400)
        client = call.basic or (form.get("client_id"), form.get("client_secret"))
        if client != (SANDBOX_CREDENTIAL, SANDBOX_CREDENTIAL):
            return answer({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self.clock() + TOKEN_SECONDS
        scope = form.get("scope", "api:data:contact api:data:company")
        return answer({"token_type": "Bearer", "expires_in": TOKEN_SECONDS, "access_token": token, "scope": scope})

    def authorize(self, call: Call) -> Response | None:
        if self.clock() < self._tokens.get(call.bearer or "", -math.inf):
            return None
        return prose_error("ZI0001", "Authentication failed: token is missing, invalid or expired", 401)

    def too_many(self, call: Call, rejection: Rejection) -> Response:
        headers = {
            "Retry-After": str(rejection.retry_after),
            "X-RateLimit-Rejected-Bucket": _BUCKETS.get(int(rejection.window.seconds), "Second"),
            "X-RateLimit-Reset": str(rejection.retry_after),
        }
        return prose_error("ZI0004", "Rate limit exceeded", 429, is_retryable=True, headers=headers)

    def broken(self, call: Call) -> Response:
        return problem("PFAPI0007", "Internal server error", "/", 500)

    def rate_headers(self, operation: str) -> Mapping[str, str]:
        """Limit and remaining of three buckets, -1 where there is none, and the deprecated names without suffix."""
        usage = {int(window.seconds): (window.requests, used) for window, used in self.windows.usage(operation)}
        headers = {}
        for seconds, suffix in _BUCKETS.items():
            limit, used = usage.get(seconds, (-1, 0))
            headers[f"X-RateLimit-Limit-{suffix}"] = str(limit)
            headers[f"X-RateLimit-Remaining-{suffix}"] = str(max(-1, limit - used))
        headers["X-RateLimit-Limit"] = headers["X-RateLimit-Limit-Second"]
        headers["X-RateLimit-Remaining"] = headers["X-RateLimit-Remaining-Second"]
        return headers

    # Search

    def contacts(self, call: Call) -> Response:
        """`POST /contacts/search`: free, no addresses, 10,000 rows of reach."""
        asked = attributes(call, "ContactSearch")
        number, size = page_of(call)
        found = self._found(asked, contact_filter(asked))
        rows = ",".join(self._row(each) for each in found[(number - 1) * size : number * size])
        return page(rows, number, size, len(found), call)

    def _found(self, asked: Mapping[str, Any], wanted: PeopleFilter) -> list[Sighting]:
        if any(asked.get(key) for key in ("personId", "emailAddress", "externalURL")):
            person = self._identify(asked)
            return [person] if person else []
        lowest = int(asked.get("contactAccuracyScoreMin") or 0)
        found = self._search.find(wanted)
        return [each for each in found if records.accuracy(each) >= lowest] if lowest else found

    def _row(self, seen: Sighting) -> str:
        text = self._listed.get(seen.vendor_id)
        if text is None:
            text = self._listed[seen.vendor_id] = json.dumps(records.listed(seen), separators=(",", ":"))
        return text

    def companies(self, call: Call) -> Response:
        """`POST /companies/search` by name, website, country or state."""
        asked = attributes(call, "CompanySearch")
        number, size = page_of(call)
        name, site = str(asked.get("companyName", "")).casefold(), str(asked.get("companyWebsite", "")).lower()
        found = [
            each
            for each in self.world.companies
            if name in each.name.casefold() and site.removeprefix("www.") in each.domain
        ]
        rows = ",".join(
            json.dumps({"id": str(each.zoominfo_id), "type": "Company", "attributes": {"name": each.name}})
            for each in found[(number - 1) * size : number * size]
        )
        return page(rows, number, size, len(found), call)

    # Enrich

    def enrich_contacts(self, call: Call) -> Response:
        """`POST /contacts/enrich`: at most 25 inputs, one item each, one credit for each record not bought before."""
        asked = attributes(call, "ContactEnrich")
        inputs, wanted = enrichment(asked, "matchPersonInput", records.CONTACT_FIELDS)
        inputs = [with_number(each) for each in inputs]
        self._refuse_without_credits()
        return document([self._contact(each, wanted) for each in inputs])

    def _contact(self, asked: Mapping[str, Any], wanted: frozenset[str]) -> dict[str, Any]:
        if not any(asked.values()):
            return records.unmatched(asked, "INVALID_INPUT")
        seen = self._identify(asked)
        if seen is None or seen.dice("gone") < 0.004:
            return records.unmatched(asked, "NO_MATCH")
        if seen.person.opted_out:
            meta = {"input": dict(asked), "matchStatus": "OPT_OUT"}
            return {"id": seen.vendor_id, "type": "Contact", "attributes": {}, "meta": meta}
        item = self._charged(f"person:{seen.vendor_id}", asked)
        if item is not None:
            return item
        self.deliver(seen)
        found = self.drifted(records.contact(seen, wanted))
        meta = {"input": dict(asked), "matchStatus": "FULL_MATCH"}
        return {"id": seen.vendor_id, "type": "Contact", "attributes": found, "meta": meta}

    def enrich_companies(self, call: Call) -> Response:
        """`POST /companies/enrich`: at most 25 inputs by id, name or website."""
        asked = attributes(call, "CompanyEnrich")
        inputs, wanted = enrichment(asked, "matchCompanyInput", records.COMPANY_FIELDS)
        self._refuse_without_credits()
        return document([self._company(each, wanted) for each in inputs])

    def _company(self, asked: Mapping[str, Any], wanted: frozenset[str]) -> dict[str, Any]:
        company = self._companies.get(str(asked.get("companyId")))
        if company is None and asked.get("companyWebsite"):
            text = str(asked["companyWebsite"])
            company = self.world.company_by_domain(urlsplit(text).netloc or text)
        if company is None and asked.get("companyName"):
            company = self.world.company_by_name(str(asked["companyName"]))
        if company is None:
            return records.unmatched(asked, "NO_MATCH")
        item = self._charged(f"company:{company.zoominfo_id}", asked)
        if item is not None:
            return item
        meta = {"input": dict(asked), "matchStatus": "FULL_MATCH"}
        found = records.company(company, wanted)
        return {"id": str(company.zoominfo_id), "type": "Company", "attributes": found, "meta": meta}

    def _charged(self, record: str, asked: Mapping[str, Any]) -> dict[str, Any] | None:
        """Book a record that is not under management yet; an item saying so when the credits have run out."""
        if record in self._managed:
            return None
        if self.credits_left < 1:
            return records.unmatched(asked, "LIMIT_EXCEEDED")
        self.charge("enrich", 1)
        self._managed.add(record)
        return None

    def _refuse_without_credits(self) -> None:
        if self.credits_left < 1:
            raise Refused(problem("PFAPI0011", "Credit Limit Reached", "/data"))

    def _identify(self, asked: Mapping[str, Any]) -> Sighting | None:
        if asked.get("personId"):
            return self.world.sighting(self.name, str(asked["personId"]))
        person = self._person_meant(asked)
        return self._by_person.get(person.truth_id) if person else None

    def _person_meant(self, asked: Mapping[str, Any]) -> Person | None:
        if asked.get("emailAddress"):
            return self.world.person_by_email(str(asked["emailAddress"]))
        if asked.get("externalURL"):
            parts = urlsplit(str(asked["externalURL"])).path.strip("/").split("/")
            return self.world.person_by_linkedin(parts[1]) if len(parts) > 1 else None
        first, last = str(asked.get("firstName") or ""), str(asked.get("lastName") or "")
        if asked.get("fullName"):
            first, _, last = str(asked["fullName"]).partition(" ")
        company = self.world.company_by_name(str(asked.get("companyName") or ""))
        return self.world.person_by_name_domain(first, last, company.domain) if company else None

    # Lookups and usage

    def lookup_enrich(self, _: Call) -> Response:
        return document([{"id": name, "type": "OutputField"} for name in sorted(records.CONTACT_FIELDS)])

    def lookup(self, call: Call) -> Response:
        """`GET /lookup/{fieldName}` for the enumerated search fields."""
        values = {
            "managementlevel": sorted(set(records.LEVELS.values())),
            "country": ["United States", "United Kingdom"],
        }
        found = values.get(call.path["field"].lower())
        if found is None:
            return problem("PFAPI0006", f"Unknown lookup field {call.path['field']}", "/path")
        return document([{"id": value, "type": "Lookup", "attributes": {"name": value}} for value in found])

    def usage(self, _: Call) -> Response:
        """`GET /users/usage`; the top-level `data` is a list."""
        used = int(self.credits_used)
        limit = used + int(self.credits_left)
        requests = sum(tally.total() for tally in self.statuses.values())
        usage = [
            usage_limit("uniqueIdLimit", "Unique records enriched", limit, used),
            usage_limit("recordLimit", "Records returned", 10 * limit, used),
            usage_limit("requestLimit", "Requests made", 1_000_000, requests),
        ]
        return document([{"id": "1", "type": "Usage", "attributes": {"usage": usage}}])


def build(world: World, options: FrameOptions) -> VendorSim:
    """The vendor for `server.SIMS`."""
    return ZoomInfo(world, options)
