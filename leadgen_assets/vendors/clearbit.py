"""Clearbit company lookup by domain (vendors.md §5.1). Optional: only accounts from before 2024 have a key."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from leadgen_assets.vendors.clearbit_shape import company_fields
from leadgen_assets.vendors.contracts import (
    Answer,
    CompanyQuery,
    Found,
    HealthVerdict,
    Missed,
    VendorBadRequest,
    VendorError,
    Verdict,
)
from leadgen_assets.vendors.http import Classified, VendorClient
from leadgen_assets.vendors.values import part, word

_FOUND = Decimal(1)
"""Clearbit names no charge in its answers; a found company counts as one lookup of the contract."""
QUEUED_WAITS = (2.0, 5.0, 10.0)
"""Seconds before a queued company (202) is asked for again; a lookup still queued then is left for a later round."""


class ClearbitClient(VendorClient):
    """A `CompanyFinder`. One call a company."""

    name = "clearbit"
    batch_size = 1
    repeat_is_free = False  # not documented, so not assumed

    async def authorise(self) -> dict[str, str]:
        """HTTP Basic: the key as user, no password."""
        token = b64encode(f"{self.access.secret('clearbit_api_key')}:".encode()).decode()
        return {"Authorization": f"Basic {token}", "API-Version": "2019-12-19"}

    def can_answer(self, query: CompanyQuery) -> bool:
        """Clearbit knows companies by domain only."""
        return bool(query.domain)

    async def find_companies(self, companies: Sequence[CompanyQuery]) -> list[Answer]:
        """One answer a company; a company still queued after the last wait is a miss that is not final."""
        return list(await asyncio.gather(*(self._find(company) for company in companies)))

    async def check(self) -> HealthVerdict:
        """A lookup without a domain: refused for its content, which is free, unless the key is not accepted."""
        try:
            await self._get("")
        except VendorBadRequest:
            pass
        except VendorError as error:
            return HealthVerdict(self.vendor, ok=False, detail=error.detail)
        return HealthVerdict(self.vendor, ok=True, detail="the key is accepted")

    async def _find(self, company: CompanyQuery) -> Answer:
        try:
            for wait in (0.0, *QUEUED_WAITS):
                if wait:
                    await self._sleep(wait)
                verdict, body = await self._get(company.domain or "")
                if verdict is not Verdict.PENDING:
                    break
        except VendorBadRequest as error:
            if error.status != 422:
                raise
            return Missed(company.ref)
        if verdict is Verdict.PENDING:
            return Missed(company.ref, is_final=False)
        fields = company_fields(body)
        return Found(company.ref, fields, _FOUND) if fields else Missed(company.ref)

    async def _get(self, domain: str) -> tuple[Verdict, Any]:
        host = self.access.base_url or "https://company.clearbit.com"
        url = f"{host}/v2/companies/find"
        params = {"domain": domain} if domain else {}
        reply = await self.call("company", "GET", url, classify=classify, params=params, paid=True)
        return reply.verdict, reply.body


def classify(status: int, headers: Mapping[str, str], body: Any) -> Classified:
    """Clearbit's language: 202 is queued, 404 a miss, and 429 names its end in `x-ratelimit-reset` (epoch)."""
    kind = word(part(body, "error").get("type"))
    if status == 200:
        # a page of somebody's proxy is not "nobody": that would be remembered as a miss
        is_object = isinstance(body, Mapping)
        return Classified(Verdict.OK) if is_object else Classified(Verdict.BACK_OFF, detail="the answer is not JSON")
    if status == 202:
        return Classified(Verdict.PENDING)
    if status == 404 and kind != "unknown_route":
        return Classified(Verdict.EMPTY)
    if status == 429:
        return Classified(Verdict.RETRY_AFTER, _until(headers.get("x-ratelimit-reset")), "rate limit")
    if status == 401:
        return Classified(Verdict.AUTH, detail=kind or "the key is not accepted")
    if status == 402:
        return Classified(Verdict.OUT_OF_CREDITS, detail="over quota")
    if status == 403:
        return Classified(Verdict.ENTITLEMENT, detail=kind or "the account may not use this API")
    if status >= 500:
        return Classified(Verdict.BACK_OFF, detail="server error")
    return Classified(Verdict.BAD_REQUEST, detail=kind or "the request is not accepted")


def _until(epoch: str | None) -> float | None:
    try:
        return max(0.0, float(epoch or "") - time.time()) + 0.5
    except ValueError:
        return None
