"""Real stores with a sprint on record, and the app over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from leadgen_assets.desk.state import StateReader
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Sprint
from leadgen_assets.stores.alerts import Alert
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.raw_pages import RawPage, page_id
from leadgen_tests.desk.dashboard import scene
from leadgen_tests.desk.dashboard.served import Scripted, TestClient, app_over, emptied, migrated_database

KEY = "autumn"


def sprint(name: str = KEY) -> Sprint:
    """Two segments, 200 records."""
    return Sprint.model_validate(
        {
            "name": name,
            "target": {"collected": 200, "unique": 150},
            "profile": {"titles": ["Media Buyer"]},
            "segments": [{"id": f"apollo-{n}", "source": "apollo", "leads": 100} for n in (1, 2)],
            "enrichment": {"email": ["hunter"], "company": ["clearbit"], "verify": ["neverbounce"]},
            "budget": {"usd": 100},
        }
    )


def land(stores: OpenStores, number: int, *, key: str = KEY, leads: int = 10, duplicates: int = 0) -> None:
    """A page of the first segment, accounted for, and heard of by the live counters."""
    counts = {
        "delivered": leads + duplicates,
        "leads": leads,
        "duplicates": duplicates,
        "suppressed": 0,
        "quarantined": 0,
    }
    records = [{"id": each} for each in range(counts["delivered"])]
    stores.raw_pages.land(RawPage(key, "apollo-1", "apollo", number, records, {}, datetime.now(UTC)))
    stores.raw_pages.record_outcome(page_id(key, "apollo-1", number), counts)
    stores.live.add(key, "apollo-1", counts)
    stores.live.flush()


def alert(rule: str = "error_rate", **others: Any) -> Alert:
    """An open alert of the sprint."""
    known = {"instance": "", "severity": "WARNING", "title": "7.0 % of the calls fail", "text": "For a minute."}
    known |= {"raised_at": datetime.now(UTC), "runbook": f"docs/runbook.md#{rule.replace('_', '-')}"}
    return Alert(rule=rule, sprint=KEY, **{**known, **others})


@pytest.fixture(scope="session")
def migrated(mongo_client: Any) -> Iterator[Any]:
    """One database for all, because migrating takes longer than any test."""
    with migrated_database(mongo_client) as database:
        yield database


@pytest.fixture
def stores(migrated: Any, redis_client: Any, tmp_path: Path) -> OpenStores:
    """Empty stores."""
    return OpenStores(emptied(migrated), redis_client, (tmp_path / "lake").as_uri())


@dataclass
class Desk:
    """The app over real stores, and a client of it that is on this machine."""

    stores: OpenStores
    home: Path
    reader: Scripted
    app: Starlette
    client: TestClient


@pytest.fixture
def desk(stores: OpenStores, tmp_path: Path) -> Desk:
    """With a scripted state."""
    reader = Scripted(scene.state())
    app = app_over(stores, reader, tmp_path)
    return Desk(stores, tmp_path, reader, app, client_of(app))


def client_of(app: Starlette, base_url: str = "http://127.0.0.1:4000") -> TestClient:
    """A client that follows no redirect and sees errors as a browser does."""
    return TestClient(app, base_url=base_url, follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture
def real(stores: OpenStores, tmp_path: Path) -> Desk:
    """With the state of the stores."""
    settings = Settings(_env_file=None, leadgen_home=tmp_path)
    app = app_over(stores, StateReader(stores, settings=settings), tmp_path)
    return Desk(stores, tmp_path, Scripted({}), app, client_of(app))
