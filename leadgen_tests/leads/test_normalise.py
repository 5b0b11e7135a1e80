"""From drafts to leads: one schema, flags for what is wrong, quarantine for what cannot be a lead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadgen_assets.leads import acceptance
from leadgen_assets.leads.normalise import normalise, refine_answer
from leadgen_assets.leads.schema import DRAFT_FIELDS, LEAD_FIELDS
from leadgen_tests.leads.samples import PROFILE, as_lead, as_leads, draft, drafts

TOKEN = "ACwAAAbCdEfGhIjKlMnOpQrStUvWxYz0123456"
NOBODY = dict.fromkeys(DRAFT_FIELDS)


def test_a_complete_draft_becomes_a_lead_without_flags():
    """REQ-004: every field in its canonical form."""
    lead = as_lead(
        linkedin_url="https://uk.linkedin.com/in/Maya-Okafor-X/",
        job_title="Sr. PPC Mgr @ Northwind",
        phone="212-736-5000",
    )
    assert lead["linkedin_url"] == "https://www.linkedin.com/in/maya-okafor-x"
    assert (lead["target_title"], lead["seniority"], lead["title_confidence"]) == ("PPC Manager", "senior", 0.95)
    assert (lead["first_name"], lead["last_name"]) == ("Maya", "Okafor")
    assert (lead["location_city"], lead["location_state"], lead["location_country"], lead["metro"]) == (
        "Austin",
        "TX",
        "US",
        "Austin",
    )
    assert (lead["company_domain"], lead["company_website"]) == ("northwind.example", "https://northwind.example")
    assert lead["phone"] == "+12127365000"
    assert lead["email_verified"] is None
    assert lead["flags"] == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"company_name": None}, ["needs_enrichment", "company_missing"]),
        ({"company_name": "Self-employed"}, ["needs_enrichment", "company_missing", "company_junk"]),
        ({"linkedin_url": None}, ["needs_enrichment"]),
        ({"linkedin_url": "https://www.linkedin.com/company/acme"}, ["needs_enrichment", "linkedin_not_a_person"]),
        ({"email": "maya@@acme"}, ["email_invalid"]),
        ({"email": "info@acme.example"}, ["email_role"]),
        ({"email": "maya@mailinator.com"}, ["email_disposable"]),
        ({"email_status": "invalid"}, ["email_undeliverable"]),
        ({"email": None}, []),
        ({"phone": "12"}, ["phone_invalid"]),
        ({"job_title": "Baker"}, ["title_unknown"]),
        ({"job_title": "Former PPC Manager"}, ["title_unknown", "title_former"]),
        ({"job_title": "Performence Marketing Manager"}, ["title_low_confidence"]),
        ({"location": "Leeds, England, United Kingdom"}, ["country_outside"]),
        ({"location": "Contact Info"}, ["needs_enrichment", "location_unknown"]),
        ({"full_name": "Maya 4 Hire"}, ["name_suspicious"]),
    ],
)
def test_what_is_wrong_is_flagged_and_the_lead_is_kept(changes, expected):
    """REQ-011, REQ-012: an invalid record is flagged with its reason, never dropped silently."""
    assert as_lead(**changes)["flags"] == expected


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        (NOBODY, "no_identity", ""),
        (NOBODY | {"full_name": "Maya Okafor"}, "no_identity", ""),
        (
            NOBODY | {"linkedin_url": "https://www.linkedin.com/company/acme", "vendor_id": "7"},
            "not_a_person",
            "linkedin_url",
        ),
        ({"full_name": "\x00\x01"}, "control_characters", "full_name"),
        ({"company_industry": "x" * 10_241}, "field_too_large", "company_industry"),
        ({"job_title": "é" * 5_200}, "field_too_large", "job_title"),
    ],
)
def test_what_cannot_be_a_lead_goes_to_quarantine(changes, reason, field):
    """NFR-007: quarantined with its reason, and without personal data."""
    done = normalise(drafts(draft(**changes), draft()), PROFILE)
    assert len(done.leads) == 1
    assert list(done.quarantined.columns) == list(acceptance.QUARANTINE_FIELDS)
    assert done.quarantined[["reason", "field", "position"]].values.tolist() == [[reason, field, 0]]
    assert reason in acceptance.REASONS


@pytest.mark.parametrize(
    "key",
    [
        {"vendor_id": "7"},
        {"linkedin_member_url": TOKEN},
        {"email": "m@acme.example"},
        {"full_name": "Maya O", "company_name": "Acme"},
    ],
)
def test_one_key_is_enough_to_be_a_lead(key):
    """REQ-004: incomplete is flagged, not dropped."""
    assert "needs_enrichment" in as_lead(**(NOBODY | key))["flags"]


def test_a_sales_navigator_address_is_found_in_either_column():
    """Identity rules: token and slug are told apart wherever an export puts them."""
    lead = as_lead(
        linkedin_url=f"https://www.linkedin.com/sales/lead/{TOKEN},NAME_SEARCH",
        linkedin_member_url="linkedin.com/in/maya",
    )
    assert (lead["linkedin_url"], lead["linkedin_member"]) == ("https://www.linkedin.com/in/maya", TOKEN)


def test_missing_values_may_be_nan_none_or_na():
    """notes B3: missing text of a frame comes out as NaN."""
    frame = drafts(draft(email=None), draft(email=np.nan), draft(email=pd.NA), draft(email=""))
    assert normalise(frame, PROFILE).leads["email"].isna().all()


def test_an_empty_page_is_an_empty_frame_of_the_same_shape():
    """REQ-011: nothing delivered is no error."""
    done = normalise(drafts(), PROFILE)
    assert list(done.leads.columns) == list(LEAD_FIELDS)
    assert done.leads.dtypes.drop("data_collected_date").equals(as_leads(draft()).dtypes.drop("data_collected_date"))
    assert done.quarantined.empty


def test_a_frame_without_coordinates_is_refused():
    """Design: a record whose origin is unknown is a mistake of ours."""
    with pytest.raises(KeyError, match="segment"):
        normalise(drafts(draft()).drop(columns="segment"), PROFILE)


junk = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.sampled_from(["https://www.linkedin.com/in/a", "a@b.example", "PPC Manager", "Austin, TX"]),
)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.fixed_dictionaries(dict.fromkeys(DRAFT_FIELDS, junk)), max_size=6))
def test_every_draft_is_a_lead_or_in_quarantine(rows):
    """NFR-007: nothing is lost, nothing counted twice, no text breaks the pipeline."""
    frame = drafts(*rows)
    done = normalise(frame, PROFILE)
    assert sorted([*done.leads["lead_id"], *done.quarantined["lead_id"]]) == sorted(frame["lead_id"])


def test_a_row_means_the_same_alone_and_among_others():
    """Design 5: deterministic; the batch a lead arrives in changes nothing."""
    rows = [draft(), draft(location="Brooklyn, NY", email="x"), draft(job_title="Media Buyer", company_name=None)]
    together = normalise(drafts(*rows), PROFILE).leads
    for position, row in enumerate(rows):
        frame = drafts(row).assign(position=position, lead_id=together["lead_id"][position])
        pd.testing.assert_frame_equal(normalise(frame, PROFILE).leads, together.iloc[[position]].reset_index(drop=True))


def test_an_enrichment_answer_comes_in_the_lead_schema():
    """REQ-014, REQ-015: what a vendor found follows the same rules as what a vendor delivered."""
    found = refine_answer(
        {
            "email": " Info@Acme.example",
            "company_website": "http://www.acme.example/x",
            "company_size": "640",
            "company_industry": "n/a",
        }
    )
    assert found == {
        "email": "info@acme.example",
        "email_kind": "role",
        "company_website": "https://acme.example",
        "company_domain": "acme.example",
        "company_size": "501-1000",
    }
    assert refine_answer({"email": "email_not_unlocked@domain.com", "phone": "12"}) == {}
