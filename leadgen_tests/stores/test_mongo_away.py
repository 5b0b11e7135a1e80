"""MongoDB goes away in the middle of work: what waits, what goes on, and that nothing is done twice (NFR-006, NFR-007)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pymongo.monitoring import ServerHeartbeatFailedEvent, ServerHeartbeatSucceededEvent

from leadgen_assets.stores import presence as presence_module
from leadgen_assets.stores.controls import Controls
from leadgen_assets.stores.errors import StoreAwayTooLong, StoreUnavailable, told_without_values
from leadgen_assets.stores.leads import LeadStore
from leadgen_assets.stores.ledger import CostLedger, Reserved
from leadgen_assets.stores.mongo import MongoDatabase, collection, connect, disconnect, presence
from leadgen_assets.stores.presence import Presence, repeated
from leadgen_tests.lossy_link import LossyLink, link_to_mongo

Link = tuple[LossyLink, str]
Beside = Callable[[Callable[[], Any]], Future[Any]]


@pytest.fixture
def link(mongo_uri: str) -> Iterator[Link]:
    with link_to_mongo(mongo_uri) as found:
        yield found


@pytest.fixture
def patient(link: Link, database: Any) -> Iterator[MongoDatabase]:
    """The test's database over the link, with more patience than any test needs."""
    handle = connect(link[1], database.name, patience=60)
    handle.command("ping")
    yield handle
    link[0].mend()
    disconnect(handle)


@pytest.fixture
def beside() -> Iterator[Beside]:
    """Does something in a thread."""
    with ThreadPoolExecutor(4) as pool:
        yield pool.submit


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.01)


def reserve(ledger: CostLedger, entry: str) -> Any:
    return ledger.reserve(entry, "autumn", "a-1", "apollo", "bulk_match", 10, Decimal(1), Decimal(100))


def test_work_waits_for_an_absent_server_and_is_done_once_it_is_back(
    link: Link, patient: MongoDatabase, database: Any, beside: Beside
) -> None:
    """NFR-007: neither lost nor failed."""
    link[0].cut()
    waiting = beside(lambda: reserve(CostLedger(patient), "one"))
    eventually(lambda: presence(patient).is_away)
    assert not waiting.done()
    assert database["cost_ledger"].count_documents({}) == 0
    link[0].mend()
    assert isinstance(waiting.result(30), Reserved)
    eventually(lambda: not presence(patient).is_away)


def test_a_write_whose_confirmation_was_lost_is_not_done_twice(
    link: Link, patient: MongoDatabase, database: Any, beside: Beside
) -> None:
    """NFR-007: the server was killed after it had written and before it said so; money is not reserved twice, and the call
    does not count as one that may have been made before."""
    ledger = CostLedger(patient)
    reserve(ledger, "first")
    tally = collection(patient, "locks")
    tally.update_one({"_id": "n"}, {"$set": {"times": 0}}, upsert=True)
    link[0].cut_before_the_next_answer(b"nModified")
    counted = beside(lambda: tally.update_one({"_id": "n"}, {"$inc": {"times": 1}}))
    for times in (1, 2, 3):  # it breaks off again while it is repeated
        eventually(lambda times=times: link[0].dropped == times)
        if times < 3:
            link[0].cut_before_the_next_answer(b"nModified")
        link[0].mend()
    counted.result(30)
    assert database["locks"].find_one({"_id": "n"})["times"] == 1

    link[0].cut_before_the_next_answer()
    waiting = beside(lambda: reserve(ledger, "second"))
    eventually(lambda: link[0].dropped == 4)
    link[0].mend()
    assert waiting.result(30).again is False
    assert ledger.committed("autumn") == Decimal(2)


def test_a_frozen_server_is_waited_for(link: Link, patient: MongoDatabase, beside: Beside) -> None:
    """NFR-007: a stopped process answers nobody and closes nothing."""
    link[0].freeze()
    waiting = beside(lambda: reserve(CostLedger(patient), "one"))
    with pytest.raises(TimeoutError):
        waiting.result(0.2)
    link[0].mend()
    assert isinstance(waiting.result(30), Reserved)


def test_who_buys_waits_while_nothing_can_be_stored(link: Link, patient: MongoDatabase, beside: Beside) -> None:
    """Issue 4: no new paid call while MongoDB is away, although the answer is known from a moment ago."""
    controls = Controls(patient, clock=lambda: 0.0)
    assert controls.buying("autumn") == "on"
    assert controls.is_fresh("autumn")
    link[0].cut()
    eventually(lambda: presence(patient).is_away)
    assert not controls.is_fresh("autumn")
    asking = beside(lambda: controls.buying("autumn"))
    with pytest.raises(TimeoutError):
        asking.result(0.2)
    link[0].mend()
    assert asking.result(30) == "on"


def test_patience_ends_in_a_clear_failure(link: Link, database: Any) -> None:
    """Issue 4: bounded, and told apart from an answer that merely broke off."""
    handle = connect(link[1], database.name, patience=0.5)
    handle.command("ping")
    link[0].cut()
    with pytest.raises(StoreUnavailable, match="MongoDB cannot be reached"):
        reserve(CostLedger(handle), "one")
    with pytest.raises(StoreAwayTooLong):
        reserve(CostLedger(handle), "one")
    disconnect(handle)


def test_who_may_write_is_followed_through_an_election() -> None:
    """NFR-007: a member that fails takes nothing away while another one writes; without a primary nothing can be written."""
    seen = Presence()

    def answers(member: int, *, writes: bool) -> bool:
        event = SimpleNamespace(connection_id=("db.example", member), reply=SimpleNamespace(is_writable=writes))
        seen.succeeded(cast(ServerHeartbeatSucceededEvent, event))
        return seen.is_away

    def fails(member: int) -> bool:
        seen.failed(cast(ServerHeartbeatFailedEvent, SimpleNamespace(connection_id=("db.example", member))))
        return seen.is_away

    assert not answers(2, writes=False)  # known first, and never one that writes
    assert not answers(1, writes=True)
    assert not fails(2)
    assert answers(1, writes=False)  # steps down
    assert fails(1)
    assert not answers(2, writes=True)


def test_absence_and_return_are_told_once(
    link: Link, patient: MongoDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Issue 4: visible; a moment's absence is not."""
    monkeypatch.setattr(presence_module, "TELL_SECONDS", 0.0)

    def told() -> list[str]:
        return [each.getMessage() for each in caplog.records if each.name == presence_module.__name__]

    link[0].cut()
    eventually(lambda: len(told()) == 1)
    link[0].mend()
    patient.command("ping")
    eventually(lambda: len(told()) == 2)
    away, back = told()
    assert away.startswith("MongoDB is away: nothing is bought")
    assert away.endswith("at most 1 minutes")
    assert back.startswith("MongoDB is back after ")


def test_what_the_driver_does_not_repeat_is_done_again(link: Link, patient: MongoDatabase, beside: Beside) -> None:
    """NFR-007: many leads marked in one command, a long answer read to its end."""
    entries = collection(patient, "raw_pages")
    entries.insert_many([{"_id": f"s/a/page/{at}", "sprint": "s"} for at in range(300)])
    broke_off = threading.Event()

    def read() -> int:
        found = 0
        for found, _ in enumerate(entries.find({"sprint": "s"}).batch_size(50), start=1):
            if found == 50 and not broke_off.is_set():
                link[0].cut()
                broke_off.set()
        return found

    def told() -> int:
        with told_without_values("reading"):
            return read()

    reading = beside(lambda: repeated(told))
    assert broke_off.wait(30)
    link[0].mend()
    assert reading.result(30) == 300

    link[0].cut_before_the_next_answer()
    marking = beside(lambda: LeadStore(patient).mark_synced(["nobody"]))
    eventually(lambda: link[0].dropped == 1)
    link[0].mend()
    assert marking.result(30) == 0
