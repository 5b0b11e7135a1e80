"""The ledger against what vendors say they billed: what is uncertain is decided where the difference tells, and only there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.desk.doubts import Doubt, decided
from leadgen_assets.desk.reconciled import Reconciled, Verdict
from leadgen_assets.desk.reconciliation import Reconciler
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.vendors import registry
from leadgen_assets.vendors.contracts import Usage, VendorUnavailable
from leadgen_assets.vendors.governor import Unlimited
from leadgen_assets.vendors.prices import load_prices

CREDIT = Decimal("0.28")


@dataclass
class Meter:
    """A vendor's counter."""

    used: Decimal = Decimal(1000)
    period: str = "november"
    fails: bool = False

    async def __aenter__(self) -> Meter:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pass

    async def usage(self) -> Usage:
        if self.fails:
            raise VendorUnavailable("pdl", "bulk", "server error")
        return Usage(self.used, period=self.period)


@dataclass
class Books:
    """The stores, and a vendor that bills."""

    stores: OpenStores
    meter: Meter = field(default_factory=Meter)
    prefix: str = "call"

    def call(self, entry: str, *, sprint: str = "autumn", billed: int | None = None, units: int = 10) -> None:
        """A call that broke off, after the vendor billed that many credits, or one that went well, at `units`."""
        ledger = self.stores.ledger
        usd, budget = load_prices().estimate("pdl", "bulk", units).usd, Decimal(100)
        ledger.reserve(entry, sprint, "enrichment", "pdl", "bulk", units, usd, budget)
        self.meter.used += units if billed is None else billed
        if billed is None:
            ledger.settle(entry, Decimal(units), usd)
        else:
            ledger.doubt(entry, "timed out")

    def reconcile(self, *accepts: str) -> Reconciled:
        reconciler = Reconciler(self.stores, load_prices(), "ada", accepts)
        [found] = asyncio.run(reconciler.all({"pdl": self.meter}, {"pdl": "https://pdl.example"}))  # type: ignore[dict-item]
        return found

    def state(self, entry: str) -> tuple[str, Decimal]:
        found = self.stores.ledger.entry(entry)
        assert found
        return found.state, found.credits


@pytest.fixture
def books(database: Any, redis_client: Any, tmp_path: Path) -> Books:
    books = Books(OpenStores(database, redis_client, (tmp_path / "lake").as_uri()))
    books.call("before", billed=None)
    assert books.reconcile().verdict is Verdict.FIRST
    return books


def test_a_call_that_was_not_billed_is_freed_and_may_be_made_again(books: Books) -> None:
    """Issue 4, PHX-03: and doing it again changes nothing."""
    books.call("good")
    books.call("lost", billed=0)
    assert books.stores.ledger.committed("autumn") == 30 * CREDIT
    found = books.reconcile()
    assert (found.verdict, found.not_billed, found.difference, found.is_settled) == (Verdict.AGREES, ("lost",), 0, True)
    assert (books.state("lost"), books.stores.ledger.committed("autumn")) == (("released", 0), 20 * CREDIT)
    again = books.reconcile()
    assert (again.verdict, again.not_billed, again.used) == (Verdict.AGREES, (), 0)
    decision = books.stores.ledger.decided("autumn")[0].decision
    assert decision == "not billed, by the vendor's usage; read by ada"


def test_a_counter_that_went_back_is_a_new_beginning_too(books: Books) -> None:
    """Issue 4: another account behind the same address, or money that was paid in."""
    books.call("good")
    books.meter.used = Decimal(3)
    assert (books.reconcile().verdict, books.reconcile().difference) == (Verdict.FIRST, 0)


@pytest.mark.parametrize("billed", [10, 7])
def test_a_call_that_was_billed_is_settled_at_what_the_vendor_took(books: Books, billed: int) -> None:
    """Issue 4: wholly, or for the matches it had."""
    books.call("lost", billed=billed)
    found = books.reconcile()
    assert (found.verdict, found.billed, found.used, found.ledger) == (Verdict.AGREES, ("lost",), billed, billed)
    assert books.state("lost") == ("settled", billed)
    assert books.stores.ledger.spent("autumn") == (10 + billed) * CREDIT
    assert books.stores.ledger.committed("autumn") == books.stores.ledger.reconcile("autumn") == (10 + billed) * CREDIT


def test_calls_of_one_sprint_share_what_was_billed_for_them(books: Books) -> None:
    """Issue 4: which of them it was does not matter to the sprint's cost; the sum is exact."""
    for number, billed in enumerate((10, 3, 0)):
        books.call(f"lost-{number}", billed=billed)
    assert len(books.reconcile().billed) == 3
    assert sum(books.state(f"lost-{number}")[1] for number in range(3)) == 13
    assert books.stores.ledger.spent("autumn") == 23 * CREDIT


def test_calls_of_two_sprints_stay_uncertain(books: Books) -> None:
    """Issue 4: whose it was cannot be told, so nobody is charged, and it is said."""
    books.call("one", billed=10)
    books.call("other", billed=0, sprint="winter")
    found = books.reconcile()
    assert (found.verdict, set(found.undecided), found.is_settled) == (Verdict.UNDECIDED, {"one", "other"}, False)
    assert found.undecided_usd == 20 * CREDIT
    assert books.stores.ledger.decide("other", Decimal(0), Decimal(0), "the vendor's page says so; decided by ada")
    assert books.reconcile().billed == ("one",), "what a person decides can decide the rest"


def test_nothing_is_concluded_while_calls_are_on_the_wire(books: Books) -> None:
    """Issue 4: the vendor may have counted them, the ledger has not; nor while a job is to be collected."""
    books.call("lost", billed=0)
    ledger = books.stores.ledger
    ledger.reserve("wire", "autumn", "enrichment", "pdl", "bulk", 1, CREDIT, Decimal(100))
    assert books.reconcile().verdict is Verdict.BUSY
    ledger.release("wire")
    books.stores.jobs.intend("job", "pdl", "bulk", {})
    assert books.reconcile().verdict is Verdict.BUSY
    books.stores.jobs.remember("job", "pdl", "bulk", "7", {})
    found = books.reconcile()
    assert (found.verdict, books.state("lost")[0]) == (Verdict.BUSY, "uncertain")
    assert "run the sprint" in found.says
    books.stores.jobs.finish("job", "ready")
    assert books.reconcile().not_billed == ("lost",)


def test_a_difference_stays_until_somebody_accepts_it(books: Books) -> None:
    """Issue 4: it does not go away by looking twice; after that only what is new counts."""
    books.meter.used += 5
    for _ in range(2):
        found = books.reconcile()
        assert (found.verdict, found.difference, found.is_settled) == (Verdict.DIFFERS, 5, False)
    assert "somebody else" in found.says
    assert books.reconcile("pdl").verdict is Verdict.AGREES
    books.call("good")
    assert (books.reconcile().verdict, books.reconcile().difference) == (Verdict.AGREES, 0)
    reading = books.stores.readings.latest("pdl")
    assert reading
    assert (reading.by, reading.used, reading.ledger, reading.is_base) == ("ada", 1025, 20, True)


def test_more_than_the_calls_can_have_cost_decides_nothing(books: Books) -> None:
    """Issue 4: neither does less than nothing."""
    books.call("lost", billed=10)
    books.call("good")
    for amount in (5, -18):
        books.meter.used += amount
        found = books.reconcile()
        assert (found.verdict, found.undecided, books.state("lost")[0]) == (Verdict.UNDECIDED, ("lost",), "uncertain")


def test_a_new_billing_period_is_a_new_beginning(books: Books) -> None:
    """Issue 4: what was uncertain before it cannot be told any more, and stays so."""
    books.call("lost", billed=10)
    books.meter.used, books.meter.period = Decimal(5000), "december"
    found = books.reconcile()
    assert (found.verdict, found.undecided, found.is_settled) == (Verdict.FIRST, ("lost",), False)
    books.call("good")
    found = books.reconcile()
    assert (found.verdict, found.difference, found.is_settled) == (Verdict.AGREES, 0, False)


def test_a_vendor_that_is_away_or_tells_nothing_is_told(books: Books) -> None:
    """Issue 4: Clearbit has no usage endpoint."""
    books.meter.fails = True
    found = books.reconcile()
    assert (found.verdict, found.is_settled) == (Verdict.AWAY, False)
    ledger = books.stores.ledger
    ledger.reserve("c", "autumn", "enrichment", "clearbit", "company", 1, Decimal("0.1"), Decimal(100))
    ledger.doubt("c", "timed out")
    [told] = asyncio.run(Reconciler(books.stores, load_prices(), "ada").all({}, {}))
    assert (told.vendor, told.verdict, told.undecided) == ("clearbit", Verdict.NOT_TOLD, ("c",))


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=6),
    st.decimals(0, 1, places=2, allow_nan=False),
)
def test_what_is_decided_adds_up_to_the_difference(most: list[int], share: Decimal) -> None:
    """Issue 4: never more than a call can have cost, never less than nothing, and the sum to the cent."""
    doubts = [Doubt(str(number), "autumn", Decimal(each)) for number, each in enumerate(most)]
    difference = (sum(most) * share).quantize(Decimal("0.1"))
    outcome = decided(difference, doubts)
    assert outcome.keys() == {each.entry_id for each in doubts}
    assert abs(sum(outcome.values()) - difference) <= Decimal("0.01")
    for amount, doubt in zip(outcome.values(), doubts, strict=True):
        assert 0 <= amount <= doubt.most + Decimal("0.1")


@pytest.mark.parametrize("vendor", registry.METERED)
def test_every_metered_vendor_tells_what_was_used(vendor: str) -> None:
    """vendors.md: by a call that costs nothing, in the sandbox that was written from the same page."""
    from leadgen_assets.sandbox.frame import FrameOptions
    from leadgen_assets.sandbox.server import build_app
    from leadgen_tests.sandbox.vendor_server import small_world

    app = build_app(small_world(), options=FrameOptions(limits={}))
    sim = app.state.sims[vendor]
    settings = Settings(_env_file=None, leadgen_mode="sandbox", leadgen_sandbox_url="http://127.0.0.1:9")

    async def run() -> tuple[Usage, Usage]:
        async with registry.meters(settings, Unlimited())[vendor] as client:
            client._http._transport = httpx.ASGITransport(app=app)  # type: ignore[attr-defined]
            before = await client.usage()
            sim.charge("any", 12)
            return before, await client.usage()

    before, after = asyncio.run(run())
    expected = Decimal(12) * (sim.credit_usd if after.unit == "usd" else 1)
    assert abs(after.used - before.used - expected) < Decimal("0.0001")
    assert (before.period, before.unit) == (after.period, after.unit)
    assert sim.credits_used == 12
