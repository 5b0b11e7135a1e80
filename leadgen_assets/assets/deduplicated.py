"""`deduplicated_leads`: one golden record per person over all sources and earlier sprints."""

import dagster as dg
import pandas as pd

from leadgen_assets.assets.failures import POLITE, retried_if_it_helps
from leadgen_assets.assets.metadata import counts_metadata, segment_table
from leadgen_assets.leads.counting import Counts
from leadgen_assets.leads.schema import SOURCES
from leadgen_assets.partitions import SPRINTS, dimensions
from leadgen_assets.refinement.deduplicate import deduplicate
from leadgen_assets.resources.stores import Stores

MANY = {"many": True}
"""Input metadata: hand over {partition: frame} of the segments that were materialised."""


@dg.asset(
    description="One lead per person: records of all segments united by exact keys (LinkedIn, email, vendor id), the best "
    "value of each field, and why they were merged. Resemblance only flags.",
    partitions_def=SPRINTS,
    ins={f"normalized_{source}": dg.AssetIn(metadata=MANY) for source in SOURCES},
    group_name="refine",
    owners=["team:revenue-operations"],
    kinds={"pandas", "parquet"},
    tags={"pii": "yes"},
    io_manager_key="lake",
    retry_policy=POLITE,
)
def deduplicated_leads(
    context: dg.AssetExecutionContext, stores: Stores, **normalized: dict[str, pd.DataFrame]
) -> dg.MaterializeResult[pd.DataFrame]:
    """Counts per segment that add up, and how many people were in doubt."""
    sprint = context.partition_key
    stores.opened.live.stage(sprint, "deduplicated_leads", context.run_id)
    with retried_if_it_helps():
        plan = stores.sprint(sprint)
        wanted = {each.id for each in plan.segments}
        segments = {
            key: frame
            for frames in normalized.values()
            for key, frame in frames.items()
            if dimensions(key)[1] in wanted and len(frame)
        }
        for frames in normalized.values():
            frames.clear()  # otherwise they would stay in memory beside the golden records
        done = deduplicate(stores.opened, sprint, segments, plan.privacy, let_go=True)
        stores.lake().write("processed_records", sprint, done.records)
        stores.opened.book.record_counts(sprint, {each: counts.as_dict() for each, counts in done.counts.items()})
    return dg.MaterializeResult(
        value=done.golden,
        metadata={
            **counts_metadata(Counts.total(done.counts.values())),
            "duplicate_rate": round(Counts.total(done.counts.values()).duplicate_rate, 4),
            "owned_by_earlier_sprints": done.earlier,
            "identity_conflicts": done.conflicts,
            "possible_duplicates": done.resemblances,
            "by_segment": segment_table(done.counts),
        },
    )
