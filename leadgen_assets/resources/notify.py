"""The desk as a resource: where sensors report what happened, and the watch over the alert rules."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import dagster as dg

from leadgen_assets.desk.alerts.evaluator import Evaluator
from leadgen_assets.desk.alerts.life import Change
from leadgen_assets.desk.alerts.watch import AlertWatcher
from leadgen_assets.settings import Settings
from leadgen_assets.stores.mongo import connect
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.redis_connection import connect_redis


class Desk(dg.ConfigurableResource[Any]):
    """Raises and resolves alerts. A message that cannot be delivered waits in the outbox and fails nobody."""

    def happened(
        self,
        stores: OpenStores,
        rule: str,
        *,
        sprint: str,
        instance: str,
        text: str,
        is_bad: bool,
        figures: Mapping[str, str] | None = None,
    ) -> Change | None:
        """What happened to a run, a check or a materialisation; `text` holds nothing personal."""
        return Evaluator.of(stores, Settings()).event(rule, sprint, instance, text, is_bad, figures)

    def watch(self) -> list[Change] | None:
        """One look at every rule; None while another process watches."""
        return _watcher(Settings()).tick()


@lru_cache(maxsize=1)
def _watcher(settings: Settings) -> AlertWatcher:
    """Lives as long as the code server: it remembers what it saw while the stores are away."""
    db = connect(str(settings.leadgen_mongo_uri), settings.leadgen_database)
    stores = OpenStores(db, connect_redis(str(settings.leadgen_redis_url)), settings.storage)
    return AlertWatcher.of(stores, settings)
