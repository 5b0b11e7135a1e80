"""The schedule that opens a sprint."""

from pathlib import Path

import dagster as dg

from leadgen_assets.automation.jobs import COLLECT
from leadgen_assets.partitions import SEGMENTS, SPRINTS
from leadgen_assets.resources.stores import Stores
from leadgen_assets.sprint_file import load_sprint
from leadgen_assets.stores.sprint_book import SprintState

SPRINT_FILE = Path(__file__).resolve().parents[2] / "sprints" / "performance-marketers.yaml"


@dg.schedule(
    job=COLLECT,
    cron_schedule="0 6 * * 1",
    execution_timezone="America/New_York",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Opens a sprint every Monday morning and collects all its segments. "
    "Off until somebody turns it on: it spends money.",
)
def open_sprint(context: dg.ScheduleEvaluationContext, stores: Stores) -> list[dg.RunRequest]:
    """One run per segment of a new sprint, named after the sprint file and the day."""
    sprint = load_sprint(SPRINT_FILE)
    key = f"{sprint.name}-{context.scheduled_execution_time:%Y-%m-%d}"
    stores.opened.book.open(key, sprint)
    stores.opened.book.set_state(key, SprintState.RUNNING)
    context.instance.add_dynamic_partitions(str(SPRINTS.name), [key])
    context.instance.add_dynamic_partitions(str(SEGMENTS.name), [each.id for each in sprint.segments])
    return [
        dg.RunRequest(
            run_key=f"{key}/{segment.id}",
            partition_key=dg.MultiPartitionKey({"sprint": key, "segment": segment.id}),
            asset_selection=[dg.AssetKey(f"raw_{segment.source}"), dg.AssetKey(f"normalized_{segment.source}")],
        )
        for segment in sprint.segments
    ]


SCHEDULES = [open_sprint]
