"""`raw_<source>`: what each vendor delivered for a segment, page by page, with provisional leads in the database.

One asset per source from one factory. The pages are in MongoDB (`raw_pages`); the asset itself holds no frame.
"""

import dagster as dg

from leadgen_assets.assets.failures import POLITE, retried_if_it_helps
from leadgen_assets.assets.metadata import segment_metadata
from leadgen_assets.leads.schema import SOURCES
from leadgen_assets.partitions import GRID, dimensions
from leadgen_assets.resources.stores import Stores
from leadgen_assets.resources.vendors import Vendors

HOW = {
    "apollo": "people search, then bulk_match for those nobody owns yet",
    "brightdata": "one dataset snapshot per segment",
    "zoominfo": "contact search, then enrich for those nobody owns yet",
    "sales_navigator": "the export files its users are allowed to make",
}


def build_raw_asset(source: str) -> dg.AssetsDefinition:
    """The asset that collects a source's segments."""

    @dg.asset(
        name=f"raw_{source}",
        description=f"Records from {source} as delivered ({HOW[source]}), landed page by page; a re-run goes on at the "
        "first missing page and buys nothing twice.",
        partitions_def=GRID,
        group_name="collect",
        owners=["team:revenue-operations"],
        kinds={"mongodb"},
        tags={"source": source, "pii": "yes"},
        pool=source,
        retry_policy=POLITE,
    )
    def raw(context: dg.AssetExecutionContext, stores: Stores, vendors: Vendors) -> dg.MaterializeResult[None]:
        sprint, segment = dimensions(context.partition_key)
        assignment = stores.assignment(sprint, segment)
        if assignment is None or assignment.source != source:
            return dg.MaterializeResult(metadata={"note": f"{segment} of {sprint} is not collected from {source}"})
        stores.opened.live.began(sprint, segment, context.run_id)
        with retried_if_it_helps():
            report = vendors.collect(stores.opened, assignment)
        return dg.MaterializeResult(metadata=segment_metadata(report))

    return raw


RAW = [build_raw_asset(source) for source in SOURCES]
