"""A dashboard on loopback in a thread of the tests; stopped and started again on the same port at will."""

from __future__ import annotations

import asyncio
import threading
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from leadgen_assets.desk.dashboard import Places, create_app
from leadgen_assets.desk.dashboard.server import DeskServer, listen, serve_within
from leadgen_assets.stores.metrics import MetricSeries
from leadgen_assets.stores.migrations import migrate
from leadgen_assets.stores.opened import OpenStores

with warnings.catch_warnings():
    # it says that another client library is preferred; this one is what we have
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient as TestClient

RUNBOOK = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"


@contextmanager
def migrated_database(client: Any) -> Iterator[Any]:
    """A database of its own for a whole module or session; tests empty it with `emptied`."""
    database = client[f"dashboard_{uuid.uuid4().hex[:12]}"]
    migrate(database)
    yield database
    client.drop_database(database.name)


def emptied(database: Any) -> Any:
    """The same database without what earlier tests have put there."""
    for name in ("sprints", "raw_pages", "page_outcomes", "alerts", "reports", "metrics", "cost_ledger", "locks"):
        database[name].delete_many({})
    return database


@dataclass
class Scripted:
    """A reader that says what a test wants it to."""

    state: dict[str, Any]
    others: dict[str, dict[str, Any]] = field(default_factory=dict)
    problem: Exception | None = None
    reads: int = 0

    def read(self, sprint: str | None = None) -> dict[str, Any]:
        """The state, or what is wrong."""
        self.reads += 1
        if self.problem is not None:
            raise self.problem
        return self.others.get(sprint or "", self.state)


def app_over(stores: OpenStores, reader: Any, home: Path, **others: Any) -> Starlette:
    """The app over real stores."""
    places = Places(home / "reports", home / "quality" / "site", RUNBOOK)
    settings = {"sprints": stores.book, "places": places, "seconds": 0.1, "me": "tester", **others}
    return create_app(reader, stores.alerts, MetricSeries(stores.db), stores.reports, **settings)


@dataclass
class Served:
    """Serves an app. `url` stays the same over a restart."""

    app: Starlette
    port: int = 0
    _server: DeskServer | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Accept requests."""
        listener = listen("127.0.0.1", self.port)
        self.port = listener.getsockname()[1]
        ready = threading.Event()
        server = self._server = DeskServer(self.app)
        self._thread = threading.Thread(
            target=lambda: asyncio.run(serve_within(server, listener, ready.set)), daemon=True
        )
        self._thread.start()
        assert ready.wait(10)

    def stop(self) -> None:
        """As SIGTERM does."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(10)
            assert not self._thread.is_alive()


@contextmanager
def served(app: Starlette) -> Iterator[Served]:
    """Running for the length of the block."""
    server = Served(app)
    server.start()
    try:
        yield server
    finally:
        server.stop()
