"""Whether MongoDB answers the questions of production by index: the queries as data, explained on demand (DE-02).

The tests explain every command that the stores really send; this list is for a look at a live database, where an index
may have been dropped or never built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import LEADS, MongoDatabase

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_SOME = {"$in": ["?"]}

QUERIES: tuple[tuple[str, dict[str, Any]], ...] = (
    (LEADS, {"linkedin_url": {"$in": ["?"], "$type": "string"}}),
    (LEADS, {"email": {"$in": ["?"], "$type": "string"}, "email_is_key": True}),
    (LEADS, {"identity_keys": _SOME}),
    (LEADS, {"sprint": "?"}),
    (LEADS, {"sprint": "?", "segment": "?"}),
    (LEADS, {"sprint": "?", "is_qualified": True}),
    (LEADS, {"company_name": "?", "location_state": "?"}),
    (LEADS, {"location_state": "?", "job_title": "?"}),
    (LEADS, {"data_source": "?", "data_collected_date": {"$gte": _LONG_AGO}}),
    (LEADS, {"crm_synced": True}),
    ("raw_pages", {"sprint": "?", "kind": "page", "segment": "?"}),
    ("raw_pages", {"sprint": "?", "kind": "page"}),
    ("page_outcomes", {"sprint": "?", "segment": "?"}),
    ("lead_keys", {"lead_id": _SOME}),
    ("quarantine", {"sprint": "?"}),
    ("cost_ledger", {"sprint": "?", "state": "settled"}),
    ("cost_ledger", {"state": {"$in": ["reserved", "uncertain"]}}),
    ("cost_ledger", {"vendor": "?", "state": "settled"}),
    ("cost_ledger", {"sprint": "?", "is_decided": True}),
    ("vendor_jobs", {"state": "running", "vendor": "?"}),
    ("enrichment_cache", {"key_hash": _SOME}),
    ("crm_outcomes", {"sprint": "?", "target": "?"}),
    ("slow_commands", {"at": {"$gte": _LONG_AGO}}),
)
"""(collection, filter with placeholder values) of what collectors, refinement, CRM sync and desk ask for."""


def scans(db: MongoDatabase) -> list[str]:
    """Queries that would read a whole collection, one line each; empty when every one uses an index."""
    found = []
    with told_without_values("explaining queries"):
        for name, wanted in QUERIES:
            answer = db.command("explain", {"find": name, "filter": wanted}, verbosity="queryPlanner")
            if "COLLSCAN" in set(_stages(answer["queryPlanner"]["winningPlan"])):
                found.append(f"{name} by {', '.join(wanted)} reads the whole collection")
    return found


def _stages(plan: Mapping[str, Any]) -> Iterator[str]:
    """Stages of a plan; a server with its newer engine nests the plan once more."""
    plan = plan.get("queryPlan", plan)
    if "stage" in plan:
        yield str(plan["stage"])
    for inner in (*plan.get("inputStages", ()), *filter(None, [plan.get("inputStage")])):
        yield from _stages(inner)
