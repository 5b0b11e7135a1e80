"""Rows of refinement as documents of the lead store."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import bson
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.leads import provenance
from leadgen_assets.stores import statistics
from leadgen_assets.stores.documents import TOP_FIELDS, frame_documents, plain, to_document
from leadgen_assets.stores.leads import LeadStore

from .samples import lead, row


def test_named_fields_are_at_the_top_and_all_others_below():
    """REQ-016: interfaces.md names the fields; the rest is in additional_data, without empty entries."""
    document = lead(1, target_title="PPC Manager", title_confidence=0.9, metro=None)
    assert set(TOP_FIELDS) <= set(document)
    extra = {"page": 0, "position": 1, "vendor_id": "v1", "email_kind": "personal"}
    assert document["additional_data"] == {**extra, "target_title": "PPC Manager", "title_confidence": 0.9}


def test_exact_keys_of_a_lead_that_was_not_deduplicated_are_derived():
    """REQ-008: LinkedIn, member token, email and vendor id."""
    document = lead(1, linkedin_member="ACwAAb1")
    assert document["identity_keys"] == [
        "linkedin:https://www.linkedin.com/in/person-1", "member:ACwAAb1", "email:person.1@acme.example",
        "vendor:apollo:v1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "is_key"),
    [
        ({}, True),
        ({"email_kind": "free"}, True),
        ({"email_kind": "role"}, False),
        ({"email_kind": "disposable"}, False),
        ({"email": None}, False),
        ({"flags": ["identity_conflict"]}, False),
        ({"identity_keys": ["linkedin:https://www.linkedin.com/in/person-1"]}, False),
    ],
)
def test_only_an_address_of_one_person_is_a_key(changes, is_key):
    """DE-01: role, disposable and conflicting addresses may repeat."""
    assert lead(1, **changes)["email_is_key"] is is_key


def test_json_columns_become_what_they_say():
    """NFR-011: provenance is stored as a document, each origin once; the former form stays as it is."""
    says = {"email": {"source": "hunter", "lead_id": "L1"}}
    assert lead(1, provenance=json.dumps(says))["provenance"] == says
    one = {"source": "apollo", "segment": "apollo-1", "observed_at": None, "lead_id": "L1"}
    stored = lead(1, provenance=json.dumps([{**one, "fields": ["email", "phone"]}]))["provenance"]
    assert stored == {"origins": [{**one, "fields": ["email", "phone"]}]}
    assert provenance.read(stored) == {"email": one, "phone": one}
    assert provenance.read(says) == says


def test_bought_fields_are_counted_in_documents_of_both_forms(database):
    """OPS-06: who filled what, also of leads that were stored before origins stood once."""
    bought = {"source": "hunter", "segment": statistics.ENRICHMENT, "observed_at": None, "lead_id": "L1"}
    own = {**bought, "source": "apollo", "segment": "apollo-1"}
    texts = [
        json.dumps({"email": bought, "phone": bought, "job_title": own}),
        json.dumps([{**bought, "fields": ["email"]}, {**own, "fields": ["job_title", "phone"]}]),
        None,
    ]
    LeadStore(database).insert_provisional([lead(at, provenance=text) for at, text in enumerate(texts)])
    found = [(each.field, each.source, each.leads) for each in statistics.filled_fields(database, "autumn")]
    assert found == [("email", "hunter", 2), ("phone", "hunter", 1)]


def test_a_row_without_lead_id_is_refused():
    """REQ-016: `_id` is the lead id."""
    with pytest.raises(ValueError, match="lead_id"):
        to_document({"full_name": "Ann"})


VALUES: list[Any] = [
    None, float("nan"), pd.NA, pd.NaT, np.float64(2.5), np.int64(3), np.bool_(True), np.str_("a"), "b", 7, True,
    pd.Timestamp("2026-11-22T10:00:00Z"), datetime(2026, 11, 22), [np.int64(1), None], np.array(["x"]), {"k": np.nan},
]  # fmt: skip


@given(st.lists(st.sampled_from(VALUES), min_size=1, max_size=8))
def test_every_value_becomes_one_that_bson_holds(values):
    """REQ-016: numpy, pandas and missing values never reach the database."""
    cleaned = [plain(value) for value in values]
    bson.encode({"values": cleaned})
    assert all(each is None or each == each for each in cleaned)


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "email": st.sampled_from(["a@x.example", None]),
                "phone": st.sampled_from(["+14155550100", None]),
                "flags": st.sampled_from([[], ["title_unknown"]]),
                "data_quality_score": st.sampled_from([80.5, None]),
                "email_verified": st.sampled_from([True, False, None]),
                "is_qualified": st.booleans(),
                "title_confidence": st.sampled_from([1.0, None]),
                "members": st.sampled_from([["L1", "L2"], None]),
                "data_collected_date": st.sampled_from(
                    ["2026-11-22T09:00:00+00:00", datetime(2026, 11, 22, tzinfo=UTC)]
                ),
            },
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_frame_gives_the_same_documents_as_its_rows(changes):
    """REQ-016: the fast way and the simple way agree."""
    rows = [row(number, **each) for number, each in enumerate(changes)]
    frame = pd.DataFrame(rows)
    assert frame_documents(frame) == [to_document(each) for each in frame.to_dict("records")]
