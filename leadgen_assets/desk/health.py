"""Health: what stores and records say about whether a sprint could run now (PHX-01, DE-06).

Each check yields findings and never raises for what it looks at: a store that is away is a finding. What needs vendors,
servers' processes or Dagster is added by the command.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import redis

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.backups import backup_age_seconds
from leadgen_assets.desk.status import sprint_status
from leadgen_assets.settings import Settings
from leadgen_assets.stores.errors import StoreError
from leadgen_assets.stores.migrations import problems
from leadgen_assets.stores.mongo import LEADS, MongoDatabase, collection
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.query_plans import scans
from leadgen_assets.stores.slow_commands import slow_commands
from leadgen_assets.stores.sprint_book import SprintState

FREE_DISK_GB, LITTLE_DISK_GB = 5, 20
BACKUP_LATE, BACKUP_MISSING = timedelta(hours=26), timedelta(hours=50)
_SLOW_PING_MS = 100
_MEMORY_FULL = 0.8
_UNCERTAIN_AFTER = timedelta(minutes=15)


class Verdict(StrEnum):
    """How a check ended. `WARN` does not stop a sprint, `FAIL` does or will."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line of the health report. `detail` holds no personal data and no secret."""

    subject: str
    verdict: Verdict
    detail: str


def quick(stores: OpenStores, settings: Settings) -> Iterator[Finding]:
    """Seconds: are the stores there, is there room, are people told, is there a backup, how is the sprint?"""
    yield from _guarded("MongoDB", lambda: _mongo(stores.db))
    yield from redis_answers(stores.redis)
    yield from disk(settings.home)
    yield from messages(settings)
    yield from _guarded("Backup", lambda: backup(settings, stores))
    yield from _guarded("Last sprint", lambda: last_sprint(stores))


def morning(stores: OpenStores) -> Iterator[Finding]:
    """Once a day: shape of the database, plans, open alerts, money that nobody confirmed, what was slow."""
    yield from _guarded("Indexes", lambda: _shape(stores.db, every_document=False))
    yield from _guarded("Query plans", lambda: _plans(stores.db))
    yield from _guarded("Alerts", lambda: _alerts(stores))
    yield from _guarded("Money", lambda: _uncertain(stores))
    yield from _guarded("Slow commands", lambda: _slow(stores.db))


def deep(stores: OpenStores) -> Iterator[Finding]:
    """Once a week: every lead against the validator, the leads' storage itself, every frame of the last sprint."""
    yield from _guarded("Leads", lambda: _shape(stores.db, every_document=True))
    yield from _guarded("Storage", lambda: _storage(stores.db))
    yield from _guarded("Lake", lambda: _lake(stores))


def redis_answers(client: redis.Redis) -> Iterator[Finding]:
    """Redis is a fast path: without it claims go to MongoDB, so nothing here is fatal."""
    began = time.monotonic()
    try:
        client.ping()
        milliseconds = (time.monotonic() - began) * 1000
        about = client.info()
    except redis.RedisError as error:
        yield Finding("Redis", Verdict.WARN, f"away ({type(error).__name__}); claims go to MongoDB, slower")
        return
    share = about["used_memory"] / about["maxmemory"] if about.get("maxmemory") else None
    detail = f"answers in {milliseconds:.0f} ms, {about['used_memory'] / 1e6:.0f} MB"
    if share is not None and share > _MEMORY_FULL:
        yield Finding("Redis", Verdict.WARN, f"{detail}, {share:.0%} of what it may use")
    elif about.get("aof_last_write_status", "ok") != "ok" or about.get("rdb_last_bgsave_status", "ok") != "ok":
        yield Finding("Redis", Verdict.WARN, f"{detail}; its last write to disk failed")
    else:
        yield Finding("Redis", Verdict.OK, detail)


def disk(home: Path) -> Iterator[Finding]:
    """Room where databases, lake and logs are."""
    free = shutil.disk_usage(home).free / 1e9
    verdict = Verdict.FAIL if free < FREE_DISK_GB else Verdict.WARN if free < LITTLE_DISK_GB else Verdict.OK
    yield Finding(
        "Disk", verdict, f"{free:,.0f} GB free in LEADGEN_HOME; below {FREE_DISK_GB} GB a sprint does not start"
    )


def messages(settings: Settings) -> Iterator[Finding]:
    """Whether anybody hears an alert. Sends nothing; `leadgen alerts test` does."""
    if settings.leadgen_mode == "sandbox":
        yield Finding("Slack", Verdict.OK, "sandbox mode: messages go to the simulated webhook")
    elif settings.slack_webhook_url and settings.slack_webhook_url.get_secret_value():
        yield Finding("Slack", Verdict.OK, "SLACK_WEBHOOK_URL is set")
    else:
        yield Finding("Slack", Verdict.WARN, "SLACK_WEBHOOK_URL is not set: no alert reaches Slack")
    if settings.smtp_url and settings.smtp_url.get_secret_value():
        yield Finding("Mail", Verdict.OK, "SMTP_URL is set")
    else:
        live = settings.leadgen_mode == "live"
        yield Finding("Mail", Verdict.WARN if live else Verdict.OK, "SMTP_URL is not set: no report is mailed")


def backup(settings: Settings, stores: OpenStores) -> Iterator[Finding]:
    """The newest backup's age. Without a sprint on record there is nothing to lose yet."""
    age = backup_age_seconds(settings.home, settings.backups)
    if age is None:
        something = stores.book.latest() is not None
        verdict = Verdict.FAIL if something and settings.leadgen_mode == "live" else Verdict.WARN
        detail = "there is none; make one: leadgen backup create"
        yield Finding("Backup", verdict if something else Verdict.OK, detail if something else "nothing to back up yet")
        return
    is_late, is_missing = age > BACKUP_LATE.total_seconds(), age > BACKUP_MISSING.total_seconds()
    verdict = Verdict.FAIL if is_missing else Verdict.WARN if is_late else Verdict.OK
    yield Finding("Backup", verdict, f"the newest is {age / 3600:,.1f} h old")


def last_sprint(stores: OpenStores) -> Iterator[Finding]:
    """Where the latest sprint stands, and whether its counts add up (NFR-007)."""
    latest = stores.book.latest()
    if latest is None:
        yield Finding("Last sprint", Verdict.OK, "none yet")
        return
    status = sprint_status(stores, latest.key)
    detail = f"{latest.key}: {status.state}, {status.delivered:,} records delivered, {status.unique:,} leads"
    if not status.counts_add_up:
        sums = f"leads + duplicates + suppressed + quarantined is not what vendors delivered ({status.delivered:,})"
        yield Finding("Last sprint", Verdict.FAIL, f"{latest.key}: {sums}")
    elif status.left_over:
        yield Finding("Last sprint", Verdict.FAIL, f"{latest.key}: {say.left_over(status.left_over)}")
    elif latest.state in (SprintState.FAILED, SprintState.STOPPED):
        yield Finding("Last sprint", Verdict.WARN, detail)
    else:
        yield Finding("Last sprint", Verdict.OK, detail)


def _mongo(db: MongoDatabase) -> Iterator[Finding]:
    began = time.monotonic()
    hello = db.client.admin.command("hello")
    milliseconds = (time.monotonic() - began) * 1000
    detail = f"answers in {milliseconds:.0f} ms; database {db.name}"
    if "setName" not in hello:
        yield Finding("MongoDB", Verdict.WARN, f"{detail}; no replica set: backups are of no single moment")
    else:
        yield Finding("MongoDB", Verdict.WARN if milliseconds > _SLOW_PING_MS else Verdict.OK, detail)


def _shape(db: MongoDatabase, *, every_document: bool) -> Iterator[Finding]:
    subject = "Leads" if every_document else "Indexes"
    known = set(problems(db)) if every_document else set()
    found = [line for line in problems(db, every_document=every_document) if line not in known]
    for line in found:
        yield Finding(subject, Verdict.FAIL, line)
    if not found:
        fine = (
            "every lead is as the validator wants it" if every_document else "collections, validator, indexes are there"
        )
        yield Finding(subject, Verdict.OK, fine)


def _plans(db: MongoDatabase) -> Iterator[Finding]:
    found = scans(db)
    for line in found:
        yield Finding("Query plans", Verdict.FAIL, line)
    if not found:
        yield Finding("Query plans", Verdict.OK, "every production query uses an index")


def _alerts(stores: OpenStores) -> Iterator[Finding]:
    standing = [each for each in stores.alerts.open() if not each.is_test]
    critical = [each for each in standing if each.severity == "CRITICAL"]
    verdict = Verdict.FAIL if critical else Verdict.WARN if standing else Verdict.OK
    names = ", ".join(sorted({each.rule for each in standing}))
    yield Finding("Alerts", verdict, f"{len(standing)} open: {names}" if standing else "none open")


def _uncertain(stores: OpenStores) -> Iterator[Finding]:
    calls = stores.ledger.uncertain(_UNCERTAIN_AFTER)
    if calls:
        usd = sum(each.usd for each in calls)
        detail = f"{len(calls)} paid calls were sent and never confirmed (${usd:,.2f} of budget); see `leadgen cost`"
        yield Finding("Money", Verdict.WARN, detail)
    else:
        yield Finding("Money", Verdict.OK, "every paid call is confirmed")


def _slow(db: MongoDatabase) -> Iterator[Finding]:
    found = slow_commands(collection(db, "slow_commands"), datetime.now(UTC) - timedelta(days=1), limit=1)
    if found:
        worst = found[0]
        by = ", ".join(worst["fields"]) or "no field"
        what = f"{worst['command']} on {worst['collection']} by {by}, {worst['ms_max']:,.0f} ms"
        yield Finding("Slow commands", Verdict.OK, f"the slowest of the last day: {what}")
    else:
        yield Finding("Slow commands", Verdict.OK, "none in the last day")


def _storage(db: MongoDatabase) -> Iterator[Finding]:
    answer = db.command("validate", LEADS)
    verdict = Verdict.OK if answer["valid"] else Verdict.FAIL
    detail = f"{LEADS}: {answer['nrecords']:,} documents, {len(answer['indexDetails'])} indexes"
    yield Finding("Storage", verdict, detail if answer["valid"] else f"{detail}: damaged; restore the newest backup")


def _lake(stores: OpenStores) -> Iterator[Finding]:
    latest = stores.book.latest()
    if latest is None or latest.state is not SprintState.FINISHED:
        yield Finding("Lake", Verdict.OK, "no finished sprint to look at")
        return
    for asset in ("deduplicated_leads", "enriched_leads", "scored_leads"):
        rows = len(stores.lake.read(asset, latest.key, ["lead_id"]))
        yield Finding("Lake", Verdict.OK, f"{asset} of {latest.key}: {rows:,} rows")


def _guarded(subject: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """A check whose store is away has failed; its error says no more than its kind."""
    try:
        yield from check()
    except StoreError as error:
        yield Finding(subject, Verdict.FAIL, str(error))
    except Exception as error:  # a driver's text may quote documents or addresses
        yield Finding(subject, Verdict.FAIL, f"could not be looked at: {type(error).__name__}")
