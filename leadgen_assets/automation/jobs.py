"""The jobs: collect a segment, refine a sprint, deliver it again."""

from __future__ import annotations

import dagster as dg

from leadgen_assets.leads.schema import SOURCES

COLLECT = dg.define_asset_job(
    "collect",
    selection=dg.AssetSelection.assets(*(f"{stage}_{source}" for stage in ("raw", "normalized") for source in SOURCES)),
    description="One segment of one sprint: collect it from its vendor and normalise it.",
)
REFINE = dg.define_asset_job(
    "refine",
    selection=dg.AssetSelection.assets(
        "deduplicated_leads", "enriched_leads", "scored_leads", "crm_sync", "sprint_report"
    ),
    description="One sprint: deduplicate, enrich, score, gate, load the CRM, report.",
)
DELIVER = dg.define_asset_job(
    "deliver",
    selection=dg.AssetSelection.assets("crm_sync"),
    description="Load the CRM again from the current scored leads; refused unless every gate passed on them.",
)
JOBS = [COLLECT, REFINE, DELIVER]
