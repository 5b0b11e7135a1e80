"""Invented leads for the stores' tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from leadgen_assets.stores.documents import to_document

COLLECTED = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def row(number: int, **changes: Any) -> dict[str, Any]:
    """A complete lead row; `changes` overrule fields."""
    return {
        "lead_id": f"L{number:024x}",
        "sprint": "autumn",
        "segment": "apollo-1",
        "data_source": "apollo",
        "page": number // 100,
        "position": number % 100,
        "data_collected_date": COLLECTED,
        "vendor_id": f"v{number}",
        "linkedin_url": f"https://www.linkedin.com/in/person-{number}",
        "full_name": f"Person {number}",
        "job_title": "PPC Manager",
        "company_name": "Acme",
        "location_city": "Boston",
        "location_state": "MA",
        "location_country": "US",
        "email": f"person.{number}@acme.example",
        "email_kind": "personal",
        "flags": [],
        **changes,
    }


def lead(number: int, **changes: Any) -> dict[str, Any]:
    """The same as a document."""
    return to_document(row(number, **changes))


def lead_id(number: int) -> str:
    """The id of sample lead `number`."""
    return f"L{number:024x}"
