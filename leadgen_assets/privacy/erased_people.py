"""Hashes of erased people in a file beside the database, so that a restored older database is told whom to forget.

`LEADGEN_HOME/privacy/erased.jsonl`, one JSON object a line: {hash: kind}. Keyed hashes; the key stays in the database.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from leadgen_assets.stores.suppressions import ERASED_REASON, Suppressions


@dataclass(frozen=True)
class ErasedPeople:
    """The file below a home."""

    home: Path

    @property
    def path(self) -> Path:
        """Where it is; it may not exist yet."""
        return self.home / "privacy" / "erased.jsonl"

    def remember(self, hashes: Mapping[str, str]) -> None:
        """Append the hashes that are not there yet, on disk before this returns."""
        fresh = {each: kind for each, kind in hashes.items() if each not in self.read()}
        if not fresh:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(fresh, sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> dict[str, str]:
        """{hash: kind} of everybody. A line that a crash cut off is left out."""
        found: dict[str, str] = {}
        if self.path.exists():
            for line in self.path.read_text("utf-8").splitlines():
                try:
                    found.update(json.loads(line))
                except ValueError:
                    continue
        return found

    def put_back(self, suppressions: Suppressions) -> int:
        """Put all of them on a database's list. Returns how many it did not know."""
        known = self.read()
        return suppressions.add_hashes(known, ERASED_REASON) if known else 0
