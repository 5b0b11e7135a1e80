"""Mappings are data: what ships is sound, what is broken is said in full, what is sent always fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.delivery.mapping import MappingError, load_mapping, parse_mapping
from leadgen_assets.delivery.rows import map_leads, payload_hash
from leadgen_assets.delivery.validation import validate
from leadgen_tests.delivery.conftest import described, lead, lead_id

HUBSPOT = load_mapping("hubspot")


@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_the_mappings_that_ship_can_be_loaded(crm: str) -> None:
    """REQ-020."""
    assert load_mapping(crm).fields[load_mapping(crm).external_id].lead == "lead_id"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"city": None}, "no field 'city'"),
        ({"city": {"type": "text", "read_only": True}}, "does not let anybody write"),
        ({"lead_external_id": {"type": "text"}}, "not unique"),
        ({"lead_external_id": {"type": "text", "unique": True, "length": 18}}, "at least 25"),
        ({"lifecyclestage": {"type": "picklist", "options": ["subscriber"]}}, "no option 'lead'"),
        ({"state": {"type": "picklist", "options": ["MA"]}}, "is a picklist"),
        ({"city": {"type": "number"}}, "is a number"),
        ({"city": {"type": "bool"}}, "yes/no"),
        ({"city": {"type": "date"}}, "is a date"),
        ({"city": {"type": "url"}}, "must not be trimmed"),
        ({"city": {"type": "text", "required": True}}, "mark the rule required"),
        ({"region": {"type": "text", "required": True}}, "does not fill it"),
        ({"lifecyclestage": {"type": "text", "length": 2}}, "longer than"),
    ],
)
def test_a_mapping_that_does_not_fit_is_told_why(changes: dict[str, Any], problem: str) -> None:
    """REQ-020: types, lengths, required, picklists, read-only, unique external id."""
    problems = validate(HUBSPOT, described(**changes))
    assert len(problems) == 1
    assert problem in problems[0]


def test_a_fitting_mapping_has_no_problems() -> None:
    """REQ-020."""
    assert validate(HUBSPOT, described()) == []


@pytest.mark.parametrize(
    "text",
    [
        "crm: hubspot\nexternal_id: x\nfields: {x: {lead: lead_id, transform: nonsense}}",
        "crm: hubspot\nexternal_id: x\nfields: {x: {lead: no_such_field}}",
        "crm: hubspot\nexternal_id: x\nfields: {y: {lead: lead_id}}",
        "crm: hubspot\nexternal_id: x\nfields: {x: {lead: lead_id, constant: both}}",
        "crm: hubspot\nexternal_id: x\nfields: {x: {lead: lead_id, unless_flagged: [no_flag]}}",
        "crm: pipedrive\nexternal_id: x\nfields: {x: {lead: lead_id}}",
        "a list: [",
        "",
    ],
)
def test_a_broken_file_is_a_mapping_error_that_names_it(text: str) -> None:
    """REQ-020."""
    with pytest.raises(MappingError, match=r"^mine\.yaml: "):
        parse_mapping(text, "mine.yaml")


def test_a_file_for_the_other_crm_is_refused(tmp_path: Path) -> None:
    """REQ-020: HUBSPOT_MAPPING pointing at a Salesforce file."""
    path = tmp_path / "mine.yaml"
    path.write_text("crm: salesforce\nexternal_id: x\nfields: {x: {lead: lead_id}}")
    with pytest.raises(MappingError, match="is for salesforce"):
        load_mapping("hubspot", path)


def test_an_address_that_bounces_stays_on_the_lead_and_out_of_the_crm() -> None:
    """REQ-012, vendors.md §5.3."""
    leads = pd.DataFrame([lead(1, flags=["email_undeliverable"]), lead(2)])
    rows = map_leads(leads, HUBSPOT, described()).rows
    assert "email" not in rows[lead_id(1)]
    assert rows[lead_id(2)]["email"] == "ada2@acme.example"


def test_missing_values_are_left_out_not_blanked() -> None:
    """REQ-020: a sync must not erase what a salesperson entered."""
    leads = pd.DataFrame([lead(1, phone=None, location_city=float("nan"))])
    row = map_leads(leads, HUBSPOT, described()).rows[lead_id(1)]
    assert not {"phone", "city"} & set(row)


def test_picklists_and_head_counts_are_translated() -> None:
    """REQ-020."""
    mapping = parse_mapping(
        "crm: hubspot\nexternal_id: x\nfields:\n  x: {lead: lead_id}\n"
        "  n: {lead: company_size, transform: employees}\n"
        "  i: {lead: company_industry, options: {Retail: RETAIL}, unknown_option: OTHER}\n"
        "  j: {lead: company_industry, options: {Retail: RETAIL}}\n"
    )
    leads = pd.DataFrame(
        [
            lead(1, company_size="10001+", company_industry="Retail"),
            lead(2, company_size="51-200", company_industry="?"),
        ]
    )
    mapped = map_leads(leads, mapping, {})
    assert list(mapped.rows.values()) == [
        {"x": lead_id(1), "n": "10001", "i": "RETAIL", "j": "RETAIL"},
        {"x": lead_id(2), "n": "51", "i": "OTHER"},
    ]
    assert dict(mapped.adjusted) == {"j: no option for the value": 1}


@given(
    st.text(max_size=300),
    st.text(max_size=300),
    st.integers(1, 100),
    st.sampled_from(["trim", "drop", "refuse"]),
)
def test_nothing_longer_than_the_crm_takes_is_ever_sent(title: str, company: str, length: int, policy: str) -> None:
    """REQ-020: every lead is either a row that fits or refused with a reason."""
    mapping = parse_mapping(
        "crm: hubspot\nexternal_id: x\nfields:\n  x: {lead: lead_id}\n"
        f"  t: {{lead: job_title, too_long: {policy}}}\n  c: {{lead: company_name, required: true, too_long: {policy}}}\n"
    )
    fields = {"t": {"length": length}, "c": {"length": length}}
    mapped = map_leads(pd.DataFrame([lead(1, job_title=title, company_name=company)]), mapping, fields)
    assert len(mapped.rows) + len(mapped.refused) == 1
    for row in mapped.rows.values():
        assert all(1 <= len(value) <= length for name, value in row.items() if name != "x")
    if not company.strip():
        assert mapped.refused


@given(
    st.dictionaries(st.sampled_from("abc"), st.text(max_size=5)),
    st.dictionaries(st.sampled_from("abc"), st.text(max_size=5)),
)
def test_two_payloads_have_one_hash_exactly_when_they_are_equal(one: dict[str, str], other: dict[str, str]) -> None:
    """vendors.md §8.9."""
    assert (payload_hash(one) == payload_hash(other)) == (one == other)
    assert payload_hash(one) == payload_hash(dict(reversed(one.items())))
