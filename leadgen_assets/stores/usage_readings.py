"""Readings of what vendors say our accounts have used, each with what the ledger said then, who asked and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bson import Decimal128

from leadgen_assets.stores.errors import told_without_values
from leadgen_assets.stores.mongo import Document, MongoDatabase, collection


@dataclass(frozen=True)
class Reading:
    """One look at an account. Amounts are in its unit; `used` is the vendor's counter, `ledger` all that was ever settled."""

    vendor: str
    account: str
    """Where the account is: the address that was asked."""
    at: datetime
    by: str
    unit: str
    """credits | usd"""
    used: Decimal
    ledger: Decimal
    period: str
    verdict: str
    is_base: bool
    """Whether later readings are compared with this one: here both sides agreed, or were accepted as they are."""
    says: str = ""
    decided: int = 0
    """How many uncertain calls it decided."""


class UsageReadings:
    """Records and finds readings; nothing is ever changed."""

    def __init__(self, db: MongoDatabase) -> None:
        self._readings = collection(db, "usage_readings")

    def record(self, reading: Reading) -> None:
        """Keep a reading."""
        amounts = {"used": Decimal128(reading.used), "ledger": Decimal128(reading.ledger)}
        with told_without_values(f"recording a reading of {reading.vendor}"):
            self._readings.insert_one({**vars(reading), **amounts})

    def base(self, vendor: str, account: str) -> Reading | None:
        """The latest reading of an account on which both sides agreed."""
        return self._latest({"vendor": vendor, "account": account, "is_base": True})

    def latest(self, vendor: str) -> Reading | None:
        """The latest reading of a vendor."""
        return self._latest({"vendor": vendor})

    def _latest(self, wanted: dict[str, Any]) -> Reading | None:
        with told_without_values("reading what vendors said they billed"):
            found = self._readings.find_one(wanted, sort=[("at", -1)])
        return _reading(found) if found else None


def _reading(stored: Document) -> Reading:
    amounts = {name: stored[name].to_decimal() for name in ("used", "ledger")}
    return Reading(**{name: value for name, value in stored.items() if name != "_id"} | amounts)
