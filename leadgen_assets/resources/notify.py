"""The desk as a resource: where runs and sensors report what people should know."""

from __future__ import annotations

from typing import Any

import dagster as dg

from leadgen_assets.desk.notifier import Notifier, Severity
from leadgen_assets.settings import Settings
from leadgen_assets.stores.redis_connection import connect_redis
from leadgen_assets.vendors import registry


class Desk(dg.ConfigurableResource[Any]):
    """Tells people over Slack. A message that cannot be delivered never fails the run that sent it."""

    def tell(self, *, title: str, text: str, severity: Severity, key: str) -> bool:
        """Send a message, once per `key` within the notifier's quiet time. Returns whether it was delivered."""
        settings = Settings()
        memory = connect_redis(settings.leadgen_redis_url) if settings.leadgen_redis_url else None
        notifier = Notifier(settings.vendor("slack"), registry.governor(settings), memory)
        try:
            return notifier.send(title, text, severity, dedup_key=key).ok
        finally:
            if memory is not None:
                memory.close()
