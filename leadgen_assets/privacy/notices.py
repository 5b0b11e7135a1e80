"""Who must be told that their data were collected, and by when (GDPR and UK GDPR, art. 14.3.a)."""

from __future__ import annotations

from typing import Any

from leadgen_assets.leads.jurisdiction import region
from leadgen_assets.privacy.access import NOTICE
from leadgen_assets.stores.opened import OpenStores

_WANTED = ["flags", "data_collected_date", "location_country", "location_state", "phone", "email"]


def notices_due(stores: OpenStores, sprint: str) -> list[dict[str, Any]]:
    """lead_id, region and due_by (a time) of the sprint's leads that carry `notice_due`, the most urgent first."""
    due = [
        {
            "lead_id": lead["_id"],
            "region": region(lead["location_country"], lead["location_state"], lead["phone"], lead["email"]),
            "due_by": lead["data_collected_date"] + NOTICE,
        }
        for lead in stores.leads.iterate(sprint, _WANTED)
        if "notice_due" in lead["flags"]
    ]
    return sorted(due, key=lambda each: (each["due_by"], each["lead_id"]))
