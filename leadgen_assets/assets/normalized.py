"""`normalized_<source>`: one schema, validated and flagged; what cannot be a lead is in quarantine with its reason."""

import dagster as dg
import pandas as pd

from leadgen_assets.assets.failures import POLITE, retried_if_it_helps
from leadgen_assets.assets.metadata import normalised_metadata
from leadgen_assets.collection.ingest import quarantine
from leadgen_assets.collection.normalising import normalise_pages
from leadgen_assets.collection.sources import mapper
from leadgen_assets.leads.schema import SOURCES
from leadgen_assets.partitions import GRID, dimensions
from leadgen_assets.resources.stores import Stores


def build_normalized_asset(source: str) -> dg.AssetsDefinition:
    """The asset that makes leads of a source's landed pages: a pure function of them, so no vendor is called."""

    @dg.asset(
        name=f"normalized_{source}",
        description=f"Leads from {source} in the one schema, with flags; records that cannot be leads are quarantined.",
        partitions_def=GRID,
        deps=[f"raw_{source}"],
        group_name="normalise",
        owners=["team:revenue-operations"],
        kinds={"pandas", "parquet"},
        tags={"source": source, "pii": "yes"},
        io_manager_key="lake",
        retry_policy=POLITE,
    )
    def normalized(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult[pd.DataFrame]:
        with retried_if_it_helps():
            sprint, segment = dimensions(context.partition_key)
            assignment = stores.assignment(sprint, segment)
            mine = assignment is not None and assignment.source == source
            pages = list(stores.opened.raw_pages.read(sprint, segment)) if mine else []
            done = normalise_pages(pages, mapper(source), stores.profile(sprint))
            quarantine(stores.opened, pages, done.quarantined)
        return dg.MaterializeResult(value=done.leads, metadata=normalised_metadata(done, pages))

    return normalized


NORMALIZED = [build_normalized_asset(source) for source in SOURCES]
