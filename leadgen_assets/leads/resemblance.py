"""Leads that look like one person without sharing an exact key: flagged for a person to decide, never merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadgen_assets.leads.columns import Codes
from leadgen_assets.leads.text import fold, over_unique

SIMILARITY = 90.0
"""Least token_sort_ratio of two folded names."""

LARGEST_BLOCK = 200
"""Leads of one company and initial that are compared with each other; the rest of a larger block is left alone."""

MOST_PAIRS = 10_000
"""More than a person can look at; the most similar are kept."""


def possible_duplicates(golden: pd.DataFrame) -> pd.DataFrame:
    """Pairs of golden records with a similar name at the same company: lead_id < other_lead_id, reason, sorted.

    reason is same_name_same_company or similar_name_same_company. Columns read: lead_id, full_name, last_name,
    company_key, company_domain. Independent of the order of rows.
    """
    people = _people(golden)
    found = [_alike(people, people.blocks[0], None), _alike(people, people.blocks[1], people.blocks[0])]
    ours, theirs, score = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((theirs, ours, -score))[:MOST_PAIRS]
    order = order[np.lexsort((theirs[order], ours[order]))]
    reason = np.where(score[order] >= 100, "same_name_same_company", "similar_name_same_company")
    return pd.DataFrame(
        {
            "lead_id": people.ids.take(ours[order]),
            "other_lead_id": people.ids.take(theirs[order]),
            "reason": pd.Series(reason, dtype="str"),
        }
    )


@dataclass(frozen=True)
class _People:
    """Leads sorted by id. `names`: folded, words in order, so that a plain ratio is the token_sort_ratio.

    blocks: by company name and by domain, the number of company and initial that a lead is compared within; -1: none.
    """

    ids: Any
    names: NDArray[np.object_]
    blocks: tuple[Codes, Codes]


def _people(golden: pd.DataFrame) -> _People:
    golden = golden[["lead_id", "full_name", "last_name", "company_key", "company_domain"]]
    golden = golden.sort_values("lead_id", ignore_index=True)
    names = over_unique(golden["full_name"].tolist(), fold)
    surnames = over_unique(golden["last_name"].tolist(), fold)
    initials = [
        (surname or name or "")[:1] if name is not None else None for surname, name in zip(surnames, names, strict=True)
    ]
    initial = pd.factorize(np.asarray(initials, dtype=object))[0]
    has_name = np.fromiter((bool(name) for name in names), bool, len(names))
    ordered = over_unique(names, lambda name: " ".join(sorted(name.split())))
    return _People(
        golden["lead_id"].astype("str").array,
        np.asarray(ordered, dtype=object),
        (_blocks(golden["company_key"], initial, has_name), _blocks(golden["company_domain"], initial, has_name)),
    )


def _blocks(company: pd.Series, initial: Codes, has_name: NDArray[np.bool_]) -> Codes:
    """The block of each lead; only the first ones of a block that is too large are in it."""
    code = pd.factorize(company)[0].astype(np.int64)
    block = np.where((code >= 0) & (initial >= 0), code * (initial.max(initial=0) + 1) + initial, -1)
    place = pd.Series(block).groupby(block).cumcount().to_numpy()
    return np.where(has_name & (place < LARGEST_BLOCK), block, -1)


def _alike(people: _People, block: Codes, told: Codes | None) -> tuple[Codes, Codes, NDArray[np.float64]]:
    """Pairs of one block that resemble each other, smaller id first, and how much; without those that share `told`."""
    members = np.flatnonzero(block >= 0)
    members = members[np.argsort(block[members], kind="stable")]
    found = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))]
    # Each with the next in its block, then with the one after that: no more than a column of pairs is ever held.
    for distance in range(1, LARGEST_BLOCK):
        ours, theirs = members[:-distance], members[distance:]
        together = block[ours] == block[theirs]
        if not together.any():
            break
        if told is not None:
            together &= (told[ours] != told[theirs]) | (told[ours] < 0)
        ours, theirs = ours[together], theirs[together]
        score = _similarity(people.names[ours], people.names[theirs])
        hit = score >= SIMILARITY
        found.append((ours[hit], theirs[hit], score[hit]))
    ours, theirs, score = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return ours, theirs, score


def _similarity(ours: NDArray[np.object_], theirs: NDArray[np.object_]) -> NDArray[np.float64]:
    from rapidfuzz.fuzz import ratio
    from rapidfuzz.process import cpdist

    if not len(ours):
        return np.empty(0)
    return np.asarray(cpdist(ours.tolist(), theirs.tolist(), scorer=ratio, score_cutoff=SIMILARITY, dtype=np.float64))
