"""The open alerts of a sprint, as the alert book keeps them."""

from __future__ import annotations

import time
from typing import Any

from leadgen_assets.desk.state.mongo_link import MongoLink
from leadgen_assets.stores.alerts import AlertBook

SECONDS = 1.0
"""Age at which they are read again: an acknowledgement should be seen at once."""
_NAMES = (
    "id", "rule", "instance", "severity", "state", "title", "text", "figures", "raised_at", "acked_at", "acked_by",
    "level", "runbook", "is_test",
)  # fmt: skip


class OpenAlerts:
    """Reads what is not resolved, the latest first; keeps the last answer while MongoDB is away."""

    def __init__(self, book: AlertBook, link: MongoLink) -> None:
        self._book = book
        self._link = link
        self._known: dict[str, list[dict[str, Any]]] = {}
        self._read_at: dict[str, float] = {}

    def read(self, sprint: str) -> list[dict[str, Any]]:
        """The state's part `alerts`: those of the sprint and those of none in particular."""
        if time.monotonic() - self._read_at.get(sprint, -1e9) >= SECONDS:
            self._known[sprint] = self._link.ask(lambda: self._asked(sprint), self._known.get(sprint, []))
            self._read_at[sprint] = time.monotonic()
        return self._known.get(sprint, [])

    def _asked(self, sprint: str) -> list[dict[str, Any]]:
        found = [each.to_json() for each in self._book.open(sprint)]
        return [{name: each[name] for name in _NAMES} for each in found]
