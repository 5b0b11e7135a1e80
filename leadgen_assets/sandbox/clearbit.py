"""Clearbit (vendors.md §5.1): company by domain, person by address, or both; some are queued first (202)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from leadgen_assets.sandbox.clearbit_records import company_record, person_record
from leadgen_assets.sandbox.frame import Call, FrameOptions, Refused, VendorSim, answer
from leadgen_assets.sandbox.rates import Rejection

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import Company, Person, World

KNOWN_COMPANIES = 0.85
KNOWN_PEOPLE = 0.40
WITH_METRICS = 0.97
QUEUED = 0.08
"""Share of companies that are not ready when first asked for."""
QUEUE_SECONDS = 1.0


def failure(status: int, kind: str, message: str) -> Response:
    """Clearbit's error body."""
    return answer({"error": {"type": kind, "message": message}}, status)


class Clearbit(VendorSim):
    """One account from before 2024."""

    name = "clearbit"
    prefix = "/clearbit"
    sliding_windows = False
    credit_usd = Decimal("0.10")

    def reset(self) -> None:
        super().reset()
        self._first_asked: dict[str, float] = {}

    def routes(self) -> Sequence[Route]:
        return [
            self.endpoint("/v2/companies/find", "company", self.find_company, ["GET"]),
            self.endpoint("/v2/people/find", "person", self.find_person, ["GET"]),
            self.endpoint("/v2/combined/find", "person", self.find_both, ["GET"]),
            self.endpoint("/{path:path}", "unknown", self.unknown_route, ["GET", "POST"]),
        ]

    # Its own language

    def authorize(self, call: Call) -> Response | None:
        """The key as Basic user without a password, or as Bearer token. Rate headers are there even on refusals."""
        credential = call.basic[0] if call.basic else call.bearer
        if not credential:
            response = failure(401, "auth_required", "You must authenticate with an API key.")
        elif not self.accepts(credential):
            response = failure(401, "invalid_api_key", "The API key is not valid.")
        else:
            return None
        response.headers.update(self.rate_headers(call.operation))
        return response

    def too_many(self, call: Call, rejection: Rejection) -> Response:
        return failure(429, "rate_limit", "You have exceeded your rate limit.")

    def rate_headers(self, operation: str) -> Mapping[str, str]:
        usage = self.windows.usage(operation)
        if not usage:
            return {}
        window, used = usage[0]
        wait = self.windows.counters(operation)[0].wait(self.clock()) or window.seconds
        return {
            "x-ratelimit-limit": str(window.requests),
            "x-ratelimit-remaining": str(max(0, window.requests - used)),
            "x-ratelimit-reset": str(round(time.time() + wait)),
        }

    # Look-ups

    def find_company(self, call: Call) -> Response:
        """200, 202 while queued, 404 when unknown."""
        domain = call.query.get("domain", "").strip().lower()
        if "." not in domain:
            return failure(422, "params_invalid", "Invalid domain.")
        self._must_have_credits()
        if self._is_queued(domain):
            return Response(None, 202)
        company = self._company(domain)
        if company is None:
            return failure(404, "unknown_record", "Unknown company.")
        self.charge("company", 1)
        return answer(self.drifted(self._record_of(company)))

    def find_person(self, call: Call) -> Response:
        person = self._person(call)
        if person is None:
            return failure(404, "unknown_record", "Unknown person.")
        self.charge("person", 1)
        return answer(self.drifted(person_record(person)))

    def find_both(self, call: Call) -> Response:
        """Person and company of an address; either may be null, not both."""
        person = self._person(call)
        company = self._company(call.query["email"].rpartition("@")[2].lower())
        if person is None and company is None:
            return failure(404, "unknown_record", "Unknown person.")
        self.charge("person", 1)
        found = {
            "person": person_record(person) if person else None,
            "company": self._record_of(company) if company else None,
        }
        return answer(found)

    def unknown_route(self, call: Call) -> Response:
        return failure(404, "unknown_route", "Unknown route.")

    def _person(self, call: Call) -> Person | None:
        address = call.query.get("email", "")
        if "@" not in address:
            raise Refused(failure(422, "email_invalid", "Invalid email."))
        self._must_have_credits()
        person = self.world.person_by_email(address)
        if person is None or person.opted_out or self.world.share("clearbit", person.truth_id) >= KNOWN_PEOPLE:
            return None
        return person

    def _company(self, domain: str) -> Company | None:
        company = self.world.company_by_domain(domain)
        return company if company and self.world.share("clearbit", company.domain) < KNOWN_COMPANIES else None

    def _record_of(self, company: Company) -> dict[str, Any]:
        return company_record(company, self.world.share("clearbit-metrics", company.domain) < WITH_METRICS)

    def _is_queued(self, domain: str) -> bool:
        if self.world.share("clearbit-queue", domain) >= QUEUED:
            return False
        now = self.clock()
        return now - self._first_asked.setdefault(domain, now) < QUEUE_SECONDS

    def _must_have_credits(self) -> None:
        if self.credits_left < 1:
            raise Refused(failure(402, "over_quota", "You are over your plan's quota."))


def build(world: World, options: FrameOptions) -> VendorSim:
    """The simulator, as the server mounts it."""
    return Clearbit(world, options)
