"""Company data (REQ-007, REQ-015): distinct companies with something missing go through the vendors in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from leadgen_assets.enrichment.asking import ask
from leadgen_assets.enrichment.desk import Desk, Question, Respondent
from leadgen_assets.enrichment.lead_rows import LeadRows, Origin
from leadgen_assets.enrichment.report import EnrichmentReport
from leadgen_assets.leads import companies, linkedin
from leadgen_assets.leads.schema import COMPANY_FIELDS
from leadgen_assets.vendors.contracts import CompanyFinder, CompanyQuery

OPERATIONS = {"brightdata": "filter", "clearbit": "company", "hunter": "company"}
"""The paid operation of each vendor, as the price list names it."""


@dataclass
class Company:
    """One company and the leads that work there."""

    key: str
    rows: list[int] = field(default_factory=list)


async def find_companies(
    rows: LeadRows,
    may_ask: Sequence[bool],
    vendors: Sequence[str],
    finders: Mapping[str, CompanyFinder],
    desk: Desk,
    report: EnrichmentReport,
) -> None:
    """Fill company fields of `rows` from the vendors, in that order; each is asked only what is still missing."""
    unfinished = [company for company in _companies(rows, may_ask) if _is_incomplete(rows, company)]
    report.companies = len(unfinished)
    for vendor in vendors:
        line = report.line("company", vendor)
        finder = finders.get(vendor)
        if finder is None:
            line.stopped_because = "not available: no client or no credentials"
            line.skipped = len(unfinished)
            continue
        asked = {company.key: _query(rows, company) for company in unfinished}
        questions = [Question(key, query, key) for key, query in asked.items() if finder.can_answer(query)]
        operation, is_free = OPERATIONS.get(vendor, "company"), finder.repeat_is_free
        who = Respondent(vendor, operation, finder.batch_size, finder.find_companies, _nobody, is_free)
        answers = await ask(desk, who, questions, line)
        for company in unfinished:
            known = answers.get(company.key)
            if known is not None and known.fields:
                _apply(rows, company, known.fields, Origin(vendor, known.asked_at))
        unfinished = [company for company in unfinished if _is_incomplete(rows, company)]


def normalised(fields: Mapping[str, str]) -> dict[str, str | None]:
    """A vendor's company fields in the forms of the lead schema; what cannot be read is None."""
    domain = companies.domain(fields.get("company_website") or fields.get("company_domain") or "")
    return {
        "company_domain": domain,
        "company_website": companies.website(domain) if domain else None,
        "company_industry": companies.industry(fields.get("company_industry") or ""),
        "company_size": companies.size_band(fields.get("company_size") or ""),
        "company_linkedin": linkedin.company_slug(fields.get("company_linkedin") or ""),
    }


def _companies(rows: LeadRows, may_ask: Sequence[bool]) -> Iterable[Company]:
    """By domain, else company page, else name; in the order of their first lead."""
    found: dict[str, Company] = {}
    for row in range(len(rows)):
        key = _key(rows, row) if may_ask[row] else None
        if key is not None:
            found.setdefault(key, Company(key)).rows.append(row)
    return found.values()


def _key(rows: LeadRows, row: int) -> str | None:
    for kind, name in (("domain", "company_domain"), ("linkedin", "company_linkedin"), ("name", "company_key")):
        value = rows.text(row, name)
        if value:
            return f"{kind}:{value}"
    return None


def _is_incomplete(rows: LeadRows, company: Company) -> bool:
    return any(rows.get(row, name) is None for row in company.rows for name in COMPANY_FIELDS)


def _query(rows: LeadRows, company: Company) -> CompanyQuery:
    def known(name: str) -> str | None:
        return min((value for row in company.rows if (value := rows.text(row, name))), default=None)

    return CompanyQuery(company.key, known("company_domain"), known("company_name"), known("company_linkedin"))


def _apply(rows: LeadRows, company: Company, fields: Mapping[str, str], origin: Origin) -> None:
    values = normalised(fields)
    for row in company.rows:
        rows.fill(row, values, origin)


def _nobody(keys: Iterable[str]) -> None:
    """A company is no person: its refusal is a miss and suppresses nobody."""
