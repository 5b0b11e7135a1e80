"""NeverBounce v4.2 (vendors.md §5.3): lists of addresses verified in jobs. Errors are HTTP 200 with a status word."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from leadgen_assets.vendors.contracts import (
    HealthVerdict,
    JobState,
    JobStatus,
    Record,
    Usage,
    VendorBadRequest,
    VendorError,
    VendorOutcomeUnknown,
    VendorUnavailable,
    Verdict,
    VerificationResult,
)
from leadgen_assets.vendors.http import Classified, VendorClient
from leadgen_assets.vendors.values import amount, identifier, objects, part, whole

PAGE_SIZE = 1000

_STATES = {"complete": JobState.READY, "failed": JobState.FAILED}
_CREDIT_WORDS = ("credit", "balance", "insufficient")


class NeverBounceClient(VendorClient):
    """An `EmailVerifier`. Lists go through jobs, never through a loop of single checks, which may lock the account."""

    name = "neverbounce"
    batch_size = 10_000
    """Ten jobs of this size an hour keep to "at most 10 jobs per 100,000 items", and 20,000 leads need two."""

    async def start(self, addresses: dict[str, str], label: str) -> str:
        """Create a job for {ref: address} that parses and starts by itself; returns its id. Its file name carries the
        label, by which `find` finds it."""
        body = {
            "key": self._key,
            "input_location": "supplied",
            "input": [{"id": ref, "email": address} for ref, address in addresses.items()],
            "filename": _file_name(label),
            "auto_parse": 1,
            "auto_start": 1,
            "run_sample": 0,
        }
        reply = await self.call("jobs", "POST", "/jobs/create", classify=classify, json=body, paid=True)
        job_id = identifier(reply.json().get("job_id"))
        if job_id is None:
            raise VendorOutcomeUnknown(self.vendor, "jobs", "the job was accepted without an id", reply.status)
        return job_id

    async def find(self, label: str) -> str | None:
        """The newest job of that label, by NeverBounce's search for a file name (`/jobs/search`)."""
        wanted = {"filename": _file_name(label), "page": 1, "items_per_page": 100}
        rows = objects((await self._get("/jobs/search", wanted)).get("results"))
        named = (identifier(row.get("id")) for row in rows if row.get("filename") == _file_name(label))
        return max((each for each in named if each), key=lambda each: (len(each), each), default=None)

    async def status(self, job_id: str) -> JobStatus:
        """Where the job stands; `records` are the billable ones. A job the vendor does not know is EXPIRED."""
        try:
            job = await self._get("/jobs/status", {"job_id": job_id})
        except VendorBadRequest as error:
            return JobStatus(JobState.EXPIRED, detail=error.detail)
        word = str(job.get("job_status", ""))
        billable = whole(part(job, "total").get("billable"))
        detail = self.told(str(job.get("failure_reason") or word))
        return JobStatus(_STATES.get(word, JobState.RUNNING), billable, None, detail)

    async def results(self, job_id: str) -> dict[str, VerificationResult]:
        """{ref: result} over all pages of a READY job; words this client does not know count as UNKNOWN."""
        found: dict[str, VerificationResult] = {}
        page, pages = 1, 1
        while page <= pages:
            query = {"job_id": job_id, "page": page, "items_per_page": PAGE_SIZE}
            body = await self._get("/jobs/results", query)
            known = len(found)
            found |= {ref: result for ref, result in map(_row, objects(body.get("results"))) if ref}
            # a page without anything new ends the list, whatever number of pages is announced
            pages = (whole(body.get("total_pages")) or 1) if len(found) > known else 0
            page += 1
        return found

    async def check(self) -> HealthVerdict:
        """The account's balance, which is free to ask for."""
        try:
            body = await self._get("/account/info", {})
        except VendorError as error:
            return HealthVerdict(self.vendor, ok=False, detail=error.detail)
        credits = body.get("credits_info")
        left = None
        if isinstance(credits, Mapping):
            parts = [amount(credits.get(f"{kind}_credits_remaining")) for kind in ("paid", "free")]
            left = sum((each for each in parts if each is not None), Decimal(0))
        return HealthVerdict(self.vendor, ok=True, detail="the key is accepted", credits_left=left)

    async def usage(self) -> Usage:
        """Paid and free credits used, over the account's life."""
        credits = part(await self._get("/account/info", {}), "credits_info")
        paid = amount(credits.get("paid_credits_used"))
        if paid is None:
            raise VendorUnavailable(self.vendor, "jobs", "the answer names no used credits")
        return Usage(paid + (amount(credits.get("free_credits_used")) or 0))

    @property
    def _key(self) -> str:
        return self.access.secret("neverbounce_api_key")

    async def _get(self, path: str, params: dict[str, Any]) -> Record:
        reply = await self.call("jobs", "GET", path, classify=classify, params={"key": self._key, **params})
        return reply.json()


def classify(status: int, headers: Mapping[str, str], body: Any) -> Classified:  # noqa: ARG001
    """NeverBounce's language: the word in `status` decides, not the HTTP code."""
    if status >= 500:
        return Classified(Verdict.BACK_OFF, detail="server error")
    if status == 413:
        return Classified(Verdict.BAD_REQUEST, detail="payload over 25 MB")
    if status == 429:
        return Classified(Verdict.RETRY_AFTER, detail="throttled")
    if status in (401, 403):
        return Classified(Verdict.AUTH, detail="the key is not accepted")
    if not isinstance(body, Mapping):
        return Classified(Verdict.BACK_OFF if status < 300 else Verdict.BAD_REQUEST, detail="the answer is not JSON")
    word, message = str(body.get("status", "")), str(body.get("message", ""))
    if word == "success":
        return Classified(Verdict.OK)
    detail = f"{word}: {message}" if message else word
    if word == "general_failure" and any(each in message.lower() for each in _CREDIT_WORDS):
        return Classified(Verdict.OUT_OF_CREDITS, detail=detail)
    meaning = {
        "auth_failure": Verdict.AUTH,
        "bad_referrer": Verdict.ENTITLEMENT,
        "temp_unavail": Verdict.BACK_OFF,
        "throttle_triggered": Verdict.RETRY_AFTER,
    }
    return Classified(meaning.get(word, Verdict.BAD_REQUEST), detail=detail)


def _file_name(label: str) -> str:
    return f"leads-{label}.csv"


def _row(row: Mapping[str, Any]) -> tuple[str | None, VerificationResult]:
    ref, word = part(row, "data").get("id"), part(row, "verification").get("result")
    known = ("valid", "invalid", "disposable", "catchall", "unknown")
    return (str(ref) if ref else None), VerificationResult(word) if word in known else VerificationResult.UNKNOWN
