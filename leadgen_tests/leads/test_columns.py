"""Columns of frames that are built without a look at each row, and provenance as text."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from leadgen_assets.leads import provenance
from leadgen_assets.leads.columns import TEXT, contiguous, lists, positions, shared_lists, text_array
from leadgen_assets.leads.flags import FLAGS, in_order, refreshed
from leadgen_tests.leads.samples import as_leads, draft

without_deadline = settings(deadline=None, max_examples=80)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
origin = st.fixed_dictionaries(
    {"source": texts, "segment": texts, "observed_at": st.none() | texts, "lead_id": texts}
)  # fmt: skip
origins = st.dictionaries(st.sampled_from(["email", "phone", "job_title", "company_name"]), origin)


def as_text(each: dict[str, str]) -> str:
    return provenance.origin_text(each["source"], each["segment"], each["observed_at"], each["lead_id"])


@without_deadline
@given(before=origins, more=origins)
def test_provenance_says_the_origin_of_every_field_and_the_last_one_holds(before, more):
    """NFR-011: what a text says is what was said, in whatever order, also of frames in the former form."""
    text = provenance.amended(None, {field: as_text(each) for field, each in before.items()})
    assert provenance.read(text) == before
    assert provenance.read(json.dumps(before)) == provenance.read(before) == before
    for former in (text, json.dumps(before)):
        assert (
            provenance.read(provenance.amended(former, {f: as_text(each) for f, each in more.items()})) == before | more
        )


def test_an_origin_of_many_fields_is_told_once():
    """Issue 5: provenance was two thirds of a golden record's memory."""
    one = {"source": "apollo", "segment": "apollo-1", "observed_at": "2026-11-01T00:00:00Z", "lead_id": "L1"}
    text = provenance.amended(None, dict.fromkeys(["email", "phone", "full_name"], as_text(one)))
    assert json.loads(text) == [{**one, "fields": ["email", "full_name", "phone"]}]
    assert [provenance.read(missing) for missing in (None, "", float("nan"), "{}", "[]")] == [{}] * 5


@without_deadline
@given(st.lists(st.tuples(st.integers(0, 5), texts)))
def test_values_become_lists_of_their_owners_in_their_order(pairs):
    """Design 5: the lists are those that a loop over the values would fill."""
    expected: list[list[str]] = [[] for _ in range(6)]
    for owner, value in pairs:
        expected[owner].append(value)
    owners = np.asarray([owner for owner, _ in pairs], dtype=np.int64)
    assert lists([value for _, value in pairs], owners, 6).tolist() == expected
    assert shared_lists(pd.Series(expected, dtype=object)).tolist() == expected


@without_deadline
@given(st.lists(texts, unique=True), st.lists(texts))
def test_positions_are_found_in_columns_of_one_piece_and_of_several(among, wanted):
    """Design 5: a text that is not there has no position."""
    known = {text: at for at, text in enumerate(among)}
    pieces = pd.concat([pd.Series(among[:1], dtype="str"), pd.Series(among[1:], dtype="str")], ignore_index=True)
    assert positions(pd.Series(wanted, dtype="str"), pieces).tolist() == [known.get(text, -1) for text in wanted]
    assert list(contiguous(pieces)) == among


def test_text_is_kept_and_everything_else_is_missing():
    """Schema: `str` columns hold text or NaN."""
    column = text_array(["a", None, ""])
    assert column.dtype == TEXT
    assert column.isna().tolist() == [False, True, False]


@without_deadline
@given(st.lists(st.lists(st.sampled_from([*FLAGS, "of another version"])), min_size=1, max_size=5))
def test_flags_that_no_field_contradicts_stay_in_their_order(rows):
    """REQ-011: unknown flags are kept at the end; those that follow from fields are worked out anew."""
    leads = as_leads(*(draft(vendor_id=str(number)) for number in range(len(rows))))
    healed = {name for name, flag in FLAGS.items() if flag.healed_by}
    of_fields = {"needs_enrichment", "company_missing", "title_unknown", "title_low_confidence", "location_unknown",
                 "email_role", "email_disposable", "email_undeliverable"}  # fmt: skip
    kept = [in_order(set(row) - of_fields - healed | (set(row) & {"phone_invalid"})) for row in rows]
    assert refreshed(leads.assign(flags=pd.Series(rows, dtype=object))).tolist() == kept
