"""Purchases that a crash left uncertain and the vendor's usage has decided: paid for, and their people still missing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from leadgen_assets.collection.listed import _buy_one
from leadgen_assets.stores.ledger import AlreadySettled, LedgerEntry
from leadgen_assets.vendors.contracts import Purchase

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def bought(*, repeat_is_free: bool, decision: str | None) -> list[int]:
    """Pages that land when a purchase is asked for whose ledger entry is settled."""
    landed: list[int] = []
    entry = LedgerEntry(
        "e", "s", "g", "v", "o", 1, "settled", Decimal(1), Decimal(1), THEN, THEN, decision=decision
    )  # fmt: skip

    async def reserve(*_: Any) -> AlreadySettled:
        return AlreadySettled("e", Decimal(1), Decimal(1))

    async def land(number: int, *_: Any) -> None:
        landed.append(number)

    async def buy(_: list[str]) -> Purchase:
        return Purchase(records={"1": {"id": "1"}}, credits=Decimal(0))

    ledger = SimpleNamespace(entry=lambda _: entry, settle=lambda *_: None)
    intake = SimpleNamespace(
        assignment=SimpleNamespace(source="zoominfo", key="s", segment=SimpleNamespace(id="g"), entry=lambda *_: "e"),
        bench=SimpleNamespace(ledger=ledger, suppressions=SimpleNamespace(add_many=lambda *_: 0)),
        progress=SimpleNamespace(stopped_because=None, not_found=0, opted_out=0, uncertain=0),
        prices=SimpleNamespace(usd=lambda *_: Decimal(0)), reserve=reserve, land=land,
    )  # fmt: skip
    source = SimpleNamespace(paid_operation="enrich", repeat_is_free=repeat_is_free, buy=buy)
    asyncio.run(_buy_one(source, intake, 3, ["1"]))  # type: ignore[arg-type]
    return landed


@pytest.mark.parametrize(
    ("repeat_is_free", "decision", "pages"),
    [(True, "billed, by the vendor's usage", [3]), (False, "billed, by the vendor's usage", []), (True, None, [])],
)
def test_what_was_paid_is_fetched_where_a_repeat_is_free(
    repeat_is_free: bool, decision: str | None, pages: list[int]
) -> None:
    """Issue 4, crash safety, NFR-007: found by the chaos suite; a page that expired is left alone, a paid repeat not made."""
    assert bought(repeat_is_free=repeat_is_free, decision=decision) == pages
