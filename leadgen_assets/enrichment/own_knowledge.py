"""Step 0 of the waterfall, free: what other leads of the same company already know about it."""

from __future__ import annotations

from collections import Counter, defaultdict

from leadgen_assets.enrichment.lead_rows import LeadRows

FIELDS = ("company_domain", "company_website", "company_linkedin", "company_industry", "company_size")
_IDENTITIES = ("company_domain", "company_linkedin", "company_key")

_Knowledge = dict[str, dict[str, int]]
"""key → field → row that has the value most leads of that company agree on."""


def fill_from_own_leads(rows: LeadRows, may_give: list[bool]) -> int:
    """Fill missing company fields from rows of the same domain, company page or name; returns the fields filled.

    A name counts only where all its leads that know a domain know the same one: two companies may share a name.
    `may_give` says which rows may be read (suppressed people are not touched). Deterministic: the value most leads
    agree on, then the smallest; provenance is the giver's.
    """
    filled = 0
    for _ in range(2):  # a domain learned in the first round opens what the domain knows
        for identity in _IDENTITIES:
            knowledge = _learn(rows, identity, may_give)
            for row, key in enumerate(rows.values(identity)):
                if key is None or not may_give[row] or key not in knowledge:
                    continue
                for name, giver in knowledge[key].items():
                    filled += len(rows.fill(row, {name: rows.get(giver, name)}, rows.origin(giver, name)))
    return filled


def _learn(rows: LeadRows, identity: str, may_give: list[bool]) -> _Knowledge:
    members: dict[str, list[int]] = defaultdict(list)
    for row, key in enumerate(rows.values(identity)):
        if key is not None and may_give[row]:
            members[key].append(row)
    knowledge: _Knowledge = {}
    for key, carriers in members.items():
        if len(carriers) < 2:
            continue
        if identity == "company_key" and len({rows.get(row, "company_domain") for row in carriers} - {None}) > 1:
            continue
        wanted = [name for name in FIELDS if name != identity and _is_uneven(rows, carriers, name)]
        if wanted:
            knowledge[key] = {name: _giver(rows, carriers, name) for name in wanted}
    return knowledge


def _is_uneven(rows: LeadRows, carriers: list[int], name: str) -> bool:
    known = sum(rows.get(row, name) is not None for row in carriers)
    return 0 < known < len(carriers)


def _giver(rows: LeadRows, carriers: list[int], name: str) -> int:
    counts = Counter(rows.get(row, name) for row in carriers if rows.get(row, name) is not None)
    value = min(counts, key=lambda each: (-counts[each], each))
    return min((row for row in carriers if rows.get(row, name) == value), key=lambda row: str(rows.get(row, "lead_id")))
