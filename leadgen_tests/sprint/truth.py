"""What the sandbox world knows to be true about the records a sprint collected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from leadgen_tests.sprint.office import Office
from leadgen_tests.sprint.vendors import world

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import Sighting


def normalised(office: Office, key: str) -> pd.DataFrame:
    """All normalised records of a sprint, duplicates and suppressed ones included."""
    segments = office.stores.book.get(key).sprint.segments
    frames = [office.stores.lake.read(f"normalized_{each.source}", f"{key}/{each.id}") for each in segments]
    return pd.concat(frames, ignore_index=True)


def sighting(row: dict[str, Any]) -> Sighting:
    """The sandbox's record behind a normalised one. Two exported rows of one member may differ in having a slug."""
    if row["data_source"] == "sales_navigator":
        slug = row["linkedin_url"].rpartition("/")[2] if isinstance(row["linkedin_url"], str) else None
        token = row["linkedin_member"] if isinstance(row["linkedin_member"], str) else None
        return next(each for each in world().pool(row["segment"]) if (each.slug, each.token) == (slug, token))
    is_page = row["data_source"] == "brightdata"
    found = world().sighting(
        row["data_source"], row["linkedin_url"].rpartition("/")[2] if is_page else row["vendor_id"]
    )
    assert found is not None
    return found


def true_clusters(leads: pd.DataFrame) -> set[frozenset[str]]:
    """The sets of lead ids that exact keys must unite, by the truth that `/_sandbox/truth` tells."""
    known = {row["lead_id"]: sighting(row) for row in leads.to_dict("records")}
    told = world().exact_truth(known.values())
    assert told.quarantined == 0
    home = {ref: number for number, cluster in enumerate(told.clusters) for ref in cluster}
    clusters: dict[int, set[str]] = {}
    for lead_id, seen in known.items():
        clusters.setdefault(home[seen.vendor, seen.vendor_id], set()).add(lead_id)
    return {frozenset(each) for each in clusters.values()}
