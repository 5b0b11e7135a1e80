"""Hostile pages through the real stores: every record is counted once; what is in quarantine can be shown and replayed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.collection import sources
from leadgen_assets.collection.ingest import ingest_pages
from leadgen_assets.collection.replay import replay
from leadgen_assets.collection.sources import mapper
from leadgen_assets.leads import names
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import OpenStores, open_stores
from leadgen_tests.fuzz.delivered import PROFILE, SOURCES, page, records
from leadgen_tests.fuzz.hostile import mutated, values
from leadgen_tests.fuzz.sizes import cases
from leadgen_tests.fuzz.test_records_become_leads import pages
from leadgen_tests.sprint.plans import small_sprint

KEY = "fuzz"
_numbers = count(1)


@pytest.fixture
def stores(settings: Settings, redis_client: Any) -> Iterator[OpenStores]:
    with open_stores(settings) as opened:
        opened.book.open(KEY, small_sprint(KEY))
        yield opened


def counted(stores: OpenStores, source: str, delivered: list[Any]) -> int:
    """Ingest a page of these records, twice; its number."""
    made = page(source, delivered, next(_numbers), KEY)
    before = stores.counts(KEY).get(made.segment)
    stores.raw_pages.land(
        replace(made, drift=list(mapper(source).unexpected([e for e in made.records if isinstance(e, dict)])))
    )
    (landed,) = stores.raw_pages.read(KEY, made.segment, [made.number])
    counts = ingest_pages(stores, [landed], mapper(source), PROFILE)
    assert counts.adds_up
    assert counts.delivered == len(made.records)
    after = stores.counts(KEY)[made.segment]
    assert after.adds_up
    assert after.delivered - (before.delivered if before else 0) == len(made.records)
    held = [each for each in stores.quarantine.list(KEY, made.segment) if each.page == made.number]
    assert len(held) == counts.quarantined
    assert all(
        each.reason and each.raw == made.records[each.position] for each in held if each.reason != "not_a_record"
    )
    assert ingest_pages(stores, [landed], mapper(source), PROFILE).as_dict() == counts.as_dict()
    return made.number


@pytest.mark.parametrize("source", SOURCES)
@cases(quick=3, full=120)
@given(data=st.data())
def test_every_record_of_a_page_is_counted_once(source: str, data: st.DataObject, stores: OpenStores) -> None:
    """NFR-007, REQ-011: lead, duplicate, suppressed or in quarantine, whole and with a reason; again, it is the same."""
    counted(stores, source, data.draw(pages(source)))


@cases(quick=5, full=200)
@given(data=st.data())
def test_quarantined_records_are_replayed_with_any_correction(data: st.DataObject, stores: OpenStores) -> None:
    """REQ-011: a corrected record is a lead, a duplicate, or stays with a reason; the sums hold."""
    source = data.draw(st.sampled_from(SOURCES))
    number = counted(stores, source, [{"nothing": True}])
    segment = f"{source.replace('_', '-')}-1"
    held = [each for each in stores.quarantine.list(KEY, segment) if each.page == number]
    correction = data.draw(
        st.dictionaries(st.text(max_size=5), values, max_size=3)
        | mutated(records(source)[0]).filter(lambda each: isinstance(each, dict))
    )
    wire = page(source, [correction]).records
    done = replay(stores, held, {held[0].lead_id: wire[0]} if wire else {})

    assert set(done.fates) == {held[0].lead_id}
    assert (held[0].lead_id in stores.quarantine.get([held[0].lead_id])) == (done.count("quarantined") == 1)
    assert stores.counts(KEY)[segment].adds_up


def test_a_record_that_breaks_the_mapping_does_not_hold_up_its_page(
    stores: OpenStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFR-007: a mistake of ours costs one record, not its page in every run to come."""
    broken = records("apollo")[1]["id"]

    def to_draft(record: dict[str, Any]) -> Any:
        if record["id"] == broken:
            raise TypeError("a record nobody foresaw")
        return sources.apollo.to_draft(record)

    how = replace(mapper("apollo"), to_draft=to_draft)
    made = page("apollo", list(records("apollo")), next(_numbers), KEY)
    counts = ingest_pages(stores, [made], how, PROFILE)

    assert (counts.quarantined, counts.adds_up) == (1, True)
    (held,) = [each for each in stores.quarantine.list(KEY) if each.page == made.number]
    assert (held.reason, held.raw["id"]) == ("unmappable", broken)


def test_a_record_that_breaks_a_rule_does_not_hold_up_its_page(
    stores: OpenStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFR-007: the same for the rules of normalisation."""
    broken, person = records("apollo")[1], names.person

    def strict(full: str | None, first: str | None, last: str | None) -> Any:
        if full == broken["name"]:
            raise RecursionError
        return person(full, first, last)

    monkeypatch.setattr(names, "person", strict)
    made = page("apollo", list(records("apollo")), next(_numbers), KEY)
    counts = ingest_pages(stores, [made], mapper("apollo"), PROFILE)

    assert (counts.quarantined, counts.adds_up, counts.leads) == (1, True, len(made.records) - 1)
    (held,) = [each for each in stores.quarantine.list(KEY) if each.page == made.number]
    assert (held.reason, held.raw["id"]) == ("not_normalisable", broken["id"])
