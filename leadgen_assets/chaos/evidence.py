"""What vendors and stores have on record after a case, read without the code that wrote it."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from leadgen_assets.chaos.ground import Ground
from leadgen_assets.chaos.small import EXPORTED
from leadgen_assets.sandbox.world import Sighting, World

SOURCES = ("apollo", "brightdata", "zoominfo")
"""Vendors that sell people; exported files cost nothing and are on disk."""
JUNK = ""
"""Stands for the id of a record that has none."""
Ref = tuple[str, str]


@dataclass(frozen=True)
class Charge:
    """One ledger entry."""

    entry: str
    vendor: str
    state: str
    units: int
    credits: Decimal
    was_decided: bool = False
    """It was uncertain once, and the vendor's usage or a person has decided it."""


@dataclass
class Evidence:
    """Both sides of a sprint. Counters of records go by the vendor's id."""

    served: dict[str, Counter[str]] = field(default_factory=dict)
    """{vendor: records it handed out}, whether or not the answer arrived."""
    landed: dict[str, Counter[str]] = field(default_factory=dict)
    """{source: records of the stored pages}."""
    exported: int = 0
    """Rows of the export files."""
    pages: dict[str, int] = field(default_factory=dict)
    """{page: records stored}."""
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)
    """{page: counts on record}."""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """{segment: counts after refinement}."""
    quarantined: int = 0
    leads: list[dict[str, Any]] = field(default_factory=list)
    """Stored leads with lead_id, linkedin_url, email, email_is_key, identity_keys, is_qualified, crm_synced."""
    clusters: list[frozenset[Ref]] = field(default_factory=list)
    """True people among the landed records, as sets of records."""
    keys: dict[Ref, frozenset[str]] = field(default_factory=dict)
    """{record: its exact keys, "kind:key"}."""
    barred: frozenset[str] = frozenset()
    """Keys on the suppression list before the sprint, "kind:key"."""
    opted_out: frozenset[Ref] = frozenset()
    """Records of people who opted out at a vendor, which may be learned on the way."""
    receipts: dict[str, Counter[str]] = field(default_factory=dict)
    """{vendor: paid requests, by what they asked}."""
    charged: dict[str, Decimal] = field(default_factory=dict)
    """{vendor: credits it charged}."""
    ledger: list[Charge] = field(default_factory=list)
    too_early: dict[str, int] = field(default_factory=dict)
    """{vendor: requests that broke a rate limit}."""
    contacts: list[dict[str, Any]] = field(default_factory=list)
    """The CRM's contacts: external id, email, how often written."""
    spoiled_by_crm: int = 0
    """Requests that the CRM carried out and whose answer was of no use."""


def gather(ground: Ground, sprint: str, crm: str, barred: frozenset[str]) -> Evidence:
    """Everything about one sprint; the stores hold no other."""
    db, found = ground.db, Evidence(barred=barred, exported=len(ground.world.pool(EXPORTED)))
    records: list[Sighting] = list(ground.world.pool(EXPORTED))
    for page in db["raw_pages"].find({"sprint": sprint, "kind": "page"}):
        content = json.loads(zlib.decompress(page["packed"]))
        found.pages[page["_id"]] = len(content)
        source = page["source"]
        ids = found.landed.setdefault(source, Counter())
        ids.update(str(each.get("id") or JUNK) for each in content)
    for source in SOURCES:
        for vendor_id, times in found.landed.get(source, Counter()).items():
            seen = ground.world.sighting(source, vendor_id)
            records += [seen] * times if seen else []
    for page in db["page_outcomes"].find({"sprint": sprint}):
        found.outcomes[page["_id"]] = dict(page["counts"])
    stored = db["sprints"].find_one({"_id": sprint}) or {}
    found.counts = {segment: dict(each) for segment, each in (stored.get("counts") or {}).items()}
    found.quarantined = db["quarantine"].count_documents({"sprint": sprint})
    found.leads = list(db["performance_marketers"].find({"sprint": sprint}))
    _truth(found, ground.world, records)
    _vendors(found, ground, crm)
    for entry in db["cost_ledger"].find({"sprint": sprint}):
        credits = entry["credits"].to_decimal()
        fields = (entry["_id"], entry["vendor"], entry["state"], entry["units"], credits)
        found.ledger.append(Charge(*fields, was_decided=bool(entry.get("is_decided"))))
    return found


def _truth(found: Evidence, world: World, records: list[Sighting]) -> None:
    good = [each for each in records if each.junk is None]
    found.clusters = [frozenset(each) for each in world.exact_truth(good).clusters]
    for each in good:
        ref = (each.vendor, each.vendor_id)
        own = {("linkedin", each.slug and f"https://www.linkedin.com/in/{each.slug}"), ("member", each.token)}
        own |= {("email", each.email_key), ("vendor", f"{each.vendor}:{each.vendor_id}")}
        found.keys[ref] = found.keys.get(ref, frozenset()) | {f"{kind}:{key}" for kind, key in own if key}
        if each.person.opted_out:
            found.opted_out |= {ref}


def _vendors(found: Evidence, ground: Ground, crm: str) -> None:
    for name, sim in ground.sims.items():
        found.receipts[name] = Counter(sim.receipts)
        found.charged[name] = sim.credits_used
        found.too_early[name] = sum(sim.too_early.values())
        if name in SOURCES:
            found.served[name] = Counter(each.vendor_id if _has_id(each) else JUNK for each in sim.delivered)
    found.spoiled_by_crm = sum(ground.sims[crm].spoiled.values())
    for key, contact in ground.sims[crm].inspect()["by_external_id"].items():
        address = contact.get("email") or contact.get("Email")
        found.contacts.append({"external_id": key, "email": address, "writes": contact.get("writes", 1)})


def _has_id(seen: Sighting) -> bool:
    """Bright Data knows a record by its LinkedIn page, which its junk has not."""
    return seen.vendor != "brightdata" or seen.junk is None
