"""A town to each test, built once and copied: collections, Redis keys, files and the CRM as they were after delivery."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from pymongo import WriteConcern

from leadgen_assets.settings import Settings
from leadgen_assets.stores.migrations import migrate
from leadgen_assets.stores.mongo import connect, disconnect
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.redis_connection import connect_redis
from leadgen_tests.conftest import embedded_settings
from leadgen_tests.privacy.town import Town
from leadgen_tests.sprint.vendors import Sandbox, no_limits, serving

READ_ONLY = ("id", "writes", "hs_object_id", "createdate", "lastmodifieddate")


@dataclass
class Ground:
    """The session's database and Redis, and what a delivered town looks like there."""

    settings: Settings
    db: Any
    redis: Any
    documents: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    keys: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    contacts: list[dict[str, str]] = field(default_factory=list)
    home: Path | None = None

    @cached_property
    def quick(self) -> Any:
        """The database without waiting for the journal: only for laying the ground."""
        return self.db.client.get_database(self.db.name, write_concern=WriteConcern(1, j=False))

    def clear(self) -> None:
        """Nothing is there."""
        migrated = {each["name"] for each in self.db.list_collections() if each["type"] == "collection"}
        for name in migrated:
            if not name.startswith("system."):
                self.quick[name].delete_many({})
        self.redis.flushdb()

    def town(self, home: Path) -> Town:
        """Over this ground, with a home of its own."""
        at = self.settings
        settings = embedded_settings(
            home, leadgen_mongo_uri=at.leadgen_mongo_uri, leadgen_redis_url=at.leadgen_redis_url,
            leadgen_database=at.leadgen_database,
        )  # fmt: skip
        return Town(settings, OpenStores(self.db, self.redis, (home / "lake").as_uri()))

    def remember(self, town: Town, vendors: Sandbox) -> None:
        """Keep what was built."""
        names = [each["name"] for each in self.db.list_collections() if each["type"] == "collection"]
        found = {name: list(self.db[name].find()) for name in names if not name.startswith("system.")}
        self.documents = {name: content for name, content in found.items() if content and name != "slow_commands"}
        self.keys = {key: (self.redis.dump(key), max(0, self.redis.pttl(key))) for key in self.redis.scan_iter()}
        self.contacts = [
            {name: value for name, value in each.items() if name not in READ_ONLY and value}
            for each in vendors.crm()["by_external_id"].values()
        ]
        self.home = town.home

    def copy(self, home: Path, vendors: Sandbox) -> Town:
        """A town as it was remembered."""
        assert self.home is not None
        for name, content in self.documents.items():
            self.quick[name].insert_many(content)
        for key, (value, lives) in self.keys.items():
            self.redis.restore(key, lives, value, replace=True)
        shutil.copytree(self.home, home)
        inputs = [
            {"id": each["lead_external_id"], "idProperty": "lead_external_id", "objectWriteTraceId": str(at), "properties": each}
            for at, each in enumerate(self.contacts)
        ]  # fmt: skip
        access = hubspot(vendors)
        bearer = {"Authorization": f"Bearer {access.secret('hubspot_access_token')}"}
        url = f"{access.base_url}/crm/v3/objects/contacts/batch/upsert"
        answer = vendors.http.post(url, json={"inputs": inputs}, headers=bearer)
        assert answer.status_code == 200, answer.text
        return self.town(home)


def hubspot(vendors: Sandbox) -> Any:
    """Access to the sandbox's HubSpot."""
    return Settings(_env_file=None, leadgen_mode="sandbox", leadgen_sandbox_url=vendors.url).vendor("hubspot")


@pytest.fixture(scope="session")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The sandbox vendors, shared; each test resets the CRM."""
    with serving(no_limits(tmp_path_factory.mktemp("vendors") / "limits.yaml")) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def ground(mongo_uri: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """One migrated database for all towns: making one a test would take longer than the tests."""
    name = f"town_{uuid.uuid4().hex[:12]}"
    settings = embedded_settings(
        tmp_path_factory.mktemp("town") / "home",
        leadgen_mongo_uri=mongo_uri, leadgen_redis_url=redis_url, leadgen_database=name,
    )  # fmt: skip
    db, redis = connect(mongo_uri, name), connect_redis(redis_url)
    migrate(db)
    yield Ground(settings, db, redis)
    db.client.drop_database(name)
    disconnect(db)
    redis.close()


@pytest.fixture
def empty_town(ground: Ground, tmp_path: Path) -> Town:
    """Stores and a home, and no sprint yet; without a CRM."""
    ground.clear()
    return ground.town(tmp_path / "home")


@pytest.fixture
def town(ground: Ground, vendors: Sandbox, tmp_path: Path) -> Town:
    """The delivered sprint."""
    ground.clear()
    vendors.http.post("/_sandbox/reset").raise_for_status()
    if ground.home is None:
        first = ground.town(ground.settings.home)
        first.crm_access = hubspot(vendors)
        ground.remember(first.build(), vendors)
        ground.clear()
        vendors.http.post("/_sandbox/reset").raise_for_status()
    copied = ground.copy(tmp_path / "home", vendors)
    copied.crm_access = hubspot(vendors)
    return copied


def plain_url(url: str) -> str:
    """An address as PostgreSQL's own library wants it."""
    return "postgresql:" + url.partition(":")[2]
