"""The price list: exact money, dates, and errors that name what has a price."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.settings import VENDORS
from leadgen_assets.sprint_file import Segment
from leadgen_assets.vendors.prices import PricesError, load_prices, price


def test_every_vendor_and_every_source_has_a_dated_price() -> None:
    """PHX-03: a cost ledger needs a price for every call."""
    sources = Segment.model_fields["source"].annotation.__args__
    for name in {*VENDORS, *sources}:
        assert price(name).since
        assert price(name).basis


@pytest.mark.parametrize(
    ("vendor", "operation", "units", "usd"),
    [
        ("apollo", "bulk_match", 10, "0.250"),
        ("apollo", "search", 100, "0"),
        ("brightdata", "filter", 2000, "5.0000"),
        ("zoominfo", "enrich", 25, "8.75"),
        ("hunter", "verifier", 100, "0.745"),
        ("neverbounce", "jobs", 1000, "8.000"),
        ("hubspot", "upsert", 100, "0"),
    ],
)
def test_an_estimate_is_the_list_price_of_the_most_a_call_can_take(
    vendor: str, operation: str, units: int, usd: str
) -> None:
    """NFR-013: what is reserved before a call covers what it may cost."""
    assert load_prices().estimate(vendor, operation, units).usd == Decimal(usd)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_money_adds_up_exactly(some: int, more: int) -> None:
    """NFR-013: no cent is lost in rounding, however a purchase is cut."""
    prices = load_prices()
    whole = prices.estimate("hunter", "company", some + more).usd

    assert prices.estimate("hunter", "company", some).usd + prices.estimate("hunter", "company", more).usd == whole


def test_prices_nobody_publishes_are_marked_as_assumed() -> None:
    """Charter: an assumption is not sold as a fact."""
    assert price("zoominfo").assumed
    assert not price("apollo").assumed


def test_unknown_names_and_bad_files_are_told(tmp_path: Path) -> None:
    """House rule: errors name file, key and allowed values."""
    with pytest.raises(PricesError, match=r"operations of apollo: .*bulk_match"):
        load_prices().estimate("apollo", "match", 1)
    with pytest.raises(PricesError, match="vendors: apollo"):
        price("apolo")
    file = tmp_path / "prices.yaml"
    for text, told in {
        "apollo: {from: 2026-01-01, usd_per_credit: '-1', basis: x}": r"prices\.yaml: apollo\.0\.usd_per_credit",
        "apollo: {usd_per_credit: '1', basis: x}": r"prices\.yaml: apollo\.0\.from",
        "apollo: []": r"prices\.yaml: apollo: there is no price",
        "apolo: {from: 2026-01-01, usd_per_credit: '1', basis: x}": r"unknown vendor 'apolo'; allowed: apollo",
        "apollo: {from: 2026-01-01, usd_per_credit: '1', basis: x, operations: {mach: 1}}": r"apollo\.mach; allowed: .*bulk",
        "apollo: [{from: 2026-01-01, usd_per_credit: '1', basis: x}, {from: 2026-01-01, usd_per_credit: '2', basis: x}]":
            "apollo: two prices from 2026-01-01",
    }.items():  # fmt: skip
        file.write_text(text, encoding="utf-8")
        with pytest.raises(PricesError, match=told):
            load_prices(file)
    with pytest.raises(PricesError, match=r"nowhere\.yaml: cannot be read"):
        load_prices(tmp_path / "nowhere.yaml")


CONTRACT = """
zoominfo:
  - {from: 2026-01-01, usd_per_credit: "0.30", basis: contract of 2026}
  - {from: 2027-01-01, usd_per_credit: "0.25", basis: contract of 2027, operations: {enrich: "2"}}
hunter: {from: 2026-01-01, usd_per_credit: "0.012", basis: plan Scale}
"""


def test_the_price_in_force_on_a_day_is_used(tmp_path: Path) -> None:
    """PHX-03: periods; the day is that of UTC, before the first period its price holds."""
    file = tmp_path / "contract.yaml"
    file.write_text(CONTRACT, encoding="utf-8")
    prices = load_prices(file)

    assert prices.estimate("zoominfo", "enrich", 10, date(2026, 12, 31)).usd == Decimal(3)
    assert prices.estimate("zoominfo", "enrich", 10, date(2027, 1, 1)).usd == Decimal(5)
    assert prices.usd("zoominfo", Decimal(10), date(2025, 1, 1)) == Decimal(3)
    new_year = datetime(2026, 12, 31, 20, tzinfo=timezone(timedelta(hours=-5)))
    assert prices.of("zoominfo", new_year).basis == "contract of 2027"
    assert prices.of("zoominfo", new_year - timedelta(hours=2)).basis == "contract of 2026"


def test_your_contracts_replace_list_prices_vendor_by_vendor(tmp_path: Path) -> None:
    """PHX-03: what the file does not name stays as listed, operations too; a contract is no assumption."""
    file = tmp_path / "contract.yaml"
    file.write_text(CONTRACT, encoding="utf-8")
    prices = load_prices(file)

    assert prices.estimate("hunter", "verifier", 100).usd == Decimal("0.6")
    assert not prices.of("zoominfo").assumed
    assert prices.of("apollo") == price("apollo")
    assert price("hunter").usd_per_credit == Decimal("0.0149")


def test_the_sandbox_charges_list_prices() -> None:
    """vendors.md is the one truth: what a simulated vendor charges is what the ledger expects."""
    from leadgen_assets.sandbox.frame import FrameOptions
    from leadgen_assets.sandbox.server import build_app
    from leadgen_tests.sprint.vendors import world

    sims = build_app(world(), options=FrameOptions(limits={})).state.sims
    charged = {name: sim.credit_usd for name, sim in sims.items()}
    assert charged["hunter"] == Decimal("0.0149")
    assert charged == {name: price(name).usd_per_credit for name in charged}
