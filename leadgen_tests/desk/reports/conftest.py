"""A small sprint over all four sources that was delivered, and the picture a report has of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from leadgen_assets.desk.reports.periods import Period
from leadgen_assets.desk.reports.picture import Picture, picture
from leadgen_assets.stores.snapshot import moment
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_tests.sprint.office import Office, failures, open_office
from leadgen_tests.sprint.plans import small_sprint

SIZES = {"brightdata-1": 30, "apollo-1": 60, "zoominfo-1": 60, "sales-navigator-1": 25}


@dataclass(frozen=True)
class Reported:
    """The office, the sprint's key, and its picture after the end."""

    office: Office
    key: str
    seen: Picture


@pytest.fixture(scope="session")
def servers(mongo_uri: str, redis_url: str) -> dict[str, str]:
    """Addresses of the session's stores, by setting."""
    return {"LEADGEN_MONGO_URI": mongo_uri, "LEADGEN_REDIS_URL": redis_url}


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> Iterator[Reported]:
    """Tests look at it and change nothing but its reports."""
    with open_office(tmp_path_factory.mktemp("reported"), servers) as office:
        sprint = small_sprint("reported", SIZES)
        key = office.open(sprint)
        office.stores.book.set_state(key, SprintState.RUNNING)
        assert failures(office.run(sprint)) == {}
        office.stores.book.set_state(key, SprintState.FINISHED)
        with office.at_work(), moment(office.stores) as now:
            opened = office.stores.book.get(key).opened_at
            seen = picture(now, key, Period(key, opened, now.at), with_lessons=True)
        yield Reported(office, key, seen)
