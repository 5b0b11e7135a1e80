"""Salesforce leads (vendors.md §6.2): client-credentials login, and Bulk API 2.0 jobs reconciled record by record."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from leadgen_assets.vendors.answers import message_of
from leadgen_assets.vendors.contracts import (
    CrmResult,
    HealthVerdict,
    Record,
    Strangers,
    VendorBadRequest,
    VendorError,
    VendorRejectedCredentials,
    VendorUnavailable,
    Verdict,
)
from leadgen_assets.vendors.http import Classified, VendorClient
from leadgen_assets.vendors.salesforce_bulk import as_csv, reconciled
from leadgen_assets.vendors.values import amount, identifier, objects, part, token, whole, word

API = "/services/data/v59.0"
POLL_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between polls; the last one repeats."""
PATIENCE = 1200.0
"""Seconds after which a job is left to a later run, which resumes it by its id."""

MOST_PAGES = 50
"""Of a thousand jobs each; Salesforce keeps them for a week."""
CLOCKS_DIFFER = timedelta(minutes=10)
"""How far Salesforce's clock may be off ours."""
_HAS_ITS_FILE = "INVALIDJOBSTATE"
_CONTENT_URL = re.compile(r"/?services/data/[\w./-]{1,200}", re.ASCII)
_DONE = ("JobComplete", "Failed", "Aborted")
_logging_in: ContextVar[bool] = ContextVar("salesforce_logging_in", default=False)
_KINDS = {
    "boolean": "bool", "int": "number", "double": "number", "currency": "number", "percent": "number",
    "date": "date", "datetime": "date", "email": "email", "phone": "phone", "url": "url", "picklist": "picklist",
}  # fmt: skip


async def _nobody(job_id: str) -> None:
    """Tells nobody."""


class SalesforceClient(VendorClient):
    """A `ResumableCrm` over the Lead object. Set `on_job` to store job ids before their records are uploaded."""

    name = "salesforce"
    batch_size = 500
    on_job: Callable[[str], Awaitable[None]] = staticmethod(_nobody)
    _token: str | None = None

    async def authorise(self) -> dict[str, str]:
        """The session's token; the first call logs in."""
        if _logging_in.get():
            return {}
        if self._token is None:
            await self._renew(0)
        return {"Authorization": f"Bearer {self._token}"}

    async def refresh(self) -> bool:
        """Log in with the client credentials; the token has no stated end, so this happens when one is refused."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.access.secret("salesforce_client_id"),
            "client_secret": self.access.secret("salesforce_client_secret"),
        }
        marker = _logging_in.set(True)
        try:
            reply = await self.call("login", "POST", "/services/oauth2/token", classify=classify_login, data=form)
        except VendorBadRequest as error:
            raise VendorRejectedCredentials(self.vendor, "login", error.detail, error.status) from None
        finally:
            _logging_in.reset(marker)
        granted = token(reply.json().get("access_token"))
        if granted is None:
            raise VendorRejectedCredentials(self.vendor, "login", "the answer holds no access_token", reply.status)
        self._token = granted
        return True

    async def describe(self) -> dict[str, Any]:
        """The Lead fields by API name."""
        reply = await self.call("describe", "GET", f"{API}/sobjects/Lead/describe", classify=classify)
        fields = ((word(each.get("name")), each) for each in objects(reply.json().get("fields")))
        return {name: _described(each) for name, each in fields if name}

    async def check(self) -> HealthVerdict:
        """Log in and read the limits; `credits_left` are API calls left today."""
        try:
            limits = (await self.call("limits", "GET", f"{API}/limits", classify=classify)).json()
        except VendorError as error:
            return HealthVerdict(self.vendor, ok=False, detail=error.detail)
        credits_left = amount(part(limits, "DailyApiRequests").get("Remaining"))
        return HealthVerdict(self.vendor, ok=True, detail="logged in", credits_left=credits_left)

    async def upsert(self, records: Sequence[dict[str, str]], external_id_field: str) -> list[CrmResult]:
        """One job for all records, one result per record in their order.

        Raises `VendorError` when the job could not be made or did not end in time; its id is with `on_job` by then.
        """
        if not records:
            return []
        wanted = {
            "object": "Lead",
            "operation": "upsert",
            "externalIdFieldName": external_id_field,
            "contentType": "CSV",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        job = (await self.call("create_job", "POST", f"{API}/jobs/ingest", classify=classify, json=wanted)).json()
        job_id = identifier(job.get("id"))
        if job_id is None:
            raise VendorUnavailable(self.vendor, "create_job", "the job was accepted without an id")
        await self.on_job(job_id)
        await self._upload(job_id, job, records, external_id_field)
        return await self._outcome(job_id, records, external_id_field)

    async def resume(
        self, job_id: str, records: Sequence[dict[str, str]], external_id_field: str
    ) -> list[CrmResult] | None:
        """Results of an earlier job for these records, which are uploaded now if they were not; None when it was aborted or
        is gone."""
        try:
            job = await self._job(job_id)
            if job.get("state") == "Aborted":
                return None
            if job.get("state") == "Open":
                await self._upload(job_id, job, records, external_id_field)
            return await self._outcome(job_id, records, external_id_field)
        except VendorBadRequest:
            return None

    async def erase(self, crm_id: str | None, external_id: str, external_id_field: str) -> bool:
        """Delete the lead; Salesforce keeps it in the org's recycle bin for 15 days. False when it is not there."""
        place = crm_id or f"{external_id_field}/{external_id}"
        try:
            await self.call("delete_lead", "DELETE", f"{API}/sobjects/Lead/{place}", classify=classify)
        except VendorBadRequest as error:
            if error.status == 404:
                return False
            raise
        return True

    async def find(self, external_id_field: str, since: datetime, strangers: Strangers) -> str | None:
        """An open upsert job of ours that nobody remembers: our process died, or the answer broke off, between its creation
        and its upload. It is empty, so any of them will do."""
        path: str | None = f"{API}/jobs/ingest?jobType=V2Ingest"
        for _ in range(MOST_PAGES):
            if path is None:
                break
            page = (await self.call("poll_job", "GET", path, classify=classify)).json()
            named = [identifier(each.get("id")) for each in objects(page.get("records")) if _may_be_lost(each, since)]
            jobs = [each for each in named if each]
            known = await strangers(jobs)
            for job_id in jobs:
                if job_id not in known and await self._is_ours(job_id, external_id_field):
                    return job_id
            further = page.get("nextRecordsUrl")
            is_usable = isinstance(further, str) and _CONTENT_URL.match(further) is not None
            path = further if is_usable and page.get("done") is False else None
        return None

    async def _is_ours(self, job_id: str, external_id_field: str) -> bool:
        """The list does not name the external id's field; the job itself does."""
        job = await self._job(job_id)
        return job.get("state") == "Open" and job.get("externalIdFieldName") == external_id_field

    async def _upload(
        self, job_id: str, job: Record, records: Sequence[dict[str, str]], external_id_field: str
    ) -> None:
        """Hand an open job its records and close it. A job that has its file already, because only the closing was lost, is
        closed."""
        named = job.get("contentUrl")
        path = f"{API}/jobs/ingest/{job_id}/batches"
        if isinstance(named, str) and _CONTENT_URL.fullmatch(named):
            path = f"/{named.lstrip('/')}"
        kind = {"Content-Type": "text/csv"}
        content = as_csv(records, external_id_field)
        try:
            await self.call("upload", "PUT", path, classify=classify, content=content, headers=kind)
        except VendorBadRequest as error:
            if error.detail != _HAS_ITS_FILE:
                raise
        closed = {"state": "UploadComplete"}
        await self.call("close_job", "PATCH", f"{API}/jobs/ingest/{job_id}", classify=classify, json=closed)

    async def _job(self, job_id: str) -> Record:
        return (await self.call("poll_job", "GET", f"{API}/jobs/ingest/{job_id}", classify=classify)).json()

    async def _outcome(self, job_id: str, records: Sequence[dict[str, str]], field: str) -> list[CrmResult]:
        waited, polls = 0.0, 0
        job = await self._job(job_id)
        while job.get("state") not in _DONE:
            wait = POLL_WAITS[min(polls, len(POLL_WAITS) - 1)]
            if waited + wait > PATIENCE:
                raise VendorUnavailable(
                    self.vendor, "poll_job", f"the job is still {word(job.get('state'))} after {waited:.0f} s"
                )
            await self._sleep(wait)
            waited, polls = waited + wait, polls + 1
            job = await self._job(job_id)
        parts = await asyncio.gather(
            *(self._rows(job_id, part) for part in ("successfulResults", "failedResults", "unprocessedrecords"))
        )
        return reconciled(
            [record[field] for record in records], field, *parts, error=str(job.get("errorMessage") or "")
        )

    async def _rows(self, job_id: str, part: str) -> str:
        path = f"{API}/jobs/ingest/{job_id}/{part}"
        return (await self.call("job_results", "GET", path, classify=classify, parse="text")).text


def classify(status: int, headers: Mapping[str, str], body: Any) -> Classified:  # noqa: ARG001
    """Salesforce's language: a JSON array with an errorCode; 403 may be a limit, 401 is an expired session."""
    if 200 <= status < 300:
        return Classified(Verdict.OK)
    code = _code(body)
    if status == 401 or code == "INVALID_SESSION_ID":
        return Classified(Verdict.AUTH, detail=code or "the session is not accepted")
    if code == "REQUEST_LIMIT_EXCEEDED" or status == 429:
        return Classified(Verdict.RETRY_AFTER, detail=code or "rate limit")
    if status == 403:
        return Classified(Verdict.ENTITLEMENT, detail=code or "not allowed")
    if status >= 500:
        return Classified(Verdict.BACK_OFF, detail=code or "server error")
    return Classified(Verdict.BAD_REQUEST, detail=code or "rejected")


def classify_login(status: int, headers: Mapping[str, str], body: Any) -> Classified:  # noqa: ARG001
    """The token endpoint: 400 says what is wrong with the credentials. Never AUTH, which would log in again."""
    if 200 <= status < 300:
        return Classified(Verdict.OK)
    if status == 429 or status >= 500:
        return Classified(Verdict.BACK_OFF, detail="the login service is not available")
    named = body.get("error") if isinstance(body, Mapping) else None
    return Classified(Verdict.BAD_REQUEST, detail=str(named or "the login was refused"))


def _may_be_lost(listed: Record, since: datetime) -> bool:
    """Whether a listed job may be one that we made then and lost. An unknown date may."""
    kind = (listed.get("object"), listed.get("operation"), listed.get("state"))
    if kind != ("Lead", "upsert", "Open"):
        return False
    try:
        return datetime.fromisoformat(str(listed.get("createdDate"))) >= since - CLOCKS_DIFFER
    except (ValueError, TypeError):
        return True


def _code(body: Any) -> str:
    first = body[0] if isinstance(body, list) and body else body
    if isinstance(first, Mapping) and (code := word(first.get("errorCode"))):
        return code
    return message_of(first) if isinstance(first, Mapping) else ""


def _described(known: Mapping[str, Any]) -> dict[str, Any]:
    is_closed = bool(known.get("restrictedPicklist"))
    options = [str(each.get("value")) for each in objects(known.get("picklistValues")) if each.get("active", True)]
    return {
        "type": _KINDS.get(str(known.get("type")), "text"),
        "length": whole(known.get("length")) or None,
        "required": not known.get("nillable", True) and not known.get("defaultedOnCreate", False),
        "options": options if is_closed else None,
        "unique": bool(known.get("externalId") or known.get("unique")),
        "read_only": not known.get("createable", True),
    }
