"""Company data: first what the sprint knows itself, then one question a company."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from leadgen_assets.enrichment.desk import Desk
from leadgen_assets.enrichment.lead_rows import LeadRows
from leadgen_assets.enrichment.own_knowledge import fill_from_own_leads
from leadgen_assets.leads import provenance
from leadgen_tests.enrichment.conftest import CompanyTable, frame, lead, run

ACME = {"company_website": "http://www.acme.example/", "company_industry": "retail", "company_size": "640"}


def filled(leads: pd.DataFrame) -> pd.DataFrame:
    rows = LeadRows(leads)
    fill_from_own_leads(rows, [True] * len(leads))
    return rows.frame()


def test_a_company_is_asked_about_once_for_all_its_leads(desk: Desk) -> None:
    """REQ-015: distinct companies, in the forms of the lead schema."""
    clearbit = CompanyTable(known={"acme.example": ACME})
    leads = frame(*(lead(number) for number in range(5)), lead(9, company_domain=None, company_key=None))
    enriched = run(leads, desk, company=[clearbit])
    assert clearbit.asked == ["acme.example"]
    assert enriched.leads.company_size.tolist()[:5] == ["501-1000"] * 5
    assert enriched.leads.company_industry[0] == "Retail"
    assert enriched.leads.company_website[0] == "https://acme.example"
    assert provenance.read(enriched.leads.provenance[0])["company_size"]["source"] == "clearbit"
    assert enriched.report.usd == desk.ledger.spent(desk.sprint) > 0


def test_what_is_complete_is_not_asked_about(desk: Desk) -> None:
    """REQ-015: only what is missing."""
    complete = {"company_website": "https://acme.example", "company_industry": "Retail", "company_size": "51-200"}
    clearbit = CompanyTable(known={"acme.example": ACME})
    assert run(frame(lead(1, **complete)), desk, company=[clearbit]).leads.company_size[0] == "51-200"
    assert clearbit.asked == []


def test_the_next_vendor_gets_what_the_first_did_not_know(desk: Desk) -> None:
    """REQ-015: a waterfall, in the order of the sprint file."""
    clearbit = CompanyTable(known={"acme.example": ACME})
    hunter = CompanyTable(name="hunter", known={"other.example": {**ACME, "company_website": "other.example"}})
    leads = frame(lead(1), lead(2, company_key="other", company_domain="other.example"))
    enriched = run(leads, desk, company=[clearbit, hunter])
    assert hunter.asked == ["other.example"]
    assert enriched.leads.company_size.notna().all()


def test_leads_of_one_company_tell_each_other_for_free(desk: Desk) -> None:
    """REQ-015: step 0; the provenance stays that of the lead that knew."""
    clearbit = CompanyTable()
    knows = lead(1, company_website="https://acme.example", company_industry="Retail", company_size="51-200")
    enriched = run(frame(knows, lead(2)), desk, company=[clearbit])
    assert clearbit.asked == []
    said = provenance.read(enriched.leads.provenance[1])["company_size"]
    assert (said["source"], said["lead_id"]) == ("apollo", enriched.leads.lead_id[0])
    assert enriched.report.filled_from_own_leads == 3


def test_a_name_counts_only_while_it_means_one_company() -> None:
    """REQ-015: two companies may share a name."""
    one = lead(1, company_domain="acme.example", company_size="51-200")
    nameless = lead(2, company_domain=None)
    assert filled(frame(one, nameless)).company_size[1] == "51-200"
    other = lead(3, company_domain="acme-media.example", company_size="1-10")
    assert pd.isna(filled(frame(one, nameless, other)).company_size[1])


company = st.fixed_dictionaries(
    {
        "company_key": st.sampled_from(["acme", "other", None]),
        "company_domain": st.sampled_from(["acme.example", "other.example", None]),
        "company_linkedin": st.sampled_from(["acme", "other", None]),
        "company_industry": st.sampled_from(["Retail", "Software", None]),
        "company_size": st.sampled_from(["1-10", "51-200", None]),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(company, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_own_knowledge_overwrites_nothing_and_does_not_depend_on_the_order(
    rows: list[dict[str, str | None]], chance
) -> None:  # type: ignore[no-untyped-def]
    """Design 5: same inputs, same output, whatever the order of arrival."""
    leads = frame(*(lead(number, **row) for number, row in enumerate(rows)))
    order = list(range(len(rows)))
    chance.shuffle(order)
    straight = filled(leads).set_index("lead_id")
    shuffled = filled(leads.iloc[order].reset_index(drop=True)).set_index("lead_id").loc[straight.index]
    for name in rows[0]:
        assert straight[name].fillna("").tolist() == shuffled[name].fillna("").tolist()
        given_before = leads[name].notna().to_numpy()
        assert straight[name][given_before].tolist() == leads[name][given_before].tolist()
