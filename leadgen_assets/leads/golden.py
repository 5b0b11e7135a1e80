"""Golden records: one row per person out of all records of that person, with where each field came from (NFR-011)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from leadgen_assets.leads import flags
from leadgen_assets.leads.columns import Codes, contiguous, lists, positions, shared_lists, text_array
from leadgen_assets.leads.identity import Clusters
from leadgen_assets.leads.key_graph import KINDS
from leadgen_assets.leads.provenance import fields_text, origin_text, united
from leadgen_assets.leads.schema import COORDINATES, LEAD_FIELDS, SOURCES
from leadgen_assets.leads.survivorship import Survivorship, default_survivorship, survivors

GOLDEN_FIELDS: tuple[str, ...] = (
    *LEAD_FIELDS,
    "sources",        # list: the sources that know the person, in the order of SOURCES
    "members",        # list: lead ids of all records, sorted
    "merged_by",      # list: key kinds that merged them
    "why_merged",     # text without personal data
    "provenance",     # text of leads.provenance: {field: {source, segment, observed_at, lead_id}}
    "identity_keys",  # list of "kind:key": the keys this person owns
    "email_is_key",   # whether the e-mail address is one of them
    "is_earlier",     # the person belongs to an earlier sprint: a duplicate, not delivered again
)  # fmt: skip
"""Columns of `golden_records`."""

_KIND_NAMES = {"linkedin": "LinkedIn URL", "email": "e-mail address", "member": "LinkedIn member token",
               "vendor": "vendor id", "crosswalk": "person by a known pair of LinkedIn URL and member token"}  # fmt: skip

_PORTION = 20_000
"""Clusters whose provenance is written at a time."""


def golden_records(
    leads: pd.DataFrame, clusters: Clusters, survivorship: Survivorship | None = None, *, let_go: bool = False
) -> pd.DataFrame:
    """One row per cluster, sorted by lead_id; columns GOLDEN_FIELDS. Independent of the order of `leads`.

    leads: LEAD_FIELDS, one row per record. lead_id becomes the cluster's id; the other coordinates and the vendor id
    are those of the record with that id, or else of the smallest. Values survive by survivorship.yaml; flags are
    united, and those that the surviving fields disprove go. With `let_go`, columns of `leads` are dropped from it as
    they are used, so that a million leads need not be in memory twice.
    """
    rules = survivorship or default_survivorship()
    rows = leads if let_go else leads.reset_index(drop=True)
    rows.index = pd.RangeIndex(len(rows))
    code, ids = pd.factorize(clusters.of(rows["lead_id"]), sort=True)
    code = code.astype(np.int64)
    order = _by_cluster(rows, code)
    starters = _starters(rows, code, ids, order)
    chosen = survivors(rows, code, rules)
    golden = _fields(rows, starters, chosen, let_go=let_go)
    golden["lead_id"] = ids
    provenance = _provenance(rows, chosen, rules.provenance)
    del chosen
    golden["flags"] = _flags(rows, code, starters, golden, clusters)
    golden["sources"] = _sources(rows, code, len(golden))
    golden["members"] = lists(rows["lead_id"].array.take(order).tolist(), code[order], len(golden))
    golden["merged_by"] = _merged_by(golden["lead_id"], clusters)
    golden["why_merged"] = _why_merged(golden)
    golden["provenance"] = provenance
    golden["identity_keys"] = _identity_keys(golden["lead_id"], clusters)
    owned = zip(golden["email"].tolist(), golden["identity_keys"].tolist(), strict=True)
    golden["email_is_key"] = np.fromiter((f"email:{email}" in keys for email, keys in owned), bool, len(golden))
    earlier = clusters.members.loc[clusters.members["is_earlier"], "cluster_id"]
    golden["is_earlier"] = golden["lead_id"].isin(earlier).to_numpy(dtype=bool)
    return golden[list(GOLDEN_FIELDS)]


def _by_cluster(rows: pd.DataFrame, code: Codes) -> Codes:
    """Positions of the rows by cluster, within each by lead id."""
    several = np.bincount(code)[code] > 1 if len(code) else np.empty(0, dtype=bool)
    rank = np.zeros(len(code), dtype=np.int64)
    rank[several] = pd.factorize(rows["lead_id"].array[several], sort=True)[0]
    return np.lexsort((rank, code)).astype(np.int64)


def _starters(rows: pd.DataFrame, code: Codes, ids: Any, order: Codes) -> Codes:
    """Per cluster the record that gives the coordinates: the one named like the cluster, else the smallest."""
    starters = np.empty(len(ids), dtype=np.int64)
    # Written from the last to the first, so that the first in order stays.
    starters[code[order][::-1]] = order[::-1]
    named = np.flatnonzero(np.asarray(rows["lead_id"].array == ids.take(code), dtype=bool))
    starters[code[named]] = named
    return starters


_STILL_NEEDED = frozenset({"lead_id", "flags", "data_source", "segment", "observed_at"})


def _fields(rows: pd.DataFrame, starters: Codes, chosen: dict[str, Codes], *, let_go: bool) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for field in LEAD_FIELDS:
        values = rows.pop(field).array if let_go and field not in _STILL_NEEDED else rows[field].array
        if field in (*COORDINATES, "vendor_id"):
            columns[field] = values.take(starters)
        elif field in chosen:
            columns[field] = values.take(chosen[field], allow_fill=True)
    return pd.DataFrame(columns)


def _flags(rows: pd.DataFrame, code: Codes, starters: Codes, golden: pd.DataFrame, clusters: Clusters) -> pd.Series:
    given = rows["flags"].tolist()
    united = [flags.as_list(given[at]) for at in starters.tolist()]
    conflicting = rows["lead_id"].isin(clusters.conflicts["lead_id"]).to_numpy(dtype=bool)
    others = np.ones(len(rows), dtype=bool)
    others[starters] = False
    for row in np.flatnonzero(others | conflicting).tolist():
        more = [*flags.as_list(given[row]), *(["identity_conflict"] if conflicting[row] else [])]
        if more:
            united[code[row]] = [*united[code[row]], *more]
    return flags.refreshed(golden.assign(flags=flags.column(united, golden.index)))


def _sources(rows: pd.DataFrame, code: Codes, clusters: int) -> pd.Series:
    names = [*SOURCES, *sorted(set(rows["data_source"].unique().tolist()) - set(SOURCES))]
    rank = rows["data_source"].map({name: place for place, name in enumerate(names)}).to_numpy(dtype=np.int64)
    pairs = np.unique(code * len(names) + rank)
    return shared_lists(lists([names[at] for at in (pairs % len(names)).tolist()], pairs // len(names), clusters))


def _merged_by(ids: pd.Series, clusters: Clusters) -> pd.Series:
    """Kinds of the edges within each cluster. An edge from a known lead counts for the cluster of its other end."""
    edges, members = clusters.edges, clusters.members
    home = positions(edges["lead_id"], members["lead_id"])
    other = positions(edges["other_lead_id"], members["lead_id"])
    home = np.where(home >= 0, home, other)
    cluster = members["cluster_id"].array.take(home[home >= 0])
    rank = {kind: position for position, kind in enumerate((*KINDS, "crosswalk"))}
    found = pd.DataFrame({"cluster": positions(pd.Series(cluster), ids), "kind": edges["kind"].array[home >= 0]})
    found = found[found["cluster"] >= 0].drop_duplicates()
    found = found.assign(rank=found["kind"].map(rank)).sort_values(["cluster", "rank"])
    return shared_lists(lists(found["kind"].tolist(), found["cluster"].to_numpy(dtype=np.int64), len(ids)))


def _why_merged(golden: pd.DataFrame) -> pd.Series:
    @cache
    def told(sources: tuple[str, ...], members: int, kinds: tuple[str, ...]) -> str:
        records = f"{members} record{'s' if members > 1 else ''} from {', '.join(sources)}"
        return records + (f": same {', same '.join(_KIND_NAMES[kind] for kind in kinds)}" if kinds else "")

    rows = zip(golden["sources"], golden["members"], golden["merged_by"], strict=True)
    texts = [told(tuple(sources), len(members), tuple(kinds)) for sources, members, kinds in rows]
    return pd.Series(text_array(texts), index=golden.index)


def _provenance(rows: pd.DataFrame, chosen: dict[str, Codes], fields: tuple[str, ...]) -> pd.Series:
    """Each cluster's text, a portion at a time: most have one origin, and only which fields it gave varies."""
    records = [contiguous(rows[name]) for name in ("data_source", "segment", "observed_at", "lead_id")]
    bits = 1 << np.arange(len(fields))
    parts = [pd.Series([], dtype="str")]
    for start in range(0, len(chosen[fields[0]]), _PORTION):
        part = np.column_stack([chosen[field][start : start + _PORTION] for field in fields])
        main = part.max(axis=1)
        origins = _origin_texts(records, np.maximum(main, 0))
        ways = ((part >= 0) @ bits).tolist()
        closing = {
            way: fields_text(field for field, bit in zip(fields, bits.tolist(), strict=True) if way & bit)
            for way in set(ways)
        }
        texts = [f"[{origin}{closing[way]}]" for origin, way in zip(origins, ways, strict=True)]
        mixed = np.flatnonzero(((part != main[:, None]) & (part >= 0)).any(axis=1) | (main < 0))
        for at, text in zip(mixed.tolist(), _mixed(records, part[mixed], fields), strict=True):
            texts[at] = text
        parts.append(pd.Series(text_array(texts)))
    return pd.concat(parts, ignore_index=True)


def _mixed(records: list[Any], given_by: Codes, fields: tuple[str, ...]) -> Iterator[str]:
    """The texts of clusters whose fields come from several records, or from none."""
    several = np.unique(given_by[given_by >= 0])
    origins = dict(zip(several.tolist(), _origin_texts(records, several), strict=True))
    for row in given_by.tolist():
        said: dict[str, list[str]] = {}
        for field, at in zip(fields, row, strict=True):
            if at >= 0:
                said.setdefault(origins[at], []).append(field)
        yield united(said)


def _origin_texts(records: list[Any], at: Codes) -> list[str]:
    return [origin_text(*each) for each in zip(*(column.take(at).tolist() for column in records), strict=True)]


def _identity_keys(ids: pd.Series, clusters: Clusters) -> pd.Series:
    keys = clusters.keys
    where = positions(keys["cluster_id"], ids)
    texts: list[str] = []
    for start in range(0, len(keys), 10 * _PORTION):
        part = keys.iloc[start : start + 10 * _PORTION]
        texts += (part["kind"] + ":" + part["key"]).array[where[start : start + 10 * _PORTION] >= 0].tolist()
    return lists(texts, where[where >= 0], len(ids))
