"""The daily privacy job: retention, interrupted erasures, erased people who turned up again (NFR-011)."""

import dagster as dg

from leadgen_assets.privacy.erase import Office
from leadgen_assets.privacy.upkeep import daily
from leadgen_assets.resources.crm import crm_opener
from leadgen_assets.resources.stores import Stores
from leadgen_assets.settings import Settings


@dg.op(description="Deletes what is older than its place allows, ends open erasures, erases again who came back.")
def retain(context: dg.OpExecutionContext, stores: Stores) -> None:
    """Figures by place; nobody's data."""
    settings = Settings()
    done = daily(Office(stores.opened, settings.home, crm_opener(settings), settings.dagster_pg_url))
    for each in done.kept:
        context.log.info(f"{each.place}: {each.deleted} deleted, {each.kept} kept ({each.days} days)")
    context.log.info(f"{done.resumed} erasures resumed, {done.swept} people erased again")
    if done.waiting:
        raise dg.Failure(
            f"{len(done.waiting)} erasures are not done ({', '.join(done.waiting)}); see `leadgen privacy erase --resume`",
            allow_retries=False,
        )


@dg.job(description="Retention and erasures, day by day. Again, it finds nothing to do.")
def privacy_upkeep() -> None:
    """One op, no assets."""
    retain()


@dg.schedule(
    job=privacy_upkeep,
    cron_schedule="40 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night: deletes nothing that the retention file lets stay.",
)
def nightly_privacy_upkeep(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run a night."""
    return dg.RunRequest(run_key=f"{context.scheduled_execution_time:%Y-%m-%d}")
