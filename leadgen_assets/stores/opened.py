"""All stores, opened together from the settings: what use cases, resources and commands are handed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import redis

from leadgen_assets.leads.counting import Counts
from leadgen_assets.settings import Settings
from leadgen_assets.stores.accounting import Accounting
from leadgen_assets.stores.alert_outbox import Outbox
from leadgen_assets.stores.alert_watch import AlertWatch
from leadgen_assets.stores.alerts import AlertBook
from leadgen_assets.stores.baselines import Baselines
from leadgen_assets.stores.claims import ClaimIndex
from leadgen_assets.stores.controls import Controls
from leadgen_assets.stores.crm_outcomes import CrmOutcomes
from leadgen_assets.stores.enrichment_cache import EnrichmentCache
from leadgen_assets.stores.erasure import Erasures
from leadgen_assets.stores.incidents import IncidentBook
from leadgen_assets.stores.lake import Lake
from leadgen_assets.stores.leads import LeadStore
from leadgen_assets.stores.ledger import CostLedger
from leadgen_assets.stores.live import LiveCounters
from leadgen_assets.stores.mongo import MongoDatabase, connect, disconnect, meters
from leadgen_assets.stores.pulse import Pulses
from leadgen_assets.stores.quarantine import Quarantine
from leadgen_assets.stores.raw_pages import RawPages
from leadgen_assets.stores.redis_connection import connect_redis
from leadgen_assets.stores.reports import ReportBook
from leadgen_assets.stores.retention import Retention, load_retention
from leadgen_assets.stores.sprint_book import SprintBook
from leadgen_assets.stores.suppressions import Suppressions
from leadgen_assets.stores.usage_readings import UsageReadings
from leadgen_assets.stores.vendor_jobs import VendorJobs


@dataclass(frozen=True)
class OpenStores:
    """Every store over one MongoDB database, one Redis and one lake. Stores are made when first used."""

    db: MongoDatabase
    redis: redis.Redis
    storage: str
    retention: Retention = field(default_factory=Retention)
    run_silence: float = 60.0

    @cached_property
    def book(self) -> SprintBook:
        """Sprints and their changes."""
        return SprintBook(self.db)

    @cached_property
    def raw_pages(self) -> RawPages:
        """What vendors delivered."""
        return RawPages(self.db, self.retention.of("raw_pages"))

    @cached_property
    def claims(self) -> ClaimIndex:
        """Who came first."""
        return ClaimIndex(self.redis, self.db)

    @cached_property
    def leads(self) -> LeadStore:
        """`performance_marketers`."""
        return LeadStore(self.db)

    @cached_property
    def ledger(self) -> CostLedger:
        """Money."""
        return CostLedger(self.db)

    @cached_property
    def readings(self) -> UsageReadings:
        """What vendors said they billed."""
        return UsageReadings(self.db)

    @cached_property
    def controls(self) -> Controls:
        """Whether sprints may buy."""
        return Controls(self.db)

    @cached_property
    def baselines(self) -> Baselines:
        """Figures of finished sprints and runs."""
        return Baselines(self.db)

    @cached_property
    def jobs(self) -> VendorJobs:
        """Jobs at vendors."""
        return VendorJobs(self.db)

    @cached_property
    def cache(self) -> EnrichmentCache:
        """Enrichment answers and misses."""
        keeps = self.retention.of
        return EnrichmentCache(self.db, keeps("enrichment_cache"), keeps("enrichment_misses"))

    @cached_property
    def suppressions(self) -> Suppressions:
        """People who must not be contacted."""
        return Suppressions(self.db)

    @cached_property
    def do_not_sell(self) -> Suppressions:
        """People who opted out of sale and sharing (CCPA)."""
        return Suppressions(self.db, "do_not_sell")

    @cached_property
    def erasures(self) -> Erasures:
        """Whose data were erased."""
        return Erasures(self.db)

    @cached_property
    def accounting(self) -> Accounting:
        """Single records moved between counts."""
        return Accounting(self.db)

    @cached_property
    def quarantine(self) -> Quarantine:
        """Records that cannot be leads."""
        return Quarantine(self.db, self.retention.of("quarantine"))

    @cached_property
    def outcomes(self) -> CrmOutcomes:
        """What the CRM did."""
        return CrmOutcomes(self.db)

    @cached_property
    def alerts(self) -> AlertBook:
        """What people were told, and what they did about it."""
        return AlertBook(self.db)

    @cached_property
    def alert_watch(self) -> AlertWatch:
        """What alert rules remember between two looks."""
        return AlertWatch(self.db)

    @cached_property
    def outbox(self) -> Outbox:
        """Messages about alerts on their way."""
        return Outbox(self.db)

    @cached_property
    def incidents(self) -> IncidentBook:
        """What went wrong, and how it ended."""
        return IncidentBook(self.db)

    @cached_property
    def reports(self) -> ReportBook:
        """Reports that were written, and to whom they went."""
        return ReportBook(self.db)

    @cached_property
    def live(self) -> LiveCounters:
        """Counters of what is happening now."""
        return LiveCounters(self.redis, meters(self.db))

    @cached_property
    def pulses(self) -> Pulses:
        """Which runs are alive, on whatever machine."""
        return Pulses(self.redis, self.run_silence)

    @cached_property
    def lake(self) -> Lake:
        """Parquet frames."""
        return Lake(self.storage)

    def counts(self, sprint: str) -> dict[str, Counts]:
        """{segment: counts} over the landed pages' outcomes."""
        names = ("delivered", "leads", "duplicates", "suppressed", "quarantined")
        found = self.raw_pages.counts(sprint)
        return {segment: Counts(**{name: tally[name] for name in names}) for segment, tally in found.items()}


@contextmanager
def open_stores(settings: Settings, *, patiently: bool = False) -> Iterator[OpenStores]:
    """Stores at the addresses in the settings, closed at the end. `ValueError` names the setting that is missing.

    `patiently`: what meets an absent MongoDB waits for it (`leadgen_mongo_patience`), as runs do; else it fails in 30 s.
    """
    for name in ("leadgen_mongo_uri", "leadgen_redis_url"):
        if getattr(settings, name) is None:
            raise ValueError(
                f"{name.upper()} is not set and no embedded server runs; use `leadgen services up` or `leadgen dev`"
            )
    patience = settings.leadgen_mongo_patience if patiently else None
    db = connect(str(settings.leadgen_mongo_uri), settings.leadgen_database, patience=patience)
    client = connect_redis(str(settings.leadgen_redis_url))
    retention = load_retention(settings.leadgen_retention)
    stores = OpenStores(db, client, settings.storage, retention, settings.leadgen_run_silence)
    try:
        yield stores
    finally:
        if "live" in vars(stores):
            stores.live.flush()  # the last half second of a process that ends now
        client.close()
        disconnect(db)
