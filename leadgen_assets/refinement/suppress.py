"""People who turned out to be suppressed after deduplication (a vendor's opt-out while enriching) are no leads."""

from __future__ import annotations

import pandas as pd

from leadgen_assets.leads.counting import Counts
from leadgen_assets.stores.opened import OpenStores


def without_suppressed(stores: OpenStores, sprint: str, leads: pd.DataFrame) -> pd.DataFrame:
    """The leads that may be kept. All records of the others move from leads and duplicates to suppressed in the counts,
    which is also where the next deduplication puts them. Adds `is_suppressed`, False for everyone who stays."""
    is_suppressed = stores.suppressions.mask(leads)
    gone = set(leads.loc[is_suppressed, "lead_id"])
    if gone:
        records = stores.lake.read("processed_records", sprint)
        _recount(stores, sprint, records[records["cluster_id"].isin(gone)])
    return leads[~is_suppressed].assign(is_suppressed=False).reset_index(drop=True)


def _recount(stores: OpenStores, sprint: str, records: pd.DataFrame) -> None:
    counts = {segment: Counts(**tally) for segment, tally in stores.book.get(sprint).counts.items()}
    for segment, rows in records.groupby("segment"):
        duplicates = int(rows["is_duplicate"].sum())
        before = counts[str(segment)]
        counts[str(segment)] = Counts(
            before.delivered,
            before.leads - (len(rows) - duplicates),
            before.duplicates - duplicates,
            before.suppressed + len(rows),
            before.quarantined,
        )
    stores.book.record_counts(sprint, {segment: each.as_dict() for segment, each in counts.items()})
