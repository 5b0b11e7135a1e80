"""Sensors, evaluated as the daemon does."""

from __future__ import annotations

from typing import Any

import dagster as dg

from leadgen_tests.sprint.office import Office, definitions


def tick(office: Office, name: str, cursor: str | None = None) -> Any:
    """Evaluate a sensor as the daemon does, and add the partitions that it asks for."""
    repository = definitions().get_repository_def()
    with (
        office.at_work(),
        dg.SensorEvaluationContext(
            instance_ref=office.instance.get_ref(),
            last_tick_completion_time=None,
            last_run_key=None,
            cursor=cursor,
            log_key=None,
            repository_name=None,
            repository_def=repository,
            resources={"stores": repository.get_top_level_resources()["stores"]},
        ) as context,
    ):
        done = definitions().resolve_sensor_def(name).evaluate_tick(context)
    for each in done.dynamic_partitions_requests or ():
        office.instance.add_dynamic_partitions(each.partitions_def_name, each.partition_keys)
    return done
