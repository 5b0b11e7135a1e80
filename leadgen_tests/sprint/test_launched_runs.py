"""Runs that somebody else executes, followed by whoever launched them: found again, taken up again, given up at last."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import pytest
from dagster._core.launcher import LaunchRunContext, RunLauncher
from redis import Redis

from leadgen_assets.automation.abandoned import UNDER_WAY
from leadgen_assets.cli.launched import LAUNCHES, LaunchedRuns, launches_elsewhere
from leadgen_assets.cli.runs import RunOutcome
from leadgen_assets.partitions import SEGMENTS, SPRINTS
from leadgen_assets.resources.stores import MACHINE_TAG
from leadgen_assets.stores.pulse import SINCE, Pulses

SILENCE = 60.0
CELL = ("collect", "apollo-1|far", Path("unused"), ["raw_apollo", "normalized_apollo"])


class Elsewhere(RunLauncher):
    """Takes runs; what becomes of them is the tests' business."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Taken."""

    def terminate(self, run_id: str) -> bool:
        """Nobody is there."""
        return False


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        assert not launches_elsewhere(opened)
        opened._run_launcher = Elsewhere()
        opened._run_launcher.register_instance(opened)
        opened.add_dynamic_partitions(str(SPRINTS.name), ["far"])
        opened.add_dynamic_partitions(str(SEGMENTS.name), ["apollo-1"])
        yield opened


@pytest.fixture
def pulses(redis_client: Redis) -> Pulses:
    redis_client.set(SINCE, int(redis_client.time()[0] - SILENCE - 1), px=int(SILENCE * 1000))
    return Pulses(redis_client, SILENCE)


def _died(instance: dg.DagsterInstance) -> None:
    """The worker began with every run that is under way, and was never heard of again."""
    begun = instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY))
    # each once: the follower closes them meanwhile, in another thread
    for run in [each for each in begun if MACHINE_TAG not in each.tags]:
        instance.add_run_tags(run.run_id, {MACHINE_TAG: "elsewhere"})


def _until_done(instance: dg.DagsterInstance, run: Future[RunOutcome]) -> RunOutcome:
    for _ in range(600):
        _died(instance)
        try:
            return run.result(timeout=0.1)
        except TimeoutError:
            continue
    raise AssertionError("the run was followed for a minute")


def test_a_run_whose_workers_die_is_launched_again_and_given_up_at_last(
    instance: dg.DagsterInstance, pulses: Pulses
) -> None:
    """NFR-006: three times at most, each lost run is closed, and the reason is told."""
    assert launches_elsewhere(instance)
    with patch("leadgen_assets.cli.launched.LOOK_SECONDS", 0.02):
        outcome = _until_done(instance, LaunchedRuns(instance, pulses).start(*CELL))

    assert not outcome.succeeded
    assert "has gone, 3 times" in str(outcome.problem)
    runs = instance.get_runs()
    assert [run.status for run in runs] == [dg.DagsterRunStatus.FAILURE] * LAUNCHES
    assert {run.tags["dagster/partition/segment"] for run in runs} == {"apollo-1"}
    assert {run.tags["dagster/max_retries"] for run in runs} == {"0"}, "the daemon must not take it up, too"


def test_a_command_that_comes_later_follows_what_is_under_way(instance: dg.DagsterInstance, pulses: Pulses) -> None:
    """NFR-007: workers go on when the command that launched their runs is killed; the next one launches no second run."""
    with patch("leadgen_assets.cli.launched.LOOK_SECONDS", 0.02):
        first = LaunchedRuns(instance, pulses).start(*CELL)
        again = LaunchedRuns(instance, pulses).start(*CELL)
        [run] = instance.get_runs()
        instance.report_run_canceled(run)
        outcomes = [each.result(timeout=60) for each in (first, again)]

    assert [each.run_id for each in outcomes] == [run.run_id] * 2
    assert not any(each.succeeded for each in outcomes)
