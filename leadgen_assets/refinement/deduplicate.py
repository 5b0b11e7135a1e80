"""One lead per person over all sources and earlier sprints, and what became of every record (design.md, counting rules)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from leadgen_assets.leads.columns import give_back_memory
from leadgen_assets.leads.counting import Counts
from leadgen_assets.leads.golden import golden_records
from leadgen_assets.leads.identity import Clusters, cluster, lead_keys
from leadgen_assets.leads.resemblance import possible_duplicates
from leadgen_assets.leads.schema import LEAD_FIELDS
from leadgen_assets.refinement.protected import protected_people
from leadgen_assets.sprint_file import Privacy
from leadgen_assets.stores.opened import OpenStores

RECORD_COLUMNS = ["lead_id", "segment", "data_source", "cluster_id", "is_duplicate"]


@dataclass(frozen=True)
class Deduplicated:
    """golden: one row per unique lead of the sprint (columns of `golden.golden_records`).

    records: RECORD_COLUMNS, one row per lead or duplicate. counts: {segment: counts}, quarantine included.
    earlier: clusters that an earlier sprint owns already; their records are duplicates.
    """

    golden: pd.DataFrame
    records: pd.DataFrame
    counts: dict[str, Counts]
    earlier: int
    conflicts: int
    resemblances: int


def deduplicate(
    stores: OpenStores,
    sprint: str,
    segments: dict[str, pd.DataFrame],
    policy: Privacy | None = None,
    *,
    let_go: bool = False,
) -> Deduplicated:
    """Unite the records of a sprint. A pure function of the segments' frames, the suppression list, the sprint's privacy
    policy and what was delivered before; the order of segments does not matter.

    With `let_go`, `segments` is emptied first, so that its memory is free while the golden records are made.
    """
    leads = _united(segments)
    if let_go:
        segments.clear()
    clusters = cluster(lead_keys(leads), known=_delivered_before(stores, sprint))
    give_back_memory()
    protected = protected_people(leads, stores.do_not_sell, policy or Privacy())
    is_suppressed = _whole_people(stores.suppressions.mask(leads) | protected.barred, leads, clusters)
    kept = _only(leads, ~is_suppressed)
    leads, places = leads[RECORD_COLUMNS[:3]], kept[RECORD_COLUMNS[:3]]
    golden = golden_records(kept, clusters, let_go=True)
    del kept
    give_back_memory()
    own = _only(golden, ~golden["is_earlier"].astype(bool))
    alike = possible_duplicates(own)
    own = _with_flag(own, "possible_duplicate", set(alike["lead_id"]) | set(alike["other_lead_id"]))
    for flag, marked in protected.flagged.items():
        if marked.any():
            own = _with_flag(own, flag, set(_people(leads, clusters)[marked]))
    records = _records(places, clusters)
    return Deduplicated(
        golden=own,
        records=records,
        counts=_counts(stores, sprint, records, leads.loc[is_suppressed, "segment"]),
        earlier=int(golden["is_earlier"].sum()),
        conflicts=int(clusters.conflicts["lead_id"].nunique()),
        resemblances=len(alike),
    )


def _united(segments: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    frames = [frame for _, frame in sorted(segments.items()) if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(LEAD_FIELDS))


def _whole_people(is_suppressed: pd.Series, leads: pd.DataFrame, clusters: Clusters) -> pd.Series:
    """The mask, extended to every record of a suppressed person: another vendor's may lack the key that is listed."""
    if not is_suppressed.any():
        return is_suppressed
    person = _people(leads, clusters)
    return person.isin(person[is_suppressed])


def _only(leads: pd.DataFrame, mask: pd.Series) -> pd.DataFrame:
    """Some of the rows; all of them without a copy."""
    return leads if mask.all() else leads[mask].reset_index(drop=True)


def _people(leads: pd.DataFrame, clusters: Clusters) -> pd.Series:
    """The cluster of each record; one without keys is its own."""
    return pd.Series(clusters.of(leads["lead_id"]), index=leads.index)


def _delivered_before(stores: OpenStores, sprint: str) -> pd.DataFrame:
    """Keys of earlier sprints' leads, and of this sprint's leads that the CRM holds: those keep their ids."""
    earlier = stores.leads.known_identities(excluding_sprint=sprint)
    rows = [
        (each["_id"], sprint, *key.split(":", 1))
        for each in stores.leads.iterate(sprint, ["identity_keys"], crm_synced=True)
        for key in each["identity_keys"]
    ]
    return pd.concat([earlier, pd.DataFrame(rows, columns=list(earlier.columns), dtype="str")], ignore_index=True)


def _records(places: pd.DataFrame, clusters: Clusters) -> pd.DataFrame:
    """Which cluster each record is in; the record that gave the cluster its id is the lead, the others duplicates."""
    records = places.assign(cluster_id=clusters.of(places["lead_id"]))
    records["is_duplicate"] = records["cluster_id"] != records["lead_id"]
    return records[RECORD_COLUMNS]


def _counts(stores: OpenStores, sprint: str, records: pd.DataFrame, suppressed: pd.Series) -> dict[str, Counts]:
    quarantined = {segment: sum(reasons.values()) for segment, reasons in stores.quarantine.counts(sprint).items()}
    refused = Counter(suppressed.value_counts().to_dict()) + Counter(stores.accounting.erased_in(sprint))
    duplicates = records.loc[records["is_duplicate"], "segment"].value_counts().to_dict()
    leads = records.loc[~records["is_duplicate"], "segment"].value_counts().to_dict()
    found = {}
    for segment in {*quarantined, *refused, *duplicates, *leads}:
        parts = [int(each.get(segment, 0)) for each in (leads, duplicates, refused, quarantined)]
        found[str(segment)] = Counts(sum(parts), *parts)
    return found


def _with_flag(leads: pd.DataFrame, flag: str, lead_ids: set[str]) -> pd.DataFrame:
    marked = leads["lead_id"].isin(lead_ids)
    flags = [
        [*each, flag] if mark and flag not in each else each for each, mark in zip(leads["flags"], marked, strict=True)
    ]
    return leads.assign(flags=pd.Series(flags, index=leads.index, dtype=object))
