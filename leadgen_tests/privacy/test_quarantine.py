"""REQ-011, NFR-007: what could not become a lead can be looked at, corrected and replayed, and the counts keep adding up."""

from __future__ import annotations

import copy

import pytest

from leadgen_assets.collection.replay import replay
from leadgen_assets.leads.identity import lead_id
from leadgen_assets.privacy.listing import suppress_person
from leadgen_tests.privacy.town import ADA_HELD, EMAIL, KEY, Town, adds_up, apollo, total

BROKEN = apollo(60, title="x" * 10_300)
HELD = lead_id(KEY, "apollo-1", 5, 1)


@pytest.fixture
def broken(town: Town) -> Town:
    """A page whose second record is too large to be a lead."""
    town.land("apollo-1", 5, [apollo(61), BROKEN, apollo(62)])
    town.refine()
    assert HELD in town.stores.quarantine.get([HELD])
    return town


def test_a_corrected_record_becomes_a_lead(broken: Town) -> None:
    """Provisional at once; the next refinement takes it in; page counts and final counts add up at every moment."""
    held = list(broken.stores.quarantine.get([HELD]).values())
    before = broken.page_counts()

    done = replay(broken.stores, held, {HELD: {**held[0].raw, "title": "PPC Manager"}})

    assert done.fates == {HELD: "leads"}
    assert broken.stores.leads.get([HELD])[HELD]["job_title"] == "PPC Manager"
    assert broken.stores.quarantine.get([HELD]) == {}
    after = broken.page_counts()
    assert adds_up(after)
    assert total(after, "quarantined") == total(before, "quarantined") - 1
    assert total(after, "leads") == total(before, "leads") + 1
    broken.refine()
    assert adds_up(broken.final_counts())
    assert HELD in broken.stores.leads.ids(KEY)
    assert total(broken.final_counts(), "quarantined") == 1


def test_the_normalised_frame_takes_it_in_without_rematerialising(broken: Town) -> None:
    """Refinement reads the lake: the lead must be there, in the frame's own types."""
    asset, partition = "normalized_apollo", f"{KEY}/apollo-1"
    before = broken.stores.lake.read(asset, partition)
    held = list(broken.stores.quarantine.get([HELD]).values())

    replay(broken.stores, held, {HELD: {**held[0].raw, "title": "PPC Manager"}})
    replay(broken.stores, held, {HELD: {**held[0].raw, "title": "PPC Manager"}})

    frame = broken.stores.lake.read(asset, partition)
    assert len(frame) == len(before) + 1
    assert frame.dtypes.to_dict() == before.dtypes.to_dict()


def test_a_replay_that_is_repeated_counts_once(broken: Town) -> None:
    """A crash before the record left the quarantine: the second time finds its own claim, row and mark."""
    held = list(broken.stores.quarantine.get([HELD]).values())
    correction = {HELD: {**held[0].raw, "title": "PPC Manager"}}
    replay(broken.stores, held, correction)
    counts = broken.page_counts()
    broken.stores.quarantine.put(held)

    assert replay(broken.stores, held, correction).fates == {HELD: "leads"}

    assert broken.page_counts() == counts
    assert broken.stores.quarantine.get([HELD]) == {}


def test_what_is_still_wrong_stays(broken: Town) -> None:
    """With its reason; nothing moves."""
    counts = broken.page_counts()
    held = list(broken.stores.quarantine.get([HELD]).values())

    done = replay(broken.stores, held)

    assert done.fates == {HELD: "quarantined"}
    assert done.reasons[HELD]
    assert broken.page_counts() == counts
    assert HELD in broken.stores.quarantine.get([HELD])


def test_a_duplicate_is_a_duplicate(broken: Town) -> None:
    """Corrected to somebody who is a lead already."""
    held = list(broken.stores.quarantine.get([HELD]).values())

    done = replay(broken.stores, held, {HELD: apollo(61)})

    assert done.fates == {HELD: "duplicates"}
    assert adds_up(broken.page_counts())


def test_a_suppressed_person_does_not_come_in_by_replay(town: Town) -> None:
    """The list is asked here too."""
    suppress_person(town.stores, town.stores.suppressions, EMAIL, "asked")
    held = [each for each in town.stores.quarantine.list(KEY) if EMAIL in str(each.raw)]
    corrected = {each.lead_id: {**copy.deepcopy(ADA_HELD), "title": "PPC Manager"} for each in held}

    assert set(replay(town.stores, held, corrected).fates.values()) == {"suppressed"}
    assert adds_up(town.page_counts())


def test_a_record_whose_page_has_expired_can_be_replayed(broken: Town) -> None:
    broken.stores.db["raw_pages"].delete_many({})
    held = list(broken.stores.quarantine.get([HELD]).values())

    done = replay(broken.stores, held, {HELD: {**held[0].raw, "title": "PPC Manager"}})

    assert done.fates == {HELD: "leads"}
