"""Small frames that meet every expectation, for tests to spoil in one place."""

from __future__ import annotations

from typing import Any

import pandas as pd

PLANTED = "Zebulon Quackenbush"
PLANTED_EMAIL = "zebulon.quackenbush@example.com"
PLANTED_PROFILE = "https://www.linkedin.com/in/zebulon-quackenbush"

PARAMETERS: dict[str, Any] = {
    "required_fields": 1.0,
    "average_quality_score": 75,
    "email_availability": 0.25,
    "company_completeness": 0.8,
    "validation_rate": 0.7,
    "duplicate_rate": 0.1,
    "unique_leads": 10,
    "titles": ["PPC Manager", "Media Buyer"],
    "countries": ["US"],
    "minimum_score": 60,
    "sources": ["apollo"],
    "segments": ["apollo-1"],
    "processed_leads": 20,
}


def leads(count: int = 20) -> pd.DataFrame:
    """Normalised leads; every other one has an e-mail address."""
    return pd.DataFrame(
        {
            "lead_id": [f"L{number:024x}" for number in range(count)],
            "segment": "apollo-1",
            "data_source": "apollo",
            "linkedin_url": [f"https://www.linkedin.com/in/person-{number}" for number in range(count)],
            "full_name": [f"Person {number}" for number in range(count)],
            "job_title": "PPC Manager",
            "target_title": "PPC Manager",
            "company_name": "Acme",
            "location_city": "Austin",
            "location_state": "TX",
            "location_country": "US",
            "email": [f"p{number}@acme.example" if number % 2 else None for number in range(count)],
            "email_kind": ["personal" if number % 2 else None for number in range(count)],
            "flags": [[] for _ in range(count)],
        }
    )


def good(layer: str, count: int = 20) -> pd.DataFrame:
    """A frame that passes the layer's suite with `PARAMETERS`."""
    if layer == "deduplicated":
        records = leads(count + 1)[["lead_id", "segment", "data_source"]]
        return records.assign(is_duplicate=[number == count for number in range(count + 1)])
    frame = leads(count)
    if layer == "normalized":
        return frame.assign(is_valid=True)
    if layer == "golden":
        return frame.assign(is_earlier=False)
    return frame.assign(
        data_quality_score=80.0,
        is_qualified=True,
        company_complete=True,
        email_available=frame["email"].notna(),
        is_valid=True,
        is_suppressed=False,
    )


def with_value(frame: pd.DataFrame, column: str, value: Any, rows: int = 1) -> pd.DataFrame:
    """A copy whose first rows have another value in a column."""
    changed = frame.copy()
    changed[column] = changed[column].astype(object)
    changed.loc[: rows - 1, column] = value
    return changed.infer_objects()
