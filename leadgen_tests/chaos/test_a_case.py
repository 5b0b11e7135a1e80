"""One case from end to end: a real command in a process of its own, killed while it collects, and started again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from leadgen_assets.chaos import case
from leadgen_assets.chaos.case import Case, Step
from leadgen_assets.chaos.evidence import gather
from leadgen_assets.chaos.faults import BY_NAME
from leadgen_assets.chaos.ground import Ground, opened
from leadgen_assets.chaos.invariants import violations
from leadgen_assets.chaos.moments import COLLECTION
from leadgen_assets.cli.bench_servers import environment
from leadgen_assets.cli.chaos_process import Starter
from leadgen_tests.databases import lent_database


@pytest.fixture
def ground(
    tmp_path: Path,
    mongo_client: MongoClient[dict[str, Any]],
    services_home: Path,
    mongo_uri: str,
    redis_url: str,
) -> Iterator[Ground]:
    """On the session's servers, in a database of its own, with a sprint of eighty records from Apollo and the exports."""
    start_command = Starter()
    with lent_database(mongo_client) as database, environment(tmp_path):
        stores = {"LEADGEN_MONGO_URI": mongo_uri, "LEADGEN_REDIS_URL": redis_url, "LEADGEN_DATABASE": database.name}
        os.environ.update(stores)  # until the environment's end
        sizes = {"apollo-1": 80}
        with opened(tmp_path / "home", 1, start_command, services=services_home, sizes=sizes) as ready:
            yield ready


def test_a_killed_command_is_started_again_and_nothing_is_lost_doubled_or_paid_twice(ground: Ground) -> None:
    """Issue 4, crash safety (NFR-006, NFR-007, REQ-008, REQ-019): kill -9 while collecting; and the checks would tell."""
    played = Case(1, 1, (Step(BY_NAME["kill-command"], COLLECTION),))

    done = case.run(ground, played)

    assert done.violations == []
    assert done.struck == list(played.steps)
    assert done.starts == 2
    lost = ground.db["performance_marketers"].find_one_and_delete({"sprint": played.sprint, "is_qualified": True})
    told = {each.partition(":")[0] for each in violations(gather(ground, played.sprint, played.crm, frozenset()))}
    assert lost is not None
    assert {"every record is accounted for", "leads are the true people", "the crm holds the qualified"} <= told
