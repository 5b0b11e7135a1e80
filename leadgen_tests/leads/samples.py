"""Invented drafts and leads for the tests of the lead rules."""

from __future__ import annotations

from typing import Any

import pandas as pd

from leadgen_assets.leads.identity import lead_id
from leadgen_assets.leads.normalise import TargetProfile, normalise
from leadgen_assets.leads.schema import COORDINATES, DRAFT_FIELDS

TITLES = (
    "Performance Marketing Manager", "Paid Media Manager", "Digital Marketing Manager", "PPC Manager", "SEM Manager",
    "Marketing Operations Manager", "Growth Marketing Manager", "Customer Acquisition Manager", "Media Buyer",
    "Ad Operations Manager",
)  # fmt: skip
METROS = ("New York", "San Francisco", "Los Angeles", "Chicago", "Boston", "Seattle", "Austin", "Denver", "Atlanta")
PROFILE = TargetProfile(TITLES, ("US",), METROS)

GOOD = {
    "vendor_id": "v1",
    "linkedin_url": "https://www.linkedin.com/in/maya-okafor-x",
    "full_name": "Maya Okafor",
    "job_title": "PPC Manager",
    "company_name": "Northwind Rail",
    "company_website": "https://northwind.example",
    "company_industry": "Retail",
    "company_size": "51-200",
    "location": "Austin, Texas, United States",
    "email": "maya.okafor@northwind.example",
    "observed_at": "2026-11-20T08:12:00Z",
}


def draft(**changes: Any) -> dict[str, Any]:
    """A draft of a complete lead with changes; coordinates may be changed too."""
    return {**dict.fromkeys(DRAFT_FIELDS), **GOOD, **changes}


def drafts(*rows: dict[str, Any]) -> pd.DataFrame:
    """A frame of drafts with coordinates by position."""
    placed = []
    for position, row in enumerate(rows):
        place = {"sprint": "s", "segment": "seg", "data_source": "apollo", "page": 1, "position": position}
        place |= {"data_collected_date": "2026-11-22T10:00:00Z"} | {k: v for k, v in row.items() if k in COORDINATES}
        place.setdefault("lead_id", lead_id(place["sprint"], place["segment"], place["page"], place["position"]))
        placed.append({**row, **place})
    return pd.DataFrame(placed, columns=[*COORDINATES, *DRAFT_FIELDS])


def as_leads(*rows: dict[str, Any]) -> pd.DataFrame:
    """Normalised leads of drafts."""
    return normalise(drafts(*rows), PROFILE).leads


def as_lead(**changes: Any) -> dict[str, Any]:
    """One normalised lead as a dict with None for missing."""
    row = as_leads(draft(**changes)).iloc[0].to_dict()
    return {name: None if not isinstance(value, list) and pd.isna(value) else value for name, value in row.items()}
