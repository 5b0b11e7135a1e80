"""Emergency stop: within seconds nothing of a sprint buys, collects or delivers any more, and all of it is on record
(PHX-05). Also how a stopped sprint is let go on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import dagster as dg
import psutil
from redis.exceptions import RedisError

from leadgen_assets.automation.abandoned import UNDER_WAY, is_here, owner_process, whereabouts
from leadgen_assets.resources.stores import OWNER_TAG
from leadgen_assets.stores.controls import Buying
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.pulse import Pulses
from leadgen_assets.stores.sprint_book import OpenSprint, SprintState

EMERGENCY = "emergency stop"
"""Begins the reason of everything that an emergency stop does, so that `resume` undoes exactly that."""
PATIENCE_SECONDS = 10.0
"""How long runs may take to end in order; then their processes are killed, which loses nothing either."""
_LOOK_SECONDS = 0.2
_ASK_AGAIN_SECONDS = 1.0
_WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]


@dataclass(frozen=True)
class Stopped:
    """What an emergency stop found and did. Runs are named by job and partition."""

    sprint: str
    seconds: float
    ended: tuple[str, ...]
    """Runs that ended in order."""
    killed: tuple[str, ...]
    """Runs whose process had to be killed."""
    paused: tuple[str, ...]
    """Segments that were being collected or would have been."""


def put_stop_on_record(stores: OpenStores, key: str, by: str, reason: str) -> tuple[str, ...]:
    """State, buying and segments, in this order: every process sees the first within a page, a purchase or half a
    second. Returns the segments that were paused."""
    why = f"{EMERGENCY}: {reason}" if reason else EMERGENCY
    stores.book.set_state(key, SprintState.STOPPED, reason=why, by=by)
    stores.controls.pause_all(key, by, why)
    paused = [each.id for each in stores.book.get(key).sprint.segments if not each.paused]
    for segment in paused:
        stores.book.pause(key, segment, why)
    return tuple(paused)


def end_runs(
    instance: dg.DagsterInstance, pulses: Pulses, key: str, patience: float = PATIENCE_SECONDS
) -> tuple[list[str], list[str]]:
    """End every run of the sprint, also on other machines. Returns (ended in order, killed)."""
    for run in _runs(instance, key, _WAITING):
        instance.report_run_canceled(run, message=f"The sprint was stopped ({EMERGENCY}).")
    running = _runs(instance, key, UNDER_WAY)
    for run in running:
        instance.report_run_canceling(run, message=f"The sprint was stopped ({EMERGENCY}).")
        _ask_to_end(instance, run)
    # and again: Dagster takes an interrupt in a step that may be retried for a reason to retry it
    left = _wait(instance, running, patience)
    for run in left:
        _kill(run, pulses)
        _forget(instance, run)
    killed = {run.run_id for run in left}
    return [_name(run) for run in running if run.run_id not in killed], [_name(run) for run in left]


def stop(
    stores: OpenStores,
    instance: dg.DagsterInstance,
    key: str,
    by: str,
    reason: str,
    patience: float = PATIENCE_SECONDS,
) -> Stopped:
    """The whole emergency stop. Everything that was landed, bought and claimed stays."""
    began = time.monotonic()
    paused = put_stop_on_record(stores, key, by, reason)
    ended, killed = end_runs(instance, stores.pulses, key, patience)
    return Stopped(key, time.monotonic() - began, tuple(ended), tuple(killed), paused)


def was_stopped_so(opened: OpenSprint) -> bool:
    """Whether the sprint stands still because of an emergency stop."""
    last: dict[str, Any] = next((each for each in reversed(opened.changes) if each["what"] == "state"), {})
    return opened.state is SprintState.STOPPED and str(last.get("reason", "")).startswith(EMERGENCY)


def let_go_on(stores: OpenStores, key: str, by: str) -> list[str]:
    """Undo an emergency stop: what it paused may go on, what was paused before stays so. Returns the segments."""
    opened = stores.book.get(key)
    last_pause = {each["segment"]: str(each.get("reason", "")) for each in opened.changes if each["what"] == "pause"}
    due = [
        each.id for each in opened.sprint.segments if each.paused and last_pause.get(each.id, "").startswith(EMERGENCY)
    ]
    for segment in due:
        stores.book.resume(key, segment, f"after {EMERGENCY}")
    latest = stores.controls.read(key).latest
    if latest and latest.buying is Buying.PAUSED and latest.reason.startswith(EMERGENCY):
        stores.controls.resume(key, by, f"after {EMERGENCY}")
    stores.book.set_state(key, SprintState.OPEN, reason=f"resumed after {EMERGENCY}", by=by)
    return due


def _runs(instance: dg.DagsterInstance, key: str, statuses: Sequence[dg.DagsterRunStatus]) -> list[dg.DagsterRun]:
    found = instance.get_runs(dg.RunsFilter(statuses=list(statuses)))
    return [run for run in found if key in run.tags.get("dagster/partition", "").split("|")]


def _ask_to_end(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    if OWNER_TAG not in whereabouts(run):
        # it has not said so yet, or is executed on a worker: Dagster's launcher knows its process
        with suppress(Exception):
            instance.run_launcher.terminate(run.run_id)
        return
    process = owner_process(run)
    if process is not None and process.pid != os.getpid():
        _signal(process, lambda: process.send_signal(signal.SIGINT))


def _kill(run: dg.DagsterRun, pulses: Pulses) -> None:
    """Here at once; elsewhere the run ends itself at its next beat, within a sixth of LEADGEN_RUN_SILENCE."""
    process = owner_process(run)
    if process is not None and process.pid != os.getpid():
        _signal(process, process.kill)
    elif not is_here(run):
        with suppress(RedisError):
            pulses.end(run.run_id)


def _signal(process: psutil.Process, send: Callable[[], None]) -> None:
    with suppress(psutil.Error, ProcessLookupError):
        if process.is_running():
            send()


def _wait(instance: dg.DagsterInstance, runs: Sequence[dg.DagsterRun], patience: float) -> list[dg.DagsterRun]:
    """Those that have not ended when patience is over, though they were asked again and again."""
    began = asked = time.monotonic()
    left = list(runs)
    while left and time.monotonic() - began < patience:
        time.sleep(_LOOK_SECONDS)
        ended = {run.run_id for run in left if _has_ended(instance, run)}
        left = [run for run in left if run.run_id not in ended]
        if time.monotonic() - asked > _ASK_AGAIN_SECONDS:
            asked = time.monotonic()
            for run in left:
                _ask_to_end(instance, run)
    return left


def _has_ended(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    now = instance.get_run_by_id(run.run_id)
    if now is None or now.is_finished:
        return True
    if is_here(run) and owner_process(run) is None:
        _forget(instance, run)
        return True
    return False


def _forget(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """A run whose process is gone holds no slot and is not running."""
    instance.report_run_canceled(run, message=f"Its process was ended ({EMERGENCY}).")
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def _name(run: dg.DagsterRun) -> str:
    return f"{run.job_name} {run.tags.get('dagster/partition', '')}".strip()
