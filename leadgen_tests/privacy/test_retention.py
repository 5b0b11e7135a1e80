"""NFR-011: nothing is kept longer than its place allows, whether or not it was stored under today's rules."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from leadgen_assets.privacy.retain import FOLDERS, Kept, retain
from leadgen_assets.privacy.upkeep import daily
from leadgen_assets.stores.lead_schema import SIDE_INDEXES
from leadgen_assets.stores.mongo import now
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.retention import Retention, RetentionError, documented_days, load_retention
from leadgen_tests.privacy.town import EMAIL, KEY, Town

EXPIRING = ("raw_pages", "quarantine", "enrichment_cache", "lead_keys")


def with_days(town: Town, **days: int) -> OpenStores:
    """The town's stores under other rules."""
    return OpenStores(town.stores.db, town.stores.redis, town.stores.storage, Retention({**documented_days(), **days}))


def after(town: Town, moment: datetime) -> dict[str, Kept]:
    """What retention does at a moment, by place."""
    return {each.place: each for each in retain(town.stores, town.home, moment)}


def test_every_collection_of_personal_data_that_expires_has_its_index(town: Town) -> None:
    """MongoDB deletes by itself: a TTL index, and a date in every document, as far off as the rules say."""
    for name in EXPIRING:
        indexes = town.stores.db[name].index_information().values()
        assert [each["expireAfterSeconds"] for each in indexes if each["key"] == [("expires_at", 1)]] == [0], name
        assert town.stores.db[name].count_documents({"expires_at": {"$exists": False}}) == 0, name
    kept = {
        each["expires_at"] - each["fetched_at"] > timedelta(days=1)
        for each in town.stores.db["raw_pages"].find({"kind": "listing"})
    }
    assert kept == {True}
    assert set(SIDE_INDEXES) >= set(EXPIRING)


def test_the_days_of_a_file_hold_for_what_is_stored_from_now_on(town: Town) -> None:
    """LEADGEN_RETENTION: the date of a document follows."""
    stores = with_days(town, raw_pages=2)
    stores.raw_pages.land_listing(KEY, "apollo-1", 99, {}, 0)

    (listing,) = town.stores.db["raw_pages"].find({"number": 99})

    assert abs(listing["expires_at"] - now() - timedelta(days=2)) < timedelta(minutes=5)


def test_what_is_too_old_goes(town: Town) -> None:
    """Each place by its own days: nothing the day it was stored, everything when its time is over."""
    dates = {each.place: each.deleted for each in retain(town.stores, town.home)}
    assert dates == dict.fromkeys(dates, 0)
    later = after(town, now() + timedelta(days=100))

    assert later["raw_pages"].kept == later["quarantine"].kept == later["enrichment_cache"].kept == 0
    assert later["lake"] == Kept("lake", 90, later["lake"].deleted, 0)
    assert later["lake"].deleted >= 6
    assert later["performance_marketers"].deleted == 0
    assert after(town, now() + timedelta(days=800))["performance_marketers"].kept == 0
    assert set(later) >= set(FOLDERS)


def test_fewer_days_hold_for_what_is_stored_already(town: Town) -> None:
    """A document whose own date is months away goes when the rule is shortened."""
    stores = with_days(town, raw_pages=1, quarantine=1, performance_marketers=1)

    gone = {each.place: each.deleted for each in retain(stores, town.home, now() + timedelta(days=3))}

    assert gone["raw_pages"] == 4
    assert gone["quarantine"] == 1
    assert gone["performance_marketers"] > 10
    assert gone["enrichment_cache"] == 0


def test_zero_days_keep_for_ever(town: Town) -> None:
    stores = with_days(town, lake=0)
    assert (
        next(each for each in retain(stores, town.home, now() + timedelta(days=4000)) if each.place == "lake").deleted
        == 0
    )


def test_old_files_go(town: Town) -> None:
    """Logs, exports, import files: by their last change; files elsewhere are left alone."""
    log, other = town.home / "logs" / "run.log", town.home / "mine.txt"
    other.write_text("mine")
    old = (now() - timedelta(days=60)).timestamp()
    for path in (log, other, town.home / "exports" / "leads.csv"):
        os.utime(path, (old, old))

    done = {each.place: each.deleted for each in retain(town.stores, town.home)}

    assert (done["logs"], done["exports"], done["imports"]) == (1, 1, 0)
    assert not log.exists()
    assert other.exists()


def test_the_daily_upkeep_ends_what_was_interrupted(town: Town) -> None:
    """Retention, interrupted erasures, and people who turned up again, in one go."""
    from leadgen_assets.privacy.erase import erase
    from leadgen_assets.privacy.identifiers import identified

    access, town.crm_access = town.crm_access, None
    assert erase(town.office, identified(EMAIL)).state == "open"
    assert daily(town.office).waiting != []
    town.crm_access = access

    done = daily(town.office)

    assert (done.resumed, done.swept, done.waiting, done.deleted) == (1, 0, [], 0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raw_page: 9", "raw_page: unknown"),
        ("lake: soon", "lake: a whole number"),
        ("lake: -1", "lake"),
        ("[1]", "expected"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "days.yaml"
    path.write_text(text)
    with pytest.raises(RetentionError, match=told):
        load_retention(path)


def test_a_file_changes_single_places(tmp_path: Path) -> None:
    path = tmp_path / "days.yaml"
    path.write_text("logs: 3\n")
    assert load_retention(path).days == {**documented_days(), "logs": 3}
    assert load_retention(path).of("logs") == timedelta(days=3)
