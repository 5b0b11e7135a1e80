"""Redis and MongoDB stopped for real: people are told all the same, once, and it is on record afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

from leadgen_assets.desk.alerts.watch import AlertWatcher
from leadgen_assets.desk.state import StateReader
from leadgen_assets.services.lifecycle import running
from leadgen_assets.settings import Settings
from leadgen_assets.stores.lease import Lease
from leadgen_assets.stores.migrations import migrate
from leadgen_assets.stores.opened import OpenStores, open_stores
from leadgen_assets.stores.redis_connection import connect_redis
from leadgen_tests.conftest import embedded_settings
from leadgen_tests.desk.alerts.room import Mailbox, furnish
from leadgen_tests.sprint.vendors import Sandbox


@contextmanager
def impatient() -> Iterator[None]:
    """What is away is away: no need to wait for it for seconds. What is there may be slow, so it is not for that."""
    with (
        patch("leadgen_assets.desk.state.mongo_link.PATIENCE_SECONDS", 0.3),
        patch("leadgen_assets.desk.alerts.evaluator.STORE_SECONDS", 0.3),
        patch("leadgen_assets.desk.alerts.postman.STORE_SECONDS", 0.3),
        patch("leadgen_assets.stores.lease._MONGO_PATIENCE", 0.3),
    ):
        yield


def test_stopped_stores_are_told_and_recorded_when_they_are_back(
    tmp_path: Path, sandbox: Sandbox, mailbox: Mailbox
) -> None:
    """REQ-022: database away, Redis away. A failed run that nobody could put on record is told afterwards, too."""
    plain = embedded_settings(tmp_path / "home", leadgen_sandbox_url=sandbox.url)
    with ExitStack() as servers, ExitStack() as opened:
        addresses = servers.enter_context(running(plain, postgres=False))
        settings = plain.model_copy(
            update={"leadgen_mongo_uri": addresses.mongo_uri, "leadgen_redis_url": addresses.redis_url}
        )
        stores = opened.enter_context(open_stores(settings))
        migrate(stores.db)
        room = furnish(stores, settings, sandbox, mailbox)
        lease = Lease("alerts", stores.redis, stores.db, settings.home)
        reader = [StateReader(stores, settings=settings)]
        watcher = AlertWatcher(room.evaluator, lambda: reader[-1].read(), lease)
        assert watcher.tick() == []

        servers.close()
        with impatient():
            assert watcher.tick() == []
            assert Lease("alerts", stores.redis, stores.db, settings.home).take() is False
            room.clock.pass_by(10)
            assert {each.alert.rule for each in watcher.tick() or []} == {"mongo_away", "redis_away"}
            for _ in range(3):
                room.clock.pass_by(30)
                assert watcher.tick() == []
            posts, mails = room.told()
            assert sorted(posts) == ["🚨 MongoDB is away", "🚨 Redis is away"]
            assert sorted(mails) == ["[leadgen CRITICAL] MongoDB is away", "[leadgen CRITICAL] Redis is away"]
            assert room.evaluator.event("workflow_failed", "autumn", "refine", "no database", is_bad=True) is None

        servers.enter_context(running(plain, postgres=False))
        stores.db.command("ping")
        reader.append(StateReader(stores, settings=settings))
        back = watcher.tick()
        assert back is not None
        _check_the_record(stores)
        assert room.told()[0] == ["🚨 refine failed"]
        room.clock.pass_by(10)
        ended = watcher.tick()
        assert {each.alert.rule for each in ended or []} == {"mongo_away", "redis_away"}
        room.clock.pass_by(600)
        watcher.tick()
        assert sorted(room.told()[0]) == ["✅ Resolved: MongoDB is away", "✅ Resolved: Redis is away"]


def _check_the_record(stores: OpenStores) -> None:
    found = {each.rule: each for each in stores.alerts.list()}
    assert found.keys() == {"mongo_away", "redis_away", "workflow_failed"}
    for rule in ("mongo_away", "redis_away"):
        assert [each["what"] for each in found[rule].history] == ["raised", "told", "told"]
        assert {each.state for each in stores.outbox.of(found[rule].id)} == {"sent"}


def test_one_watches_at_a_time_and_another_takes_over(desk_stores: OpenStores, desk_settings: Settings) -> None:
    """One evaluator, one lock: through Redis, in MongoDB while Redis is away, and back again."""
    nowhere = connect_redis("redis://127.0.0.1:1/0")
    for client in (desk_stores.redis, nowhere):
        one, other = (Lease("alerts", client, desk_stores.db, desk_settings.home, seconds=0.2) for _ in range(2))
        assert [one.take(), other.take(), one.take()] == [True, False, True]
        one.give_back()
        if client is nowhere:
            desk_stores.db["locks"].delete_many({})
        assert [other.take(), one.take()] == [True, False]
