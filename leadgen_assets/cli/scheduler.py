"""Whether Dagster's daemon is alive, and whether runs are left over whose process is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from leadgen_assets.automation.abandoned import killed_runs
from leadgen_assets.desk.health import Finding, Verdict
from leadgen_assets.stores.pulse import Pulses


def scheduler(pulses: Pulses) -> Iterator[Finding]:
    """Heartbeats of the daemon that runs schedules and sensors, and abandoned runs. DAGSTER_HOME must be set."""
    try:
        with dg.DagsterInstance.get() as instance:
            yield _daemon(instance)
            yield _runs(instance, pulses)
    except Exception as error:  # Dagster's storage may be anything
        yield Finding("Scheduler", Verdict.FAIL, f"Dagster's storage cannot be read: {type(error).__name__}")


def _daemon(instance: dg.DagsterInstance) -> Finding:
    found = instance.get_daemon_statuses()
    beats = {name: each.last_heartbeat.timestamp for name, each in found.items() if each.last_heartbeat}
    healthy = sorted(name for name, each in found.items() if each.healthy)
    if healthy and len(healthy) == len(found):
        return Finding("Scheduler", Verdict.OK, f"the daemon is alive ({len(healthy)} parts)")
    if healthy:
        silent = ", ".join(sorted(found.keys() - set(healthy))).lower().replace("_", " ")
        return Finding(
            "Scheduler", Verdict.FAIL, f"parts of the daemon are silent: {silent}; start `leadgen dev` again"
        )
    last = f"since {datetime.fromtimestamp(max(beats.values()), UTC):%Y-%m-%d %H:%M} UTC" if beats else "and never did"
    rests = "schedules (nightly backup), sensors and reports rest until `leadgen dev` runs"
    return Finding("Scheduler", Verdict.WARN, f"no daemon runs {last}: {rests}")


def _runs(instance: dg.DagsterInstance, pulses: Pulses) -> Finding:
    abandoned = killed_runs(instance, pulses)
    if abandoned:
        detail = f"{len(abandoned)} runs were killed; the next `leadgen sprint start` closes them and goes on"
        return Finding("Runs", Verdict.WARN, detail)
    return Finding("Runs", Verdict.OK, "none is abandoned")
