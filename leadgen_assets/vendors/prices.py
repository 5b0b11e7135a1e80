"""The price list: credits into US dollars, and the most a call may cost. What was paid is the ledger's.

A vendor's price has periods; a call costs what was in force on the day (UTC) on which its money was reserved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from leadgen_assets import yaml_text
from leadgen_assets.yaml_text import shown

_LISTED = Path(__file__).with_name("prices.yaml")
_ANY = "*"

Amount = Annotated[Decimal, Field(ge=0)]


class PricesError(ValueError):
    """A price file that cannot be used, or a vendor or operation without a price."""


class VendorPrice(BaseModel):
    """A vendor's price from a day on: US dollars a credit, and credits for each operation."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    since: date = Field(alias="from")
    usd_per_credit: Amount
    basis: str
    assumed: bool = False
    operations: dict[str, Amount] = {}
    """Credits a unit. Operations that a file leaves out are those of the period before, or of the documented list."""

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
    """Prices by vendor, each with its periods, the oldest first."""

    vendors: Mapping[str, Sequence[VendorPrice]]

    def usd(self, vendor: str, credits: Decimal, on: date | None = None) -> Decimal:
        """What that many of the vendor's credits cost. Raises `PricesError` for a vendor without a price."""
        return self.of(vendor, on).usd(credits)

    def estimate(self, vendor: str, operation: str, units: int, on: date | None = None) -> Estimate:
        """The most `units` records (or addresses) of an operation may cost: what to reserve before the call.

        Raises `PricesError` for a vendor or operation without a price, naming those that have one.
        """
        period = self.of(vendor, on)
        each = period.operations.get(operation, period.operations.get(_ANY))
        if each is None:
            allowed = ", ".join(sorted(period.operations))
            raise PricesError(f"no price for {vendor} {operation!r}; operations of {vendor}: {allowed}")
        return Estimate(each * units, period.usd(each * units))

    def of(self, vendor: str, on: date | None = None) -> VendorPrice:
        """The period in force on a day, or at a time (today by default), with its basis, for reports.

        Before the first period its price holds: the best guess there is, and no reason to stop a sprint.
        """
        try:
            periods = self.vendors[vendor]
        except KeyError:
            raise PricesError(f"no price for vendor {vendor!r}; vendors: {', '.join(sorted(self.vendors))}") from None
        day = _day(on)
        return next((each for each in reversed(periods) if each.since <= day), periods[0])

    def overridden(self, other: Mapping[str, Sequence[VendorPrice]], origin: str) -> PriceList:
        """This list with the vendors of `other` in place of its own. Raises `PricesError` on names that are not here."""
        merged = dict(self.vendors)
        for vendor, periods in other.items():
            if vendor not in merged:
                raise PricesError(f"{origin}: unknown vendor {vendor!r}; allowed: {', '.join(sorted(merged))}")
            allowed = {name for each in merged[vendor] for name in each.operations}
            unknown = sorted({name for each in periods for name in each.operations} - allowed)
            if unknown and _ANY not in allowed:
                names = ", ".join(sorted(allowed))
                raise PricesError(f"{origin}: unknown operation {vendor}.{unknown[0]}; allowed: {names}")
            merged[vendor] = _completed(periods, dict(self.of(vendor, periods[0].since).operations))
        return PriceList(merged)


def price(vendor: str, on: date | None = None) -> VendorPrice:
    """A vendor's list price. Raises `PricesError` for a vendor without one."""
    return load_prices().of(vendor, on)


def load_prices(override: Path | None = None) -> PriceList:
    """The documented list, with the vendors of an override file (same form) in place of its own: your contracts.

    Raises `PricesError` that names file, key and what is wrong.
    """
    return _documented() if override is None else _documented().overridden(_read(override), str(override))


@cache
def _documented() -> PriceList:
    return PriceList({vendor: _completed(periods, {}) for vendor, periods in _read(_LISTED).items()})


def _completed(periods: Sequence[VendorPrice], operations: dict[str, Decimal]) -> tuple[VendorPrice, ...]:
    """Periods that name all operations, each taking over what it does not name from the one before."""
    done = []
    for each in periods:
        operations = {**operations, **each.operations}
        done.append(each.model_copy(update={"operations": operations}))
    return tuple(done)


def _day(on: date | None) -> date:
    """A day; of a time, its day in UTC."""
    if on is None:
        on = datetime.now(UTC)
    return on.astimezone(UTC).date() if isinstance(on, datetime) else on


def _in_order(vendor: str, periods: tuple[VendorPrice, ...]) -> tuple[VendorPrice, ...]:
    if not periods:
        raise ValueError(f"{vendor}: there is no price; give one, or leave the vendor out")
    ordered = tuple(sorted(periods, key=lambda each: each.since))
    twice = next((one.since for one, other in pairwise(ordered) if one.since == other.since), None)
    if twice:
        raise ValueError(f"{vendor}: two prices from {twice}; there can be one a day")
    return ordered


def _as_list(given: Any) -> Any:
    return [given] if isinstance(given, Mapping) else given


_Periods = Annotated[tuple[VendorPrice, ...], BeforeValidator(_as_list)]
_SCHEMA = TypeAdapter(dict[str, _Periods])


def _read(path: Path) -> dict[str, tuple[VendorPrice, ...]]:
    try:
        content = yaml_text.read(path)
    except yaml_text.YamlError as error:
        raise PricesError(f"{path}: {error}") from None
    try:
        vendors = _SCHEMA.validate_python(content or {})
    except ValidationError as error:
        problems = [
            f"{path}: {shown('.'.join(map(str, one['loc']))) or 'file'}: {shown(one['msg'])}" for one in error.errors()
        ]
        raise PricesError("\n".join(problems)) from None
    try:
        return {vendor: _in_order(vendor, periods) for vendor, periods in vendors.items()}
    except ValueError as error:
        raise PricesError(f"{path}: {error}") from None
