"""The lead store: provisional inserts, lookups, marks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from leadgen_assets.stores.claims import Claim, ClaimIndex, LeadKey
from leadgen_assets.stores.leads import LeadStore
from leadgen_assets.stores.mongo import LEADS

from .samples import COLLECTED, lead, lead_id


@pytest.fixture
def store(database):
    return LeadStore(database)


def test_a_bad_document_in_a_batch_loses_none_of_the_others(store):
    """REQ-017, DE-04: each refusal is of its kind and names its lead; all the rest is stored."""
    broken = lead(3)
    broken["data_quality_score"] = 400.0
    unencodable = lead(4)
    unencodable["additional_data"]["number"] = 2**70
    same_profile = lead(5, linkedin_url="https://www.linkedin.com/in/person-1")
    same_address = lead(6, email="person.2@acme.example")
    result = store.insert_provisional([lead(1), lead(2), broken, unencodable, same_profile, same_address, lead(7)])
    assert result.inserted == [lead_id(1), lead_id(2), lead_id(7)]
    assert {(each.lead_id, each.field, each.reason) for each in result.rejected} == {
        (lead_id(3), "data_quality_score", "validation"),
        (lead_id(4), "_id", "unencodable"),
    }
    assert {(each.lead_id, each.field, each.owner) for each in result.duplicates} == {
        (lead_id(5), "linkedin_url", lead_id(1)),
        (lead_id(6), "email", lead_id(2)),
    }


def test_half_a_surrogate_pair_is_rejected_alone(store):
    """DE-04: text that no database can hold does not take its batch with it."""
    result = store.insert_provisional([lead(1), lead(2, full_name="A\ud800nn")])
    assert result.inserted == [lead_id(1)]
    assert [each.lead_id for each in result.rejected] == [lead_id(2)]


def test_inserting_a_page_again_changes_nothing(store):
    """NFR-007: a collector that starts over finds its own leads."""
    store.insert_provisional([lead(1), lead(2)])
    before = store.get([lead_id(1)])
    again = store.insert_provisional([lead(1, full_name="Somebody else"), lead(2), lead(3)])
    assert (again.inserted, again.present) == ([lead_id(3)], [lead_id(1), lead_id(2)])
    assert store.get([lead_id(1)]) == before


def test_leads_without_a_profile_and_shared_addresses_may_repeat(store):
    """REQ-004, decision 5: unique only among those that have one, and only where the address is a key."""
    role = {"email": "info@acme.example", "email_kind": "role"}
    result = store.insert_provisional([lead(n, linkedin_url=None, **role) for n in range(3)])
    assert len(result.inserted) == 3


def test_known_identities_are_those_of_other_sprints(store):
    """REQ-008: earlier sprints' people are told by their exact keys."""
    store.insert_provisional([lead(1), lead(2, sprint="summer", email=None)])
    found = store.known_identities("autumn")
    assert set(found.itertuples(index=False, name=None)) == {
        (lead_id(2), "summer", "linkedin", "https://www.linkedin.com/in/person-2"),
        (lead_id(2), "summer", "vendor", "apollo:v2"),
    }
    assert store.known_identities("autumn", keys=["vendor:apollo:v1"]).empty
    assert len(store.known_identities("autumn", keys=["vendor:apollo:v2", "vendor:apollo:v9"])) == 2
    assert list(store.known_identities("nothing", keys=[]).columns) == ["lead_id", "sprint", "kind", "key"]


def test_owned_people_are_found_among_leads_and_among_claims(store, database, redis_client):
    """NFR-012: a person who is a lead, or a claimed duplicate of one, is not bought again, in any sprint."""
    store.insert_provisional([lead(1, sprint="summer")])
    duplicate = Claim("L2", (LeadKey("vendor", "apollo:v2"),))
    ClaimIndex(redis_client, database).claim([duplicate])
    assert store.owned("apollo", ["v1", "v2", "v3"]) == {"v1", "v2"}
    assert store.owned("zoominfo", ["v1"]) == set()


def test_what_the_crm_holds_is_marked(store):
    """REQ-019: synced leads are known with their time."""
    store.insert_provisional([lead(1, is_qualified=True), lead(2, is_qualified=True), lead(3)])
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert store.mark_synced([lead_id(1), "Lunknown"], at) == 1
    assert [each["_id"] for each in store.iterate("autumn", is_qualified=True, crm_synced=False)] == [lead_id(2)]
    assert store.get([lead_id(1)])[lead_id(1)]["crm_sync_date"] == at
    assert (store.count("autumn"), store.count("autumn", crm_synced=True), store.count("autumn", is_qualified=True)) == (
        3, 1, 2,
    )  # fmt: skip
    store.mark_synced([lead_id(1)], synced=False)
    assert store.count("autumn", crm_synced=True) == 0


def test_counts_scores_and_dates_read_what_is_stored(store):
    """OPS-02, PHX-07: figures by segment and source, score histogram, export by date range."""
    store.insert_provisional(
        [
            lead(1, data_quality_score=100),
            lead(2, data_quality_score=95.5, segment="apollo-2"),
            lead(3, data_quality_score=7, data_collected_date=COLLECTED - timedelta(days=1)),
            lead(4, sprint="summer"),
        ]
    )
    assert store.counts_by("autumn", "segment") == {"apollo-1": 2, "apollo-2": 1}
    assert store.counts_by("autumn", "data_source") == {"apollo": 3}
    assert store.scores("autumn") == {0: 1, 90: 2}
    assert [each["_id"] for each in store.collected_between(COLLECTED - timedelta(days=2), COLLECTED)] == [lead_id(3)]
    assert store.ids("summer") == {lead_id(4)}


def test_a_person_is_found_by_any_key_and_erased(store, database):
    """NFR-011: access and erasure start from an exact key."""
    store.insert_provisional([lead(1), lead(2)])
    assert [each["_id"] for each in store.with_keys(["email:person.2@acme.example"])] == [lead_id(2)]
    assert store.delete([lead_id(2)]) == 1
    assert database[LEADS].count_documents({}) == 1
