"""A home of its own for tests that kill, stop or starve servers."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from leadgen_assets.services import down, status
from leadgen_assets.services.processes import ProcessIdentity
from leadgen_assets.services.status import ServiceStatus
from leadgen_assets.settings import Settings
from leadgen_tests.conftest import embedded_settings


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Settings]:
    """Settings with embedded servers in a home that nobody else uses; whatever still runs is stopped afterwards."""
    settings = embedded_settings(tmp_path / "home")
    yield settings
    down(settings, force=True)


@pytest.fixture
def stranger() -> Iterator[ProcessIdentity]:
    """A process that has nothing to do with us and must survive."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        identity = ProcessIdentity.of(process.pid)
        assert identity
        yield identity
        process.kill()


@pytest.fixture
def bare(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """An empty database."""
    name = f"bare_{uuid.uuid4().hex[:12]}"
    yield mongo_client[name]
    mongo_client.drop_database(name)


@pytest.fixture
def embedded() -> Callable[..., Settings]:
    """Makes settings that the environment has no say in."""
    return embedded_settings


def eventually(holds: Callable[[], Any], seconds: float = 30) -> Any:
    """The first truthy answer."""
    deadline = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)
    return answer


def status_of(settings: Settings, service: str) -> ServiceStatus:
    """One server as `services status` shows it."""
    return next(each for each in status(settings).services if each.service == service)


def process_of(settings: Settings, service: str) -> int:
    """Pid of a server, which must be ready."""
    found = status_of(settings, service)
    assert found.state == "ready"
    assert found.pid
    return found.pid
