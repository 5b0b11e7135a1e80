"""The ledger against what the vendors say they billed (PHX-03, issue 4): read, compare, decide what was uncertain.

A reading is compared with the last one of the same account and billing period on which both sides agreed. While calls are on
the wire, or a job is still to be collected, nothing is concluded. Nothing is bought, and to do it again changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from leadgen_assets.desk.doubts import TOLERANCE, Doubt, decided
from leadgen_assets.desk.reconciled import Reconciled, Verdict
from leadgen_assets.settings import Settings
from leadgen_assets.stores.ledger_sums import LedgerEntry
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.usage_readings import Reading
from leadgen_assets.vendors import registry
from leadgen_assets.vendors.contracts import CallObserver, Metered, Usage, VendorError, ignore_calls
from leadgen_assets.vendors.prices import PriceList, load_prices

PATIENCE = 20.0
"""Seconds for one vendor's answer; a vendor that is away is read next time."""
_ANY_AGE = timedelta(days=36_500)


async def reconcile(
    stores: OpenStores,
    settings: Settings,
    by: str,
    *,
    only: Collection[str] | None = None,
    accepts: Collection[str] = (),
    observer: CallObserver = ignore_calls,
    patience: float = PATIENCE,
) -> list[Reconciled]:
    """Ask every configured vendor, or `only` some, what was used, and put the ledger right where that tells how."""
    governor = registry.governor(settings)
    try:
        meters = registry.meters(settings, governor, observer)
        wanted = {name: opened for name, opened in meters.items() if only is None or name in only}
        accounts = {name: access.base_url for name in wanted if (access := settings.vendor(name)) is not None}
        reconciler = Reconciler(stores, load_prices(settings.leadgen_prices), by, accepts, patience)
        return await reconciler.all(wanted, accounts, only)
    finally:
        await governor.aclose()


@dataclass(frozen=True)
class Books:
    """What the ledger knows about a vendor at one moment, in the account's unit."""

    settled: Decimal
    on_the_wire: int
    doubts: tuple[LedgerEntry, ...]


@dataclass(frozen=True)
class Reconciler:
    """Whoever reconciles: with which stores, at which prices, under which name. `accepts` are vendors whose difference a
    person has looked into and takes as it is."""

    stores: OpenStores
    prices: PriceList
    by: str
    accepts: Collection[str] = ()
    patience: float = PATIENCE

    async def all(
        self,
        meters: Mapping[str, AbstractAsyncContextManager[Metered]],
        accounts: Mapping[str, str],
        only: Collection[str] | None = None,
    ) -> list[Reconciled]:
        """Every vendor that can be asked, and those (of `only`) that cannot and have uncertain calls."""
        await asyncio.to_thread(self.stores.ledger.doubt_abandoned)
        found = await asyncio.gather(*(self._one(name, meters[name], accounts[name]) for name in meters))
        return [*found, *await asyncio.to_thread(self._not_told, set(meters), only)]

    async def _one(self, vendor: str, opened: AbstractAsyncContextManager[Metered], account: str) -> Reconciled:
        try:
            async with asyncio.timeout(self.patience), opened as client:
                before = await asyncio.to_thread(self.stores.ledger.settled_of, vendor)
                usage = await client.usage()
        except (VendorError, TimeoutError) as error:
            says = str(error) or f"{vendor} did not answer within {self.patience:.0f} s"
            return await asyncio.to_thread(self._left, vendor, Verdict.AWAY, says)
        return await asyncio.to_thread(self._compare, vendor, account, usage, before.calls)

    def _compare(self, vendor: str, account: str, usage: Usage, calls_before: int) -> Reconciled:
        stores, books = self.stores, self._books(vendor, usage.unit)
        # What a job was billed for is still to be had: settled now, nobody would fetch it.
        waiting = books.doubts and (stores.jobs.running(vendor) or stores.jobs.intended(vendor))
        if books.on_the_wire or waiting or stores.ledger.settled_of(vendor).calls != calls_before:
            what = (
                "jobs are still to be collected; run the sprint"
                if waiting
                else "calls are on the wire; try again later"
            )
            return self._left(vendor, Verdict.BUSY, what)
        reading = Reading(
            vendor, account, datetime.now(UTC), self.by, usage.unit, usage.used, books.settled, usage.period, "", True
        )
        base = stores.readings.base(vendor, account)
        if base is None or base.period != usage.period or base.unit != usage.unit or usage.used < base.used:
            why = "nothing to compare with yet" if base is None else "the vendor counts anew; compared from here on"
            return self._kept(reading, self._left(vendor, Verdict.FIRST, why))
        used, ledger = usage.used - base.used, books.settled - base.ledger
        since = [each for each in books.doubts if each.reserved_at >= base.at]
        outcome = decided(used - ledger, [self._doubt(each, usage.unit) for each in since])
        for each in since:
            if each.entry_id in outcome:
                self._decide(each, outcome[each.entry_id], usage.unit)
        known = ledger + sum(outcome.values(), Decimal(0))
        found = replace(
            self._left(vendor, Verdict.AGREES, ""),
            unit=usage.unit,
            used=used,
            ledger=known,
            difference=used - known,
            billed=tuple(each for each, amount in outcome.items() if amount),
            not_billed=tuple(each for each, amount in outcome.items() if not amount),
        )
        return self._kept(replace(reading, ledger=base.ledger + known), self._judged(found))

    def _judged(self, found: Reconciled) -> Reconciled:
        difference = found.difference or Decimal(0)
        if abs(difference) > TOLERANCE and found.vendor in self.accepts:
            return replace(found, says=f"a difference of {difference:,.2f} {found.unit} is accepted")
        if found.undecided and abs(difference) > TOLERANCE:
            return replace(
                found, verdict=Verdict.UNDECIDED, says="what was billed cannot be told apart; ask the vendor"
            )
        if found.undecided:
            return replace(found, says="what is undecided is older than the first reading; ask the vendor")
        if abs(difference) <= TOLERANCE:
            return found
        says = (
            "the vendor billed more than is on record: does somebody else use the account?"
            if difference > 0
            else "the ledger has more than the vendor billed: repeats that were free, or money that was paid in"
        )
        return replace(found, verdict=Verdict.DIFFERS, says=says)

    def _kept(self, reading: Reading, found: Reconciled) -> Reconciled:
        is_base = found.verdict in (Verdict.AGREES, Verdict.FIRST)
        count = len(found.billed) + len(found.not_billed)
        self.stores.readings.record(
            replace(reading, verdict=found.verdict.value, is_base=is_base, says=found.says, decided=count)
        )
        return found

    def _books(self, vendor: str, unit: str) -> Books:
        ledger = self.stores.ledger
        settled, entries = ledger.settled_of(vendor), ledger.open_of(vendor)
        doubts = tuple(each for each in entries if each.state == "uncertain")
        return Books(settled.usd if unit == "usd" else settled.credits, len(entries) - len(doubts), doubts)

    def _doubt(self, entry: LedgerEntry, unit: str) -> Doubt:
        if unit == "usd":
            return Doubt(entry.entry_id, entry.sprint, entry.usd)
        most = self.prices.estimate(entry.vendor, entry.operation, entry.units, entry.reserved_at).credits
        return Doubt(entry.entry_id, entry.sprint, most)

    def _decide(self, entry: LedgerEntry, amount: Decimal, unit: str) -> None:
        """`amount` in the account's unit; the ledger takes both."""
        credits, usd = amount, amount
        if unit == "usd":
            most = self.prices.estimate(entry.vendor, entry.operation, entry.units, entry.reserved_at).credits
            credits = most * amount / entry.usd if entry.usd else Decimal(0)
        else:
            usd = self.prices.usd(entry.vendor, amount, entry.reserved_at)
        says = f"{'billed' if amount else 'not billed'}, by the vendor's usage; read by {self.by}"
        self.stores.ledger.decide(entry.entry_id, credits, usd, says)

    def _left(self, vendor: str, verdict: Verdict, says: str) -> Reconciled:
        """A vendor with the calls that are uncertain now."""
        doubts = [each for each in self.stores.ledger.open_of(vendor) if each.state == "uncertain"]
        ids, usd = tuple(each.entry_id for each in doubts), sum((each.usd for each in doubts), Decimal(0))
        return Reconciled(vendor, verdict, says, undecided=ids, undecided_usd=usd)

    def _not_told(self, asked: set[str], only: Collection[str] | None) -> list[Reconciled]:
        vendors = {each.vendor for each in self.stores.ledger.uncertain(_ANY_AGE)} - asked
        vendors = vendors if only is None else vendors.intersection(only)
        says = "there is no usage to ask for, or no credentials; see the vendor's own page, then `leadgen cost decide`"
        return [self._left(each, Verdict.NOT_TOLD, says) for each in sorted(vendors)]
