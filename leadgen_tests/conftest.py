"""Real servers for every test: started once a session by the product's own supervisor, in a home of their own.

A developer's own stores are never touched: whatever the environment says about them is overruled here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings as hypothesis_settings

from leadgen_assets.redaction.known import KNOWN
from leadgen_assets.services.lifecycle import running
from leadgen_assets.settings import Settings

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.database import Database
    from redis import Redis


LONGEST_FIRST = ("test_dagster_ui.py", "test_the_real_command.py", "test_dev.py", "test_command.py")
"""Files that wait for whole sprints: started last, they would keep the other workers waiting at the end."""

# CI repeats itself; everywhere else each run looks at other inputs.
hypothesis_settings.register_profile("ci", derandomize=True)
hypothesis_settings.register_profile("fuzz", print_blob=True)  # the many cases: `leadgen_tests/fuzz/sizes.py`
if os.environ.get("CI"):
    hypothesis_settings.load_profile("ci")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell the browser tests from the others in the JUnit report, which `.ci/run` reads; put the longest files first."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.user_properties.append(("browser", "yes"))
    items.sort(key=lambda item: item.path.name not in LONGEST_FIRST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where a browser is required (LEADGEN_REQUIRE_BROWSER=1), a browser test that is skipped has failed."""
    report = yield
    if item.get_closest_marker("browser") and report.skipped and os.environ.get("LEADGEN_REQUIRE_BROWSER") == "1":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but LEADGEN_REQUIRE_BROWSER=1: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _secrets_of_one_test() -> Iterator[None]:
    """What one test calls a secret is an ordinary word to the next one."""
    before = KNOWN.values
    yield
    KNOWN.replace(before)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the system's Chromium, for `executable_path` of Playwright; without one the test is skipped."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on PATH (Debian: apt-get install chromium)")
    return found


def embedded_settings(home: Path, **others: Any) -> Settings:
    """Settings that serve every store from this home, whatever `.env` and the environment say."""
    stores = {"leadgen_mongo_uri": None, "leadgen_redis_url": None, "dagster_pg_url": None, "leadgen_storage": None}
    return Settings(_env_file=None, **{"leadgen_home": home, "leadgen_mode": "sandbox", **stores, **others})


@pytest.fixture(scope="session")
def services_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's servers live."""
    return tmp_path_factory.mktemp("services") / "home"


@pytest.fixture(scope="session")
def mongo_uri(services_home: Path) -> Iterator[str]:
    """Address of the session's MongoDB."""
    with running(embedded_settings(services_home), redis=False, postgres=False) as addresses:
        assert addresses.mongo_uri
        yield addresses.mongo_uri


@pytest.fixture(scope="session")
def redis_url(services_home: Path) -> Iterator[str]:
    """Address of the session's Valkey."""
    with running(embedded_settings(services_home), mongo=False, postgres=False) as addresses:
        assert addresses.redis_url
        yield addresses.redis_url


@pytest.fixture(scope="session")
def pg_url(services_home: Path) -> Iterator[str]:
    """Address of the session's PostgreSQL, as Dagster wants it."""
    with running(embedded_settings(services_home), mongo=False, redis=False) as addresses:
        assert addresses.pg_url
        yield addresses.pg_url


@pytest.fixture(scope="session")
def mongo_client(mongo_uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    """One client for the session, so that a test does not pay for a login."""
    from pymongo import MongoClient

    with MongoClient(mongo_uri, tz_aware=True) as client:
        yield client


@pytest.fixture
def database(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """A database of this test alone, with validator and indexes."""
    from leadgen_tests.databases import lent_database

    with lent_database(mongo_client) as lent:
        yield lent


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[Redis]:
    """A client of the session's Valkey, which is emptied before the test."""
    from redis import Redis

    with Redis.from_url(redis_url, decode_responses=True) as client:
        client.flushdb()
        yield client


@pytest.fixture
def settings(
    tmp_path: Path, database: Database[dict[str, Any]], mongo_uri: str, redis_url: str, pg_url: str
) -> Settings:
    """Settings of a home of this test alone, on the session's servers and the `database` of the test."""
    return embedded_settings(
        tmp_path / "home",
        leadgen_mongo_uri=mongo_uri, leadgen_redis_url=redis_url, dagster_pg_url=pg_url,
        leadgen_database=database.name,
    )  # fmt: skip
