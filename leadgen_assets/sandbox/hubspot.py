"""HubSpot's CRM API over the contacts of one account (vendors.md §6.1): paths, batch rules, and its error language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from leadgen_assets.sandbox.frame import Call, FrameOptions, Refused, VendorSim, answer
from leadgen_assets.sandbox.hubspot_contacts import ContactBook, ContactProblem, Property, shown, timestamp
from leadgen_assets.sandbox.hubspot_language import (
    MOST_INPUTS,
    TRANSIENT,
    error_of,
    failure,
    inputs_of,
    refuse,
    slow_down,
)
from leadgen_assets.sandbox.rates import Rejection, Window

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import World

DAY = 86_400
UNLIMITED = Window(1_000_000, 10)
"""What the headers say when the limits file names none."""


class HubSpot(VendorSim):
    """One account, reached with one private-app token."""

    name = "hubspot"
    prefix = "/hubspot"

    def reset(self) -> None:
        super().reset()
        self.book = ContactBook()
        self.created = self.updated = self.erased = 0
        self._storm = 0

    def routes(self) -> Sequence[Route]:
        contacts, properties = "/crm/v3/objects/contacts", "/crm/v3/properties/contacts"
        dated = "/crm/objects/{version:str}/contacts"
        return [
            self.endpoint(f"{contacts}/batch/upsert", "upsert", self.upsert),
            self.endpoint(f"{dated}/batch/upsert", "upsert", self.upsert),
            self.endpoint(f"{contacts}/gdpr-delete", "gdpr_delete", self.gdpr_delete),
            self.endpoint(f"{contacts}/batch/read", "read", self.read_batch),
            self.endpoint(f"{contacts}/{{contact_id}}", "read", self.read_one, ["GET"]),
            self.endpoint(contacts, "read", self.read_page, ["GET"]),
            self.endpoint(contacts, "create", self.create),
            self.endpoint(properties, "properties", self.list_properties, ["GET"]),
            self.endpoint(properties, "properties", self.create_property),
            self.endpoint(f"{properties}/{{name}}", "properties", self.read_property, ["GET"]),
            self.endpoint("/account-info/{version}/details", "account", self.details, ["GET"]),
            self.endpoint("/account-info/{version}/api-usage/daily/private-apps", "account", self.daily_usage, ["GET"]),
        ]

    # Its own language

    def authorize(self, call: Call) -> Response | None:
        if call.bearer is None:
            text = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
            return failure(401, "INVALID_AUTHENTICATION", text)
        if self.faults.expired_token:
            return failure(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired.")
        if not self.accepts(call.bearer):
            return failure(401, "INVALID_AUTHENTICATION", "The API key used to make this call is invalid.")
        return slow_down("DAILY") if self.faults.credits_out else None

    def too_many(self, call: Call, rejection: Rejection) -> Response:
        if rejection.window.seconds >= DAY:
            return slow_down("DAILY")
        return slow_down("TEN_SECONDLY_ROLLING")

    def broken(self, call: Call) -> Response:
        """An outage is 503; a storm of errors goes round everything HubSpot calls temporary."""
        if self.faults.down:
            return failure(503, "SERVICE_UNAVAILABLE", "Service Unavailable")
        status, headers = TRANSIENT[self._storm % len(TRANSIENT)]
        self._storm += 1
        response = failure(status, "TEMPORARY", "The request could not be handled right now.")
        response.headers.update(headers)
        return response

    def rate_headers(self, operation: str) -> Mapping[str, str]:
        usage = self.windows.usage(operation)
        short, used = min((each for each in usage if each[0].seconds < DAY), key=_seconds, default=(UNLIMITED, 0))
        headers = {
            "X-HubSpot-RateLimit-Max": str(short.requests),
            "X-HubSpot-RateLimit-Remaining": str(max(0, short.requests - used)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(round(short.seconds * 1000)),
        }
        for window, spent in usage:
            if window.seconds >= DAY:
                headers["X-HubSpot-RateLimit-Daily"] = str(window.requests)
                headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(0, window.requests - spent))
        return headers

    # Contacts

    def upsert(self, call: Call) -> Response:
        """Up to 100 contacts, created or updated.

        Bad records fail alone (207) only when every input carries its own `objectWriteTraceId` and a custom unique
        property identifies them; "partial upserts are not supported" by email. Otherwise one fails all.
        """
        inputs, id_property = inputs_of(call.json_object, self.book)
        traces = [each.get("objectWriteTraceId") for each in inputs]
        is_partial = id_property != "email" and all(traces) and len(set(traces)) == len(traces)
        started = timestamp()
        if not is_partial:
            self._check_all(inputs, id_property)
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for each in inputs:
            try:
                contact, is_new = self.book.upsert(id_property, each["id"], each.get("properties", {}))
            except ContactProblem as problem:
                errors.append(error_of(problem, each["objectWriteTraceId"]))
                continue
            self.created += is_new
            self.updated += not is_new
            trace = {"objectWriteTraceId": each["objectWriteTraceId"]} if each.get("objectWriteTraceId") else {}
            results.append(self.drifted({**shown(contact), "new": is_new, **trace}))
        body = {"status": "COMPLETE", "results": results, "requestedAt": started, "startedAt": started}
        body["completedAt"] = timestamp()
        if errors:
            return answer({**body, "numErrors": len(errors), "errors": errors}, 207)
        return answer(body)

    def _check_all(self, inputs: list[dict[str, Any]], id_property: str) -> None:
        """Refuse the batch with its first problem, before anything is written."""
        taken: set[tuple[str, str]] = set()
        for each in inputs:
            values = each.get("properties", {})
            try:
                self.book.check_upsert(id_property, each["id"], values)
            except ContactProblem as problem:
                raise Refused(failure(problem.status, problem.category, problem.message, problem.errors)) from None
            wanted = {**values, id_property: values.get(id_property) or each["id"]}
            own = {
                self.book.key(name, value) for name, value in wanted.items() if value and self.book.is_id_property(name)
            }
            if own & taken:
                raise Refused(failure(409, "CONFLICT", "Two inputs of the batch have the same unique value"))
            taken |= own

    def create(self, call: Call) -> Response:
        """One contact, which must not exist."""
        values = call.json_object.get("properties")
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise refuse("Invalid input JSON: Some required fields were not set: [properties]")
        id_property = next((name for name in values if values[name] and self.book.is_id_property(name)), None)
        if id_property is None:
            raise refuse("A contact needs an email or another unique property")
        try:
            if found := self.book.check_upsert(id_property, values[id_property], values):
                raise ContactProblem("CONFLICT", f"Contact already exists. Existing ID: {found.id}", status=409)
            contact, _ = self.book.upsert(id_property, values[id_property], values)
        except ContactProblem as problem:
            return failure(problem.status, problem.category, problem.message, problem.errors)
        self.created += 1
        return answer(shown(contact), 201)

    def gdpr_delete(self, call: Call) -> Response:
        """Deletes a contact for good and blocks its address; an unknown address is blocked, an unknown id is a 404."""
        wanted = call.json_object
        value, id_property = wanted.get("objectId"), wanted.get("idProperty")
        if not isinstance(value, str) or id_property not in (None, "email"):
            raise refuse("Invalid input JSON: Some required fields were not set: [objectId]")
        if not self.book.forget(value, by_email=id_property == "email") and id_property is None:
            return failure(404, "OBJECT_NOT_FOUND", "Object not found.")
        self.erased += 1
        return Response(None, 204)

    def read_one(self, call: Call) -> Response:
        """A contact by record id, or by the value of `idProperty`."""
        contact = self.book.find(call.path["contact_id"], call.query.get("idProperty"))
        if contact is None:
            return failure(404, "OBJECT_NOT_FOUND", "Object not found.")
        names = call.query.get("properties")
        return answer(shown(contact, names.split(",") if names else None))

    def read_batch(self, call: Call) -> Response:
        """Up to 100 contacts; unknown ones are left out and told in a 207."""
        content = call.json_object
        inputs = [str(each.get("id")) for each in content.get("inputs", [])]
        if not 1 <= len(inputs) <= MOST_INPUTS:
            raise refuse(f"Between 1 and {MOST_INPUTS} inputs are needed")
        found = {each: self.book.find(each, content.get("idProperty")) for each in inputs}
        results = [shown(contact, content.get("properties") or None) for contact in found.values() if contact]
        missing = [each for each, contact in found.items() if contact is None]
        body: dict[str, Any] = {
            "status": "COMPLETE",
            "results": results,
            "startedAt": timestamp(),
            "completedAt": timestamp(),
        }
        if not missing:
            return answer(body)
        error = {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": "Could not get some CONTACT objects, they may be deleted or not exist.",
            "context": {"ids": missing},
        }
        return answer({**body, "numErrors": 1, "errors": [error]}, 207)

    def read_page(self, call: Call) -> Response:
        """All contacts, at most 100 a page, by cursor."""
        try:
            limit, after = int(call.query.get("limit", "10")), int(call.query.get("after", "0"))
        except ValueError:
            raise refuse("limit and after must be numbers") from None
        if not 1 <= limit <= MOST_INPUTS:
            raise refuse(f"limit must be between 1 and {MOST_INPUTS}")
        body: dict[str, Any] = {"results": [shown(each) for each in self.book.page(after, limit)]}
        if after + limit < len(self.book.contacts):
            body["paging"] = {"next": {"after": str(after + limit)}}
        return answer(body)

    # Properties

    def list_properties(self, call: Call) -> Response:
        return answer({"results": [each.described() for each in self.book.properties.values()]})

    def read_property(self, call: Call) -> Response:
        known = self.book.properties.get(call.path["name"])
        if known is None:
            return failure(404, "OBJECT_NOT_FOUND", f"Property {call.path['name']} does not exist")
        return answer(known.described())

    def create_property(self, call: Call) -> Response:
        """A new custom property."""
        wanted = call.json_object
        missing = [key for key in ("name", "label", "type", "fieldType", "groupName") if not wanted.get(key)]
        if missing:
            raise refuse(f"Invalid input JSON: Some required fields were not set: {missing}")
        if wanted["name"] in self.book.properties:
            return failure(409, "CONFLICT", f'A property named "{wanted["name"]}" already exists.')
        options = tuple(str(each["value"]) for each in wanted.get("options", []))
        unique = bool(wanted.get("hasUniqueValue"))
        made = Property(wanted["name"], wanted["label"], wanted["type"], options, is_unique=unique, is_custom=True)
        self.book.properties[made.name] = made
        return answer(made.described(), 201)

    # Account

    def details(self, call: Call) -> Response:
        return answer(
            {"portalId": 1000001, "accountType": "SANDBOX", "timeZone": "US/Eastern", "companyCurrency": "USD"}
        )

    def daily_usage(self, call: Call) -> Response:
        """Requests of today against the daily limit; what a health check asks."""
        daily = [(w, used) for w, used in self.windows.usage("account") if w.seconds >= DAY]
        window, used = (
            daily[0] if daily else (Window(UNLIMITED.requests, DAY), sum(t.total() for t in self.statuses.values()))
        )
        midnight = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0) + timedelta(days=1)
        usage = {
            "name": "private-apps-api-calls-daily",
            "usageLimit": window.requests,
            "currentUsage": used,
            "collectedAt": timestamp(),
            "fetchStatus": "SUCCESS",
            "resetsAt": midnight.isoformat().replace("+00:00", "Z"),
        }
        return answer({"results": [usage]})

    def inspect(self) -> dict[str, Any]:
        """Counts of writes, and every contact's id and properties by its external id (else by email)."""
        by_key = {}
        for contact in self.book.contacts.values():
            key = contact.properties.get("lead_external_id") or contact.properties.get("email") or contact.id
            by_key[key] = {"id": contact.id, "writes": contact.writes, **contact.properties}
        return {
            "count": len(self.book.contacts),
            "created": self.created,
            "updated": self.updated,
            "erased": self.erased,
            "by_external_id": by_key,
        }


def _seconds(usage: tuple[Window, int]) -> float:
    return usage[0].seconds


def build(world: World, options: FrameOptions) -> VendorSim:
    """The simulator, as the server mounts it."""
    return HubSpot(world, options)
