"""A sandbox and a mail server for the alert tests, and a room on the test's own database."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from redis import Redis

from leadgen_assets.settings import Settings
from leadgen_assets.stores.migrations import migrate
from leadgen_assets.stores.opened import OpenStores
from leadgen_tests.conftest import embedded_settings
from leadgen_tests.desk.alerts.room import Mailbox, Room, furnish
from leadgen_tests.sprint.vendors import Sandbox, no_limits, serving

if TYPE_CHECKING:
    from pymongo.database import Database


@pytest.fixture(scope="session")
def limits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return no_limits(tmp_path_factory.mktemp("limits") / "limits.yaml")


@pytest.fixture(scope="session")
def sandbox(limits: Path) -> Iterator[Sandbox]:
    with serving(limits) as opened:
        yield opened


@pytest.fixture(scope="session")
def mail_server() -> Iterator[Mailbox]:
    with Mailbox().open() as opened:
        yield opened


@pytest.fixture
def mailbox(mail_server: Mailbox) -> Iterator[Mailbox]:
    yield mail_server
    mail_server.refuses = False


@pytest.fixture(scope="session")
def desk_database(mongo_client: Any) -> Iterator[Database[dict[str, Any]]]:
    """One database for all alert tests: to prepare one takes longer than a test."""
    database = mongo_client[f"test_{uuid.uuid4().hex[:12]}"]
    migrate(database)
    yield database
    mongo_client.drop_database(database.name)


@pytest.fixture
def desk_settings(
    tmp_path: Path, desk_database: Database[dict[str, Any]], mongo_uri: str, redis_url: str, sandbox: Sandbox
) -> Settings:
    for name in ("alerts", "alert_deliveries", "alert_watch", "alert_silences", "sprints", "reports"):
        desk_database[name].delete_many({})
    return embedded_settings(
        tmp_path / "home",
        leadgen_mongo_uri=mongo_uri,
        leadgen_redis_url=redis_url,
        leadgen_database=desk_database.name,
        leadgen_sandbox_url=sandbox.url,
    )


@pytest.fixture
def desk_stores(desk_settings: Settings, desk_database: Any, redis_client: Redis) -> OpenStores:
    return OpenStores(desk_database, redis_client, desk_settings.storage)


@pytest.fixture
def room(desk_stores: OpenStores, desk_settings: Settings, sandbox: Sandbox, mailbox: Mailbox) -> Iterator[Room]:
    with patch("leadgen_assets.vendors.http._pause", lambda _: 0.0):
        yield furnish(desk_stores, desk_settings, sandbox, mailbox)
