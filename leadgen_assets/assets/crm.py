"""`crm_sync`: qualified leads in the CRM, only after every gate passed on the current data; and the CRM itself."""

import dagster as dg
import pandas as pd

from leadgen_assets.assets.failures import POLITE, retried_if_it_helps
from leadgen_assets.assets.metadata import frequency_table
from leadgen_assets.checks.expectations import DELIVERY_CHECKS
from leadgen_assets.checks.gate import require_checks
from leadgen_assets.partitions import SPRINTS
from leadgen_assets.resources.stores import Stores
from leadgen_assets.resources.vendors import Vendors

GOES_ON = (
    "What is in the CRM stays and is not sent again; `leadgen sprint start` or the sensor `crm_is_back` sends the rest."
)
MADE_FROM_ONE_ANOTHER = tuple(map(dg.AssetKey, ("deduplicated_leads", "enriched_leads", "scored_leads")))


@dg.asset(
    description="Qualified, not suppressed leads in the CRM, in bulk, with an outcome per lead. Refuses, also when launched "
    "alone, unless every blocking check of the sprint passed on the current data.",
    partitions_def=SPRINTS,
    group_name="deliver",
    owners=["team:revenue-operations"],
    kinds={"hubspot", "salesforce"},
    tags={"pii": "yes"},
    pool="crm",
    retry_policy=POLITE,
)
def crm_sync(
    context: dg.AssetExecutionContext, stores: Stores, vendors: Vendors, scored_leads: pd.DataFrame
) -> dg.MaterializeResult[None]:
    """What was created, updated, left alone, and why the rest did not go."""
    require_checks(context, DELIVERY_CHECKS, MADE_FROM_ONE_ANOTHER)
    key = context.partition_key
    stores.opened.live.stage(key, "crm_sync", context.run_id)
    with retried_if_it_helps():
        report = vendors.deliver(stores.opened, key, stores.sprint(key), scored_leads)
    if report.has_waited_in_vain:
        raise dg.Failure(
            f"{report.target} did not answer for so long that waiting ended ({report.stopped_because}). "
            f"{report.unsent:,} leads are not sent. {GOES_ON}",
            allow_retries=False,
        )
    if report.stopped_because:
        raise dg.RetryRequested(max_retries=3, seconds_to_wait=5)
    return dg.MaterializeResult(
        metadata={
            "target": report.target,
            "created": report.created,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "failed": report.failed,
            "refused_by_mapping": report.refused,
            "suppressed": report.suppressed,
            "retried": report.retried,
            "batches": report.batches,
            "reasons": frequency_table("reason", report.reasons),
            "adjusted_values": frequency_table("field", report.adjusted),
        }
    )


crm_contacts = dg.AssetSpec(
    "crm_contacts",
    description="The contacts or leads in HubSpot or Salesforce that the sales team calls.",
    deps=["crm_sync"],
    group_name="deliver",
    owners=["team:sales"],
    kinds={"hubspot", "salesforce"},
)
