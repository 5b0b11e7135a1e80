"""How the state asks MongoDB: with little patience, and not at all for some seconds after it did not answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import pymongo

from leadgen_assets.stores.errors import StoreError, StoreMissing

T = TypeVar("T")

PATIENCE_SECONDS = 2.0
"""How long an answer may take before MongoDB counts as away."""
AWAY_SECONDS = 5.0
"""How long an absent MongoDB is left alone, so that a look at the state does not wait for it each time."""


class MongoLink:
    """Shared by everything that reads one state: what one finds out, the others need not."""

    def __init__(self) -> None:
        self.problem = ""
        """Why MongoDB counts as away; empty while it answers."""
        self._away_until = 0.0

    def ask(self, question: Callable[[], T], otherwise: T) -> T:
        """The answer, or `otherwise` while MongoDB is away. Raises only `StoreMissing`: there is no such thing."""
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            with pymongo.timeout(PATIENCE_SECONDS):
                answer = question()
        except StoreMissing:
            raise
        except StoreError as error:
            self.problem = str(error)
            self._away_until = time.monotonic() + AWAY_SECONDS
            return otherwise
        self.problem = ""
        return answer
