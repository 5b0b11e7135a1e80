"""The enrichment of a sprint (REQ-012, REQ-014, REQ-015, TL-05): own knowledge, companies, addresses, verification.

In that order, because each step needs what the one before it found, and the first one is free. A vendor that fails,
runs out of credits or would exceed the budget is left out; the leads always come back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from leadgen_assets.enrichment.company_step import find_companies
from leadgen_assets.enrichment.desk import Desk
from leadgen_assets.enrichment.email_step import find_emails
from leadgen_assets.enrichment.lead_rows import LeadRows
from leadgen_assets.enrichment.own_knowledge import fill_from_own_leads
from leadgen_assets.enrichment.report import Enriched, EnrichmentReport
from leadgen_assets.enrichment.verify_step import verify_emails
from leadgen_assets.leads.columns import settled_heap
from leadgen_assets.leads.emails import KEY_KINDS
from leadgen_assets.sprint_file import Enrichment
from leadgen_assets.vendors.contracts import CompanyFinder, EmailFinder, EmailVerifier

REFUSAL = "asked an enrichment vendor to be removed"


@dataclass(frozen=True)
class Toolbox:
    """The vendors that are available, by the names a sprint file uses."""

    email_finders: Mapping[str, EmailFinder] = field(default_factory=dict)
    company_finders: Mapping[str, CompanyFinder] = field(default_factory=dict)
    verifiers: Mapping[str, EmailVerifier] = field(default_factory=dict)


async def enrich(golden: pd.DataFrame, plan: Enrichment, tools: Toolbox, desk: Desk) -> Enriched:
    """Golden records with what could be found out about them.

    `golden` has LEAD_FIELDS (and `provenance`, `is_earlier` where deduplication ran before). Same rows and order come
    back; `provenance` and `flags` follow the fields, and the new `is_suppressed` says who must not be contacted. Leads
    of earlier sprints, suppressed people and people who opted out of sharing are not asked about. A second run, also
    after a crash, asks and pays only what has no answer yet. Raises only store errors.
    """
    report = EnrichmentReport()
    if golden.empty:
        return Enriched(golden.copy(), report)
    with settled_heap():
        return Enriched(await _enriched(golden, plan, tools, desk, report), report)


async def _enriched(
    golden: pd.DataFrame, plan: Enrichment, tools: Toolbox, desk: Desk, report: EnrichmentReport
) -> pd.DataFrame:
    rows = LeadRows(golden)
    suppressed = (await asyncio.to_thread(desk.suppressions.mask, golden)).tolist()
    may_ask = [
        not is_suppressed and rows.get(row, "is_earlier") is not True and "do_not_sell" not in rows.flags(row)
        for row, is_suppressed in enumerate(suppressed)
    ]

    def suppress(refused: Iterable[int]) -> None:
        """In the store before the answer is cached, so that no crash can forget a refusal."""
        refused = list(refused)
        desk.suppressions.add_many([key for row in refused for key in _keys(rows, row)], REFUSAL)
        for row in refused:
            may_ask[row], suppressed[row] = False, True

    report.filled_from_own_leads = fill_from_own_leads(rows, [not each for each in suppressed])
    await find_companies(rows, may_ask, plan.company, tools.company_finders, desk, report)
    await find_emails(rows, may_ask, plan.email, tools.email_finders, desk, report, suppress)
    await verify_emails(rows, may_ask, plan.verify, tools.verifiers, desk, report, suppress)
    for row, is_suppressed in enumerate(suppressed):
        if is_suppressed:
            rows.flag(row, "suppressed")
    leads = rows.frame()
    leads["is_suppressed"] = pd.Series(suppressed, index=leads.index, dtype=bool)
    return leads


def _keys(rows: LeadRows, row: int) -> list[tuple[str, str]]:
    """Everything that identifies the person; shared mailboxes and companies are not theirs alone."""
    email = rows.text(row, "email") if rows.get(row, "email_kind") in KEY_KINDS else None
    vendor_id, source = rows.text(row, "vendor_id"), rows.text(row, "data_source")
    keys = [
        ("linkedin", rows.text(row, "linkedin_url")),
        ("member", rows.text(row, "linkedin_member")),
        ("email", email),
        ("vendor", f"{source}:{vendor_id}" if vendor_id and source else None),
    ]
    merged = rows.get(row, "identity_keys")
    united = [] if merged is None else [tuple(str(each).split(":", 1)) for each in merged]
    return list(dict.fromkeys([*((kind, key) for kind, key in keys if key), *((kind, key) for kind, key in united)]))
