"""A vendor that is blocked while a sprint runs: others take its leads over, and it gets them back (PHX-04)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from typing import Any
from unittest.mock import patch

import pytest

from leadgen_assets.cli import vendor_watch
from leadgen_assets.collection.rebalancing import answers_again, rebalance
from leadgen_assets.sprint_file import dump_sprint
from leadgen_tests.cli.conftest import OwnProcess, conducted_here, leadgen
from leadgen_tests.sprint.office import Office
from leadgen_tests.sprint.plans import small_sprint

GATES = {"email_availability": 0, "average_quality_score": 10, "company_completeness": 0}
SIZES = {"apollo-1": 30, "zoominfo-1": 40, "sales-navigator-1": 20}


class _Here(Executor):
    """Looks at once: a conductor that runs everything in this process has no moment to wait in."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@pytest.fixture(autouse=True)
def looking_at_once() -> Iterator[None]:
    """At every turn of the conductor."""
    with (
        patch.object(vendor_watch, "LOOK_SECONDS", 0.0),
        patch.object(vendor_watch, "ThreadPoolExecutor", lambda *_, **__: _Here()),
    ):
        yield


def started(office: Office, name: str, sizes: dict[str, int]) -> dict[str, Any]:
    """`leadgen sprint start`, and what it told."""
    file = office.home / f"{name}.yaml"
    file.write_text(dump_sprint(small_sprint(name, sizes, gates=GATES, enrichment={})))
    with conducted_here(office):
        done = leadgen("sprint", "start", str(file), "--json", at=office)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def targets(told: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """{segment: (target, delivered)}."""
    return {each["id"]: (each["target"], each["delivered"]) for each in told["segments"]}


def test_others_collect_what_a_blocked_vendor_cannot(office: Office) -> None:
    """PHX-04: all of its target moves, visibly; the sprint is delivered without it, and its counts add up."""
    office.sandbox.faults("apollo", expired_token=True)
    told = started(office, "blocked", SIZES)

    found = targets(told)
    assert found["apollo-1"] == (0, 0)
    assert sum(target for target, _ in found.values()) == sum(SIZES.values())
    assert found["zoominfo-1"][0] > SIZES["zoominfo-1"]
    assert found["zoominfo-1"][1] >= found["zoominfo-1"][0]
    [apollo] = [each for each in told["segments"] if each["id"] == "apollo-1"]
    assert apollo["reason"].startswith("apollo credential rejected: leads moved, ")
    assert "zoominfo-1" in apollo["reason"]
    assert told["counts_add_up"]
    assert told["is_delivered"]
    assert "move" in {each["what"] for each in office.stores.book.get("blocked").changes}


def test_a_vendor_that_answers_again_gets_back_what_nobody_collected(office: Office) -> None:
    """PHX-04: on record both times, and doing it again moves nothing."""
    book, key = office.stores.book, office.open(small_sprint("back", SIZES))
    book.record_stop(key, "apollo-1", "apollo bulk_match: HTTP 503", "unavailable")
    [away] = rebalance(office.stores, key)
    assert (away.giver, away.leads) == ("apollo-1", 30)
    assert rebalance(office.stores, key) == []

    answers_again(office.stores, key, {"apollo"})
    assert sum(move.leads for move in rebalance(office.stores, key)) == 30
    assert {each.id: each.leads for each in book.get(key).sprint.segments} == SIZES
    assert rebalance(office.stores, key) == []
    assert {each["what"] for each in book.get(key).changes} == {"move"}
    assert all(each["reason"] for each in book.get(key).changes)


def test_a_vendor_that_comes_back_while_others_collect_is_used_again(office: Office) -> None:
    """PHX-04: a free call finds it well, and its segment is started again in the same sprint."""
    office.sandbox.faults("apollo", expired_token=True)

    class Mended(OwnProcess):
        """Somebody corrects the credential while the last segment is collected."""

        def submit(self, *work: Any, **how: Any) -> Any:
            done = super().submit(*work, **how)
            if "sales-navigator-1" in str(work[2]):
                office.sandbox.faults("apollo", expired_token=False)
            return done

    with patch("leadgen_tests.cli.conftest.OwnProcess", Mended):
        told = started(office, "mended", {"apollo-1": 30, "sales-navigator-1": 5000})

    assert targets(told)["apollo-1"] == (30, 30)
    assert "apollo-1" not in told["problems"]
    assert told["is_delivered"]
