"""Every record of an answer ends as a lead, or in quarantine with a reason; the counts add up (NFR-007)."""

from __future__ import annotations

from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.collection.normalising import normalise_pages
from leadgen_assets.collection.sources import mapper
from leadgen_assets.leads.acceptance import LARGEST_FIELD
from leadgen_assets.leads.identity import lead_keys
from leadgen_assets.leads.normalise import Normalised, normalise_columns
from leadgen_assets.leads.schema import COORDINATES, DRAFT_FIELDS
from leadgen_assets.stores.documents import frame_documents
from leadgen_assets.stores.raw_pages import pack, unpack
from leadgen_tests.fuzz.delivered import PROFILE, SOURCES, page, records
from leadgen_tests.fuzz.hostile import mutated, texts, values
from leadgen_tests.fuzz.sizes import cases


@st.composite
def pages(draw: st.DrawFn, source: str) -> list[Any]:
    """Records of a source, some of them wrong, among them what is no record at all."""
    delivered = list(records(source))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(delivered) - 1))
        delivered[at] = draw(mutated(delivered[at]))
    if draw(st.integers(0, 9)) == 0:
        delivered.insert(0, draw(values))
    return delivered


def comes_to_leads(source: str, delivered: list[Any]) -> None:
    """Normalise a page of records and check what every later stage relies on."""
    made = page(source, delivered)
    how = mapper(source)
    for each in made.records:
        if isinstance(each, dict):
            how.is_error(each)
            draft = how.to_draft(each)
            assert set(draft) == set(DRAFT_FIELDS)
            assert all(value is None or type(value) is str for value in draft.values())
    people = [each for each in made.records if isinstance(each, dict) and not how.is_error(each)]
    bson.encode({"drift": list(how.unexpected(people))})
    assert unpack(pack("page", made.records)) is not None
    done = normalise_pages([made], how, PROFILE)
    erased = sum(1 for each in made.records if isinstance(each, dict) and each.get("_erased") is True)
    assert len(done.leads) + len(done.quarantined) + erased == len(made.records)
    can_be_kept(done)


def can_be_kept(done: Normalised) -> None:
    """What every later stage relies on."""
    assert not set(done.leads["lead_id"]) & set(done.quarantined["lead_id"])
    assert all(done.quarantined["reason"].str.fullmatch(r"[a-z_]+"))
    for document in frame_documents(done.leads):
        bson.encode(document)
        said = [each for each in document.values() if isinstance(each, str)]
        assert all(each.isprintable() and len(each) <= LARGEST_FIELD for each in said), ascii(said)
    for key in lead_keys(done.leads)["key"]:
        assert 0 < len(key.encode()) <= LARGEST_FIELD + 100


@pytest.mark.parametrize("source", SOURCES)
@cases(quick=12, full=800)
@given(data=st.data())
def test_a_record_is_a_lead_or_in_quarantine(source: str, data: st.DataObject) -> None:
    """REQ-011: whatever is wrong with a record, the others of its page become leads."""
    comes_to_leads(source, data.draw(pages(source)))


@cases(quick=12, full=800)
@given(rows=st.lists(st.dictionaries(st.sampled_from(DRAFT_FIELDS), texts, min_size=1), min_size=1, max_size=4))
def test_any_text_in_any_field_is_normalised(rows: list[dict[str, str]]) -> None:
    """REQ-011: the fields' own rules, with texts that no mapping would let through."""
    count = len(rows)
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in DRAFT_FIELDS}
    columns |= {name: ["fuzz"] * count for name in COORDINATES}
    columns |= {"lead_id": [f"L{at}" for at in range(count)], "page": [1] * count, "position": list(range(count))}
    columns["data_collected_date"] = ["2026-01-05T00:00:00Z"] * count
    done = normalise_columns(columns, PROFILE)
    assert len(done.leads) + len(done.quarantined) == count
    can_be_kept(done)
