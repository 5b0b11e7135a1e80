"""What one lead leaves behind: bytes in every store, calls at every vendor, money. Measured on a sprint that is on record."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import fsspec

from leadgen_assets.stores.opened import OpenStores

KEPT_FOR_EVER = ("performance_marketers", "crm_outcomes", "cost_ledger", "page_outcomes")
"""Collections that grow with every lead ever collected; the others expire (stores/retention.yaml)."""


@dataclass(frozen=True)
class Footprint:
    """Per unique lead of one sprint. Bytes of data are before compression, which saves about half on disk."""

    leads: int
    records: float
    """Delivered by vendors."""
    qualified: float
    mongo_kept: float
    mongo_expiring: float
    mongo_indexes: float
    """Of what is kept: what should fit into memory."""
    redis: float
    lake: float
    usd: float
    shares: dict[str, float]
    """{source: part of the records}."""
    paid: dict[str, float]
    """{vendor.operation: paid units}."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, rounded to what they are good for."""
        return {
            name: {each: _rounded(x) for each, x in value.items()} if isinstance(value, dict) else _rounded(value)
            for name, value in asdict(self).items()
        }


def footprint(stores: OpenStores, sprint: str) -> Footprint:
    """Measure a finished sprint that is alone in its stores. `ValueError` when it has no leads."""
    leads = stores.leads.count(sprint)
    if not leads:
        raise ValueError(f"{sprint} has no leads to measure")
    opened, counts = stores.book.get(sprint), stores.counts(sprint)
    delivered: dict[str, int] = {}
    for each in opened.sprint.segments:
        found = counts.get(each.id)
        delivered[each.source] = delivered.get(each.source, 0) + (found.delivered if found else 0)
    sizes = {
        each["name"]: stores.db.command("collStats", each["name"])
        for each in stores.db.list_collections()
        if each["type"] == "collection" and not each["name"].startswith("system.")
    }
    kept = [sizes[name] for name in KEPT_FOR_EVER if name in sizes]
    data = sum(each["size"] for each in sizes.values())
    paid: dict[str, int] = {}
    for entry in stores.ledger.entries(sprint):
        name = f"{entry.vendor}.{entry.operation}"
        paid[name] = paid.get(name, 0) + entry.units
    records = sum(delivered.values())
    return Footprint(
        leads=leads,
        records=records / leads,
        qualified=stores.leads.count(sprint, is_qualified=True) / leads,
        mongo_kept=sum(each["size"] for each in kept) / leads,
        mongo_expiring=(data - sum(each["size"] for each in kept)) / leads,
        mongo_indexes=sum(each["totalIndexSize"] for each in kept) / leads,
        redis=int(stores.redis.info("memory")["used_memory_dataset"]) / leads,
        lake=_size(stores.storage) / leads,
        usd=float(stores.ledger.spent(sprint)) / leads,
        shares={source: number / records for source, number in sorted(delivered.items())},
        paid={name: units / leads for name, units in sorted(paid.items())},
    )


def _size(url: str) -> int:
    filesystem, root = fsspec.core.url_to_fs(url)
    return int(sum(filesystem.sizes(filesystem.find(root))))


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.4g}")
