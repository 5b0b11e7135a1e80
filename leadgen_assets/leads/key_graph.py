"""Which lead carries which exact key, as numbers, and what the strong keys join: the ground of `identity.cluster`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadgen_assets.leads.columns import Codes

KINDS: tuple[str, ...] = ("linkedin", "email", "member", "vendor")
EMAIL = KINDS.index("email")


@dataclass(frozen=True)
class Carried:
    """Which lead carries which key, each pair once, as numbers.

    lead: position in `ids` (all leads, sorted, so that a smaller number is a smaller id). key: position in `texts`.
    kind: position in KINDS of each pair. is_current, is_known: per lead.
    """

    lead: Codes
    key: Codes
    kind: Codes
    ids: Any
    texts: Any
    is_current: NDArray[np.bool_]
    is_known: NDArray[np.bool_]

    def only(self, mask: NDArray[np.bool_]) -> Carried:
        """Some of the pairs."""
        return replace(self, lead=self.lead[mask], key=self.key[mask], kind=self.kind[mask])


def carried_by(keys: pd.DataFrame, known: pd.DataFrame | None) -> Carried:
    """Of frames with lead_id, kind, key: those of current leads, and of leads delivered before. `ValueError` for a kind
    that is none."""
    parts = [keys[["lead_id", "kind", "key"]]]
    if known is not None and len(known):
        parts.append(known[["lead_id", "kind", "key"]])
    of_keys = len(parts[0])
    table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    sound = (table["lead_id"].notna() & table["key"].notna()).to_numpy(dtype=bool)
    is_current = np.arange(len(table)) < of_keys
    if not sound.all():
        table, is_current = table[sound], is_current[sound]
    kind = _kinds(table["kind"])
    lead, ids = pd.factorize(table["lead_id"].astype("str"), sort=True)
    text, texts = pd.factorize(table["key"].astype("str"))
    lead, text = lead.astype(np.int64), text.astype(np.int64)
    # Two kinds may have a key of the same text: the pair of both is the key.
    key, pairs = pd.factorize(text * len(KINDS) + kind)
    pair = lead * len(pairs) + key
    first = ~pd.Series(pair).duplicated().to_numpy()
    return Carried(
        lead[first],
        key.astype(np.int64)[first],
        kind[first],
        ids.array,
        texts.array.take(pairs // len(KINDS)),
        np.bincount(lead[is_current], minlength=len(ids)) > 0,
        np.bincount(lead[~is_current], minlength=len(ids)) > 0,
    )


def _kinds(kinds: pd.Series) -> Codes:
    """Positions in KINDS. `ValueError` for a kind that is none."""
    codes, words = pd.factorize(kinds.astype("str"))
    unknown = set(words) - set(KINDS)
    if unknown:
        raise ValueError(f"unknown key kind {', '.join(sorted(map(str, unknown)))}; there are {', '.join(KINDS)}")
    return np.asarray([KINDS.index(str(each)) for each in words], dtype=np.int64)[codes].astype(np.int64)


def strong_groups(carried: Carried, crosswalk: pd.DataFrame | None) -> Codes:
    """Group of each lead over the strong keys and the crosswalk."""
    leads = len(carried.ids)
    strong = carried.only(carried.kind != EMAIL)
    nodes = leads + len(carried.texts)
    crossed, person = crosswalk_codes(strong, crosswalk)
    ours = np.concatenate([strong.lead, crossed + leads])
    theirs = np.concatenate([strong.key + leads, person + nodes])
    return components(ours, theirs, nodes + size(person))[:leads]


def crosswalk_codes(strong: Carried, crosswalk: pd.DataFrame | None) -> tuple[Codes, Codes]:
    """Code of each key that the crosswalk names, and of the person it gives that key to. Pairs are joined among
    themselves first: they may chain through a key that no lead carries.
    """
    nothing = np.empty(0, dtype=np.int64)
    if crosswalk is None or crosswalk.empty:
        return nothing, nothing
    pairs = crosswalk[["linkedin_url", "linkedin_member"]].dropna().drop_duplicates()
    url, member = pd.factorize(pairs["linkedin_url"])[0], pd.factorize(pairs["linkedin_member"])[0]
    person = components(url, member + size(url), size(url) + size(member))[url]
    sides = pd.DataFrame(
        {
            "kind": [KINDS.index("linkedin")] * len(pairs) + [KINDS.index("member")] * len(pairs),
            "key": [*pairs["linkedin_url"], *pairs["linkedin_member"]],
            "person": np.concatenate([person, person]),
        }
    ).astype({"key": "str"})
    codes, first = np.unique(strong.key, return_index=True)
    named = pd.DataFrame({"kind": strong.kind[first], "key": strong.texts.take(codes), "code": codes})
    found = sides.merge(named, on=["kind", "key"])
    return found["code"].to_numpy(dtype=np.int64), found["person"].to_numpy(dtype=np.int64)


def components(ours: Any, theirs: Any, nodes: int) -> Codes:
    """The connected component of each node 0…nodes-1, joined by edges ours-theirs."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if nodes == 0:
        return np.empty(0, dtype=np.int64)
    graph = coo_matrix((np.ones(len(ours), dtype=np.int32), (ours, theirs)), shape=(nodes, nodes))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def size(codes: Any) -> int:
    """How many codes there are, 0…n-1."""
    return int(codes.max()) + 1 if len(codes) else 0
