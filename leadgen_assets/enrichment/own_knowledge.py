"""Step 0 of the waterfall, free: what other leads of the same company already know about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd

from leadgen_assets.enrichment.lead_rows import LeadRows
from leadgen_assets.leads.columns import Codes

FIELDS = ("company_domain", "company_website", "company_linkedin", "company_industry", "company_size")
_IDENTITIES = ("company_domain", "company_linkedin", "company_key")


def fill_from_own_leads(rows: LeadRows, may_give: list[bool]) -> int:
    """Fill missing company fields from rows of the same domain, company page or name; returns the fields filled.

    A name counts only where all its leads that know a domain know the same one: two companies may share a name.
    `may_give` says which rows may be read (suppressed people are not touched). Deterministic: the value most leads
    agree on, then the smallest; provenance is the giver's.
    """
    filled = 0
    for _ in range(2):  # a domain learned in the first round opens what the domain knows
        for identity in _IDENTITIES:
            for carriers, name, giver in _lessons(rows, identity, may_give):
                values, origin = rows.values(name), rows.origin(giver, name)
                for row in carriers:
                    if values[row] is None:
                        rows.put(row, name, values[giver], origin)
                        filled += 1
    return filled


def _lessons(rows: LeadRows, identity: str, may_give: list[bool]) -> Iterator[tuple[list[int], str, int]]:
    """(rows of one company, a field that only some of them have, the row to take it from).

    Which companies these are is counted in columns: nearly all leads are at companies that have nothing to learn.
    """
    keys = [key if may else None for key, may in zip(rows.values(identity), may_give, strict=True)]
    company = pd.factorize(np.asarray(keys, dtype=object))[0]
    members = np.flatnonzero(company >= 0)
    size = np.bincount(company[members])
    teaches = size > 1
    if identity == "company_key":
        teaches &= _domains(rows, company, members, len(size)) < 2
    sorted_members = members[np.argsort(company[members], kind="stable")]
    end = np.cumsum(size)
    has = {name: np.fromiter((value is not None for value in rows.values(name)), bool, len(rows)) for name in FIELDS}
    for name in FIELDS:
        known = np.bincount(company[members[has[name][members]]], minlength=len(size))
        for at in np.flatnonzero(teaches & (known > 0) & (known < size)) if name != identity else ():
            carriers = sorted_members[end[at] - size[at] : end[at]].tolist()
            yield carriers, name, _giver(rows, carriers, name)


def _domains(rows: LeadRows, company: Codes, members: Codes, companies: int) -> Codes:
    """How many domains the leads of each company know."""
    domain = pd.factorize(np.asarray(rows.values("company_domain"), dtype=object))[0]
    known = members[domain[members] >= 0]
    pairs = pd.DataFrame({"company": company[known], "domain": domain[known]}).drop_duplicates()
    return np.bincount(pairs["company"].to_numpy(), minlength=companies)


def _giver(rows: LeadRows, carriers: list[int], name: str) -> int:
    """Of the rows with the value that most have, the smallest, the one with the smallest lead id."""
    values, ids = rows.values(name), rows.values("lead_id")
    counts = Counter(values[row] for row in carriers if values[row] is not None)
    chosen = min(counts, key=lambda each: (-counts[each], each))
    return min((row for row in carriers if values[row] == chosen), key=lambda row: str(ids[row]))
