"""Documented rate limits as data, and how an override file changes them. Enforcing them is `governor`'s part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from leadgen_assets import yaml_text
from leadgen_assets.yaml_text import shown

TOGETHER = "*"
"""The operation that stands for all operations of a vendor together."""

_DOCUMENTED = Path(__file__).with_name("limits.yaml")


class LimitsError(ValueError):
    """A limits file that cannot be used, or a vendor or operation nobody has documented."""


class Window(BaseModel):
    """At most `requests` calls in any span of `seconds`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: Annotated[int, Field(gt=0)]
    seconds: Annotated[float, Field(gt=0)]

    def kept(self, share: float) -> Window:
        """The window with that share of its calls; where less than one call is left, it comes less often instead."""
        wanted = self.requests * share
        if wanted >= 1:
            return Window(requests=int(wanted), seconds=self.seconds)
        return Window(requests=1, seconds=self.seconds / wanted)


@dataclass(frozen=True)
class Limits:
    """Windows by vendor and operation."""

    windows: Mapping[str, Mapping[str, tuple[Window, ...]]]

    def scopes(self, vendor: str, operation: str) -> dict[str, tuple[Window, ...]]:
        """What a call counts against: its own operation's windows and the vendor's windows over all.

        Raises `LimitsError` for a vendor or operation that has no entry, naming those that have.
        """
        operations = self._operations(vendor)
        if operation not in operations and TOGETHER not in operations:
            allowed = ", ".join(sorted(operations))
            raise LimitsError(f"no rate limit known for {vendor} {operation!r}; operations of {vendor}: {allowed}")
        return {scope: operations[scope] for scope in (operation, TOGETHER) if scope in operations}

    def penalty_scope(self, vendor: str, operation: str) -> str:
        """The scope a "slow down" of the vendor closes: the operation where it is limited alone, else the vendor."""
        scopes = self.scopes(vendor, operation)
        return TOGETHER if TOGETHER in scopes else operation

    def overridden(self, other: Mapping[str, Mapping[str, tuple[Window, ...]]], origin: str) -> Limits:
        """These limits with the operations of `other` replaced. Raises `LimitsError` on names that are not here."""
        merged = {vendor: dict(operations) for vendor, operations in self.windows.items()}
        for vendor, operations in other.items():
            if vendor not in merged:
                raise LimitsError(f"{origin}: unknown vendor {vendor!r}; allowed: {', '.join(sorted(merged))}")
            for operation, windows in operations.items():
                allowed = {*merged[vendor], TOGETHER}
                if operation not in allowed:
                    names = ", ".join(sorted(allowed))
                    raise LimitsError(f"{origin}: unknown operation {vendor}.{operation}; allowed: {names}")
                merged[vendor][operation] = windows
        return Limits(merged)

    def _operations(self, vendor: str) -> Mapping[str, tuple[Window, ...]]:
        try:
            return self.windows[vendor]
        except KeyError:
            allowed = ", ".join(sorted(self.windows))
            raise LimitsError(f"no rate limits known for vendor {vendor!r}; vendors: {allowed}") from None


_SCHEMA = TypeAdapter(dict[str, dict[str, tuple[Window, ...]]])


def load_limits(override: Path | None = None) -> Limits:
    """The documented limits, with those of an override file (same form) in place of the ones it names.

    Raises `LimitsError` that names file, key and what is wrong.
    """
    documented = _documented()
    return documented if override is None else documented.overridden(_read(override), str(override))


@cache
def _documented() -> Limits:
    return Limits(_read(_DOCUMENTED))


def _read(path: Path) -> dict[str, dict[str, tuple[Window, ...]]]:
    try:
        content = yaml_text.read(path)
    except yaml_text.YamlError as error:
        raise LimitsError(f"{path}: {error}") from None
    try:
        return _SCHEMA.validate_python(content or {})
    except ValidationError as error:
        problems = [f"{path}: {_key(one['loc'])}: {shown(one['msg'])}" for one in error.errors()]
        raise LimitsError("\n".join(problems)) from None


def _key(place: tuple[int | str, ...]) -> str:
    return shown(".".join(map(str, place))) or "file"
