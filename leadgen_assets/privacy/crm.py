"""Erasing at the CRM: every record that was made from the person's leads, by the CRM's id or else by ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.vendors.contracts import ErasingCrm, VendorError
from leadgen_assets.vendors.registry import VendorOff


@dataclass(frozen=True)
class CrmRecord:
    """A record some CRM may hold."""

    target: str
    lead_id: str
    crm_id: str | None = None


@dataclass(frozen=True)
class CrmAccess:
    """How to reach a CRM, and which of its fields carries our lead id."""

    open: Callable[[], AbstractAsyncContextManager[ErasingCrm]]
    external_id_field: str


OpenCrm = Callable[[str], CrmAccess]
"""By target. May raise `VendorOff`."""


@dataclass
class CrmErasure:
    """What became of the records. `problems` say per target why it is not done."""

    deleted: int = 0
    absent: int = 0
    problems: dict[str, str] = field(default_factory=dict)


def crm_records(stores: OpenStores, lead_ids: Iterable[str]) -> list[CrmRecord]:
    """Where the leads were sent: by what was recorded, and for a lead marked as synced also by its sprint's CRM."""
    ids = sorted(lead_ids)
    found = {
        CrmRecord(target, lead, crm_id)
        for lead, targets in stores.outcomes.crm_ids(ids).items()
        for target, crm_id in targets.items()
    }
    named = {(each.target, each.lead_id) for each in found}
    for lead, document in stores.leads.get(ids).items():
        if document.get("crm_synced"):
            target = stores.book.get(document["sprint"]).sprint.crm.target
            if (target, lead) not in named:
                found.add(CrmRecord(target, lead))
    return sorted(found, key=lambda each: (each.target, each.lead_id))


async def erase_in_crm(records: Iterable[CrmRecord], open_crm: OpenCrm) -> CrmErasure:
    """Delete the records. A CRM that is off or down is a problem that is told, never an exception: the rest goes on."""
    done = CrmErasure()
    by_target: dict[str, list[CrmRecord]] = {}
    for each in records:
        by_target.setdefault(each.target, []).append(each)
    for target, wanted in by_target.items():
        try:
            access = open_crm(target)
            async with access.open() as client:
                for each in wanted:
                    was_there = await client.erase(each.crm_id, each.lead_id, access.external_id_field)
                    done.deleted += was_there
                    done.absent += not was_there
        except (VendorOff, VendorError) as error:
            done.problems[target] = str(error)
    return done
