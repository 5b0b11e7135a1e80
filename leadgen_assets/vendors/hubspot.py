"""HubSpot contacts (vendors.md §6.1): batch upsert on a unique property of ours, one result per record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from leadgen_assets.vendors.answers import by_status
from leadgen_assets.vendors.contracts import (
    CrmOutcome,
    CrmResult,
    HealthVerdict,
    Record,
    VendorBadRequest,
    VendorError,
    VendorUnavailable,
    Verdict,
)
from leadgen_assets.vendors.http import Classified, VendorClient, retry_after
from leadgen_assets.vendors.values import identifier, objects, part, whole, word

LOCKED_WAIT = 2.0
_WINDOW = 10.0
_PASSING = {"RATE_LIMITS", "RATE_LIMIT", "INTERNAL_ERROR", "LOCKED", "SERVICE_UNAVAILABLE"}
_EVERY_RECORD = "PROPERTY_DOESNT_EXIST"
"""A mistake of the mapping, the same for every record: splitting the batch would only repeat it."""
_TOLD = 3
"""Errors of one record, and fields of one error, that a reason names."""
_KINDS = {
    "string": "text",
    "enumeration": "picklist",
    "number": "number",
    "bool": "bool",
    "date": "date",
    "datetime": "date",
}


class HubSpotClient(VendorClient):
    """A `CrmClient` over contacts."""

    name = "hubspot"
    batch_size = 100

    async def authorise(self) -> dict[str, str]:
        """The private app's token."""
        return {"Authorization": f"Bearer {self.access.secret('hubspot_access_token')}"}

    async def describe(self) -> dict[str, Any]:
        """The contact properties by internal name; HubSpot requires none of them."""
        reply = await self.call("properties", "GET", "/crm/v3/properties/contacts", classify=classify)
        fields = ((word(each.get("name")), each) for each in objects(reply.json().get("results")))
        return {name: _described(name, each) for name, each in fields if name}

    async def check(self) -> HealthVerdict:
        """List one contact id: tells whether the token is good and has the contacts scope."""
        params = {"limit": 1, "properties": "hs_object_id"}
        try:
            await self.call("contacts", "GET", "/crm/v3/objects/contacts", classify=classify, params=params)
        except VendorError as error:
            return HealthVerdict(self.vendor, ok=False, detail=error.detail)
        return HealthVerdict(self.vendor, ok=True, detail="contacts can be read")

    async def upsert(self, records: Sequence[dict[str, str]], external_id_field: str) -> list[CrmResult]:
        """One result per record, in their order. A batch refused as a whole is halved until the bad record is alone.

        Raises `VendorError` when the batch could not be sent at all (credentials, daily limit, HubSpot down).
        """
        sent = {record[external_id_field]: record for record in records}
        results = await self._upsert(list(sent.values()), external_id_field)
        known = {result.external_id: result for result in results}
        return [
            known.get(each) or CrmResult(each, CrmOutcome.RETRY, reason="the answer does not name this record")
            for each in (record[external_id_field] for record in records)
        ]

    async def erase(self, crm_id: str | None, external_id: str, external_id_field: str) -> bool:
        """HubSpot's GDPR deletion: the contact, what belongs to it, and its address on HubSpot's blocklist for good.

        False when there is no such contact (any more).
        """
        try:
            found = crm_id or await self._id_of(external_id, external_id_field)
            if found is None:
                return False
            path = "/crm/v3/objects/contacts/gdpr-delete"
            await self.call("gdpr_delete", "POST", path, classify=classify, json={"objectId": found})
        except VendorBadRequest as error:
            if error.status == 404:
                return False
            raise
        return True

    async def _id_of(self, external_id: str, external_id_field: str) -> str | None:
        path, params = f"/crm/v3/objects/contacts/{external_id}", {"idProperty": external_id_field}
        reply = await self.call("contact", "GET", path, classify=classify, params=params)
        return identifier(reply.json().get("id"))

    async def _upsert(self, records: list[dict[str, str]], field: str) -> list[CrmResult]:
        inputs = [
            {"id": record[field], "idProperty": field, "objectWriteTraceId": record[field], "properties": record}
            for record in records
        ]
        path = "/crm/v3/objects/contacts/batch/upsert"
        try:
            reply = await self.call("upsert", "POST", path, classify=classify, json={"inputs": inputs})
        except VendorBadRequest as error:
            if len(records) == 1 or _EVERY_RECORD in error.detail:
                reason = error.detail or "refused"
                return [CrmResult(record[field], CrmOutcome.FAILED, reason=reason) for record in records]
            return await self._halves(records, field)
        return _results(reply.json(), field)

    async def _halves(self, records: list[dict[str, str]], field: str) -> list[CrmResult]:
        middle = len(records) // 2
        results: list[CrmResult] = []
        for half in (records[:middle], records[middle:]):
            try:
                results += await self._upsert(half, field)
            except VendorUnavailable as error:
                results += [CrmResult(record[field], CrmOutcome.RETRY, reason=error.detail) for record in half]
        return results


def classify(status: int, headers: Mapping[str, str], body: Any) -> Classified:
    """HubSpot's language: 429 by policy, 423 locked, 477 migrating; errors name code and property."""
    if status == 429:
        return _too_many(headers, body)
    if status == 423:
        return Classified(Verdict.BACK_OFF, LOCKED_WAIT, "locked")
    if status == 477:
        return Classified(Verdict.RETRY_AFTER, retry_after(headers), "the account is being migrated")
    if status in (400, 409, 422):
        return Classified(Verdict.BAD_REQUEST, detail=_why(body))
    common = by_status(status, headers, body)
    return Classified(common.verdict, common.wait, _why(body) or common.detail)


def _too_many(headers: Mapping[str, str], body: Any) -> Classified:
    policy = word(body.get("policyName")) if isinstance(body, Mapping) else ""
    if policy == "DAILY":
        # Midnight of the account's time zone, which the answer does not name: at the latest a day from now.
        now = datetime.now(UTC)
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
        wait = max(3600.0, (midnight - now).total_seconds())
        return Classified(Verdict.RETRY_AFTER, wait, "the account's daily limit is used up")
    asked = retry_after(headers)
    if asked is None:
        interval = whole(headers.get("x-hubspot-ratelimit-interval-milliseconds"))
        asked = _WINDOW if interval is None else interval / 1000
    return Classified(Verdict.RETRY_AFTER, asked, policy or "rate limit")


def _results(body: Record, field: str) -> list[CrmResult]:
    """Successes and the errors of a 207, each by its trace id."""
    results = []
    for row in objects(body.get("results")):
        external_id = row.get("objectWriteTraceId") or part(row, "properties").get(field)
        if external_id:
            outcome = CrmOutcome.CREATED if row.get("new") else CrmOutcome.UPDATED
            results.append(CrmResult(str(external_id), outcome, crm_id=identifier(row.get("id"))))
    for error in objects(body.get("errors")):
        outcome = CrmOutcome.RETRY if word(error.get("category")) in _PASSING else CrmOutcome.FAILED
        reason = _why(error) or "refused"
        results += [CrmResult(external_id, outcome, reason=reason) for external_id in _traces(error)]
    return results


def _traces(error: Mapping[str, Any]) -> list[str]:
    ids = part(error, "context").get("objectWriteTraceId") or []
    return [str(each) for each in (ids if isinstance(ids, list) else [ids])]


def _why(body: Any) -> str:
    """Category, and code with property of each error. Messages quote values, so they are left out."""
    if not isinstance(body, Mapping):
        return ""
    said = [word(body.get("category")) or word(body.get("errorType"))]
    for error in objects(body.get("errors"))[:_TOLD]:
        names = part(error, "context").get("propertyName")
        said.append(" ".join(map(word, [error.get("code"), *(names if isinstance(names, list) else [names])][:_TOLD])))
    return ", ".join(dict.fromkeys(each.strip() for each in said if each.strip()))


def _described(name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    kind = _KINDS.get(str(known.get("type")), "text")
    modification = part(known, "modificationMetadata")
    is_open = kind != "picklist" or bool(known.get("externalOptions"))
    return {
        "type": "email" if name == "email" else "phone" if known.get("fieldType") == "phonenumber" else kind,
        "length": 65_536 if kind == "text" else None,
        "required": False,
        "options": None if is_open else [str(option.get("value")) for option in objects(known.get("options"))],
        "unique": bool(known.get("hasUniqueValue")),
        "read_only": bool(modification.get("readOnlyValue") or known.get("calculated")),
    }
