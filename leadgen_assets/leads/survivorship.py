"""Which record's value survives when several records are one person: order from survivorship.yaml."""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from leadgen_assets.leads.columns import Codes
from leadgen_assets.leads.schema import LEAD_FIELDS
from leadgen_assets.leads.tables import Table, table


class Group(Table):
    """Fields that belong together; the first decides whether a record has the group at all."""

    fields: tuple[str, ...] = Field(min_length=1)
    sources: tuple[str, ...]
    anchor: str | None = None
    demoted: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_are_lead_fields(self) -> Self:
        unknown = [name for name in (*self.fields, *self.demoted, self.anchor) if name and name not in LEAD_FIELDS]
        if unknown:
            raise ValueError(f"no lead field is called {', '.join(unknown)}")
        return self


class Survivorship(Table):
    """Schema of survivorship.yaml; every refined field is in exactly one group."""

    groups: dict[str, Group]
    provenance: tuple[str, ...]

    @model_validator(mode="after")
    def _every_field_once(self) -> Self:
        listed = [name for group in self.groups.values() for name in group.fields]
        twice = sorted({name for name in listed if listed.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)}: in more than one group")
        lost = [name for name in LEAD_FIELDS[LEAD_FIELDS.index("linkedin_url") : -1] if name not in listed]
        if lost:
            raise ValueError(f"{', '.join(lost)}: in no group")
        strangers = [name for name in self.provenance if name not in listed]
        if strangers:
            raise ValueError(f"provenance: {', '.join(strangers)} is in no group")
        return self


def default_survivorship() -> Survivorship:
    """The checked table survivorship.yaml."""
    return table("survivorship", Survivorship)


def survivors(rows: pd.DataFrame, cluster: Codes, rules: Survivorship) -> dict[str, Codes]:
    """Per field, for every cluster code 0…n-1, the position in `rows` of the surviving value; -1 where all lack it.

    rows: LEAD_FIELDS; cluster: the cluster code of each row. Independent of the order of rows.
    """
    clusters = int(cluster.max()) + 1 if len(cluster) else 0
    is_alone = np.bincount(cluster, minlength=clusters)[cluster] == 1 if clusters else np.empty(0, dtype=bool)
    alone, rivals = np.flatnonzero(is_alone), np.flatnonzero(~is_alone)
    chosen = {field: np.full(clusters, -1, dtype=np.int64) for group in rules.groups.values() for field in group.fields}
    for field, first in chosen.items():
        present = alone[rows[field].notna().to_numpy()[alone]]
        first[cluster[present]] = present
    if len(rivals):
        _contested(rows.iloc[rivals], cluster[rivals], rivals, rules, chosen)
    return chosen


def _contested(
    rows: pd.DataFrame, cluster: Codes, positions: Codes, rules: Survivorship, chosen: dict[str, Codes]
) -> None:
    """Decide between the records of clusters that have several; `positions` is where the rows stand among all."""
    codes, clusters = pd.factorize(cluster)
    codes = codes.astype(np.int64)
    recency = _newest_first(rows)
    ids = np.asarray(rows["lead_id"].rank(method="first"), dtype=np.float64)
    for group in rules.groups.values():
        order = _ordered(rows, codes, group, recency, ids)
        agrees = _agreeing(rows, codes, group, order)
        for field in group.fields:
            usable = order[(rows[field].notna().to_numpy() & agrees)[order]]
            # Written from the last to the first, so that the first in order stays.
            chosen[field][clusters[codes[usable][::-1]]] = positions[usable[::-1]]


def _ordered(
    rows: pd.DataFrame, cluster: Codes, group: Group, recency: NDArray[np.float64], ids: NDArray[np.float64]
) -> Codes:
    """Positions of rows, within each cluster the best record for the group first."""
    lead = rows[group.fields[0]]
    demoted = np.zeros(len(rows), dtype=bool)
    for field, values in group.demoted.items():
        demoted |= rows[field].isin(values).to_numpy(dtype=bool)
    rank = {source: position for position, source in enumerate(group.sources)}
    source = rows["data_source"].map(rank).fillna(len(rank)).to_numpy(dtype=float)
    complete = sum(rows[field].notna().to_numpy().astype(int) for field in group.fields)
    length = lead.astype("str").str.len().fillna(0).to_numpy(dtype=float)
    # lexsort takes the most important key last.
    keys = (ids, -length, -np.asarray(complete), recency, source, demoted, lead.isna().to_numpy(), cluster)
    return np.asarray(np.lexsort(keys), dtype=np.int64)


def _agreeing(rows: pd.DataFrame, cluster: Codes, group: Group, order: Codes) -> NDArray[np.bool_]:
    """Rows that say the same on the anchor as the best record of their cluster."""
    if group.anchor is None or not len(rows):
        return np.ones(len(rows), dtype=bool)
    anchors = pd.factorize(rows[group.anchor], use_na_sentinel=True)[0]
    best = np.full(int(cluster.max()) + 1, -1, dtype=np.int64)
    best[cluster[order][::-1]] = order[::-1]
    return np.asarray(anchors == anchors[best[cluster]], dtype=bool)


def _newest_first(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Sort key that puts the most recently observed first; a record without time counts from when it was collected."""
    times = pd.to_datetime(rows["observed_at"], utc=True, format="ISO8601", errors="coerce")
    if times.isna().any():
        collected = rows["data_collected_date"]
        if not pd.api.types.is_datetime64_any_dtype(collected):
            collected = pd.to_datetime(collected.astype("str"), utc=True, format="ISO8601", errors="coerce")
        times = times.fillna(collected if collected.dt.tz is not None else collected.dt.tz_localize("UTC"))
    seconds = (times - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return np.asarray(-seconds.fillna(0), dtype=np.float64)
