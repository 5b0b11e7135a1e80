"""One evaluator at a time, whoever offers to be it: the dashboard, a sprint's command, the sensor of a daemon."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from leadgen_assets.desk.alerts.evaluator import Evaluator
from leadgen_assets.desk.alerts.life import Change
from leadgen_assets.desk.state import StateReader
from leadgen_assets.settings import Settings
from leadgen_assets.stores.lease import Lease
from leadgen_assets.stores.opened import OpenStores

log = logging.getLogger(__name__)

TICK_SECONDS = 5.0


@dataclass
class AlertWatcher:
    """Evaluates the rules while it holds the lease."""

    evaluator: Evaluator
    read: Callable[[], dict[str, Any]]
    lease: Lease

    @classmethod
    def of(cls, stores: OpenStores, settings: Settings, reader: StateReader | None = None) -> AlertWatcher:
        """As the settings say. Raises `AlertFileError` for rules or contacts that cannot be used."""
        reader = reader or StateReader(stores, settings=settings)
        lease = Lease("alerts", stores.redis, stores.db, settings.home)
        return cls(Evaluator.of(stores, settings), reader.read, lease)

    def tick(self, state: dict[str, Any] | None = None) -> list[Change] | None:
        """One look; None when somebody else watches. `state` saves reading it again. Never raises."""
        try:
            if not self.lease.take():
                return None
            return self.evaluator.tick(self.read() if state is None else state)
        except Exception as error:
            # whoever ticks has other work to do; the next look may do better
            log.warning("alerts were not evaluated: %s", type(error).__name__, exc_info=log.isEnabledFor(logging.DEBUG))
            return []

    def run(self, stopped: threading.Event, seconds: float = TICK_SECONDS) -> None:
        """Tick until told to stop, then let another one watch."""
        while not stopped.is_set():
            self.tick()
            stopped.wait(seconds)
        self.lease.give_back()
