"""The vendors as a Dagster resource: opens the clients a use case needs, counted and governed, for as long as it runs."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from decimal import Decimal
from functools import partial
from typing import Any

import dagster as dg
import pandas as pd

from leadgen_assets.collection.collector import SegmentReport, collect_segment
from leadgen_assets.collection.sources import fetcher, mapper
from leadgen_assets.collection.workbench import Assignment
from leadgen_assets.delivery.mapping import MappingError, load_mapping
from leadgen_assets.delivery.report import SyncReport
from leadgen_assets.delivery.sync import Ledgers, sync
from leadgen_assets.delivery.waiting import ON_RECORD, CrmWait
from leadgen_assets.desk.forecast import outlook
from leadgen_assets.desk.reconciled import Reconciled
from leadgen_assets.desk.reconciliation import reconcile
from leadgen_assets.enrichment.desk import Desk as EnrichmentDesk
from leadgen_assets.enrichment.enrich import enrich
from leadgen_assets.enrichment.report import Enriched
from leadgen_assets.enrichment.toolbox import open_toolbox
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import Sprint
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.vendors import registry
from leadgen_assets.vendors.contracts import CallObserver, CallRecord
from leadgen_assets.vendors.governor import RateGovernor
from leadgen_assets.vendors.limits import load_limits
from leadgen_assets.vendors.prices import load_prices
from leadgen_assets.vendors.width import Widths


class Vendors(dg.ConfigurableResource[Any]):
    """Vendor clients at the addresses and with the credentials in the environment."""

    def collect(self, stores: OpenStores, assignment: Assignment) -> SegmentReport:
        """Collect one segment to its target. Raises the `VendorError` that stopped it, or `dg.Failure` if it is off."""
        return asyncio.run(self._collect(stores, assignment))

    async def _collect(self, stores: OpenStores, assignment: Assignment) -> SegmentReport:
        settings = Settings()
        widths = adaptive_widths(settings, stores, assignment.key)
        observer = both(counted(stores, assignment.key, assignment.segment.id), widths.observe)
        async with AsyncExitStack() as stack:
            try:
                opened = registry.source(assignment.source, settings, _governor(settings, stack), observer)
            except registry.VendorOff as error:
                stores.book.record_stop(assignment.key, assignment.segment.id, str(error))
                raise dg.Failure(str(error), allow_retries=False) from None
            client = await stack.enter_async_context(opened)
            fetch = fetcher(assignment.source, client, settings.home, widths)
            prices = load_prices(settings.leadgen_prices)
            return await collect_segment(
                stores,
                assignment,
                mapper(assignment.source),
                fetch,
                prices=prices,
                outlook=lambda: outlook(stores, assignment.key, prices),
                is_adaptive=settings.leadgen_adaptive,
            )

    def enrich(self, stores: OpenStores, key: str, sprint: Sprint, leads: pd.DataFrame) -> Enriched:
        """Fill what is missing by the sprint's waterfalls. Raises only store errors."""
        return asyncio.run(self._enrich(stores, key, sprint, leads))

    async def _enrich(self, stores: OpenStores, key: str, sprint: Sprint, leads: pd.DataFrame) -> Enriched:
        settings = Settings()
        prices = load_prices(settings.leadgen_prices)
        desk = EnrichmentDesk(
            sprint=key,
            budget_usd=Decimal(str(sprint.budget.usd)),
            cache=stores.cache,
            ledger=stores.ledger,
            suppressions=stores.suppressions,
            jobs=stores.jobs,
            leads=stores.leads,
            controls=stores.controls,
            prices=prices,
            marks=sprint.budget.alerts,
            outlook=lambda: outlook(stores, key, prices),
            tally=partial(stores.live.tally, key, is_progress=True),
            widths=adaptive_widths(settings, stores, key),
        )
        async with AsyncExitStack() as stack:
            governor = _governor(settings, stack)
            observer = both(counted(stores, key), desk.widths.observe)
            opened = open_toolbox(sprint.enrichment, settings.vendor, governor, stores.jobs, observer)
            return await enrich(leads, sprint.enrichment, await stack.enter_async_context(opened), desk)

    def reconcile(self, stores: OpenStores, key: str) -> list[Reconciled]:
        """The ledger against the usage that the sprint's vendors tell, for its final report. Raises only store errors."""
        only = {each.vendor for each in stores.ledger.sums(key)}
        observer = counted(stores, key)
        return asyncio.run(
            reconcile(stores, Settings(), f"the report of {key}", only=only, observer=observer, patience=5.0)
        )

    def deliver(self, stores: OpenStores, key: str, sprint: Sprint, scored: pd.DataFrame) -> SyncReport:
        """Load the qualified leads into the sprint's CRM. Raises `dg.Failure` for a mapping that does not fit."""
        return asyncio.run(self._deliver(stores, key, sprint, scored))

    async def _deliver(self, stores: OpenStores, key: str, sprint: Sprint, scored: pd.DataFrame) -> SyncReport:
        settings = Settings()
        target = sprint.crm.target
        tally = partial(stores.live.tally, key, is_progress=True)

        def waits(wait: CrmWait | None) -> None:
            on_record = stores.book.get(key).result.get(ON_RECORD)
            if wait or on_record:
                stores.book.record_result(key, {ON_RECORD: wait.as_record() if wait else None})

        ledgers = Ledgers(stores.outcomes, stores.leads, stores.suppressions, stores.jobs, tally, waits)
        try:
            mapping = load_mapping(target, getattr(settings, f"{target}_mapping"))
            async with AsyncExitStack() as stack:
                opened = registry.crm(target, settings, _governor(settings, stack), counted(stores, key))
                client, patience = await stack.enter_async_context(opened), settings.leadgen_crm_patience
                return await sync(scored, client, mapping, ledgers, key, patience=patience)
        except (MappingError, registry.VendorOff) as error:
            raise dg.Failure(str(error), allow_retries=False) from None


def _governor(settings: Settings, stack: AsyncExitStack) -> RateGovernor:
    """The rate governor, closed with the stack."""
    governor = registry.governor(settings)
    stack.push_async_callback(governor.aclose)
    return governor


def adaptive_widths(settings: Settings, stores: OpenStores, sprint: str) -> Widths:
    """Widths that follow the answers and are told to the desk; fixed ones where the settings say so (PHX-09)."""
    if not settings.leadgen_adaptive:
        return Widths()

    def tell(vendor: str, operation: str, calls: int) -> None:
        stores.live.mark(sprint, {f"width:{vendor}:{operation}": str(calls)})

    return Widths(load_limits(settings.leadgen_limits), tell)


def both(first: CallObserver, second: CallObserver) -> CallObserver:
    """An observer that tells two others."""

    def observe(call: CallRecord) -> None:
        first(call)
        second(call)

    return observe


def counted(stores: OpenStores, sprint: str, segment: str | None = None) -> CallObserver:
    """An observer that counts every call, its latency and what the vendor says of its quota for the desk."""

    def observe(call: CallRecord) -> None:
        stores.live.call(sprint, call.vendor, call.operation, call.verdict.value, call.seconds, segment)
        if call.quota is not None:
            told = f"{call.quota.used}/{call.quota.limit}/{call.quota.seconds}/{time.time():.0f}"
            stores.live.mark(sprint, {f"quota:{call.vendor}:{call.operation}": told})

    return observe
