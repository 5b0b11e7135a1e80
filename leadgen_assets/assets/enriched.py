"""`enriched_leads`: what was missing, found out by the waterfall, cheapest first."""

import dagster as dg
import pandas as pd

from leadgen_assets.assets.failures import POLITE, retried_if_it_helps
from leadgen_assets.assets.metadata import frame_table
from leadgen_assets.partitions import SPRINTS
from leadgen_assets.resources.stores import Stores
from leadgen_assets.resources.vendors import Vendors


@dg.asset(
    description="Leads with company data, addresses and verification found out where missing: own knowledge first, then "
    "the sprint's waterfalls. Every answer is cached; a vendor that fails costs nobody a lead.",
    partitions_def=SPRINTS,
    group_name="refine",
    owners=["team:revenue-operations"],
    kinds={"pandas", "parquet"},
    tags={"pii": "yes"},
    pool="enrichment",
    retry_policy=POLITE,
    io_manager_key="lake",
)
def enriched_leads(
    context: dg.AssetExecutionContext, stores: Stores, vendors: Vendors, deduplicated_leads: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """What each vendor was asked, found and was paid."""
    stores.opened.live.stage(context.partition_key, "enriched_leads", context.run_id)
    with retried_if_it_helps():
        done = vendors.enrich(
            stores.opened, context.partition_key, stores.sprint(context.partition_key), deduplicated_leads
        )
        report = done.report
        stores.opened.book.record_result(context.partition_key, {"enrichment": report.as_records()})
    for problem in report.problems:
        context.log.warning(problem)
    return dg.MaterializeResult(
        value=done.leads,
        metadata={
            "filled_from_own_leads": report.filled_from_own_leads,
            "companies_looked_up": report.companies,
            "people_looked_up": report.people,
            "addresses_verified": report.addresses,
            "spent_in_this_run_usd": float(report.usd),
            "problems": report.problems,
            "vendors": frame_table(pd.DataFrame(report.as_records())),
        },
    )
