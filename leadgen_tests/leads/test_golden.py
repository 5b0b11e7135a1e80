"""Golden records: one row per person, each field from the record that deserves it, with its origin."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadgen_assets.leads import identity, provenance, resemblance
from leadgen_assets.leads.golden import GOLDEN_FIELDS, golden_records
from leadgen_assets.leads.schema import SOURCES
from leadgen_assets.leads.survivorship import Survivorship, default_survivorship
from leadgen_assets.leads.tables import TableError, parse_table
from leadgen_tests.leads.samples import as_leads, draft


def merged(leads, **more):
    return golden_records(leads, identity.cluster(identity.lead_keys(leads), **more))


def test_a_person_of_three_sources_is_one_row_with_the_best_of_each():
    """REQ-008, NFR-011: survivorship per field, provenance per field, and why the records were merged."""
    golden = merged(as_leads(
        draft(data_source="sales_navigator", vendor_id="s"),
        draft(data_source="brightdata", vendor_id="b", email=None, company_size=None),
        draft(data_source="apollo", vendor_id="a", linkedin_url=None, company_size="11-50"),
        draft(data_source="zoominfo", vendor_id="z", linkedin_url=None, phone="212-736-5000", company_size="640"),
    ))  # fmt: skip
    assert len(golden) == 1
    row = golden.iloc[0]
    assert row["sources"] == ["apollo", "brightdata", "zoominfo", "sales_navigator"]
    assert row["merged_by"] == ["linkedin", "email"]
    assert row["why_merged"].startswith(
        "4 records from apollo, brightdata, zoominfo, sales_navigator: same LinkedIn URL"
    )
    assert (row["company_size"], row["phone"]) == ("11-50", "+12127365000")
    origin = provenance.read(row["provenance"])
    assert (origin["company_size"]["source"], origin["phone"]["source"]) == ("apollo", "zoominfo")
    assert set(origin["phone"]) == {"source", "segment", "observed_at", "lead_id"}
    assert row["members"] == sorted(row["members"])
    assert row["lead_id"] == row["members"][0]
    assert row["email_is_key"]
    assert "email:maya.okafor@northwind.example" in row["identity_keys"]


def test_company_data_of_two_employers_are_not_mixed():
    """REQ-007: what the surviving record lacks is filled only from records of the same company."""
    golden = merged(as_leads(
        draft(data_source="apollo", vendor_id="a", company_industry=None, company_size=None),
        draft(data_source="brightdata", vendor_id="b", company_name="Elsewhere", company_website=None, company_size="640"),
        draft(data_source="zoominfo", vendor_id="z", company_name="Northwind Rail, Inc.", company_industry="Railroads",
              company_size=None),
    ))  # fmt: skip
    row = golden.iloc[0]
    assert (row["company_name"], row["company_industry"]) == ("Northwind Rail", "Railroads")
    assert pd.isna(row["company_size"])


def test_a_person_s_address_outranks_a_function_s():
    """Identity rules: role addresses are kept, but not in place of a personal one."""
    golden = merged(as_leads(
        draft(data_source="apollo", vendor_id="a", email="info@northwind.example"),
        draft(data_source="sales_navigator", vendor_id="s", email="maya@northwind.example"),
    ))  # fmt: skip
    assert golden.iloc[0]["email"] == "maya@northwind.example"
    assert golden.iloc[0]["flags"] == []


def test_the_newer_record_wins_among_equals_and_the_smaller_id_decides():
    """Survivorship: source, then recency, then completeness, then id."""
    old = draft(vendor_id="a", job_title="Media Buyer", observed_at="2025-01-01T00:00:00Z")
    new = draft(vendor_id="a", job_title="SEM Manager", observed_at="2026-01-01T00:00:00.000+01:00")
    assert merged(as_leads(old, new)).iloc[0]["job_title"] == "SEM Manager"
    twins = as_leads(draft(vendor_id="a", job_title="Media Buyer"), draft(vendor_id="a", job_title="SEM Manager"))
    smallest = twins.sort_values("lead_id").iloc[0]
    # The longer title comes before the smaller id.
    assert merged(twins).iloc[0]["job_title"] == "Media Buyer"
    assert merged(twins).iloc[0]["lead_id"] == smallest["lead_id"]


def test_flags_unite_and_heal():
    """REQ-011: what another record puts right is no longer wrong; what it does not stays."""
    golden = merged(as_leads(
        draft(vendor_id="a", company_name=None, phone="12", email="nonsense"),
        draft(vendor_id="a", full_name="Maya Okafor"),
    ))  # fmt: skip
    assert golden.iloc[0]["flags"] == ["phone_invalid"]


def test_conflicting_people_are_flagged_and_their_address_is_no_key():
    """Design 6: a shared email is for a person to decide."""
    golden = merged(
        as_leads(draft(vendor_id="a"), draft(vendor_id="b", linkedin_url="https://www.linkedin.com/in/other"))
    )
    assert len(golden) == 2
    assert all("identity_conflict" in flags for flags in golden["flags"])
    assert not golden["email_is_key"].any()


def test_a_person_of_an_earlier_sprint_keeps_the_id_and_is_told():
    """REQ-008: not delivered again."""
    leads = as_leads(draft(vendor_id="a"))
    known = pd.DataFrame({"lead_id": ["L0"], "kind": ["vendor"], "key": ["apollo:a"], "sprint": ["before"]})
    row = merged(leads, known=known).iloc[0]
    assert row["lead_id"] == "L0"
    assert row["is_earlier"]
    assert row["members"] == leads["lead_id"].tolist()
    assert row["merged_by"] == ["vendor"]


def test_a_lead_without_keys_is_its_own_record():
    """REQ-008: nobody is lost for want of a key."""
    leads = as_leads(
        draft(vendor_id=None, linkedin_url=None, email=None), draft(vendor_id=None, linkedin_url=None, email=None)
    )
    golden = merged(leads)
    assert golden["lead_id"].tolist() == sorted(leads["lead_id"])
    assert golden["identity_keys"].tolist() == [[], []]


def test_no_leads_make_no_records():
    """REQ-008: the shape is the same for an empty sprint."""
    golden = merged(as_leads())
    assert list(golden.columns) == list(GOLDEN_FIELDS)
    assert golden.empty
    assert resemblance.possible_duplicates(golden).empty


row = st.fixed_dictionaries(
    {
        "data_source": st.sampled_from(SOURCES),
        "vendor_id": st.sampled_from("abcd"),
        "linkedin_url": st.sampled_from([None, "https://www.linkedin.com/in/a", "https://www.linkedin.com/in/b"]),
        "email": st.sampled_from([None, "a@acme.example", "b@acme.example", "info@acme.example"]),
        "company_name": st.sampled_from([None, "Acme", "Northwind"]),
        "company_size": st.sampled_from([None, "11-50", "640"]),
        "job_title": st.sampled_from([None, "PPC Manager", "Media Buyer"]),
        "observed_at": st.sampled_from([None, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]),
    }
)


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(row, min_size=1, max_size=9), data=st.data())
def test_the_order_of_leads_changes_no_golden_record(rows, data):
    """Design 5: same inputs, same output, whatever the order of arrival; every value is one that a member delivered."""
    leads = as_leads(*(draft(**each) for each in rows))
    order = data.draw(st.permutations(range(len(leads))))
    golden, again = merged(leads), merged(leads.iloc[order].reset_index(drop=True))
    pd.testing.assert_frame_equal(golden, again)
    by_id = leads.set_index("lead_id")
    assert sorted(member for members in golden["members"] for member in members) == sorted(leads["lead_id"])
    for _, record in golden.iterrows():
        for field, origin in provenance.read(record["provenance"]).items():
            assert origin["lead_id"] in record["members"]
            assert by_id.loc[origin["lead_id"], field] == record[field]


def test_similar_names_at_one_company_are_pointed_out_and_left_apart():
    """Design 6: resemblance only flags."""
    golden = merged(as_leads(
        draft(vendor_id="a", email=None, linkedin_url="https://www.linkedin.com/in/a"),
        draft(vendor_id="b", email=None, linkedin_url=None, full_name="Maya Okafor"),
        draft(vendor_id="c", email=None, linkedin_url=None, full_name="Maia Okafor"),
        draft(vendor_id="d", email=None, linkedin_url=None, full_name="Maya Okafor", company_name="Elsewhere",
              company_website=None),
        draft(vendor_id="e", email=None, linkedin_url=None, full_name="Jon Okoro"),
    ))  # fmt: skip
    pairs = resemblance.possible_duplicates(golden)
    assert len(golden) == 5
    assert sorted(pairs["reason"]) == [
        "same_name_same_company",
        "similar_name_same_company",
        "similar_name_same_company",
    ]
    assert (pairs["lead_id"] < pairs["other_lead_id"]).all()
    pd.testing.assert_frame_equal(pairs, resemblance.possible_duplicates(golden.iloc[::-1]))


def test_a_survivorship_table_that_forgets_or_repeats_a_field_is_refused():
    """Style: data that people tune has a schema; the error names file and key."""
    assert default_survivorship() is default_survivorship()
    with pytest.raises(TableError, match=r"mine\.yaml.*in no group"):
        parse_table("{groups: {phone: {fields: [phone], sources: []}}, provenance: []}", Survivorship, "mine.yaml")
    with pytest.raises(TableError, match="no lead field is called fax"):
        parse_table("{groups: {phone: {fields: [fax], sources: []}}, provenance: []}", Survivorship, "mine.yaml")
    with pytest.raises(TableError, match=r"mine\.yaml: not YAML"):
        parse_table("{", Survivorship, "mine.yaml")
