"""Complete leads replace provisional ones, as often as one likes."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadgen_assets.stores import publication
from leadgen_assets.stores.documents import STORE_FIELDS, FrameDocuments, frame_documents
from leadgen_assets.stores.leads import LeadStore
from leadgen_assets.stores.mongo import LEADS

from .samples import lead, lead_id, row


@pytest.fixture
def store(database):
    return LeadStore(database)


def contents(database) -> dict[str, dict]:
    return {each["_id"]: each for each in database[LEADS].find()}


def test_publishing_completes_leads_and_keeps_what_is_not_its_own(store):
    """REQ-013, REQ-016: created_at and the CRM's marks survive, losers go."""
    store.insert_provisional([lead(1), lead(2), lead(3)])
    store.mark_synced([lead_id(1)], datetime(2026, 11, 22, 12, tzinfo=UTC))
    before = store.get([lead_id(1)])[lead_id(1)]
    done = store.publish([lead(1, data_quality_score=88, is_qualified=True), lead(4)], "autumn", [lead_id(2)])
    after = store.get([lead_id(1)])[lead_id(1)]
    assert (done.changed, done.inserted, done.removed, done.removed_synced) == (1, 1, 1, [])
    assert (after["data_quality_score"], after["is_qualified"], after["crm_synced"]) == (88, True, True)
    assert after["created_at"] == before["created_at"]
    assert store.ids("autumn") == {lead_id(1), lead_id(3), lead_id(4)}


def test_publishing_again_writes_nothing(store, database):
    """REQ-016: a re-run leaves every document as it is, updated_at included."""
    documents = [lead(number) for number in range(20)]
    store.publish(documents, "autumn", [lead_id(99)])
    before = contents(database)
    again = store.publish(documents, "autumn", [lead_id(99)])
    assert (again.unchanged, again.changed, again.inserted) == (20, 0, 0)
    assert contents(database) == before


def test_a_removed_lead_that_the_crm_holds_is_told(store):
    """REQ-019: somebody has to take it out of the CRM."""
    store.insert_provisional([lead(1), lead(2, sprint="summer")])
    store.mark_synced([lead_id(1), lead_id(2)])
    done = store.publish([], "autumn", [lead_id(1), lead_id(2)])
    assert done.removed_synced == [lead_id(1)]
    assert store.ids("summer") == {lead_id(2)}, "another sprint's lead is not this sprint's to remove"


def test_an_address_that_two_leads_share_is_a_key_of_neither(store, database):
    """Design, identity rules: a shared address is a conflict for a person, whatever the order."""
    shared = [lead(1, email="both@acme.example"), lead(2, email="both@acme.example")]
    for documents in (shared, shared[::-1]):
        done = store.publish(documents, "autumn")
        assert done.conflicts == [lead_id(1), lead_id(2)]
        for each in contents(database).values():
            assert not each["email_is_key"]
            assert each["flags"] == ["identity_conflict"]


def test_an_address_of_an_earlier_sprints_lead_stays_that_leads_key(store, database):
    """REQ-008: an enriched address that an earlier lead has is kept, flagged, and no key."""
    store.publish([lead(1, sprint="summer")], "summer")
    documents = [lead(2, email="person.1@acme.example")]
    first, second = store.publish(documents, "autumn"), store.publish(documents, "autumn")
    assert first.conflicts == second.conflicts == [lead_id(2)]
    assert (first.inserted, second.unchanged) == (1, 1)
    found = contents(database)
    assert found[lead_id(1)]["email_is_key"]
    assert found[lead_id(2)]["flags"] == ["identity_conflict"]


def test_a_profile_of_an_earlier_sprints_lead_is_a_duplicate(store):
    """REQ-008: two leads never hold one LinkedIn URL; the refused one is returned."""
    store.publish([lead(1, sprint="summer")], "summer")
    done = store.publish([lead(2, linkedin_url="https://www.linkedin.com/in/person-1"), lead(3)], "autumn")
    assert done.duplicates == {lead_id(2): "linkedin_url"}
    assert store.ids("autumn") == {lead_id(3)}


def test_what_the_database_does_not_accept_is_returned(store):
    """DE-04: validation and encoding errors by lead and field, the rest is stored."""
    odd, unencodable = lead(1), lead(2)
    odd["data_quality_score"] = -1.0
    unencodable["additional_data"]["number"] = 2**70
    done = store.publish([odd, unencodable, lead(3)], "autumn")
    assert done.rejected == {lead_id(1): "data_quality_score", lead_id(2): "_id"}
    assert store.ids("autumn") == {lead_id(3)}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(6)), st.permutations(range(6)), st.randoms(use_true_random=False))
def test_unique_values_may_move_between_leads_in_any_way(store, database, profiles, addresses, chance: random.Random):
    """REQ-008: swaps, cycles and chains of profiles and addresses end in what was asked for, in any order."""
    database[LEADS].delete_many({})
    store.publish([lead(number) for number in range(6)], "autumn")
    documents = [
        lead(
            number,
            linkedin_url=f"https://www.linkedin.com/in/person-{profiles[number]}",
            email=f"person.{addresses[number]}@acme.example",
        )
        for number in range(6)
    ]
    chance.shuffle(documents)
    done = store.publish(documents, "autumn")
    assert (done.duplicates, done.rejected, done.conflicts) == ({}, {}, [])
    found = contents(database)
    assert {each["_id"]: (each["linkedin_url"], each["email"], each["email_is_key"]) for each in documents} == {
        key: (each["linkedin_url"], each["email"], each["email_is_key"]) for key, each in found.items()
    }


def test_values_may_move_between_leads_of_different_chunks(store, database, monkeypatch):
    """REQ-008: chunks are written side by side, and what moves from one to another arrives all the same."""
    monkeypatch.setattr(publication, "_CHUNK", 2)
    count = 9
    store.publish([lead(number) for number in range(count)], "autumn")
    documents = [
        lead(
            number,
            linkedin_url=f"https://www.linkedin.com/in/person-{(number + 4) % count}",
            email=f"person.{(number + 5) % count}@acme.example",
        )
        for number in range(count)
    ]
    done = store.publish(documents, "autumn")
    assert (done.changed, done.duplicates, done.rejected, done.conflicts) == (count, {}, {}, [])
    assert {key: each["email"] for key, each in contents(database).items()} == {e["_id"]: e["email"] for e in documents}
    again = store.publish(documents, "autumn")
    assert (again.unchanged, again.changed, again.inserted) == (count, 0, 0)


def test_a_frame_is_published_as_its_documents_would_be(store, database, monkeypatch):
    """REQ-013: documents are made chunk by chunk, the stored ones are the same; a shared address is seen across chunks."""
    monkeypatch.setattr(publication, "_CHUNK", 2)
    rows = [{**row(number), "email": "both@acme.example"} if number in (1, 4) else row(number) for number in range(5)]
    frame = pd.DataFrame(rows)
    done = store.publish(FrameDocuments(frame), "autumn")
    assert done.inserted == len(rows)
    assert done.conflicts == sorted(rows[number]["lead_id"] for number in (1, 4))
    kept = {key: {k: v for k, v in each.items() if k not in STORE_FIELDS} for key, each in contents(database).items()}
    wanted = {each["_id"]: {k: v for k, v in each.items() if k not in STORE_FIELDS} for each in frame_documents(frame)}
    for number in (1, 4):
        wanted[rows[number]["lead_id"]] |= {"email_is_key": False, "flags": ["identity_conflict"]}
    assert kept == wanted
    again = store.publish(frame_documents(frame), "autumn")
    assert (again.unchanged, again.conflicts) == (len(rows), done.conflicts)
