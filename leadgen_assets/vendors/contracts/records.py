"""A person as a vendor delivers it, its form as a draft, and fields that nobody has documented."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]
"""One person as the vendor delivered it, JSON-serialisable."""

Draft = dict[str, str | None]
"""A record mapped to `leads.schema.DRAFT_FIELDS`; every key present."""

_LONGEST_NAME = 80
_MOST_NAMES = 50


@dataclass(frozen=True)
class Drift:
    """Fields a vendor sent that `vendors.md` does not name: told as a warning, never a crash."""

    vendor: str
    unexpected: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, vendor: str, known: Iterable[str], records: Iterable[Record]) -> Drift:
        """Top-level keys of the records that are not among the known ones, sorted."""
        seen: set[str] = set()
        for record in records:
            seen.update(record)
        unknown = {name if len(name) <= _LONGEST_NAME and name.isprintable() else "…" for name in seen - set(known)}
        return cls(vendor, tuple(sorted(unknown)[:_MOST_NAMES]))
