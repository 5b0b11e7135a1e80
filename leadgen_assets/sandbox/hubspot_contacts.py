"""The contacts of a HubSpot account: their properties, what values those take, who is unique. No HTTP here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

LONGEST_TEXT = 65_536
EMAIL = re.compile(r"[^@\s,;<>()\"\[\]]+@[^@\s.,;<>()]+(\.[^@\s.,;<>()]+)+")

LIFECYCLE = (
    "subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist",
    "other",
)  # fmt: skip
"""Internal names in their order: an integration can move a contact forward only (§6.1)."""

LEAD_STATUS = (
    "NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING",
)  # fmt: skip


HEAD_COUNTS = ("1-5", "5-25", "25-50", "50-100", "100-500", "500-1000", "1000+")


@dataclass(frozen=True)
class Property:
    """One contact property."""

    name: str
    label: str
    type: str = "string"
    """string, enumeration, number, date, datetime, bool."""
    options: tuple[str, ...] = ()
    """Internal names of an enumeration."""
    is_unique: bool = False
    is_read_only: bool = False
    is_custom: bool = False

    def problem(self, value: str) -> dict[str, Any] | None:
        """What is wrong with a value, in HubSpot's words; an empty value clears the property and is never wrong."""
        if not value:
            return None
        if self.is_read_only:
            return self._error("READ_ONLY_VALUE", f'"{self.name}" is a read only property; its value cannot be set.')
        if len(value) > LONGEST_TEXT:
            return self._error("PROPERTY_VALUE_TOO_LONG", f"{self.name} is longer than {LONGEST_TEXT} characters")
        if self.name == "email" and not EMAIL.fullmatch(value):
            return self._error("INVALID_EMAIL", f"Email address {value} is invalid")
        if self.type == "enumeration" and not set(value.split(";")) <= set(self.options):
            known = ", ".join(self.options)
            return self._error("INVALID_OPTION", f"{value} was not one of the allowed options: [{known}]")
        if self.type == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
            return self._error("INVALID_NUMBER", f"{value} was not a valid number.")
        if self.type == "bool" and value not in ("true", "false"):
            return self._error("INVALID_BOOLEAN", f"{value} was not a valid boolean.")
        if self.type in ("date", "datetime") and not is_date(value):
            return self._error("INVALID_DATE", f"{value} was not a valid long or ISO 8601 date.")
        return None

    def _error(self, code: str, message: str) -> dict[str, Any]:
        return {"message": message, "code": code, "context": {"propertyName": [self.name]}}

    def described(self) -> dict[str, Any]:
        """As `GET /crm/v3/properties/contacts` tells it."""
        kinds = {"string": "text", "enumeration": "select", "bool": "booleancheckbox", "datetime": "date"}
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": kinds.get(self.type, self.type),
            "groupName": "contactinformation",
            "description": "",
            "options": [
                {"label": each, "value": each, "displayOrder": order, "hidden": False}
                for order, each in enumerate(self.options)
            ],
            "hasUniqueValue": self.is_unique,
            "calculated": False,
            "hidden": False,
            "hubspotDefined": not self.is_custom,
            "formField": True,
            "archived": False,
            "modificationMetadata": {
                "archivable": self.is_custom,
                "readOnlyDefinition": not self.is_custom,
                "readOnlyValue": self.is_read_only,
            },
        }


def is_date(value: str) -> bool:
    """Milliseconds since the epoch, or ISO 8601."""
    if value.isdigit():
        return True
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


STANDARD_PROPERTIES = (
    Property("email", "Email"),
    Property("firstname", "First Name"),
    Property("lastname", "Last Name"),
    Property("jobtitle", "Job Title"),
    Property("company", "Company Name"),
    Property("phone", "Phone Number"),
    Property("mobilephone", "Mobile Phone Number"),
    Property("city", "City"),
    Property("state", "State/Region"),
    Property("country", "Country/Region"),
    Property("zip", "Postal Code"),
    Property("website", "Website URL"),
    Property("industry", "Industry"),
    Property("numemployees", "Number of Employees", "enumeration", HEAD_COUNTS),
    Property("lifecyclestage", "Lifecycle Stage", "enumeration", LIFECYCLE),
    Property("hs_lead_status", "Lead Status", "enumeration", LEAD_STATUS),
    Property("hs_linkedin_url", "LinkedIn URL"),
    Property("hs_object_id", "Record ID", "number", is_read_only=True),
    Property("createdate", "Create Date", "datetime", is_read_only=True),
    Property("lastmodifieddate", "Last Modified Date", "datetime", is_read_only=True),
)  # fmt: skip

CUSTOM_PROPERTIES = (
    Property("lead_external_id", "Lead external id", is_unique=True, is_custom=True),
    Property("data_quality_score", "Data quality score", "number", is_custom=True),
    Property("lead_data_source", "Lead data source", is_custom=True),
)
"""What an administrator made for the lead sprints (docs: the unique one is needed for partial success)."""


@dataclass
class Contact:
    """One stored contact."""

    id: str
    properties: dict[str, str]
    created_at: str
    updated_at: str
    writes: int = 1


class ContactProblem(Exception):
    """Why one input was refused: HubSpot's category, message, per-property errors, and the HTTP status it calls for."""

    def __init__(
        self, category: str, message: str, errors: list[dict[str, Any]] | None = None, status: int = 400
    ) -> None:
        self.category = category
        self.message = message
        self.errors = errors or []
        self.status = status
        super().__init__(category)


@dataclass
class ContactBook:
    """All contacts of the account, found by record id or by any unique property (email case-insensitively)."""

    properties: dict[str, Property] = field(
        default_factory=lambda: {each.name: each for each in (*STANDARD_PROPERTIES, *CUSTOM_PROPERTIES)}
    )
    contacts: dict[str, Contact] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    """Addresses of deleted people; nobody can be made with one of them."""
    _unique: dict[tuple[str, str], str] = field(default_factory=dict)
    _made: int = 0

    def is_id_property(self, name: str) -> bool:
        """Whether contacts can be addressed by that property."""
        return name == "email" or (name in self.properties and self.properties[name].is_unique)

    @staticmethod
    def key(name: str, value: str) -> tuple[str, str]:
        """How a unique value is compared."""
        return name, value.strip().casefold() if name == "email" else value.strip()

    def find(self, value: str, id_property: str | None = None) -> Contact | None:
        """The contact with that record id, or that value of a unique property."""
        known = value if id_property is None else self._unique.get(self.key(id_property, value))
        return self.contacts.get(known) if known is not None else None

    def check(self, values: Mapping[str, str]) -> None:
        """`ContactProblem` with one error per unknown property or impossible value."""
        errors = []
        for name, value in values.items():
            known = self.properties.get(name)
            if known is None:
                message = f'Property "{name}" does not exist'
                errors.append(
                    {"message": message, "code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": [name]}}
                )
                continue
            problem = known.problem(value)
            if problem:
                errors.append(problem)
            elif name == "email" and value.strip().casefold() in self.blocked:
                message = "The address belongs to a person who was deleted on request"
                context = {"propertyName": [name]}
                errors.append({"message": message, "code": "GDPR_BLACKLISTED_EMAIL", "context": context})
        if errors:
            raise ContactProblem("VALIDATION_ERROR", "Property values were not valid", errors)

    def check_upsert(self, id_property: str, value: str, values: Mapping[str, str]) -> Contact | None:
        """The contact an upsert would update, None when it would create one. `ContactProblem` if it may do neither."""
        self.check({id_property: value, **values})
        found = self.find(value, id_property)
        for name, other in values.items():
            if other and self.is_id_property(name):
                owner = self._unique.get(self.key(name, other))
                if owner is not None and (found is None or owner != found.id):
                    raise ContactProblem("CONFLICT", f"Contact already exists. Existing ID: {owner}", status=409)
        return found

    def upsert(self, id_property: str, value: str, values: Mapping[str, str]) -> tuple[Contact, bool]:
        """Create or update; returns the contact and whether it is new. `ContactProblem` as `check_upsert`."""
        found = self.check_upsert(id_property, value, values)
        wanted = {**values, id_property: values.get(id_property) or value}
        now = timestamp()
        if found is None:
            contact_id = str(251 + self._made)
            self._made += 1
            found = self.contacts[contact_id] = Contact(contact_id, {}, now, now)
            self._write(found, {"hs_object_id": contact_id, "createdate": now, **wanted})
            return found, True
        found.updated_at = now
        found.writes += 1
        self._write(found, wanted)
        return found, False

    def forget(self, value: str, *, by_email: bool = False) -> bool:
        """Delete a contact by record id or address, with its history, and block its address. False if there is none."""
        if by_email:
            self.blocked.add(value.strip().casefold())
        found = self.find(value, "email" if by_email else None)
        if found is None:
            return False
        if found.properties.get("email"):
            self.blocked.add(found.properties["email"].casefold())
        del self.contacts[found.id]
        self._unique = {key: owner for key, owner in self._unique.items() if owner != found.id}
        return True

    def _write(self, contact: Contact, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            before = contact.properties.get(name)
            if name == "lifecyclestage" and value and before and LIFECYCLE.index(value) < LIFECYCLE.index(before):
                continue
            if self.is_id_property(name):
                value = value.strip().lower() if name == "email" else value.strip()
                if before:
                    self._unique.pop(self.key(name, before), None)
                if value:
                    self._unique[self.key(name, value)] = contact.id
            contact.properties[name] = value
        contact.properties["lastmodifieddate"] = contact.updated_at

    def page(self, after: int, limit: int) -> list[Contact]:
        """Contacts in the order of their making."""
        return list(self.contacts.values())[after : after + limit]


def shown(contact: Contact, names: Iterable[str] | None = None) -> dict[str, Any]:
    """A contact as the API returns it: all its properties, or those asked for (null when never set)."""
    values: dict[str, str | None] = dict(contact.properties)
    if names is not None:
        always = ("hs_object_id", "createdate", "lastmodifieddate")
        values = {name: contact.properties.get(name) for name in (*names, *always)}
    return {
        "id": contact.id,
        "properties": values,
        "createdAt": contact.created_at,
        "updatedAt": contact.updated_at,
        "archived": False,
    }


def timestamp() -> str:
    """Now, as HubSpot writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
