"""How long personal data are kept, per place: numbers in a file, not in code (NFR-011)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from leadgen_assets import yaml_text
from leadgen_assets.yaml_text import shown

FOREVER = timedelta(days=36_500)


class RetentionError(ValueError):
    """A retention file that cannot be used; the message names file and key."""


@cache
def documented_days() -> dict[str, int]:
    """The days that ship, by place."""
    text = Path(__file__).with_name("retention.yaml").read_text("utf-8")
    return dict(yaml.safe_load(text))


@dataclass(frozen=True)
class Retention:
    """Days by place; see retention.yaml."""

    days: Mapping[str, int] = field(default_factory=documented_days)

    def of(self, place: str) -> timedelta:
        """How long a place keeps what it has; a hundred years for 0. `KeyError` for an unknown place."""
        days = self.days[place]
        return timedelta(days=days) if days else FOREVER


def load_retention(path: Path | None = None) -> Retention:
    """The days that ship, changed by a file. Raises `RetentionError`."""
    if path is None:
        return Retention()
    try:
        given: Any = yaml_text.read(path) or {}
    except yaml_text.YamlError as error:
        raise RetentionError(f"{path}: {error}") from None
    if not isinstance(given, dict):
        raise RetentionError(f"{path}: expected lines like raw_pages: 90")
    for place, days in given.items():
        if place not in documented_days():
            raise RetentionError(f"{path}: {shown(str(place))}: unknown; there are {', '.join(documented_days())}")
        if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= FOREVER.days:
            given_days = shown(repr(days))
            raise RetentionError(f"{path}: {place}: a whole number of days is needed, 0 for ever (given: {given_days})")
    return Retention({**documented_days(), **given})
