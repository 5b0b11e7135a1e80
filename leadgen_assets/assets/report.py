"""`sprint_report`: the sprint's result as one HTML file."""

import dagster as dg

from leadgen_assets.desk.sprint_report import write_sprint_report
from leadgen_assets.partitions import SPRINTS
from leadgen_assets.resources.stores import Stores


@dg.asset(
    description="The sprint's figures, gates, segments, scores and cost as one HTML file that needs no server.",
    partitions_def=SPRINTS,
    deps=["crm_sync"],
    group_name="deliver",
    owners=["team:revenue-operations"],
    kinds={"html"},
)
def sprint_report(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult[None]:
    """Where the report is."""
    path = write_sprint_report(stores.opened, context.partition_key, stores.imports / "reports")
    return dg.MaterializeResult(metadata={"report": dg.MetadataValue.path(str(path))})
