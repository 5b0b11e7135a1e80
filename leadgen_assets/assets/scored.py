"""`scored_leads`: every lead with its score and whether it is worth a call; the database row is complete."""

import dagster as dg
import pandas as pd

from leadgen_assets.assets.charts import score_histogram
from leadgen_assets.assets.failures import POLITE, retried_if_it_helps
from leadgen_assets.assets.metadata import frame_table, frequency_table
from leadgen_assets.leads.score import score
from leadgen_assets.partitions import SPRINTS
from leadgen_assets.refinement.publish import publish_leads
from leadgen_assets.refinement.suppress import without_suppressed
from leadgen_assets.resources.stores import Stores


@dg.asset(
    description="Leads with their quality score (weights of the sprint file) and qualification, written to the lead store.",
    partitions_def=SPRINTS,
    group_name="refine",
    owners=["team:revenue-operations"],
    kinds={"pandas", "mongodb"},
    tags={"pii": "yes"},
    code_version="1",
    io_manager_key="lake",
    retry_policy=POLITE,
)
def scored_leads(
    context: dg.AssetExecutionContext, stores: Stores, enriched_leads: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Averages, why leads did not qualify, figures per source, and the distribution of scores."""
    key = context.partition_key
    stores.opened.live.stage(key, "scored_leads", context.run_id)
    with retried_if_it_helps():
        sprint = stores.sprint(key)
        kept = without_suppressed(stores.opened, key, enriched_leads)
        scored = score(kept, sprint.score, sprint.qualification.minimum_score, stores.profile(key))
        written = publish_leads(stores.opened, key, scored)
    reasons = scored["not_qualified_because"].explode().dropna().value_counts()
    return dg.MaterializeResult(
        value=scored,
        metadata={
            "leads": len(scored),
            "qualified": int(scored["is_qualified"].sum()),
            "average_score": round(float(scored["data_quality_score"].mean()), 2) if len(scored) else 0.0,
            "rows_inserted": written.inserted,
            "rows_changed": written.changed,
            "rows_unchanged": written.unchanged,
            "provisional_rows_removed": written.removed,
            "rows_rejected": len(written.rejected) + len(written.duplicates),
            "not_qualified_because": frequency_table("reason", reasons.to_dict()),
            "by_source": frame_table(by_source(scored)),
            "scores": dg.MetadataValue.md(
                score_histogram(scored["data_quality_score"], sprint.gates.average_quality_score)
            ),
        },
    )


def by_source(scored: pd.DataFrame) -> pd.DataFrame:
    """source, leads, qualified, score (average), email and company (shares); short names, so that the UI shows all."""
    grouped = scored.groupby("data_source", observed=True)
    return (
        grouped.agg(
            leads=("lead_id", "size"),
            qualified=("is_qualified", "sum"),
            score=("data_quality_score", "mean"),
            email=("email_available", "mean"),
            company=("company_complete", "mean"),
        )
        .round({"score": 1, "email": 2, "company": 2})
        .reset_index(names="source")
    )
