"""Quarantine, suppressions, vendor jobs, enrichment cache, CRM outcomes."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from leadgen_assets.stores import suppressions
from leadgen_assets.stores.crm_outcomes import CrmOutcomes, LeadOutcome
from leadgen_assets.stores.enrichment_cache import EnrichmentCache
from leadgen_assets.stores.errors import StoreMissing
from leadgen_assets.stores.quarantine import Quarantine, Quarantined
from leadgen_assets.stores.suppressions import Suppressions
from leadgen_assets.stores.vendor_jobs import VendorJobs


def quarantined(number: int, **changes) -> Quarantined:
    place = {"sprint": "autumn", "segment": "apollo-1", "data_source": "apollo", "page": 1, "position": number}
    return Quarantined(**{"lead_id": f"L{number}", **place, "reason": "no_identity", "raw": {"a.b": 2**70}, **changes})


def test_quarantined_records_are_kept_once_with_reason_and_raw_record(database):
    """REQ-011, NFR-007: any raw record fits, and putting a page again adds nothing."""
    store = Quarantine(database)
    page = [quarantined(1), quarantined(2, reason="too_long", field="full_name"), quarantined(3, segment="zoominfo")]
    assert (store.put(page), store.put(page)) == (3, 0)
    assert store.counts("autumn") == {"apollo-1": {"no_identity": 1, "too_long": 1}, "zoominfo": {"no_identity": 1}}
    [found] = store.list("autumn", "zoominfo")
    assert (found.lead_id, found.raw, found.at is None) == ("L3", {"a.b": 2**70}, False)
    assert len(list(store.list("autumn"))) == 3
    assert store.release(["L1", "L9"]) == 1


def test_the_raw_record_is_not_in_the_repr_of_a_quarantined_one():
    """NFR-010: so that no log shows it."""
    assert "a.b" not in repr(quarantined(1))


def test_suppressed_people_are_found_by_any_key_and_stored_as_hashes(database):
    """NFR-011: email, its domain, LinkedIn, member token, vendor id, company domain."""
    store = Suppressions(database)
    assert store.add("email", "ann@acme.example", "opt_out")
    assert not store.add("email", "ann@acme.example", "again")
    keys = [("linkedin", "https://www.linkedin.com/in/bob"), ("domain", "shut.example"), ("vendor", "apollo:v4")]
    assert store.add_many([*keys, ("member", "ACwAAb1"), keys[0]], "legal") == 4
    leads = pd.DataFrame(
        {
            "email": ["ann@acme.example", None, "x@shut.example", None, None, None, "free@acme.example"],
            "linkedin_url": [None, "https://www.linkedin.com/in/bob", None, None, None, None, None],
            "company_domain": [None, None, None, "shut.example", None, None, None],
            "vendor_id": [None, None, None, None, "v4", "v5", None],
            "data_source": "apollo",
            "linkedin_member": [None, None, None, None, None, "ACwAAb1", float("nan")],
        },
        index=range(10, 17),
    )
    assert store.mask(leads).to_dict() == {**dict.fromkeys(range(10, 16), True), 16: False}
    assert store.mask(leads.iloc[:0]).empty
    assert store.suppressed([("email", "ann@acme.example"), ("email", "eve@acme.example")]) == {
        ("email", "ann@acme.example")
    }
    assert store.count() == 5
    assert "acme" not in str(list(database["suppressions"].find()))
    with pytest.raises(ValueError, match="phone"):
        store.add("phone", "+14155550100", "opt_out")


def test_a_vendor_job_is_remembered_until_it_is_finished(database):
    """NFR-012: a restarted collector polls the job it has paid for."""
    jobs = VendorJobs(database)
    first = jobs.remember("autumn/bd-1", "brightdata", "filter", "snap_1", {"$limit": 5})
    assert jobs.remember("autumn/bd-1", "brightdata", "filter", "snap_1", {"$limit": 5}) == first
    assert jobs.find("autumn/bd-1") == first
    assert first.request == {"$limit": 5}
    assert [each.key for each in jobs.running("brightdata")] == ["autumn/bd-1"]
    assert not jobs.finish("autumn/bd-1", "ready").is_running
    assert (jobs.running(), jobs.find("nothing")) == ([], None)
    with pytest.raises(StoreMissing, match="nothing"):
        jobs.finish("nothing", "ready")


def test_a_job_that_replaces_another_does_not_lose_its_id(database):
    """NFR-012: the former one may have cost money."""
    jobs = VendorJobs(database)
    for number in (1, 2, 3):
        replaced = jobs.remember("k", "brightdata", "filter", f"snap_{number}", {})
        jobs.finish("k", "expired")
    assert (replaced.job_id, replaced.earlier, replaced.state) == ("snap_3", ("snap_1", "snap_2"), "running")
    assert jobs.find("k").earlier == ("snap_1", "snap_2")


def test_an_intended_job_keeps_its_label_until_it_is_replaced(database):
    """Issue 4: what the order is called is on record before it is sent, and the same after a crash."""
    jobs = VendorJobs(database)
    intent = jobs.intend("k", "neverbounce", "jobs", {"addresses": 2})
    assert (intent.is_intended, intent.is_running, intent.job_id) == (True, False, "")
    assert jobs.running() == []
    assert jobs.find("k").label == jobs.intend("k", "neverbounce", "jobs", {"addresses": 2}).label == intent.label
    job = jobs.remember("k", "neverbounce", "jobs", "7", intent.request)
    assert (job.label, job.is_running, job.earlier) == (intent.label, True, ())
    other = jobs.intend("k", "neverbounce", "jobs", {"addresses": 2})
    assert (other.label != intent.label, other.earlier, other.job_id) == (True, ("7",), "")
    assert jobs.taken("neverbounce", ["7", "8"]) == {"7"}
    assert jobs.taken("brightdata", ["7"]) == set()


def test_answers_and_misses_are_remembered_by_vendor_and_operation(database):
    """REQ-014, NFR-012: nobody asks or pays for the same twice; keys are not stored."""
    cache = EnrichmentCache(database)
    cache.put("hunter", "finder", {"ann|acme.example": {"email": "a@acme.example"}, "bob": None, "eve": None}, ["eve"])
    found = cache.get("hunter", "finder", ["ann|acme.example", "bob", "eve", "new"])
    assert {key: (each.fields, each.suppressed) for key, each in found.items()} == {
        "ann|acme.example": ({"email": "a@acme.example"}, False), "bob": (None, False), "eve": (None, True),
    }  # fmt: skip
    assert cache.get("hunter", "verifier", ["bob"]) == cache.get("pdl", "finder", ["bob"]) == {}
    cache.put("hunter", "finder", {"bob": {"email": "b@acme.example"}})
    assert cache.get("hunter", "finder", ["bob"])["bob"].fields == {"email": "b@acme.example"}
    assert "ann|" not in str(list(database["enrichment_cache"].find()))
    assert cache.forget(["bob", "ann|acme.example"]) == 2


def test_old_answers_are_asked_again_and_misses_sooner(database):
    """NFR-011: 30 days for a miss, 90 for an answer; an expired one is gone before MongoDB deletes it."""
    cache = EnrichmentCache(database, answer_lifetime=timedelta(days=1), miss_lifetime=timedelta(days=-1))
    cache.put("hunter", "finder", {"known": {"email": "a@acme.example"}, "missed": None})
    assert set(cache.get("hunter", "finder", ["known", "missed"])) == {"known"}


def test_only_what_the_crm_does_not_hold_is_sent(database):
    """REQ-019, TL-06: unchanged leads are not sent again; failed ones are; a failed update keeps what is held."""
    store = CrmOutcomes(database)
    payloads = {"L1": "h1", "L2": "h2", "L3": "h3"}
    assert store.changed("hubspot", payloads) == ["L1", "L2", "L3"]
    outcomes = [
        LeadOutcome("L1", "h1", "created", "101"),
        LeadOutcome("L2", "h2", "failed", None, "INVALID_EMAIL on email"),
    ]
    store.record("hubspot", "autumn", outcomes)
    assert store.changed("hubspot", payloads) == ["L2", "L3"]
    assert store.changed("salesforce", {"L1": "h1"}) == ["L1"]
    assert store.changed("hubspot", {"L1": "other"}) == ["L1"]
    store.record("hubspot", "autumn", [LeadOutcome("L1", "other", "failed", None, "LOCKED")])
    assert store.changed("hubspot", {"L1": "h1"}) == []
    assert store.counts("autumn") == {"hubspot": {"failed": 2}}
    store.record("hubspot", "autumn", [LeadOutcome("L1", "other", "updated")])
    [again] = store.of_sprint("autumn", "hubspot", "updated")
    assert (again.crm_id, again.attempts, again.payload_hash) == ("101", 3, "other")
    assert store.sent("autumn") == 3
    assert store.crm_ids(["L1", "L2"]) == {"L1": {"hubspot": "101"}}
    assert store.forget(["L1"]) == 1


@pytest.mark.parametrize("short", [500, 3])
def test_a_large_frame_is_looked_at_in_parts_and_gives_the_same_answer(database, monkeypatch, short):
    """NFR-011: nobody is missed between two parts, whether the list is read as a whole or asked about each key."""
    listed = Suppressions(database)
    leads = pd.DataFrame({"email": [f"person.{number}@acme.example" for number in range(11)]})
    assert not listed.mask(leads).any()
    listed.add_many([("email", f"person.{number}@acme.example") for number in (0, 2, 3, 10)], "opt-out")
    listed.add_many([("email", "person.5@acme.example")], "erased on request", erased=True)
    at_once = [listed.mask(leads).tolist(), *(mask.tolist() for mask in listed.masks(leads))]
    monkeypatch.setattr(suppressions, "_ROWS", 3)
    monkeypatch.setattr(suppressions, "_SHORT", short)
    assert [listed.mask(leads).tolist(), *(mask.tolist() for mask in listed.masks(leads))] == at_once
    assert at_once[0] == [number in (0, 2, 3, 5, 10) for number in range(11)]
    assert at_once[2] == [number == 5 for number in range(11)]
