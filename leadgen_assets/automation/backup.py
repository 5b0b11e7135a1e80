"""The daily backup (REQ-018)."""

import json
import subprocess
import sys

import dagster as dg

_HOURS = 3


@dg.op(
    retry_policy=dg.RetryPolicy(max_retries=2, delay=300),
    description="Runs `leadgen backup create`, which also throws away backups that are no longer needed.",
)
def back_up(context: dg.OpExecutionContext) -> None:
    """One backup, in a process of its own: the code location itself starts no servers."""
    command = [sys.executable, "-m", "leadgen_assets.cli.main", "backup", "create", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_HOURS * 3600)
    if done.returncode:
        raise dg.Failure(f"The backup failed with exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    made = json.loads(done.stdout)
    parts = {each["name"]: each["records"] for each in made["parts"]}
    context.add_output_metadata(
        {"backup": made["backup"], "bytes": made["bytes"], "point_in_time": str(made["point_in_time"]),
         "records": parts, "pruned": made["pruned"]}
    )  # fmt: skip


@dg.job(name="backup", description="Back up MongoDB, Redis, Dagster's storage, the lake and the files.")
def backup() -> None:
    """One op."""
    back_up()


@dg.schedule(
    job=backup,
    cron_schedule="30 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night at 03:30 UTC. A missing backup raises the alert `backup_missing`.",
)
def nightly_backup() -> dg.RunRequest:
    """One run a night."""
    return dg.RunRequest()
