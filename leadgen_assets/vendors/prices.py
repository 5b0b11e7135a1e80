"""The price list: credits into US dollars, and the most a call may cost. What was paid is the ledger's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

_LISTED = Path(__file__).with_name("prices.yaml")
_ANY = "*"

Amount = Annotated[Decimal, Field(ge=0)]


class PricesError(ValueError):
    """A price file that cannot be used, or a vendor or operation without a price."""


class VendorPrice(BaseModel):
    """A vendor's price: US dollars a credit, and credits for each operation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: date
    usd_per_credit: Amount
    basis: str
    assumed: bool = False
    operations: dict[str, Amount]

    def usd(self, credits: Decimal | int) -> Decimal:
        """What that many credits cost."""
        return self.usd_per_credit * credits


@dataclass(frozen=True)
class Estimate:
    """The most a call may cost."""

    credits: Decimal
    usd: Decimal


@dataclass(frozen=True)
class PriceList:
    """Prices by vendor."""

    vendors: Mapping[str, VendorPrice]

    def usd(self, vendor: str, credits: Decimal) -> Decimal:
        """What that many of the vendor's credits cost. Raises `PricesError` for a vendor without a price."""
        return self.of(vendor).usd(credits)

    def estimate(self, vendor: str, operation: str, units: int) -> Estimate:
        """The most `units` records (or addresses) of an operation may cost: what to reserve before the call.

        Raises `PricesError` for a vendor or operation without a price, naming those that have one.
        """
        operations = self.of(vendor).operations
        each = operations.get(operation, operations.get(_ANY))
        if each is None:
            allowed = ", ".join(sorted(operations))
            raise PricesError(f"no price for {vendor} {operation!r}; operations of {vendor}: {allowed}")
        return Estimate(each * units, self.usd(vendor, each * units))

    def of(self, vendor: str) -> VendorPrice:
        """The vendor's entry, with its date and basis, for reports."""
        try:
            return self.vendors[vendor]
        except KeyError:
            raise PricesError(f"no price for vendor {vendor!r}; vendors: {', '.join(sorted(self.vendors))}") from None


def price(vendor: str) -> VendorPrice:
    """A vendor's list price. Raises `PricesError` for a vendor without one."""
    return load_prices().of(vendor)


_SCHEMA = TypeAdapter(dict[str, VendorPrice])


@cache
def load_prices(path: Path = _LISTED) -> PriceList:
    """The price list. Raises `PricesError` that names file, key and what is wrong."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PricesError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None
    try:
        return PriceList(_SCHEMA.validate_python(content or {}))
    except ValidationError as error:
        problems = [f"{path}: {'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}" for one in error.errors()]
        raise PricesError("\n".join(problems)) from None
