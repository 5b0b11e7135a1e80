"""One look at the state for everybody who asks within the same second: viewers, recorder, alert rules."""

from __future__ import annotations

import threading
import time
from typing import Any

from leadgen_assets.desk.dashboard.backing import Reader, State

FRESH_SECONDS = 0.8


class FreshReader:
    """A reader that asks the one below at most once in `seconds` for a sprint. Safe between threads."""

    def __init__(self, reader: Reader, seconds: float = FRESH_SECONDS) -> None:
        self._reader = reader
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: dict[str | None, tuple[float, State]] = {}

    def read(self, sprint: str | None = None) -> dict[str, Any]:
        """As `StateReader.read`. Callers must not change what they get."""
        with self._lock:
            read_at, state = self._known.get(sprint, (float("-inf"), {}))
            if time.monotonic() - read_at >= self._seconds:
                state = self._reader.read(sprint)
                self._forget_old()
                self._known[sprint] = (time.monotonic(), state)
            return state

    def _forget_old(self) -> None:
        limit = time.monotonic() - 60
        self._known = {key: each for key, each in self._known.items() if each[0] > limit}
