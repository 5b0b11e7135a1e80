"""People Data Labs v5 (vendors.md §5.4): people by LinkedIn profile or name and company, in bulk."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from leadgen_assets.vendors.contracts import (
    Answer,
    Found,
    HealthVerdict,
    Missed,
    PersonQuery,
    Usage,
    VendorBadRequest,
    VendorError,
    VendorUnavailable,
    Verdict,
)
from leadgen_assets.vendors.http import Classified, Reply, VendorClient
from leadgen_assets.vendors.values import amount, objects, part, share, word

MIN_LIKELIHOOD = 6
"""Of 10. The vendor's default of 2 returns namesakes."""
WANTED = "work_email,personal_emails,mobile_phone,linkedin_url,job_company_website,job_company_size,industry"
"""Only these fields are asked for: a bulk reply is capped at 1 MB."""


class PdlClient(VendorClient):
    """An `EmailFinder`. An answer also carries what PDL knows of the person's company."""

    name = "pdl"
    batch_size = 50
    repeat_is_free = False

    async def authorise(self) -> dict[str, str]:
        """The key in its header."""
        return {"X-Api-Key": self.access.secret("pdl_api_key")}

    def can_find(self, person: PersonQuery) -> bool:
        """A LinkedIn profile, or a name and a company."""
        return bool(_params(person))

    async def find_emails(self, people: Sequence[PersonQuery]) -> list[Answer]:
        """One answer a person, joined by the `lead_id` in the metadata. A match costs a credit, a miss nothing.

        Fields: email, linkedin_url, phone, company_website, company_size, company_industry.
        """
        requests = [{"params": _params(person), "metadata": {"lead_id": person.ref}} for person in people]
        reply = await self.call(
            "bulk", "POST", "/person/bulk", classify=classify, json={"requests": requests}, paid=True
        )
        rows = {_ref(row): row for row in objects(reply.body) if _ref(row)}
        matches = sum(1 for row in rows.values() if row.get("status") == 200)
        each = _spent(reply, matches)
        return [_answer(person.ref, rows.get(person.ref), each) for person in people]

    async def check(self) -> HealthVerdict:
        """An empty bulk: refused for its content, which is free, unless the key is not accepted."""
        try:
            await self.call("bulk", "POST", "/person/bulk", classify=classify, json={"requests": []})
        except VendorBadRequest:
            pass
        except VendorError as error:
            return HealthVerdict(self.vendor, ok=False, detail=error.detail)
        return HealthVerdict(self.vendor, ok=True, detail="the key is accepted")

    async def usage(self) -> Usage:
        """Credits used over the account's life, from the headers of an empty bulk, which is refused and free (§5.4)."""
        reply = await self.call("bulk", "POST", "/person/bulk", classify=_classify_empty, json={"requests": []})
        used = amount(reply.headers.get("x-lifetime-used", ""))
        if used is None:
            raise VendorUnavailable(self.vendor, "bulk", "the answer's headers name no used credits", reply.status)
        return Usage(used)


def _classify_empty(status: int, headers: Mapping[str, str], body: Any) -> Classified:
    """The refusal of an empty bulk is what was asked for."""
    return Classified(Verdict.OK) if status == 400 else classify(status, headers, body)


def classify(status: int, headers: Mapping[str, str], body: Any) -> Classified:
    """PDL's language; 429 names its end in `x-ratelimit-reset` (a UTC time stamp)."""
    kind = word(part(body, "error").get("type"))
    if status < 300:
        return Classified(Verdict.OK)
    if status == 429:
        return Classified(Verdict.RETRY_AFTER, _until(headers.get("x-ratelimit-reset")), kind)
    meaning = {
        401: Verdict.AUTH,
        402: Verdict.OUT_OF_CREDITS,
        403: Verdict.ENTITLEMENT,
        404: Verdict.EMPTY,
    }
    return Classified(meaning.get(status, Verdict.BACK_OFF if status >= 500 else Verdict.BAD_REQUEST), detail=kind)


def _params(person: PersonQuery) -> dict[str, Any]:
    fixed = {"min_likelihood": MIN_LIKELIHOOD, "required": "emails", "data_include": WANTED}
    if person.linkedin_url:
        return {"profile": person.linkedin_url.removeprefix("https://www."), **fixed}
    company = person.company_domain or person.company_name
    name = person.full_name or " ".join(part for part in (person.first_name, person.last_name) if part)
    return {"name": name, "company": company, **fixed} if name and company else {}


def _answer(ref: str, row: Mapping[str, Any] | None, credits: Decimal) -> Answer:
    status = row.get("status") if row else None
    if row is None or status not in (200, 404):
        return Missed(ref, is_final=False)
    data = row.get("data")
    if status == 404 or not isinstance(data, Mapping):
        return Missed(ref)
    personal = data.get("personal_emails")
    website, profile = _text(data.get("job_company_website")), _text(data.get("linkedin_url"))
    fields = {
        "email": _text(data.get("work_email"))
        or (_text(personal[0]) if isinstance(personal, list) and personal else None),
        "linkedin_url": f"https://www.{profile}" if profile and "://" not in profile else profile,
        "phone": _text(data.get("mobile_phone")),
        "company_website": f"https://{website}" if website and "://" not in website else website,
        "company_size": _text(data.get("job_company_size")),
        "company_industry": _text(data.get("industry")),
    }
    known = {name: value for name, value in fields.items() if value}
    return Found(ref, known, credits, share(row.get("likelihood"), 10)) if known else Missed(ref, credits=credits)


def _text(value: Any) -> str | None:
    """Text only: on free tiers contact fields are booleans, which are no data."""
    return value.strip() or None if isinstance(value, str) else None


def _ref(row: Mapping[str, Any]) -> str:
    found = part(row, "metadata").get("lead_id")
    return found if isinstance(found, str) else ""


def _spent(reply: Reply, matches: int) -> Decimal:
    """Credits per match: what the vendor states for the call, else one."""
    stated = amount(reply.headers.get("x-call-credits-spent"))
    if stated is None:
        return Decimal(1)
    return stated / matches if matches else Decimal(0)


def _until(stamp: str | None) -> float | None:
    if not stamp:
        return None
    try:
        return max(0.0, float(stamp) - time.time()) + 0.5
    except ValueError:
        pass
    try:
        end = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return max(0.0, (end if end.tzinfo else end.replace(tzinfo=UTC)).timestamp() - time.time()) + 0.5
