"""How things stand with one person, without a word of what is stored: for people at the desk."""

from __future__ import annotations

from typing import Any

from leadgen_assets.leads.jurisdiction import region
from leadgen_assets.privacy.identifiers import Identifier
from leadgen_assets.privacy.subject import find
from leadgen_assets.stores.opened import OpenStores


def standing(stores: OpenStores, who: Identifier) -> dict[str, Any]:
    """JSON-ready, without personal data. Raises `SharedIdentifier`."""
    subject = find(stores, who)
    leads = stores.leads.get(subject.lead_ids)
    keys = sorted(subject.keys)
    listed = stores.suppressions.look_up(keys)
    erasure = stores.erasures.of_hashes([stores.suppressions.hash(*key) for key in keys]) if keys else None
    erasure = erasure or (stores.erasures.of_lead(who.value) if who.kind == "lead" else None)
    return {
        "is_stored": subject.is_known,
        "leads": sorted(leads),
        "records": len(subject.lead_ids),
        "sprints": sorted(
            {place.sprint for place in subject.places.values()} | {each["sprint"] for each in leads.values()}
        ),
        "regions": sorted({_region(each) or "unknown" for each in leads.values()}),
        "in_crm": sorted(lead for lead, each in leads.items() if each["crm_synced"]),
        "is_suppressed": bool(listed),
        "suppressed_because": sorted({each.reason for each in listed.values()}),
        "do_not_sell": bool(stores.do_not_sell.suppressed(keys)),
        "erasure": None
        if erasure is None
        else {
            "id": erasure.erasure_id,
            "state": erasure.state,
            "requested_at": erasure.requested_at.isoformat(),
            "done_at": erasure.done_at.isoformat() if erasure.done_at else None,
            "steps_done": sorted(step for step in erasure.steps if erasure.is_done(step)),
            "still_found": erasure.left,
        },
    }


def _region(lead: dict[str, Any]) -> str | None:
    return region(lead.get("location_country"), lead.get("location_state"), lead.get("phone"), lead.get("email"))
