"""Tells people: one Slack message a matter, without repeating itself, and never failing whoever asked for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from time import monotonic
from typing import Literal

import redis
from redis.exceptions import RedisError

from leadgen_assets.settings import VendorAccess
from leadgen_assets.vendors.governor import Governor, Unlimited
from leadgen_assets.vendors.slack import Posted, SlackClient, SlackMessage

Severity = Literal["INFO", "WARNING", "CRITICAL"]

_SIGNS = {"INFO": "ℹ️", "WARNING": "⚠️", "CRITICAL": "🚨"}
_PREFIX = "leadgen:notified"
_log = logging.getLogger(__name__)


@dataclass
class Notifier:
    """Sends to the Slack webhook in `slack`; without one, `send` says that Slack is off.

    With a `dedup_key` a matter is told once within `quiet`; what was swallowed is counted and told with the next
    message. The memory is shared through `redis` where there is one, else this object's own.
    """

    slack: VendorAccess | None
    governor: Governor = field(default_factory=Unlimited)
    redis: redis.Redis | None = None
    quiet: timedelta = timedelta(minutes=15)
    clock: Callable[[], float] = monotonic
    _told: dict[str, tuple[float, int]] = field(default_factory=dict)

    def send(
        self,
        title: str,
        text: str,
        severity: Severity = "INFO",
        fields: Mapping[str, str] | None = None,
        dedup_key: str | None = None,
    ) -> Posted:
        """Send and wait for the answer. Never raises; `detail` says why nothing was sent."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self.send_async(title, text, severity, fields, dedup_key))
        # A caller inside a loop cannot start another one on its thread.
        with ThreadPoolExecutor(1) as worker:
            return worker.submit(asyncio.run, self.send_async(title, text, severity, fields, dedup_key)).result()

    async def send_async(
        self,
        title: str,
        text: str,
        severity: Severity = "INFO",
        fields: Mapping[str, str] | None = None,
        dedup_key: str | None = None,
    ) -> Posted:
        """The same for callers inside an event loop."""
        try:
            return await self._send(title, text, severity, fields or {}, dedup_key)
        except Exception as error:
            _log.warning("notification not sent: %s", type(error).__name__)
            return Posted(ok=False, detail=f"not sent: {type(error).__name__}")

    async def _send(
        self, title: str, text: str, severity: Severity, fields: Mapping[str, str], dedup_key: str | None
    ) -> Posted:
        if self.slack is None:
            return Posted(ok=False, detail="Slack is off: SLACK_WEBHOOK_URL is not set")
        key = f"{_PREFIX}:{sha256(dedup_key.encode()).hexdigest()[:24]}" if dedup_key else None
        if key is not None and not self._may_tell(key):
            return Posted(ok=False, detail=f"told less than {self.quiet.total_seconds() / 60:.0f} minutes ago")
        swallowed = self._swallowed(key) if key is not None else 0
        footer = severity + (f" · {swallowed} more like it since the last message" if swallowed else "")
        message = SlackMessage(f"{_SIGNS.get(severity, '')} {title}".strip(), text, fields, footer)
        async with SlackClient(self.slack, self.governor) as client:
            posted = await client.post(message)
        if not posted.ok:
            _log.warning("Slack did not take a notification: %s", posted.detail)
            if key is not None:
                self._forget(key)
        return posted

    def _may_tell(self, key: str) -> bool:
        """Takes the key for the quiet time; False while it is taken, and then counts what is swallowed."""
        if self.redis is not None:
            try:
                seconds = max(1, int(self.quiet.total_seconds()))
                if self.redis.set(key, 1, nx=True, ex=seconds):
                    return True
                self.redis.incr(f"{key}:swallowed")
                self.redis.expire(f"{key}:swallowed", seconds * 8)
                return False
            except RedisError as error:
                _log.warning("Redis is away (%s): repeats are only known to this process", type(error).__name__)
        told_at, swallowed = self._told.get(key, (float("-inf"), 0))
        if self.clock() - told_at >= self.quiet.total_seconds():
            self._told[key] = (self.clock(), swallowed)
            return True
        self._told[key] = (told_at, swallowed + 1)
        return False

    def _swallowed(self, key: str) -> int:
        """How many were swallowed since the last message; counting starts again."""
        count = 0
        if self.redis is not None:
            try:
                count = int(self.redis.getdel(f"{key}:swallowed") or 0)
            except RedisError:
                count = 0
        if key in self._told:
            told_at, own = self._told[key]
            self._told[key] = (told_at, 0)
            count += own
        return count

    def _forget(self, key: str) -> None:
        """A message that did not arrive must not silence the next one."""
        self._told.pop(key, None)
        if self.redis is not None:
            try:
                self.redis.delete(key)
            except RedisError:
                _log.info("Redis is away: a failed notification may stay quiet for a while")
