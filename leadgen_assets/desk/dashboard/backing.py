"""What the dashboard stands on: reads that are bounded in time, so that a store that is away never holds a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pymongo
from starlette.requests import HTTPConnection

from leadgen_assets.stores.alerts import Alert, AlertBook
from leadgen_assets.stores.metrics import MetricSeries
from leadgen_assets.stores.reports import ReportBook
from leadgen_assets.stores.sprint_book import SprintBook

State = dict[str, Any]
PATIENCE_SECONDS = 3.0
"""How long MongoDB may take for a page before it counts as away."""


class Reader(Protocol):
    """Reads the state (`desk.state.StateReader`)."""

    def read(self, sprint: str | None = None) -> State: ...


@dataclass(frozen=True)
class Places:
    """Folders and files that are served read-only."""

    reports: Path
    quality: Path
    """The data docs' site."""
    runbook: Path


@dataclass(frozen=True)
class Backing:
    """Everything the routes use, by name."""

    reader: Reader
    alerts: AlertBook
    series: MetricSeries
    reports: ReportBook
    sprints: SprintBook
    places: Places
    resolve: Callable[[str, str, str], Alert | None]
    """(alert id, by, reason): ends an alert and tells those who were told of it."""
    parts: Callable[[], list[dict[str, Any]]] = field(default=list)
    """The background parts: {name, ok, says} each."""
    gate_checks: Mapping[str, str] = field(default_factory=dict)
    """{gate: path of its asset check in Dagster's web UI}"""
    undelivered: Callable[[], set[str]] = field(default=set)
    """Ids of alerts with a message that has not arrived."""
    me: str = "dashboard"
    """Who acts when a request does not say."""

    def state(self, sprint: str | None = None) -> State:
        """The reader's state, and what only this process knows. Raises `StoreMissing` for an unknown sprint."""
        return {**self.reader.read(sprint), "desk": {"parts": self.parts(), "gate_checks": dict(self.gate_checks)}}


@contextmanager
def patience() -> Iterator[None]:
    """Bounds what is asked of MongoDB inside; beyond it a `StoreUnavailable` is raised."""
    with pymongo.timeout(PATIENCE_SECONDS):
        yield


def backing(connection: HTTPConnection) -> Backing:
    """The app's backing, as its routes get at it."""
    found: Backing = connection.app.state.backing
    return found
