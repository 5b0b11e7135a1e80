"""Offices: one session-wide whose sprint was delivered twice, and fresh ones for tests that do harm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from leadgen_assets.desk.status import SprintStatus
from leadgen_assets.sprint_file import Sprint
from leadgen_assets.stores.sprint_book import SprintState
from leadgen_tests.sprint.office import Office, open_office
from leadgen_tests.sprint.plans import small_sprint
from leadgen_tests.sprint.vendors import world

if TYPE_CHECKING:
    from leadgen_assets.sandbox.world import Sighting


@pytest.fixture(scope="session")
def servers(mongo_uri: str, redis_url: str) -> dict[str, str]:
    """Addresses of the session's stores, by setting."""
    return {"LEADGEN_MONGO_URI": mongo_uri, "LEADGEN_REDIS_URL": redis_url}


@pytest.fixture
def office(tmp_path: Path, servers: dict[str, str]) -> Iterator[Office]:
    """An office of this test alone."""
    with open_office(tmp_path, servers) as opened:
        yield opened


@dataclass(frozen=True)
class Moment:
    """What is on record at one time, here and at the vendors."""

    status: SprintStatus
    credits: dict[str, dict[str, str]]
    crm: dict[str, Any]
    rows: list[dict[str, Any]]


@dataclass
class Delivered:
    """A sprint over all four sources that was delivered, and then run again."""

    office: Office
    sprint: Sprint
    barred: dict[str, str]
    """{kind of key: canonical key} of people who were on the suppression list before the sprint."""
    first: Moment
    again: Moment
    collected_first: list[dg.ExecuteInProcessResult]
    refined_first: dg.ExecuteInProcessResult
    refined_again: dg.ExecuteInProcessResult
    results: list[dg.ExecuteInProcessResult] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The sprint's partition."""
        return self.sprint.name


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> Iterator[Delivered]:
    """The sprint that most tests look at; they change nothing."""
    with open_office(tmp_path_factory.mktemp("delivered"), servers) as office:
        sprint = small_sprint("delivered")
        barred = suppress_some(office)
        key = office.open(sprint)
        office.stores.book.set_state(key, SprintState.RUNNING)
        collected, refined = office.collect(key), office.refine(key)
        office.stores.book.set_state(key, SprintState.FINISHED)
        first = moment(office, key)
        again = office.collect(key)
        refined_again = office.refine(key)
        yield Delivered(
            office, sprint, barred, first, moment(office, key), collected, refined, refined_again,
            [*collected, refined, *again, refined_again],
        )  # fmt: skip


def moment(office: Office, key: str) -> Moment:
    """Now."""
    return Moment(office.status(key), office.sandbox.credits(), office.sandbox.crm(), office.rows(key))


def suppress_some(office: Office) -> dict[str, str]:
    """Put people on the suppression list whom the vendors are about to deliver, each by another kind of key."""
    zoominfo = {each.person.truth_id: each for each in world().pool("zoominfo") if not each.junk}
    apollo = [each for each in (*world().pool("apollo-1"), *world().pool("apollo-2")) if each.slug and not each.junk]
    # ZoomInfo knows this one by the address alone, and only the LinkedIn page is on the list.
    by_slug = next(
        each for each in apollo if (other := zoominfo.get(each.person.truth_id)) and _by_address(each, other)
    )
    by_email = next(each for each in apollo if each.email_key and each is not by_slug)
    exported = next(each for each in world().pool("sales-navigator-1") if each.token and each.shape == "phantombuster")
    barred = {
        "linkedin": f"https://www.linkedin.com/in/{by_slug.slug}",
        "email": str(by_email.email_key),
        "member": str(exported.token),
    }
    office.stores.suppressions.add_many(list(barred.items()), "asked not to be contacted")
    return barred


def _by_address(one: Sighting, other: Sighting) -> bool:
    return one.email_key is not None and one.email_key == other.email_key and other.slug is None
