"""Hunter.io v2 (vendors.md §5.2): finder, verifier, search, look-ups. 403 is its rate limit, 429 an empty purse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from leadgen_assets.sandbox.clearbit_records import person_record
from leadgen_assets.sandbox.frame import Call, FrameOptions, Refused, VendorSim, answer
from leadgen_assets.sandbox.hunter_answers import company_data, failure, finder_data, found, listed_data, verifier_data
from leadgen_assets.sandbox.rates import Rejection

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import Company, Person, World

KNOWN_PEOPLE = 0.50
KNOWN_COMPANIES = 0.85
SLOW_VERIFICATIONS = 0.10
"""Share of addresses whose verification is still running when first asked for."""
VERIFY_SECONDS = 1.0
MOST_OFFSET = 10_000
MOST_RESULTS = 100


class Hunter(VendorSim):
    """One paid account. What was charged once in the billing period is free when asked again."""

    name = "hunter"
    prefix = "/hunter/v2"
    credit_limit = Decimal(100_000)
    credit_usd = Decimal("0.0149")
    """Growth: $149 for 10,000 (vendors.md §5.2)."""

    def reset(self) -> None:
        super().reset()
        self._charged: set[tuple[str, str]] = set()
        self._first_asked: dict[str, float] = {}

    def routes(self) -> Sequence[Route]:
        return [
            self.endpoint("/email-finder", "finder", self.find_email, ["GET"]),
            self.endpoint("/email-verifier", "verifier", self.verify, ["GET"]),
            self.endpoint("/domain-search", "search", self.search_domain, ["GET"]),
            self.endpoint("/companies/find", "company", self.find_company, ["GET"]),
            self.endpoint("/people/find", "person", self.find_person, ["GET"]),
            self.endpoint("/combined/find", "person", self.find_both, ["GET"]),
            self.endpoint("/account", "account", self.account, ["GET"]),
        ]

    # Its own language

    def authorize(self, call: Call) -> Response | None:
        credential = call.header("x-api-key") or call.bearer or call.query.get("api_key")
        if self.accepts(credential):
            return None
        return failure(401, "authentication_failed", "No user found for the API key supplied")

    def too_many(self, call: Call, rejection: Rejection) -> Response:
        return failure(403, "too_many_requests", "You have reached the rate limit, please slow down.")

    def broken(self, call: Call) -> Response:
        return failure(503, "service_unavailable", "Something went wrong on our side.")

    # Addresses

    def find_email(self, call: Call) -> Response:
        """The work address of a person given by name and company, or by LinkedIn handle; 451 when they wanted out."""
        query = call.query
        seconds = query.get("max_duration", "10")
        if not seconds.isdigit() or not 3 <= int(seconds) <= 20:
            raise Refused(failure(400, "wrong_params", "max_duration must be between 3 and 20"))
        person, company = self._wanted(call)
        self._must_afford("finder", person.truth_id if person else "", Decimal(1))
        params = {name: value for name, value in query.items() if name != "api_key"}
        if person is None or self.world.share("hunter", person.truth_id) >= KNOWN_PEOPLE:
            return self._not_found(params, company)
        self._charge("finder", person.truth_id, Decimal(1))
        url = person.linkedin_url if self.world.share("hunter-url", person.truth_id) < 0.5 else None
        data = finder_data(person, self.world.verification(person.email), self._luck(person.email), url)
        return found(self.drifted(data), params)

    def _wanted(self, call: Call) -> tuple[Person | None, Company | None]:
        """The person asked for, and the company given. Refuses a question that says too little."""
        query = call.query
        if handle := query.get("linkedin_handle"):
            person = self.world.person_by_linkedin(handle.strip("/").rpartition("/")[2])
            return self._unless_removed(person), None
        domain, name = query.get("domain", ""), query.get("company", "")
        if not domain and not name:
            raise Refused(failure(400, "wrong_params", "You are missing the domain parameter"))
        first, last, full = (query.get(key, "") for key in ("first_name", "last_name", "full_name"))
        if not full and not (first and last):
            raise Refused(failure(400, "wrong_params", "You are missing the first_name and last_name parameters"))
        if domain and "." not in domain:
            raise Refused(failure(422, "invalid_domain", "The domain is not valid"))
        company = self.world.company_by_domain(domain) if domain else self.world.company_by_name(name)
        if company is None:
            return None, None
        names = (first, last) if first and last else (full, "")
        return self._unless_removed(self.world.person_by_name_domain(*names, company.domain)), company

    @staticmethod
    def _unless_removed(person: Person | None) -> Person | None:
        if person is not None and person.opted_out:
            text = "The person owning the email address asked us to stop the processing of their personal data."
            raise Refused(failure(451, "claimed_email", text))
        return person

    def _not_found(self, params: dict[str, str], company: Company | None) -> Response:
        """Half the companies get a 404, the others an answer without an address; both are free."""
        if company is None or company.number % 2:
            return failure(404, "not_found", "No email address was found.")
        empty = dict.fromkeys(("first_name", "last_name", "email", "score", "position", "linkedin_url", "phone_number"))
        known = {"domain": company.domain, "company": company.name, "accept_all": company.is_catch_all, "sources": []}
        return found({**empty, **known, "verification": {"date": None, "status": None}}, params)

    def verify(self, call: Call) -> Response:
        """What mailing an address would show; 202 while Hunter still asks around."""
        address = call.query.get("email", "").strip().lower()
        if not address:
            raise Refused(failure(400, "wrong_params", "You are missing the email parameter"))
        local, _, domain = address.partition("@")
        if not local or "." not in domain or " " in address:
            raise Refused(failure(422, "invalid_email", "The email address is not valid"))
        self._unless_removed(self.world.person_by_email(address))
        self._must_afford("verifier", address, Decimal("0.5"))
        now = self.clock()
        is_slow = self.world.share("hunter-verifier", address) < SLOW_VERIFICATIONS
        if is_slow and now - self._first_asked.setdefault(address, now) < VERIFY_SECONDS:
            return answer(
                {"data": {"status": "pending", "email": address}, "meta": {"params": {"email": address}}}, 202
            )
        self._charge("verifier", address, Decimal("0.5"))
        data = verifier_data(address, self.world.verification(address), self._luck(address))
        return found(self.drifted(data), {"email": address})

    def search_domain(self, call: Call) -> Response:
        """Addresses of a company, at most 100 a page and 10,000 deep; one credit per ten."""
        domain, name = call.query.get("domain", ""), call.query.get("company", "")
        if not domain and not name:
            raise Refused(failure(400, "wrong_params", "You are missing the domain parameter"))
        try:
            limit, offset = int(call.query.get("limit", "10")), int(call.query.get("offset", "0"))
        except ValueError:
            raise Refused(failure(400, "wrong_params", "limit and offset must be numbers")) from None
        if not 1 <= limit <= MOST_RESULTS:
            raise Refused(failure(400, "wrong_params", f"limit must be between 1 and {MOST_RESULTS}"))
        if not 0 <= offset <= MOST_OFFSET:
            raise Refused(failure(400, "pagination_error", f"offset must not exceed {MOST_OFFSET}"))
        company = self.world.company_by_domain(domain) if domain else self.world.company_by_name(name)
        people = [each for each in self._staff(company) if self.world.share("hunter", each.truth_id) < KNOWN_PEOPLE]
        page = people[offset : offset + limit]
        if page and company:
            self._charge("search", f"{company.domain}:{offset}:{limit}", Decimal(-(-len(page) // 10)))
        data = {
            "domain": company.domain if company else domain,
            "disposable": False,
            "webmail": False,
            "accept_all": bool(company and company.is_catch_all),
            "pattern": company.email_pattern if company else None,
            "organization": company.name if company else None,
            "industry": company.industry if company else None,
            "emails": [self._listed(each) for each in page],
        }
        return found(
            data, {"domain": domain or None, "company": name or None}, results=len(people), limit=limit, offset=offset
        )

    def _staff(self, company: Company | None) -> list[Person]:
        return [each for each in self.world.people if each.company is company and not each.opted_out] if company else []

    def _listed(self, person: Person) -> dict[str, Any]:
        return listed_data(person, self.world.verification(person.email), self._luck(person.email))

    def _luck(self, address: str) -> float:
        return self.world.share("hunter-score", address)

    # Look-ups

    def find_company(self, call: Call) -> Response:
        """A company by domain, in Hunter's own shape or (`clearbit_format=true`) in Clearbit's."""
        domain = call.query.get("domain", "").strip().lower()
        if not domain:
            raise Refused(failure(400, "wrong_params", "You are missing the domain parameter"))
        company = self._known_company(domain)
        if company is None:
            return failure(404, "not_found", "The company was not found.")
        self._charge("company", company.domain, Decimal("0.2"))
        return found(
            self.drifted(company_data(company, call.query.get("clearbit_format") == "true")), {"domain": domain}
        )

    def find_person(self, call: Call) -> Response:
        """A person by address or LinkedIn handle."""
        person = self._known_person(call)
        if person is None:
            return failure(404, "not_found", "The person was not found.")
        self._charge("person", person.truth_id, Decimal("0.2"))
        return found(self.drifted(person_record(person)), dict(call.query))

    def find_both(self, call: Call) -> Response:
        """Person and company of an address."""
        person = self._known_person(call)
        company = self._known_company(call.query.get("email", "").rpartition("@")[2].lower())
        if person is None and company is None:
            return failure(404, "not_found", "Nothing was found.")
        self._charge("person", call.query.get("email", ""), Decimal("0.4"))
        data = {
            "person": person_record(person) if person else None,
            "company": company_data(company, call.query.get("clearbit_format") == "true") if company else None,
        }
        return found(data, {"email": call.query.get("email")})

    def _known_company(self, domain: str) -> Company | None:
        company = self.world.company_by_domain(domain)
        return company if company and self.world.share("hunter", company.domain) < KNOWN_COMPANIES else None

    def _known_person(self, call: Call) -> Person | None:
        handle, address = call.query.get("linkedin_handle"), call.query.get("email")
        if not handle and not address:
            raise Refused(failure(400, "wrong_params", "You are missing the email parameter"))
        look_up: Callable[[str], Person | None] = (
            self.world.person_by_email if address else self.world.person_by_linkedin
        )
        person = self._unless_removed(look_up(address or (handle or "").strip("/").rpartition("/")[2]))
        return person if person and self.world.share("hunter", person.truth_id) < KNOWN_PEOPLE else None

    # Credits

    def account(self, call: Call) -> Response:
        """Plan and credits; free."""
        now = datetime.now(UTC).date()
        purse = {"used": float(self.credits_used), "available": float(self.credits_used + self.credits_left)}
        data = {
            "first_name": "Sandbox",
            "last_name": "Account",
            "email": "sandbox@example.com",
            "plan_name": "Scale",
            "plan_level": 3,
            "reset_date": (now.replace(day=1) + timedelta(days=32)).replace(day=1).isoformat(),
            "team_id": 1,
            "requests": {"searches": purse, "verifications": purse, "credits": purse},
        }
        return answer({"data": data})

    def _must_afford(self, operation: str, key: str, credits: Decimal) -> None:
        if (operation, key) not in self._charged and self.credits_left < credits:
            raise Refused(failure(429, "usage_exceeded", "You have reached your monthly usage limit."))

    def _charge(self, operation: str, key: str, credits: Decimal) -> None:
        self._must_afford(operation, key, credits)
        if (operation, key) not in self._charged:
            self._charged.add((operation, key))
            self.charge(operation, credits)


def build(world: World, options: FrameOptions) -> VendorSim:
    """The simulator, as the server mounts it."""
    return Hunter(world, options)
