"""Pool, slow commands, durability and what happens without a server."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import InsertOne, MongoClient
from pymongo.errors import BulkWriteError, WriteError

from leadgen_assets.stores import bulk
from leadgen_assets.stores.errors import StoreError, StoreUnavailable, told_without_values
from leadgen_assets.stores.leads import LeadStore
from leadgen_assets.stores.mongo import collection, connect, disconnect, pool_use, server_name
from leadgen_assets.stores.slow_commands import slow_commands

from .samples import lead


@pytest.fixture
def connected(mongo_uri, database):
    handle = connect(mongo_uri, database.name, slow_ms=0)
    yield handle
    disconnect(handle)


def test_the_pool_is_as_the_requirement_says_and_its_use_is_known(connected, database):
    """DE-03: 5 to 100 connections, 30 s to connect, waits measured."""
    options = connected.client.options.pool_options
    assert (options.min_pool_size, options.max_pool_size, options.connect_timeout) == (5, 100, 30)
    connected.command("ping")
    use = pool_use(connected)
    assert use.open >= 1
    assert use.in_use == 0
    assert 0 <= use.wait_p50 <= use.wait_p95 <= use.wait_max
    assert pool_use(database) is None


def test_nobody_waits_for_a_connection_to_close(connected):
    """PHX-01: the driver's thread that tells events looks around twice a second; whoever closes would wait for it."""
    connected.command("ping")
    assert "pymongo_events_thread" not in {each.name for each in threading.enumerate()}


def test_every_store_writes_durably_whatever_handle_it_got(database):
    """Decision 3: acknowledged by the majority and journaled."""
    concern = collection(database, "quarantine").write_concern.document
    assert (concern["w"], concern["j"]) == ("majority", True)


def test_slow_commands_are_recorded_by_shape_without_values(connected):
    """DE-07: command, collection, fields and time; no address in it."""
    LeadStore(connected).with_keys(["email:ann@acme.example"])
    found = waited_for(lambda: slow_commands(collection(connected, "slow_commands"), datetime(2026, 1, 1, tzinfo=UTC)))
    shapes = [(each["command"], each["collection"], each["fields"]) for each in found]
    assert ("find", "performance_marketers", ["identity_keys"]) in shapes
    assert "ann@" not in str(list(connected["slow_commands"].find()))


def test_fast_commands_are_not_recorded(mongo_uri, database):
    """DE-07: only what takes longer than the threshold."""
    handle = connect(mongo_uri, database.name, slow_ms=60_000)
    LeadStore(handle).with_keys(["email:ann@acme.example"])
    disconnect(handle)
    assert database["slow_commands"].count_documents({}) == 0


def test_an_absent_server_is_told_in_our_words():
    """DE-04: one kind of error that says repeating is safe."""
    nobody = MongoClient("mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50)["nothing"]
    with pytest.raises(StoreUnavailable, match="MongoDB cannot be reached"):
        LeadStore(nobody).insert_provisional([lead(1)])
    with pytest.raises(StoreUnavailable):
        LeadStore(nobody).ids("autumn")


def test_server_errors_never_quote_a_document():
    """NFR-010: pymongo's messages hold values, ours hold codes."""
    with pytest.raises(StoreError) as caught, told_without_values("writing"):
        raise WriteError("ann@acme.example", 121, {"codeName": "DocumentValidationFailure"})
    assert "ann@" not in str(caught.value)
    assert "DocumentValidationFailure" in str(caught.value)
    assert caught.value.__suppress_context__


def test_connection_strings_are_shown_without_credentials():
    """NFR-010."""
    assert server_name("mongodb://user:secret@db.example:27017/?tls=true") == "db.example:27017"


class Moody:
    """A collection whose server fails in ways a healthy one cannot be made to fail."""

    name = "moody"

    def __init__(self, *failures: dict) -> None:
        self.failures = list(failures)
        self.sizes: list[int] = []

    def bulk_write(self, writes, ordered):
        assert not ordered
        self.sizes.append(len(writes))
        if self.failures:
            raise BulkWriteError({"nInserted": 0, **self.failures.pop(0)})
        return type("Result", (), {"bulk_api_result": {"nInserted": len(writes)}})()


def test_errors_that_pass_are_tried_again_alone(monkeypatch):
    """DE-04: only the failed documents, and only those that a retry can mend."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    errors = [{"index": 1, "code": 112}, {"index": 3, "code": 2}]
    target = Moody({"nInserted": 2, "writeErrors": errors})
    outcome = bulk.write(target, [InsertOne({"_id": at}) for at in range(4)])
    assert target.sizes == [4, 1]
    assert (outcome.inserted, [(each.position, each.kind) for each in outcome.refused]) == (3, [(3, "other")])


def test_a_document_that_keeps_failing_is_returned(monkeypatch):
    """DE-04: three retries, then it is the caller's."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    target = Moody(*[{"writeErrors": [{"index": 0, "code": 112}]} for _ in range(9)])
    outcome = bulk.write(target, [InsertOne({"_id": 1})])
    assert (len(target.sizes), [each.position for each in outcome.refused]) == (4, [0])


def test_a_missing_write_confirmation_is_reported():
    """DE-04: written, but not known to be durable."""
    target = Moody(
        {"nInserted": 2, "writeConcernErrors": [{"code": 64, "errmsg": "waiting for replication timed out"}]}
    )
    outcome = bulk.write(target, [InsertOne({"_id": at}) for at in range(2)])
    assert outcome.unconfirmed
    assert outcome.inserted == 2


def test_batches_have_the_size_the_requirement_prefers(database):
    """REQ-017: at most 500 a batch."""
    target = Moody()
    bulk.write(target, [InsertOne({"_id": at}) for at in range(1201)])
    assert target.sizes == [500, 500, 201]


def waited_for(look, seconds: float = 20):
    """What `look` returns once it returns something."""
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    while not (found := look()) and datetime.now(UTC) < until:
        time.sleep(0.05)
    return found
