"""Apollo.io as vendors.md §1 has it: masked free search, paid matches, fixed windows, its own error language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.routing import Route

from leadgen_assets.sandbox import apollo_records as records
from leadgen_assets.sandbox.apollo_requests import number, parameters, people_filter
from leadgen_assets.sandbox.frame import Call, FrameOptions, Refused, VendorSim, answer, encoded, plain
from leadgen_assets.sandbox.rates import Rejection
from leadgen_assets.sandbox.search import PeopleSearch
from leadgen_assets.sandbox.world import Company, Person, Sighting

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import World

MOST_ROWS, MOST_PAGES, MOST_DETAILS = 100, 500, 10
EVERYBODY = 214_305_118
"""What a search finds when no filter applies."""

_DEPRECATED = (
    "This endpoint is deprecated for API callers. Please use the new mixed_people/api_search endpoint: "
    "https://docs.apollo.io/reference/people-api-search."
)
_WINDOW_NAMES = {60: ("minute", "minute"), 3600: ("hourly", "hour"), 86400: ("24-hour", "day")}
_PATHS = {
    "search": ("mixed_people", "api_search"),
    "bulk_match": ("people", "bulk_match"),
    "match": ("people", "match"),
    "organization": ("organizations", "enrich"),
    "usage": ("usage_stats", "api_usage_stats"),
}


class Apollo(VendorSim):
    """One Apollo team on a paid plan."""

    name = "apollo"
    prefix = "/apollo"
    sliding_windows = False
    credit_limit = Decimal(40_000)
    credit_usd = Decimal("0.025")

    def __init__(self, world: World, options: FrameOptions) -> None:
        self._listed: dict[str, str] = {}
        super().__init__(world, options)
        self._search = PeopleSearch(world.sightings(self.name), repeat_every=250)

    def routes(self) -> Sequence[Route]:
        post, get, both = ("POST",), ("GET",), ("GET", "POST")
        return [
            self.endpoint("/api/v1/mixed_people/api_search", "search", self.search, post),
            self.endpoint("/api/v1/people/bulk_match", "bulk_match", self.bulk_match, post),
            self.endpoint("/api/v1/people/match", "match", self.match, post),
            self.endpoint("/api/v1/people/{id}", "match", self.person_by_id, get),
            self.endpoint("/api/v1/mixed_people/search", "search", self.retired_search, post),
            self.endpoint("/api/v1/organizations/enrich", "organization", self.organization, get),
            self.endpoint("/api/v1/organizations/bulk_enrich", "organization", self.organizations, post),
            self.endpoint("/api/v1/webhook_result/{id}", "usage", self.webhook_result, get),
            self.endpoint("/api/v1/usage_stats/api_usage_stats", "usage", self.api_usage, post),
            self.endpoint("/api/v1/usage_stats/credit_usage_stats", "usage", self.credit_usage, post),
            self.endpoint("/v1/auth/health", "health", self.health, both, is_open=True),
        ]

    # Apollo's language

    def authorize(self, call: Call) -> Response | None:
        if "api_key" in call.query or b'"api_key"' in call.body[:2000]:
            return answer(
                {"error": "API key must be sent in the header", "error_code": "INVALID_API_KEY_LOCATION"}, 422
            )
        if self.accepts(call.header("x-api-key") or call.bearer):
            return None
        return plain("Invalid API key. See https://docs.apollo.io/reference/authentication for details.", 401)

    def too_many(self, call: Call, rejection: Rejection) -> Response:
        label = _WINDOW_NAMES.get(int(rejection.window.seconds), ("", "second"))[1]
        path = "/".join(_PATHS.get(call.operation, (call.operation,)))
        message = (
            f"The maximum number of api calls allowed for api/v1/{path} is {rejection.window.requests} times per "
            f"{label}. Please upgrade your plan from https://app.apollo.io/#/settings/plans/upgrade."
        )
        return answer({"message": message}, 429, {"retry-after": str(rejection.retry_after)})

    def rate_headers(self, operation: str) -> Mapping[str, str]:
        """Three windows; one the plan does not limit has an empty value."""
        usage = {int(window.seconds): (window.requests, used) for window, used in self.windows.usage(operation)}
        headers = {}
        for seconds, (name, _) in _WINDOW_NAMES.items():
            limit, used = usage.get(seconds, (None, 0))
            headers[f"x-rate-limit-{name}"] = "" if limit is None else str(limit)
            headers[f"x-{name}-usage"] = "" if limit is None else str(used)
            headers[f"x-{name}-requests-left"] = "" if limit is None else str(max(0, limit - used))
        return headers

    def _pay(self, operation: str, credits: int) -> None:
        if self.credits_left < credits:
            details = {"code": "BILLING.LIMIT.CREDITS_EXHAUSTED"}
            raise Refused(answer({"error": "You have insufficient credits!", "error_details": details}, 422))
        self.charge(operation, credits)

    # Search

    def search(self, call: Call) -> Response:
        """`POST /mixed_people/api_search`: filters it does not know are ignored."""
        asked = parameters(call)
        page, size = number(asked.get("page"), 1), number(asked.get("per_page"), 25)
        if not 1 <= page <= MOST_PAGES or not 1 <= size <= MOST_ROWS:
            return answer({"error": "Invalid parameters"}, 422)
        wanted = people_filter(asked)
        found = self._search.find(wanted)
        total = EVERYBODY if wanted.is_empty else len(found)
        rows = found[(page - 1) * size : page * size]
        return encoded(f'{{"total_entries":{total},"people":[{",".join(self._row(each) for each in rows)}]}}')

    def _row(self, seen: Sighting) -> str:
        if self.faults.drift:
            return json.dumps(self.drifted(records.listed(seen)))
        text = self._listed.get(seen.vendor_id)
        if text is None:
            text = self._listed[seen.vendor_id] = json.dumps(records.listed(seen), separators=(",", ":"))
        return text

    def retired_search(self, _: Call) -> Response:
        return answer({"error": _DEPRECATED}, 422)

    # Matches

    def match(self, call: Call) -> Response:
        """`POST /people/match`: nobody found is 200 with null, and free."""
        asked = parameters(call)
        if asked.get("reveal_phone_number") in (True, "true") and not asked.get("webhook_url"):
            return answer({"error": "Please add a valid 'webhook_url' parameter when using 'reveal_phone_number'"}, 422)
        return answer({"person": self._bought(self._identify(asked), "match")})

    def person_by_id(self, call: Call) -> Response:
        found = self.world.sighting(self.name, call.path["id"])
        bought = self._bought(found, "match")
        return answer({"person": bought}) if bought else answer({"error": "Person not found"}, 404)

    def bulk_match(self, call: Call) -> Response:
        """`POST /people/bulk_match`: at most ten; answers may be null and out of order."""
        details = call.json_object.get("details")
        if not isinstance(details, list) or not details or not all(isinstance(each, dict) for each in details):
            return _failed("INVALID_REQUEST", "invalid request, missing details")
        if len(details) > MOST_DETAILS:
            return _failed("RECORD_LIMIT_EXCEEDED", "cannot enrich more than 10 in a single request")
        if call.query.get("reveal_phone_number") == "true" and not call.query.get("webhook_url"):
            return answer({"status": "failed", "error_code": "UNKNOWN_ERROR", "error_message": "no webhook_url"}, 422)
        found = [self._identify(each) for each in details]
        unique = {each.vendor_id for each in found if each}
        self._pay("bulk_match", len(unique))
        matches = [self._person(each) if each else None for each in found]
        if len(matches) > 1 and found[0] and found[0].dice("order") < 0.1:
            matches = [*matches[1:], matches[0]]
        reply = {
            "status": "success",
            "error_code": None,
            "error_message": None,
            "total_requested_enrichments": len(details),
            "unique_enriched_records": len(unique),
            "missing_records": sum(each is None for each in found),
            "credits_consumed": len(unique),
            "matches": matches,
        }
        return answer(reply)

    def _bought(self, seen: Sighting | None, operation: str) -> dict[str, Any] | None:
        if seen is None or _is_gone(seen):
            return None
        self._pay(operation, 1)
        return self._person(seen)

    def _person(self, seen: Sighting) -> dict[str, Any]:
        self.deliver(seen)
        return self.drifted(records.person(seen))

    def _identify(self, asked: Mapping[str, Any]) -> Sighting | None:
        """The record the identifiers mean: id, LinkedIn URL, address, or name with company."""
        if asked.get("id"):
            seen = self.world.sighting(self.name, str(asked["id"]))
        else:
            person = self._person_meant(asked)
            seen = self._by_person.get(person.truth_id) if person else None
        return None if seen is None or _is_gone(seen) else seen

    def _person_meant(self, asked: Mapping[str, Any]) -> Person | None:
        if asked.get("linkedin_url"):
            parts = urlsplit(str(asked["linkedin_url"])).path.strip("/").split("/")
            return self.world.person_by_linkedin(parts[1]) if len(parts) > 1 and parts[0] == "in" else None
        if asked.get("email"):
            return self.world.person_by_email(str(asked["email"]))
        domain = asked.get("domain")
        if not domain and asked.get("organization_name"):
            company = self.world.company_by_name(str(asked["organization_name"]))
            domain = company.domain if company else None
        first, last = asked.get("first_name"), asked.get("last_name")
        if not (first and last) and asked.get("name"):
            first, _, last = str(asked["name"]).partition(" ")
        return (
            self.world.person_by_name_domain(str(first), str(last), str(domain)) if first and last and domain else None
        )

    @cached_property
    def _by_person(self) -> dict[str, Sighting]:
        return {each.person.truth_id: each for each in self.world.sightings(self.name) if not each.junk}

    # Organisations

    def organization(self, call: Call) -> Response:
        asked = call.query
        if not any(asked.get(key) for key in ("domain", "linkedin_url", "name", "website")):
            return answer({"error": "Required parameter 'domain' missing"}, 422)
        company = self._company(asked)
        if company is None:
            return answer({"organization": None})
        self._pay("organization", 1)
        return answer({"organization": records.organization(company, self.world.share("apollo", company.slug))})

    def organizations(self, call: Call) -> Response:
        asked = call.json_object
        details = asked.get("details") or [{"domain": domain} for domain in asked.get("domains") or []]
        if len(details) > MOST_DETAILS:
            return answer({"error": "domain count cannot be more than 10"}, 400)
        found = [self._company(each) for each in details]
        unique = {each.slug for each in found if each}
        self._pay("organization", len(unique))
        reply = {
            "status": "success",
            "total_requested_domains": len(details),
            "unique_domains": len({json.dumps(each, sort_keys=True) for each in details}),
            "unique_enriched_records": len(unique),
            "missing_records": sum(each is None for each in found),
            "organizations": [
                records.organization(each, self.world.share("apollo", each.slug)) if each else None for each in found
            ],
        }
        return answer(reply)

    def _company(self, asked: Mapping[str, Any]) -> Company | None:
        if asked.get("domain") or asked.get("website"):
            text = str(asked.get("domain") or asked.get("website"))
            return self.world.company_by_domain(urlsplit(text).netloc or text)
        if asked.get("linkedin_url"):
            return self.world.company_by_linkedin(str(asked["linkedin_url"]).rstrip("/").rpartition("/")[2])
        return self.world.company_by_name(str(asked.get("name") or ""))

    # Health and usage

    def health(self, call: Call) -> Response:
        """200 also for a wrong key; the body tells."""
        return answer({"healthy": True, "is_logged_in": self.accepts(call.header("x-api-key") or call.bearer)})

    def webhook_result(self, call: Call) -> Response:
        """Nothing asynchronous is ever pending here, so every id is unknown."""
        is_number = call.path["id"].lstrip("-").isdigit()
        code = "request_id_unknown" if is_number else "invalid_request_id"
        return answer({"error_code": code}, 404 if is_number else 400)

    def api_usage(self, _: Call) -> Response:
        reply = {}
        for operation, path in _PATHS.items():
            usage = {int(window.seconds): (window.requests, used) for window, used in self.windows.usage(operation)}
            reply[json.dumps([f"api/v1/{path[0]}", path[1]])] = {
                label: {
                    "limit": usage[seconds][0],
                    "consumed": usage[seconds][1],
                    "left_over": usage[seconds][0] - usage[seconds][1],
                }
                for seconds, (_, label) in _WINDOW_NAMES.items()
                if seconds in usage
            }
        return answer(reply)

    def credit_usage(self, _: Call) -> Response:
        nothing = {"limit": 0, "consumed": 0, "left_over": 0}
        used = int(self.credits_used)
        lead = {"limit": int(self.credits_allowed), "consumed": used, "left_over": int(self.credits_left)}
        others = dict.fromkeys(("direct_dial_credit", "export_credit", "ai_credit", "power_up_credit"), nothing)
        cycle = {"start_date": "2026-11-01", "end_date": "2026-11-30"}
        return answer({"credit_usage_stats": {"lead_credit": lead, **others}, "current_credit_cycle": cycle})


def _is_gone(seen: Sighting) -> bool:
    """Listed yesterday, removed today: a match finds nobody."""
    return seen.dice("gone") < 0.004


def _failed(code: str, message: str) -> Response:
    return answer({"status": "failed", "error_code": code, "error_message": message}, 400)


def build(world: World, options: FrameOptions) -> VendorSim:
    """The vendor for `server.SIMS`."""
    return Apollo(world, options)
