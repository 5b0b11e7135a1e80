"""Check sums: of files, to know that a part is undamaged, and of contents, to know that a copy is the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_MODULUS = 1 << 256


@dataclass
class Content:
    """A set of records by number and hash. The order in which they come does not matter."""

    count: int = 0
    _sum: int = field(default=0, repr=False)

    def add(self, record: bytes) -> None:
        """Take one record in."""
        self.count += 1
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(record).digest(), "big")) % _MODULUS

    def add_all(self, records: Iterable[bytes]) -> None:
        """Take several records in."""
        for each in records:
            self.add(each)

    def to_json(self) -> dict[str, Any]:
        """`count` and `sha256` (the sum of the records' hashes)."""
        return {"count": self.count, "sha256": f"{self._sum:064x}"}


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def differences(expected: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]) -> list[str]:
    """What differs between two {name: content}, one line each."""
    lines = [f"{name} is missing" for name in expected if name not in found and expected[name]["count"]]
    lines += [f"{name} was not in the backup" for name in found if name not in expected and found[name]["count"]]
    for name in expected.keys() & found.keys():
        if expected[name]["count"] != found[name]["count"]:
            lines.append(f"{name} has {found[name]['count']:,} records, the backup {expected[name]['count']:,}")
        elif expected[name]["sha256"] != found[name]["sha256"]:
            lines.append(f"{name} has as many records as the backup, but others")
    return sorted(lines)
