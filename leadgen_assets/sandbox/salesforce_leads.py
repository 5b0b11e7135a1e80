"""The Lead table of a Salesforce org: its fields, what a row must satisfy, and upserts by external id. No HTTP here."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

NULL = "#N/A"
"""What a bulk file writes to empty a field; an empty value leaves it as it is."""

EMAIL = re.compile(r"[^@\s,;<>()\"]+@[^@\s.,;<>()]+(\.[^@\s.,;<>()]+)+")
LOCKED_ONE_IN = 500
"""So many new external ids meet a locked row once and get through on the second try."""


@dataclass(frozen=True)
class LeadField:
    """One field of Lead, as far as an upload can tell."""

    name: str
    type: str = "string"
    """string, email, phone, url, textarea, picklist, int, double, currency, boolean, date, datetime, reference, id."""
    length: int = 0
    is_required: bool = False
    is_writable: bool = True
    is_external_id: bool = False
    values: tuple[str, ...] = ()
    is_restricted: bool = False

    @property
    def is_custom(self) -> bool:
        return self.name.endswith("__c")

    def problem(self, value: str) -> str | None:
        """The `sf__Error` a value earns, or None."""
        if self.length and len(value) > self.length:
            text = f"{self.name}: data value too large: {value[:40]} (max length={self.length})"
            return f"STRING_TOO_LONG:{text}:{self.name} --"
        if self.type == "email" and not EMAIL.fullmatch(value):
            return f"INVALID_EMAIL_ADDRESS:{self.name}: invalid email address: {value}:{self.name} --"
        if self.is_restricted and value not in self.values:
            text = f"{self.name}: bad value for restricted picklist field: {value}"
            return f"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:{text}:{self.name} --"
        pattern, kind = _NUMERIC.get(self.type, (None, ""))
        if pattern is not None and not pattern.fullmatch(value):
            text = f"'{value}' is not a valid value for the type xsd:{kind}"
            return f"INVALID_TYPE_ON_FIELD_IN_RECORD:{self.name}: value not of required type: {text}:{self.name} --"
        return None

    def described(self) -> dict[str, Any]:
        """As the describe call tells it."""
        picks = [
            {"active": True, "defaultValue": False, "label": each, "validFor": None, "value": each}
            for each in self.values
        ]
        return {
            "name": self.name,
            "label": self.name.removesuffix("__c").replace("_", " "),
            "type": self.type,
            "length": self.length,
            "nillable": not self.is_required,
            "defaultedOnCreate": self.name in ("Status", "OwnerId") or self.type == "boolean",
            "createable": self.is_writable,
            "updateable": self.is_writable,
            "custom": self.is_custom,
            "externalId": self.is_external_id,
            "idLookup": self.is_external_id or self.name in ("Id", "Email"),
            "unique": self.is_external_id,
            "caseSensitive": False,
            "calculated": False,
            "restrictedPicklist": self.is_restricted,
            "picklistValues": picks,
        }


_NUMERIC = {
    "int": (re.compile(r"-?\d{1,10}"), "int"),
    "double": (re.compile(r"-?\d+(\.\d+)?"), "double"),
    "currency": (re.compile(r"-?\d+(\.\d+)?"), "double"),
    "boolean": (re.compile(r"true|false|0|1", re.IGNORECASE), "boolean"),
    "date": (re.compile(r"\d{4}-\d{2}-\d{2}"), "date"),
    "datetime": (re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:?\d{2})"), "dateTime"),
}

STATUS = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")
SALUTATIONS = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx.")
LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
INDUSTRIES = (
    "Apparel",
    "Banking",
    "Consulting",
    "Education",
    "Finance",
    "Manufacturing",
    "Media",
    "Retail",
    "Technology",
    "Other",
)

FIELDS: dict[str, LeadField] = {
    each.name: each
    for each in (
        LeadField("Id", "id", 18, is_writable=False),
        LeadField("LastName", length=80, is_required=True),
        LeadField("FirstName", length=40),
        LeadField("Salutation", "picklist", 40, values=SALUTATIONS),
        LeadField("Company", length=255, is_required=True),
        LeadField("Title", length=128),
        LeadField("Email", "email", 80),
        LeadField("Phone", "phone", 40),
        LeadField("MobilePhone", "phone", 40),
        LeadField("Fax", "phone", 40),
        LeadField("Website", "url", 255),
        LeadField("Street", "textarea", 255),
        LeadField("City", length=40),
        LeadField("State", length=80),
        LeadField("PostalCode", length=20),
        LeadField("Country", length=80),
        LeadField("LeadSource", "picklist", 255, values=LEAD_SOURCES),
        LeadField("Status", "picklist", 255, values=STATUS, is_restricted=True),
        LeadField("Rating", "picklist", 255, values=("Hot", "Warm", "Cold")),
        LeadField("Industry", "picklist", 255, values=INDUSTRIES),
        LeadField("AnnualRevenue", "currency"),
        LeadField("NumberOfEmployees", "int"),
        LeadField("Description", "textarea", 32_000),
        LeadField("OwnerId", "reference", 18),
        LeadField("HasOptedOutOfEmail", "boolean"),
        LeadField("DoNotCall", "boolean"),
        LeadField("EmailBouncedReason", length=255, is_writable=False),
        LeadField("EmailBouncedDate", "datetime", is_writable=False),
        LeadField("IsConverted", "boolean", is_writable=False),
        LeadField("ConvertedContactId", "reference", 18, is_writable=False),
        LeadField("CreatedDate", "datetime", is_writable=False),
        LeadField("Lead_External_Id__c", length=64, is_external_id=True),
        LeadField("LinkedIn_URL__c", "url", 255),
        LeadField("Data_Quality_Score__c", "double"),
        LeadField("Lead_Data_Source__c", length=40),
    )
}
"""Standard fields of §6.2, then the custom ones an administrator made for the lead sprints."""


@dataclass
class RowResult:
    """What became of one row of a bulk file."""

    row: dict[str, str]
    lead_id: str = ""
    is_created: bool = False
    error: str = ""


@dataclass
class LeadTable:
    """All leads of the org, by external id."""

    has_duplicate_rule: bool = False
    """Whether the standard rule blocks a new lead whose email another lead has."""
    leads: dict[str, dict[str, str]] = field(default_factory=dict)
    by_email: dict[str, str] = field(default_factory=dict)
    created: int = 0
    updated: int = 0
    deleted: int = 0
    _met_lock: set[str] = field(default_factory=set)

    def convert(self, external_id: str) -> None:
        """What a salesperson does to a good lead; it cannot be updated any more."""
        self.leads[external_id]["IsConverted"] = "true"

    def delete(self, value: str, *, by_id: bool) -> bool:
        """Remove a lead by record id or external id. False when there is none."""
        found = [key for key, lead in self.leads.items() if (lead["Id"] if by_id else key) == value]
        for key in found:
            del self.leads[key]
            self.by_email = {email: owner for email, owner in self.by_email.items() if owner != key}
        self.deleted += len(found)
        return bool(found)

    def write(
        self, operation: str, key_field: str | None, rows: list[dict[str, str]], is_unlucky: Callable[[], bool]
    ) -> list[RowResult]:
        """Insert or upsert the rows of one file, in order; `is_unlucky` says whether a row meets a lock by accident."""
        seen: set[str] = set()
        results = []
        for row in rows:
            result = RowResult(row)
            key = row.get(key_field, "").strip() if key_field else ""
            result.error = self._refusal(operation, key_field, key, row, seen, is_unlucky)
            if not result.error:
                self._save(result, key)
            seen.add(key)
            results.append(result)
        return results

    def _refusal(
        self,
        operation: str,
        key_field: str | None,
        key: str,
        row: Mapping[str, str],
        seen: set[str],
        is_unlucky: Callable[[], bool],
    ) -> str:
        if operation == "upsert" and not key:
            return f"MISSING_ARGUMENT:{key_field} not specified:{key_field} --"
        if key and key in seen:
            return f"DUPLICATE_VALUE:Duplicate external id specified: {key}:{key_field} --"
        present = self.leads.get(key) if key else None
        if present is not None and present.get("IsConverted") == "true":
            return "CANNOT_UPDATE_CONVERTED_LEAD:cannot reference converted lead:--"
        absent = [
            name
            for name, each in FIELDS.items()
            if each.is_required and (row.get(name) == NULL or (present is None and not row.get(name)))
        ]
        if absent:
            return f"REQUIRED_FIELD_MISSING:Required fields are missing: [{', '.join(absent)}]:{', '.join(absent)} --"
        for name, value in row.items():
            if value and value != NULL and (problem := FIELDS[name].problem(value)):
                return problem
        owner = self.by_email.get(row.get("Email", "").lower())
        if self.has_duplicate_rule and present is None and owner not in (None, key):
            return "DUPLICATES_DETECTED:Use one of these records?:--"
        if is_unlucky() or self._is_locked(key):
            return "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--"
        return ""

    def _is_locked(self, key: str) -> bool:
        if not key or key in self._met_lock or zlib.crc32(key.encode()) % LOCKED_ONE_IN:
            return False
        self._met_lock.add(key)
        return True

    def _save(self, result: RowResult, key: str) -> None:
        key = key or f"insert-{len(self.leads)}"
        lead = self.leads.get(key)
        if lead is None:
            result.is_created = True
            self.created += 1
            lead = self.leads[key] = {
                "Id": f"00Q5e{len(self.leads) + self.deleted + 1:010d}AAA",
                "Status": STATUS[0],
                "IsConverted": "false",
            }
        else:
            self.updated += 1
        for name, value in result.row.items():
            if value == NULL:
                lead.pop(name, None)
            elif value:
                lead[name] = value
        if lead.get("Email"):
            self.by_email.setdefault(lead["Email"].lower(), key)
        result.lead_id = lead["Id"]
