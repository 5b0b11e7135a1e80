"""Hunter.io v2 (vendors.md §5.2): email finder, company lookup, verifier. 403 means "slow down", 429 "no credits"."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from leadgen_assets.vendors.clearbit_shape import company_fields
from leadgen_assets.vendors.contracts import (
    Answer,
    CompanyQuery,
    Found,
    HealthVerdict,
    JobState,
    JobStatus,
    Missed,
    PersonQuery,
    PersonSuppressed,
    Usage,
    VendorBadRequest,
    VendorError,
    VendorUnavailable,
    Verdict,
    VerificationResult,
)
from leadgen_assets.vendors.http import Classified, Reply, VendorClient
from leadgen_assets.vendors.values import amount, objects, part, share, word

WORKING_WAITS = (2.0, 5.0, 10.0, 20.0)
"""Seconds before a verification that is still running (202) is asked for again, at no charge."""

_FOUND_EMAIL = Decimal(1)
_FOUND_COMPANY = Decimal("0.2")
_RESULTS = {
    "valid": VerificationResult.VALID,
    "invalid": VerificationResult.INVALID,
    "disposable": VerificationResult.DISPOSABLE,
    "accept_all": VerificationResult.CATCH_ALL,
}


class HunterClient(VendorClient):
    """An `EmailFinder` and a `CompanyFinder`. One call a question; repeats within a billing period are free."""

    name = "hunter"
    batch_size = 1
    repeat_is_free = True  # within a billing period (vendors.md §5.2)

    async def authorise(self) -> dict[str, str]:
        """The key in a header: a query parameter would end up in logs."""
        return {"X-API-KEY": self.access.secret("hunter_api_key")}

    def can_find(self, person: PersonQuery) -> bool:
        """A company and a name, or a LinkedIn profile."""
        return bool(_finder_params(person))

    def can_answer(self, query: CompanyQuery) -> bool:
        """Hunter knows companies by domain only."""
        return bool(query.domain)

    async def find_emails(self, people: Sequence[PersonQuery]) -> list[Answer]:
        """One answer a person. Fields: email, email_status, linkedin_url, phone. A find costs 1 credit, a miss none."""
        return list(await asyncio.gather(*(self._find_email(person) for person in people)))

    async def find_companies(self, companies: Sequence[CompanyQuery]) -> list[Answer]:
        """One answer a company, from the Clearbit-shaped variant of the lookup. Found costs 0.2 credits."""
        return list(await asyncio.gather(*(self._find_company(company) for company in companies)))

    async def check(self) -> HealthVerdict:
        """The account call, which is free; credits left are the period's allowance minus what is used."""
        try:
            account = part((await self._get("account", "/account", {})).body, "data")
        except VendorError as error:
            return HealthVerdict(self.vendor, ok=False, detail=error.detail)
        credits = part(part(account, "requests"), "credits")
        available, used = amount(credits.get("available")), amount(credits.get("used") or 0)
        left = None if available is None or used is None else available - used
        plan = self.told(f"plan {account.get('plan_name', 'unknown')}")
        return HealthVerdict(self.vendor, ok=True, detail=plan, credits_left=left)

    async def usage(self) -> Usage:
        """Credits used in the billing period, which ends at the account's reset date."""
        account = part((await self._get("account", "/account", {})).json(), "data")
        used = amount(part(part(account, "requests"), "credits").get("used"))
        if used is None:
            raise VendorUnavailable(self.vendor, "account", "the answer names no used credits")
        return Usage(used, period=word(account.get("reset_date")))

    async def verify(self, address: str) -> VerificationResult | None:
        """The verifier's word on one address; None while it is still working on it after the last wait."""
        try:
            for wait in (0.0, *WORKING_WAITS):
                if wait:
                    await self._sleep(wait)
                reply = await self._get("verifier", "/email-verifier", {"email": address})
                if reply.verdict is not Verdict.PENDING:
                    return _RESULTS.get(str(_data(reply).get("status")), VerificationResult.UNKNOWN)
        except PersonSuppressed:
            return VerificationResult.SUPPRESSED
        except VendorBadRequest as error:
            if error.status != 422:
                raise
            return VerificationResult.INVALID
        return None

    async def _find_email(self, person: PersonQuery) -> Answer:
        try:
            found = _data(await self._get("finder", "/email-finder", _finder_params(person)))
        except PersonSuppressed:
            return Missed(person.ref, suppressed=True)
        except VendorBadRequest as error:
            if error.status != 422:
                raise
            return Missed(person.ref)
        if not _text(found.get("email")):
            return Missed(person.ref)
        verification = found.get("verification")
        fields = {
            "email": _text(found.get("email")),
            "email_status": _text(verification.get("status")) if isinstance(verification, Mapping) else None,
            "linkedin_url": _text(found.get("linkedin_url")),
            "phone": _text(found.get("phone_number")),
        }
        confidence = share(found.get("score"), 100)
        return Found(person.ref, {name: value for name, value in fields.items() if value}, _FOUND_EMAIL, confidence)

    async def _find_company(self, company: CompanyQuery) -> Answer:
        params = {"domain": company.domain or "", "clearbit_format": "true"}
        try:
            reply = await self._get("company", "/companies/find", params)
        except PersonSuppressed:
            return Missed(company.ref, suppressed=True)
        except VendorBadRequest as error:
            if error.status != 422:
                raise
            return Missed(company.ref)
        fields = company_fields(_data(reply))
        return Found(company.ref, fields, _FOUND_COMPANY) if fields else Missed(company.ref)

    async def _get(self, operation: str, path: str, params: dict[str, str]) -> Reply:
        return await self.call(
            operation, "GET", path, classify=classify, params=params, paid=operation != "account", resend_is_free=True
        )


class HunterVerifier:
    """An `EmailVerifier` over Hunter's call per address.

    Hunter keeps no jobs: a job lives in this object, and one that is not known here (the process died) is EXPIRED and
    started again, which costs nothing for addresses already verified in the billing period.
    """

    name = "hunter"
    batch_size = 500

    def __init__(self, client: HunterClient) -> None:
        self._client = client
        self._jobs: dict[str, dict[str, str]] = {}

    async def start(self, addresses: dict[str, str], label: str) -> str:  # noqa: ARG002
        """Job id for {ref: address}."""
        job_id = uuid.uuid4().hex
        self._jobs[job_id] = dict(addresses)
        return job_id

    async def find(self, label: str) -> str | None:  # noqa: ARG002
        """None: there are no jobs at Hunter to be found."""
        return None

    async def status(self, job_id: str) -> JobStatus:
        """READY for a job of this object, EXPIRED for any other."""
        if job_id not in self._jobs:
            return JobStatus(JobState.EXPIRED, detail="a verification of an earlier process")
        return JobStatus(JobState.READY)

    async def results(self, job_id: str) -> dict[str, VerificationResult]:
        """{ref: result}; addresses Hunter is still working on are left out.

        When calls fail half-way, what is known is returned; the error is raised only when nothing is.
        """
        addresses = self._jobs.pop(job_id)
        answers = await asyncio.gather(
            *(self._client.verify(each) for each in addresses.values()), return_exceptions=True
        )
        found: dict[str, VerificationResult] = {}
        failure: BaseException | None = None
        for ref, answer in zip(addresses, answers, strict=True):
            if isinstance(answer, BaseException):
                failure = answer
            elif answer is not None:
                found[ref] = answer
        if failure is not None and (not found or not isinstance(failure, VendorError)):
            raise failure
        return found


def classify(status: int, headers: Mapping[str, str], body: Any) -> Classified:  # noqa: ARG001
    """Hunter's language. It sends no rate headers, so a rejection is answered with the usual back-off."""
    detail = _error_id(body)
    if status == 202:
        return Classified(Verdict.PENDING)
    if status < 300:
        # a page of somebody's proxy is not "nobody": that would be remembered as a miss
        is_object = isinstance(body, Mapping)
        return Classified(Verdict.OK) if is_object else Classified(Verdict.BACK_OFF, detail="the answer is not JSON")
    meaning = {
        400: Verdict.BAD_REQUEST,
        401: Verdict.AUTH,
        403: Verdict.RETRY_AFTER,
        404: Verdict.EMPTY,
        422: Verdict.BAD_REQUEST,
        429: Verdict.OUT_OF_CREDITS,
        451: Verdict.SUPPRESSED,
    }
    if status in meaning:
        return Classified(meaning[status], detail=detail)
    return Classified(Verdict.BACK_OFF if status >= 500 else Verdict.BAD_REQUEST, detail=detail)


def _finder_params(person: PersonQuery) -> dict[str, str]:
    """What the finder needs, in the most certain form the person allows; empty when they do not allow any."""
    company = {"domain": person.company_domain} if person.company_domain else {"company": person.company_name}
    named: dict[str, str | None] = {}
    if person.first_name and person.last_name:
        named = {"first_name": person.first_name, "last_name": person.last_name}
    elif person.full_name and " " in person.full_name.strip():
        named = {"full_name": person.full_name}
    if named and any(company.values()):
        return {key: value for key, value in {**company, **named}.items() if value}
    handle = (person.linkedin_url or "").rstrip("/").rpartition("/in/")[2]
    return {"linkedin_handle": handle} if handle else {}


def _data(reply: Reply) -> Mapping[str, Any]:
    """The answer's payload; the Clearbit-shaped lookup may come without the `data` envelope."""
    body = reply.json()
    data = body.get("data", body)
    return data if isinstance(data, Mapping) else {}


def _error_id(body: Any) -> str:
    errors = objects(body.get("errors")) if isinstance(body, Mapping) else []
    return word(errors[0].get("id")) if errors else ""


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
