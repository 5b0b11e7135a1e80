"""Which runs count as killed: by their process on this machine, by their pulse on others, and never one by the other's way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from redis import Redis

from leadgen_assets.automation.abandoned import (
    GONE,
    close,
    close_killed_runs,
    killed_runs,
    machine_mark,
    owner_tags,
)
from leadgen_assets.cli.emergency import end_runs
from leadgen_assets.resources.stores import MACHINE_TAG, OWNER_TAG, TAGGED_RUN_TAG
from leadgen_assets.stores.pulse import SINCE, Pulses

SILENCE = 60.0


@dg.job
def nothing() -> None:
    """A job whose runs are only on record."""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


@pytest.fixture
def pulses(redis_client: Redis) -> Pulses:
    redis_client.set(SINCE, int(redis_client.time()[0] - SILENCE - 1), px=int(SILENCE * 1000))
    return Pulses(redis_client, SILENCE)


def _started(instance: dg.DagsterInstance, **tags: str) -> str:
    run = instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED, tags=tags)
    return run.run_id


def _dead_process() -> str:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return f"{process.pid}@1.00"


def test_on_this_machine_the_process_tells(instance: dg.DagsterInstance, pulses: Pulses) -> None:
    """NFR-006: at once, whatever its pulse; a run from before machines were named is one of this machine."""
    mine = owner_tags()
    lives = _started(instance, **mine)
    dead = _started(instance, **{**mine, OWNER_TAG: _dead_process()})
    old = _started(instance, **{OWNER_TAG: _dead_process()})
    pulses.beat(dead)
    assert {run.run_id for run in killed_runs(instance, pulses)} == {dead, old}
    assert instance.get_run_by_id(lives).status is dg.DagsterRunStatus.STARTED


def test_a_run_of_another_machine_is_never_judged_by_our_process_ids(
    instance: dg.DagsterInstance, pulses: Pulses
) -> None:
    """NFR-009: neither dead because its process id is free here, nor alive because somebody has it here."""
    lives = _started(instance, **{MACHINE_TAG: "elsewhere-1", OWNER_TAG: _dead_process()})
    dead = _started(instance, **{**owner_tags(), MACHINE_TAG: "elsewhere-2"})
    pulses.beat(lives)
    assert {run.run_id for run in killed_runs(instance, pulses)} == {dead}


def test_a_run_that_somebody_else_launched_and_has_not_begun_is_left_alone(
    instance: dg.DagsterInstance, pulses: Pulses
) -> None:
    """NFR-009: in a worker's queue, or beside a code server whose socket is on another machine."""
    _started(instance)
    _started(instance, **{".dagster/grpc_info": '{"host": "localhost", "socket": "/nowhere/socket"}'})
    assert killed_runs(instance, pulses) == []


def test_a_child_of_a_code_server_of_this_machine_ends_with_it(
    instance: dg.DagsterInstance, pulses: Pulses, tmp_path: Path
) -> None:
    """NFR-006: a run launched from the web UI; its server's socket tells at once."""
    gone = {".dagster/grpc_info": f'{{"host": "localhost", "socket": "{tmp_path / "socket"}"}}'}
    dead = _started(instance, **gone, **{MACHINE_TAG: owner_tags()[MACHINE_TAG]})
    pulses.beat(dead)
    assert [run.run_id for run in killed_runs(instance, pulses)] == [dead]


def test_a_run_outlives_its_code_server(instance: dg.DagsterInstance, pulses: Pulses, tmp_path: Path) -> None:
    """NFR-006, NFR-007: the process that it told decides, not the server; else it would be done by two at once."""
    server = {".dagster/grpc_info": f'{{"host": "localhost", "socket": "{tmp_path / "socket"}"}}'}
    lives = _started(instance, **server, **owner_tags())
    dead = _started(instance, **server, **{**owner_tags(), OWNER_TAG: _dead_process()})
    assert [run.run_id for run in killed_runs(instance, pulses)] == [dead]
    assert lives != dead


def test_a_run_that_was_killed_before_it_told_its_process_ends_with_a_code_server_of_this_machine(
    instance: dg.DagsterInstance, pulses: Pulses, tmp_path: Path
) -> None:
    """NFR-006: at any moment. The name of the server's socket tells whose it was."""
    folder = tmp_path / f"leadgen-{machine_mark()}-x"
    dead = _started(instance, **{".dagster/grpc_info": f'{{"host": "localhost", "socket": "{folder / "code"}"}}'})
    assert [run.run_id for run in killed_runs(instance, pulses)] == [dead]


def test_a_retry_is_not_where_the_run_was_that_it_repeats(instance: dg.DagsterInstance, pulses: Pulses) -> None:
    """NFR-006, NFR-009: Dagster copies the tags; until the retry has told its own whereabouts, nobody knows them."""
    first = {TAGGED_RUN_TAG: "the run before"}
    _started(instance, **first, **{**owner_tags(), OWNER_TAG: _dead_process()})
    _started(instance, **first, **{MACHINE_TAG: "elsewhere"})
    assert killed_runs(instance, pulses) == []


def test_a_run_that_ended_well_in_the_meantime_stays_so(instance: dg.DagsterInstance, pulses: Pulses) -> None:
    """NFR-006: between the look at its record and the look at its process it may have come to its end."""
    seen = instance.get_run_by_id(_started(instance, **{**owner_tags(), OWNER_TAG: _dead_process()}))
    assert seen is not None
    instance.handle_run_event(seen.run_id, dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, seen.job_name))
    close(instance, pulses, seen)
    after = instance.get_run_by_id(seen.run_id)
    assert after is not None
    assert after.status is dg.DagsterRunStatus.SUCCESS


def test_a_closed_run_is_failed_and_may_not_go_on(instance: dg.DagsterInstance, pulses: Pulses) -> None:
    """NFR-006, NFR-007: it says why, and if its process comes back, its next beat ends it."""
    dead = _started(instance, **{MACHINE_TAG: "elsewhere"})
    assert close_killed_runs(instance, pulses) == 1
    run = instance.get_run_by_id(dead)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert GONE in [each.message for each in instance.all_logs(dead)]
    assert not pulses.beat(dead)
    assert close_killed_runs(instance, pulses) == 0


def test_an_emergency_stop_reaches_runs_of_other_machines(instance: dg.DagsterInstance, pulses: Pulses) -> None:
    """PHX-05, NFR-009: no signal goes there; a run that does not end by itself is told at its next beat to end."""
    far = _started(instance, **{MACHINE_TAG: "elsewhere", OWNER_TAG: _dead_process(), "dagster/partition": "a|stopped"})
    other = _started(instance, **{MACHINE_TAG: "elsewhere", "dagster/partition": "a|another"})
    pulses.beat(far)

    ended, killed = end_runs(instance, pulses, "stopped", patience=0.3)

    assert (ended, killed) == ([], ["nothing a|stopped"])
    assert instance.get_run_by_id(far).status is dg.DagsterRunStatus.CANCELED
    assert not pulses.beat(far)
    assert pulses.beat(other)
    assert instance.get_run_by_id(other).status is dg.DagsterRunStatus.STARTED
