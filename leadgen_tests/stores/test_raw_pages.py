"""Raw pages: the record, the checkpoint, the account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadgen_assets.stores.errors import StoreMissing
from leadgen_assets.stores.raw_pages import ERASED, RawPage, RawPages

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.fixture
def pages(database):
    return RawPages(database)


def page(number: int, records: list[Any] | None = None, **changes: Any) -> RawPage:
    known = {"sprint": "autumn", "segment": "apollo-1", "source": "apollo", "request": {"page": number}}
    return RawPage(
        **{**known, "number": number, "records": records or [{"id": str(number)}], "fetched_at": AT, **changes}
    )


def outcome(delivered: int, leads: int, duplicates: int = 0, suppressed: int = 0, quarantined: int = 0):
    names = ("delivered", "leads", "duplicates", "suppressed", "quarantined")
    return dict(zip(names, (delivered, leads, duplicates, suppressed, quarantined), strict=True))


def test_a_page_lands_once_and_the_first_one_stays(pages):
    """NFR-007: the set of pages present is the checkpoint; no page is landed over another."""
    assert pages.land(page(1, [{"id": "a"}]))
    assert not pages.land(page(1, [{"id": "b"}]))
    assert [each.records for each in pages.read("autumn", "apollo-1")] == [[{"id": "a"}]]


def test_pages_that_land_together_leave_those_that_were_there(pages):
    """NFR-007: as one by one; an answer that is written down again changes nothing."""
    pages.land(page(2, [{"id": "a"}]))
    pages.land_all([page(1), page(2, [{"id": "b"}]), page(3, credits=Decimal("1.25"))])
    pages.land_all([page(3, [{"id": "c"}])])
    assert list(pages.read("autumn", "apollo-1")) == [page(1), page(2, [{"id": "a"}]), page(3, credits=Decimal("1.25"))]


def test_pages_are_read_in_the_order_of_their_numbers(pages):
    """NFR-007: ten comes after nine, other segments and listings stay out."""
    for number in (10, 2, 1, 9):
        pages.land(page(number))
    pages.land(page(3, segment="apollo-2"))
    pages.land_listing("autumn", "apollo-1", 7, {"x": {}}, 1)
    assert pages.landed("autumn", "apollo-1") == [1, 2, 9, 10]
    assert [each.number for each in pages.read("autumn", "apollo-1")] == [1, 2, 9, 10]
    assert [each.number for each in pages.read("autumn", "apollo-1", numbers=[10, 2, 5])] == [2, 10]
    assert pages.landed_listings("autumn", "apollo-1") == [7]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.text(st.characters()), JSON, max_size=4), min_size=1, max_size=3))
def test_records_come_back_exactly_as_they_were_delivered(pages, database, records):
    """NFR-007: any key, dots, dollars and NUL included, any whole number, any text."""
    database["raw_pages"].delete_many({})
    given = page(1, records, credits=Decimal("1.25"), drift=["new_field"])
    pages.land(given)
    assert list(pages.read("autumn", "apollo-1")) == [given]


def test_a_page_of_many_megabytes_lands(pages):
    """NFR-007: a Bright Data part is larger than MongoDB's 16 MB as plain documents would be."""
    records = [{"about": "performance marketing " * 1000, "id": str(at)} for at in range(1000)]
    assert pages.land(page(1, records))
    assert next(pages.read("autumn", "apollo-1")).records == records


def test_what_is_not_json_is_refused_with_the_name_of_the_page(pages):
    """NFR-007: and without its content."""
    with pytest.raises(ValueError, match="autumn/apollo-1/page/1") as caught:
        pages.land(page(1, [{"id": {1, 2}}]))
    assert "{1, 2}" not in str(caught.value)


def test_pages_without_an_outcome_are_the_work_a_crash_left(pages):
    """NFR-007: found again after a restart, in order."""
    for number in (1, 2, 3):
        pages.land(page(number))
    pages.record_outcome(page(2).page_id, outcome(1, 1))
    assert pages.without_outcome("autumn", "apollo-1") == [1, 3]


def test_counts_add_up_over_pages_and_repeating_an_outcome_counts_once(pages):
    """Design, counting rules: delivered = leads + duplicates + suppressed + quarantined, per segment."""
    pages.record_outcome("autumn/apollo-1/page/1", outcome(100, 80, 10, 4, 6))
    pages.record_outcome("autumn/apollo-1/page/1", outcome(100, 81, 9, 4, 6))
    pages.record_outcome("autumn/apollo-1/page/2", outcome(50, 50))
    pages.record_outcome("autumn/zoominfo/page/1", outcome(5, 0, 0, 0, 5))
    assert pages.counts("autumn") == {
        "apollo-1": {"pages": 2, **outcome(150, 131, 9, 4, 6)},
        "zoominfo": {"pages": 1, **outcome(5, 0, 0, 0, 5)},
    }


def test_an_outcome_that_loses_a_record_is_refused(pages):
    """NFR-007: no count is written that does not add up."""
    with pytest.raises(ValueError, match="delivered"):
        pages.record_outcome("autumn/apollo-1/page/1", outcome(100, 80))
    with pytest.raises(ValueError, match="suppressed"):
        pages.record_outcome("autumn/apollo-1/page/1", {"delivered": 1, "leads": 1})


def test_listings_come_back_with_their_totals(pages):
    """NFR-012: what was listed for free is kept, so that a resumed collector lists nothing twice."""
    assert pages.land_listing("autumn", "apollo-1", 1, {"a": {"name": "A***"}}, 5000)
    assert not pages.land_listing("autumn", "apollo-1", 1, {}, 0)
    found = list(pages.listings("autumn", "apollo-1"))
    assert [(each.number, each.people, each.total) for each in found] == [(1, {"a": {"name": "A***"}}, 5000)]


def test_an_erased_record_keeps_its_position(pages):
    """NFR-011: erasure reaches raw pages; the other records keep their lead ids."""
    pages.land(page(1, [{"id": "a"}, {"id": "b"}]))
    for _ in range(2):
        pages.erase(page(1).page_id, [0])
    assert next(pages.read("autumn", "apollo-1")).records == [ERASED, {"id": "b"}]
    with pytest.raises(StoreMissing, match="page/9"):
        pages.erase(page(9).page_id, [0])


def test_drift_and_times_of_a_sprint(pages):
    """OPS-01: unexpected fields of a segment, and between which pages a pace is measured."""
    assert pages.span("autumn") is None
    pages.land(page(1, drift=["b", "a"]))
    pages.land(page(2, drift=["a"], fetched_at=AT + timedelta(minutes=5)))
    assert pages.drift("autumn", "apollo-1") == ("a", "b")
    assert pages.span("autumn") == (AT, AT + timedelta(minutes=5))


def test_pages_expire_and_their_outcomes_stay(pages, database):
    """NFR-011: personal data has a term, the account has none."""
    pages.land(page(1))
    stored = database["raw_pages"].find_one()
    assert stored["expires_at"] - AT > timedelta(days=80)
    expiring = {name for name in database.list_collection_names() if "expires_at" in database[name].index_information()}
    assert {"raw_pages", "quarantine", "enrichment_cache", "lead_keys"} <= expiring
    assert "page_outcomes" not in expiring
