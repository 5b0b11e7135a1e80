"""GDPR art. 17, NFR-011: an erased person is nowhere, stays away, and the counts still add up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from unittest.mock import patch

import pytest

from leadgen_assets.privacy import erase_steps
from leadgen_assets.privacy.erase import erase, resume, sweep
from leadgen_assets.privacy.identifiers import UnknownPerson, identified
from leadgen_assets.privacy.subject import SharedIdentifier
from leadgen_assets.stores.suppressions import Suppressions
from leadgen_assets.vendors import sales_navigator
from leadgen_tests.privacy.town import (
    ADA_APOLLO,
    ADA_ZOOMINFO,
    APOLLO_ID,
    EMAIL,
    FILE,
    KEY,
    SLUG,
    TOKEN,
    Town,
    adds_up,
    apollo,
    total,
    zoominfo,
)  # fmt: skip
from leadgen_tests.sprint.vendors import Sandbox

EVERYWHERE = {
    "mongodb:performance_marketers", "mongodb:raw_pages", "mongodb:quarantine", "mongodb:enrichment_cache",
    "mongodb:lead_keys", "redis", "files:lake", "files:imports", "files:logs", "files:exports", "files:privacy",
}  # fmt: skip
OTHERS = ("acme.example", "borealis.example")


def erased(town: Town, who: str = EMAIL) -> None:
    """Erase Ada, to the end."""
    done = erase(town.office, identified(who))
    assert (done.state, done.left) == ("done", {})


@pytest.mark.parametrize("named", ["profile", "lead", "member"])
def test_an_erased_person_is_found_nowhere(town: Town, vendors: Sandbox, named: str) -> None:
    """Whatever she is named by: over every collection, Redis key, Parquet cell and file; and not in the CRM."""
    who = {"profile": f"linkedin.com/in/{SLUG}/?x=1", "lead": town.lead()["_id"], "member": TOKEN}[named]
    others = len(town.stores.leads.ids(KEY))
    assert town.found().keys() >= EVERYWHERE
    assert "quillfeather" in str(vendors.crm()).casefold()

    erased(town, who)

    assert town.found() == {}
    assert "quillfeather" not in str(vendors.crm()).casefold()
    assert (vendors.crm()["erased"], vendors.crm()["count"]) == (1, others - 1)
    assert len(town.stores.leads.ids(KEY)) == others - 1


def test_nobody_else_is_touched(town: Town) -> None:
    """Rows, records and claims of all the others stay as they were."""
    before = {place: count for place, count in town.found(OTHERS).items() if not place.startswith("files:")}
    frames = {each: len(town.stores.lake.read(each, KEY)) for each in ("deduplicated_leads", "scored_leads")}

    erased(town)

    after = {place: count for place, count in town.found(OTHERS).items() if not place.startswith("files:")}
    # documents that held her and nobody else of them: her lead, her held record, her claims
    assert {place: before[place] - after.get(place, 0) for place in before if before[place] != after.get(place, 0)} == {
        "mongodb:performance_marketers": 1, "mongodb:quarantine": 1,
    }  # fmt: skip
    assert {each: len(town.stores.lake.read(each, KEY)) for each in frames} == {k: v - 1 for k, v in frames.items()}


def test_an_erased_lead_counts_as_suppressed(town: Town) -> None:
    """NFR-007: delivered stays the sum, on every page and after refinement; four records of hers moved."""
    pages, final = town.page_counts(), town.final_counts()
    assert adds_up(pages)
    assert adds_up(final)

    erased(town)

    for before, after in ((pages, town.page_counts()), (final, town.final_counts())):
        assert adds_up(after)
        assert total(after, "delivered") == total(before, "delivered")
        assert total(after, "suppressed") == total(before, "suppressed") + 4
        assert total(after, "leads") == total(before, "leads") - 1
        assert total(after, "duplicates") == total(before, "duplicates") - 2
        assert total(after, "quarantined") == total(before, "quarantined") - 1


def test_refining_again_comes_to_the_same_counts(town: Town) -> None:
    """NFR-007: a re-materialisation from the raw pages neither finds her nor loses count of her."""
    erased(town)
    counts = town.final_counts()

    done = town.refine()

    assert {segment: each.as_dict() for segment, each in done.counts.items()} == counts
    assert town.found() == {}


def test_erasing_again_changes_nothing(town: Town, vendors: Sandbox) -> None:
    """Repeatable: the second time there is nothing left to take out, and nothing is counted twice."""
    erased(town)
    counts, crm = town.page_counts(), vendors.crm()

    done = erase(town.office, identified(EMAIL))

    assert done.runs == 2
    assert done.steps["leads"]["leads"] == 0
    assert town.page_counts() == counts
    assert vendors.crm()["count"] == crm["count"]
    assert len(list(town.stores.db["erasures"].find())) == 1


def test_an_erased_person_is_not_collected_again(town: Town) -> None:
    """Another vendor delivers her under keys the first one did not have: no lead, no claim, and no raw record."""
    erased(town)
    again = [apollo(30), {**ADA_APOLLO, "email": None}, apollo(31)]

    town.land("apollo-1", 2, again)
    town.land("zoominfo-1", 2, [zoominfo(32), ADA_ZOOMINFO])

    assert town.found() == {}
    assert adds_up(town.page_counts())
    town.refine()
    assert adds_up(town.final_counts())
    assert town.found() == {}


@pytest.mark.parametrize("killed_in", ["crm", "raw_pages", "leads", "files"])
def test_an_erasure_that_is_interrupted_is_taken_up(town: Town, killed_in: str) -> None:
    """Broken off in one of its steps: the record says how far it came, and `resume` ends it without being told who it was."""

    def dies(task: erase_steps.Task) -> dict[str, object]:
        raise KeyboardInterrupt

    pages = town.page_counts()
    with patch.dict(erase_steps.STEPS, {killed_in: dies}), pytest.raises(KeyboardInterrupt):
        erase(town.office, identified(EMAIL))
    (open_one,) = town.stores.erasures.open()
    assert not open_one.is_done(killed_in)

    (done,) = resume(town.office)

    assert (done.state, done.left) == ("done", {})
    assert town.found() == {}
    assert total(town.page_counts(), "suppressed") == total(pages, "suppressed") + 4
    assert adds_up(town.page_counts())


def test_an_erasure_survives_a_kill(town: Town) -> None:
    """kill -9 of the process half way; another process ends it."""
    script = (
        "import os, signal\n"
        "from leadgen_assets.privacy import erase_steps\n"
        "from leadgen_assets.privacy.erase import Office, erase\n"
        "from leadgen_assets.privacy.identifiers import identified\n"
        "from leadgen_assets.settings import Settings\n"
        "from leadgen_assets.stores.opened import open_stores\n"
        "from leadgen_assets.vendors.registry import VendorOff\n"
        "def off(target):\n    raise VendorOff(target)\n"
        "def dies(task):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "erase_steps.STEPS['leads'] = dies\n"
        "settings = Settings(_env_file=None)\n"
        "with open_stores(settings) as stores:\n"
        f"    erase(Office(stores, settings.home, off), identified('{EMAIL}'))\n"
    )
    at = town.settings
    env = {**os.environ, "LEADGEN_HOME": str(at.home), "LEADGEN_MONGO_URI": str(at.leadgen_mongo_uri),
           "LEADGEN_REDIS_URL": str(at.leadgen_redis_url), "LEADGEN_DATABASE": at.leadgen_database}  # fmt: skip

    died = subprocess.run([sys.executable, "-c", script], env=env, check=False, capture_output=True, timeout=120)

    assert died.returncode == -signal.SIGKILL, died.stderr
    assert town.found().keys() >= {"mongodb:performance_marketers", "files:lake", "mongodb:erasures"}
    assert [each.state for each in resume(town.office)] == ["done"]
    assert town.found() == {}


def test_a_crm_that_is_off_is_waited_for(town: Town, vendors: Sandbox) -> None:
    """Everything here goes at once, and nothing here names her while her CRM record is waited for."""
    access, town.crm_access = town.crm_access, None
    waiting = erase(town.office, identified(EMAIL))

    assert waiting.state == "open"
    assert waiting.steps["crm"]["problems"].keys() == {"hubspot"}
    assert town.found() == {}

    town.crm_access = access
    assert [each.state for each in resume(town.office)] == ["done"]
    assert "quillfeather" not in str(vendors.crm()).casefold()


def test_a_crm_record_whose_id_was_never_recorded_is_found_by_ours(town: Town, vendors: Sandbox) -> None:
    """A sync that was killed after sending: the lead id is the CRM's external id."""
    town.stores.outcomes.forget([town.lead()["_id"]])

    erased(town)

    assert "quillfeather" not in str(vendors.crm()).casefold()


def test_a_forgotten_place_is_found_by_the_scan(town: Town) -> None:
    """The verification knows nothing of the steps: a collection that none of them looks at keeps the erasure open."""
    town.stores.db["somewhere_new"].insert_one({"note": f"call {EMAIL}"})

    left = erase(town.office, identified(EMAIL))

    assert (left.state, left.left) == ("open", {"mongodb:somewhere_new": 1})
    town.stores.db["somewhere_new"].drop()
    assert [each.state for each in resume(town.office)] == ["done"]


def test_a_shared_mailbox_is_not_taken_for_a_person(town: Town) -> None:
    """Two profiles carry one address: nobody is erased by it, and erasing one of them leaves the other its address."""
    shared = [apollo(n, email="team.pair@acme.example") for n in (40, 41)]
    town.land("apollo-1", 3, shared)

    with pytest.raises(SharedIdentifier, match="name one by lead id"):
        erase(town.office, identified("team.pair@acme.example"))
    erased(town, "https://www.linkedin.com/in/bystander-40")

    assert town.found(["team.pair@"]).keys() >= {"mongodb:raw_pages", "mongodb:performance_marketers"}
    assert not town.stores.suppressions.suppressed([("email", "team.pair@acme.example")])


def test_somebody_unknown_is_suppressed_all_the_same(town: Town) -> None:
    """Who asks to be forgotten before having been collected is not collected; a lead id that is not there is told."""
    erased(town, "stranger@elsewhere.example")

    assert town.stores.suppressions.suppressed([("email", "stranger@elsewhere.example")])
    with pytest.raises(UnknownPerson, match="no lead"):
        erase(town.office, identified("L" + "0" * 24))


def test_an_import_file_keeps_the_places_of_the_others(town: Town) -> None:
    """The file is not taken for a new one, and its later rows stay on their pages."""
    segment = "sales-navigator-1"
    before = sales_navigator.read_export(town.home / FILE)

    erased(town)

    after = sales_navigator.read_export(town.home / FILE)
    assert len(after) == len(before)
    assert [each for each in after if "Bystander" in str(each)] == [each for each in before if "Bystander" in str(each)]
    assert town.stores.raw_pages.landed(KEY, segment) == [1]


def test_a_restored_database_is_swept(town: Town) -> None:
    """A backup from before the erasure brings her back; the hashes beside the database say whom to forget."""
    names = [each["name"] for each in town.stores.db.list_collections() if each["type"] == "collection"]
    names = [each for each in names if not each.startswith("system.")]
    documents = {name: list(town.stores.db[name].find()) for name in names}
    erased(town)
    for name, content in documents.items():
        town.stores.db[name].delete_many({})
        if content:
            town.stores.db[name].insert_many(content)
    assert "mongodb:performance_marketers" in town.found()

    (done,) = sweep(town.office)

    assert done.state == "done"
    assert town.found() == {}
    assert sweep(town.office) == []


def test_only_keyed_hashes_are_left(town: Town) -> None:
    """What stays of her cannot be matched against a table of hashed addresses."""
    from hashlib import sha256

    erased(town)

    plain = [sha256(text.encode()).hexdigest() for text in (EMAIL, f"email:{EMAIL}", APOLLO_ID)]
    assert town.found(plain) == {}
    assert Suppressions(town.stores.db).suppressed([("email", EMAIL), ("vendor", f"apollo:{APOLLO_ID}")]) == {
        ("email", EMAIL), ("vendor", f"apollo:{APOLLO_ID}"),
    }  # fmt: skip
