"""Golden records: one row per person out of all records of that person, with where each field came from (NFR-011)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadgen_assets.leads import flags
from leadgen_assets.leads.identity import KINDS, Clusters
from leadgen_assets.leads.schema import COORDINATES, LEAD_FIELDS, SOURCES
from leadgen_assets.leads.survivorship import Survivorship, default_survivorship, survivors

GOLDEN_FIELDS: tuple[str, ...] = (
    *LEAD_FIELDS,
    "sources",        # list: the sources that know the person, in the order of SOURCES
    "members",        # list: lead ids of all records, sorted
    "merged_by",      # list: key kinds that merged them
    "why_merged",     # text without personal data
    "provenance",     # JSON text {field: {source, segment, observed_at, lead_id}}
    "identity_keys",  # list of "kind:key": the keys this person owns
    "email_is_key",   # whether the e-mail address is one of them
    "is_earlier",     # the person belongs to an earlier sprint: a duplicate, not delivered again
)  # fmt: skip
"""Columns of `golden_records`."""

_KIND_NAMES = {"linkedin": "LinkedIn URL", "email": "e-mail address", "member": "LinkedIn member token",
               "vendor": "vendor id", "crosswalk": "person by a known pair of LinkedIn URL and member token"}  # fmt: skip


def golden_records(leads: pd.DataFrame, clusters: Clusters, survivorship: Survivorship | None = None) -> pd.DataFrame:
    """One row per cluster, sorted by lead_id; columns GOLDEN_FIELDS. Independent of the order of `leads`.

    leads: LEAD_FIELDS, one row per record. lead_id becomes the cluster's id; the other coordinates and the vendor id
    are those of the record with that id, or else of the smallest. Values survive by survivorship.yaml; flags are
    united, and those that the surviving fields disprove go.
    """
    rules = survivorship or default_survivorship()
    rows = leads.sort_values("lead_id", ignore_index=True)
    home = clusters.members.set_index("lead_id")
    ids = rows["lead_id"].map(home["cluster_id"]).fillna(rows["lead_id"])
    code, names = pd.factorize(ids, sort=True)
    code = code.astype(np.int64)
    starters = _starters(rows, code, np.asarray(names, dtype=object))
    chosen = survivors(rows, code, rules)
    golden = _fields(rows, starters, chosen)
    golden["lead_id"] = pd.Series(np.asarray(names, dtype=object), dtype="str")
    members = _lists(rows["lead_id"], code, len(golden))
    golden["flags"] = _flags(rows, code, golden, clusters)
    golden["sources"] = _sources(rows, code, len(golden))
    golden["members"] = members
    golden["merged_by"] = _merged_by(golden["lead_id"], home, clusters)
    golden["why_merged"] = _why_merged(golden)
    golden["provenance"] = _provenance(rows, chosen, rules.provenance)
    golden["identity_keys"] = _identity_keys(golden["lead_id"], clusters)
    owned = zip(golden["email"].tolist(), golden["identity_keys"].tolist(), strict=True)
    golden["email_is_key"] = np.fromiter((f"email:{email}" in keys for email, keys in owned), bool, len(golden))
    earlier = clusters.members.loc[clusters.members["is_earlier"], "cluster_id"]
    golden["is_earlier"] = golden["lead_id"].isin(earlier).to_numpy(dtype=bool)
    return golden[list(GOLDEN_FIELDS)]


def _starters(rows: pd.DataFrame, code: NDArray[np.int64], names: NDArray[Any]) -> NDArray[np.int64]:
    """Per cluster the record that gives the coordinates: the one named like the cluster, else the smallest."""
    named = rows["lead_id"].to_numpy(dtype=object) == names[code] if len(rows) else np.empty(0, dtype=bool)
    order = np.lexsort((np.arange(len(rows)), ~named, code))
    return order[np.unique(code[order], return_index=True)[1]]


def _fields(rows: pd.DataFrame, starters: NDArray[np.int64], chosen: dict[str, NDArray[np.int64]]) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for field in LEAD_FIELDS:
        values = rows[field].array
        if field in (*COORDINATES, "vendor_id"):
            columns[field] = values.take(starters)
        elif field in chosen:
            columns[field] = values.take(chosen[field], allow_fill=True)
    return pd.DataFrame(columns)


def _flags(rows: pd.DataFrame, code: NDArray[np.int64], golden: pd.DataFrame, clusters: Clusters) -> pd.Series:
    united: list[list[str]] = [[] for _ in range(len(golden))]
    for position, given in zip(code, rows["flags"].tolist(), strict=True):
        united[position].extend(flags.as_list(given))
    conflicting = rows["lead_id"].isin(clusters.conflicts["lead_id"]).to_numpy(dtype=bool)
    for position in code[conflicting]:
        united[position].append("identity_conflict")
    given = golden.assign(flags=flags.column([flags.in_order(each) if each else each for each in united], golden.index))
    return flags.refreshed(given)


def _sources(rows: pd.DataFrame, code: NDArray[np.int64], clusters: int) -> pd.Series:
    rank = {source: position for position, source in enumerate(SOURCES)}
    seen = pd.DataFrame({"code": code, "source": rows["data_source"].to_numpy(dtype=object)}).drop_duplicates()
    seen = seen.assign(rank=seen["source"].map(rank).fillna(len(rank))).sort_values(["code", "rank", "source"])
    return _lists(seen["source"], seen["code"].to_numpy(), clusters)


def _merged_by(ids: pd.Series, home: pd.DataFrame, clusters: Clusters) -> pd.Series:
    """Kinds of the edges within each cluster. An edge from a known lead counts for the cluster of its other end."""
    edges = clusters.edges
    cluster = edges["lead_id"].map(home["cluster_id"]).fillna(edges["other_lead_id"].map(home["cluster_id"]))
    rank = {kind: position for position, kind in enumerate((*KINDS, "crosswalk"))}
    found = pd.DataFrame({"cluster": cluster, "kind": edges["kind"]}).dropna().drop_duplicates()
    found = found.assign(rank=found["kind"].map(rank)).sort_values(["cluster", "rank"])
    position = pd.Series(np.arange(len(ids)), index=ids.to_numpy(dtype=object))
    where = found["cluster"].map(position).dropna().astype(np.int64)
    return _lists(found.loc[where.index, "kind"], where.to_numpy(), len(ids))


def _why_merged(golden: pd.DataFrame) -> pd.Series:
    def told(sources: list[str], members: list[str], kinds: list[str]) -> str:
        records = f"{len(members)} record{'s' if len(members) > 1 else ''} from {', '.join(sources)}"
        return records + (f": same {', same '.join(_KIND_NAMES[kind] for kind in kinds)}" if kinds else "")

    rows = zip(golden["sources"], golden["members"], golden["merged_by"], strict=True)
    return pd.Series([told(*row) for row in rows], index=golden.index, dtype="str")


def _provenance(rows: pd.DataFrame, chosen: dict[str, NDArray[np.int64]], fields: tuple[str, ...]) -> pd.Series:
    origins = [
        json.dumps({"source": source, "segment": segment, "observed_at": _text(seen), "lead_id": lead})
        for source, segment, seen, lead in zip(
            *(rows[name].tolist() for name in ("data_source", "segment", "observed_at", "lead_id")), strict=True
        )
    ]
    labels = [f'"{field}": ' for field in fields]
    positions = np.column_stack([chosen[field] for field in fields]).tolist()
    told = (
        "{" + ", ".join([label + origins[at] for label, at in zip(labels, row, strict=True) if at >= 0]) + "}"
        for row in positions
    )
    return pd.Series(list(told), dtype="str")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _identity_keys(ids: pd.Series, clusters: Clusters) -> pd.Series:
    position = pd.Series(np.arange(len(ids)), index=ids.to_numpy(dtype=object))
    keys = clusters.keys
    where = keys["cluster_id"].map(position)
    known = where.notna().to_numpy()
    return _lists((keys["kind"] + ":" + keys["key"])[known], where[known].to_numpy(dtype=np.int64), len(ids))


def _lists(values: pd.Series, code: NDArray[Any], clusters: int) -> pd.Series:
    """The values of each cluster as a list, in their order."""
    lists: list[list[str]] = [[] for _ in range(clusters)]
    for position, value in zip(code.tolist(), values.tolist(), strict=True):
        lists[position].append(value)
    return pd.Series(lists, dtype=object)
