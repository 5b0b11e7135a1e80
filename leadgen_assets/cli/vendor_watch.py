"""Asks blocked vendors now and then, for free and beside the work, whether they answer again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from leadgen_assets.vendors.recovery import usable_again

LOOK_SECONDS = 20.0


@dataclass
class VendorWatch:
    """Looks every `LOOK_SECONDS`, in a thread of its own; a look costs each blocked vendor one free call (TL-07)."""

    _pool: Executor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="vendor-watch"))
    _look: Future[set[str]] | None = None
    _looked: float = field(default_factory=time.monotonic)

    def answering(self, blocked: Mapping[str, str]) -> set[str]:
        """Of {vendor: why it is blocked} those that have been found well since the last call; never waits."""
        if self._look is None and blocked and time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            self._look = self._pool.submit(usable_again, dict(blocked))
        if self._look is None or not self._look.done():
            return set()
        found, self._look = self._look.result(), None
        return found & blocked.keys()
