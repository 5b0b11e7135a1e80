"""Leads that look like one person without sharing an exact key: flagged for a person to decide, never merged."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
    names = pd.Series(over_unique(golden["full_name"].tolist(), fold), index=golden.index, dtype=object)
    surname = pd.Series(over_unique(golden["last_name"].tolist(), fold), index=golden.index, dtype=object)
    people = pd.DataFrame({"lead_id": golden["lead_id"].to_numpy(dtype=object), "name": names.to_numpy()})
    people["initial"] = surname.where(surname.astype(bool), names).str[:1].to_numpy()
    blocks = [
        people.assign(company=golden[column].to_numpy(dtype=object)) for column in ("company_key", "company_domain")
    ]
    pairs = pd.concat([_pairs(block) for block in blocks]).drop_duplicates(["lead_id", "other_lead_id"])
    score = _similarity(pairs["name"].to_numpy(dtype=object), pairs["other_name"].to_numpy(dtype=object))
    pairs = pairs.assign(score=score)[score >= SIMILARITY]
    order = ["score", "lead_id", "other_lead_id"]
    pairs = pairs.sort_values(order, ascending=[False, True, True]).head(MOST_PAIRS)
    reason = np.where(pairs["score"] >= 100, "same_name_same_company", "similar_name_same_company")
    found = pairs[["lead_id", "other_lead_id"]].assign(reason=reason).astype("str")
    return found.sort_values(["lead_id", "other_lead_id"], ignore_index=True)


def _pairs(block: pd.DataFrame) -> pd.DataFrame:
    """Pairs of people within a company and an initial of the surname, each once."""
    known = block.dropna(subset=["company", "name", "initial"]).sort_values("lead_id")
    known = known[(known["name"] != "") & (known.groupby(["company", "initial"]).cumcount() < LARGEST_BLOCK)]
    other = known.rename(columns={"lead_id": "other_lead_id", "name": "other_name"})
    pairs = known.merge(other, on=["company", "initial"])
    return pairs.loc[pairs["lead_id"] < pairs["other_lead_id"], ["lead_id", "name", "other_lead_id", "other_name"]]


def _similarity(ours: NDArray[np.object_], theirs: NDArray[np.object_]) -> NDArray[np.float64]:
    from rapidfuzz.fuzz import token_sort_ratio
    from rapidfuzz.process import cpdist

    if not len(ours):
        return np.empty(0)
    return np.asarray(cpdist(ours.tolist(), theirs.tolist(), scorer=token_sort_ratio, dtype=np.float64))
