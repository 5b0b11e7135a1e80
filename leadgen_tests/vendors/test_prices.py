"""The price list: exact money, dates, and errors that name what has a price."""

from __future__ import annotations

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
        assert price(name).as_of
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
    file.write_text("apollo: {as_of: 2026-01-01, usd_per_credit: '-1', basis: x, operations: {}}", encoding="utf-8")
    with pytest.raises(PricesError, match=r"prices\.yaml: apollo\.usd_per_credit"):
        load_prices(file)
