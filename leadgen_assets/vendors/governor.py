"""Rate governor: keeps the calls of all processes and machines together under every documented window.

The windows live in Redis as lists of grant times, newest first, trimmed to the window's allowance, so that one script
call decides over all windows of a call at once in constant time, by the server's clock. Nothing about HTTP here.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from redis.asyncio import Redis
from redis.exceptions import RedisError

from leadgen_assets.vendors.limits import Limits, Window

Sleep = Callable[[float], Awaitable[None]]

HEADROOM = 0.98
"""Share of a documented window that is used: grants are spaced by our clock, calls counted by the vendor's."""
LONE_SHARE = 0.2
"""Share a process allows itself while it cannot see what the others do."""
STRIKE_SECONDS = 300
"""How long a rejection (429) is remembered for `penalise`'s answer."""

_MICRO = 1_000_000
_REDIS_REST = 15.0
_log = logging.getLogger(__name__)

_GRANT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local blocks = tonumber(ARGV[1])
local wait = 0
for i = 1, blocks do
  local till = tonumber(redis.call('GET', KEYS[i]) or '0')
  wait = math.max(wait, till - now)
end
for i = blocks + 1, #KEYS do
  local allowed = tonumber(ARGV[2 * (i - blocks)])
  local span = tonumber(ARGV[2 * (i - blocks) + 1])
  local oldest = tonumber(redis.call('LINDEX', KEYS[i], allowed - 1) or '0')
  wait = math.max(wait, math.min(oldest + span + 1 - now, span))
end
if wait > 0 then return wait end
for i = blocks + 1, #KEYS do
  local allowed = tonumber(ARGV[2 * (i - blocks)])
  local span = tonumber(ARGV[2 * (i - blocks) + 1])
  redis.call('LPUSH', KEYS[i], string.format('%.0f', now))
  redis.call('LTRIM', KEYS[i], 0, allowed - 1)
  redis.call('PEXPIRE', KEYS[i], math.ceil(span / 1000) + 1000)
end
return 0
"""

_PENALISE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local till = now + tonumber(ARGV[1])
if till > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], string.format('%.0f', till), 'PX', math.ceil(tonumber(ARGV[1]) / 1000) + 1)
end
local memory = tonumber(ARGV[2])
redis.call('LPUSH', KEYS[2], string.format('%.0f', now))
redis.call('LTRIM', KEYS[2], 0, 99)
redis.call('PEXPIRE', KEYS[2], math.ceil(memory / 1000))
local strikes = 0
for _, at in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  if tonumber(at) > now - memory then strikes = strikes + 1 end
end
return strikes
"""


class RateWindowClosed(Exception):
    """The next call is allowed only after `seconds`, longer than the governor is willing to wait."""

    def __init__(self, vendor: str, operation: str, seconds: float) -> None:
        super().__init__(f"{vendor} {operation}: rate window closed for another {seconds:.0f} s")
        self.seconds = seconds


class Governor(Protocol):
    """What a vendor client needs of a rate governor."""

    async def acquire(self, vendor: str, operation: str) -> float:
        """Wait until the call may be made; returns the seconds waited. Raises `RateWindowClosed`."""
        ...

    async def penalise(self, vendor: str, operation: str, seconds: float) -> int:
        """The vendor said "slow down": everybody waits that long. Returns the vendor's rejections in 5 minutes."""
        ...


class Unlimited:
    """A governor that never waits, for calls to servers nobody has to protect."""

    async def acquire(self, vendor: str, operation: str) -> float:  # noqa: ARG002
        """Zero, at once."""
        return 0.0

    async def penalise(self, vendor: str, operation: str, seconds: float) -> int:  # noqa: ARG002
        """Zero: nothing is remembered."""
        return 0


@dataclass
class _LoopState:
    redis: Redis | None
    grant: Any
    penalise: Any
    queues: dict[tuple[str, str], asyncio.Lock] = field(default_factory=dict)


class RateGovernor:
    """Grants calls under the windows of `limits`, shared through Redis.

    Without Redis (no URL, or it does not answer) a process limits itself to `lone_share` of each window, says so once
    per outage, and looks for Redis again after a while. `patience` is the longest wait in seconds for one call.
    """

    def __init__(
        self,
        limits: Limits,
        redis_url: str | None,
        *,
        patience: float = 3600.0,
        headroom: float = HEADROOM,
        lone_share: float = LONE_SHARE,
        sleep: Sleep = asyncio.sleep,
        prefix: str = "leadgen:rate",
    ) -> None:
        self._limits = limits
        self._url = redis_url
        self._patience = patience
        self._headroom = headroom
        self._lone_share = lone_share
        self._sleep = sleep
        self._prefix = prefix
        self._states: WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopState] = WeakKeyDictionary()
        self._alone = _LocalWindows()
        self._away_until = 0.0
        self._is_away_known = False

    async def acquire(self, vendor: str, operation: str) -> float:
        """Wait for a slot in every window the call counts against; returns the seconds waited.

        Callers of one process are served in order. Raises `RateWindowClosed` when a slot is further away than the
        governor's patience, `LimitsError` for a vendor or operation without documented limits.
        """
        scopes = self._limits.scopes(vendor, operation)
        began = time.monotonic()
        slept = 0.0
        async with self._queue(vendor, operation):
            while (wait := await self._ask(vendor, scopes)) > 0:
                if slept + wait > self._patience:
                    raise RateWindowClosed(vendor, operation, wait)
                slept += wait
                await self._sleep(wait)
        return max(slept, time.monotonic() - began) if slept else 0.0

    async def penalise(self, vendor: str, operation: str, seconds: float) -> int:
        """Close the operation (or the whole vendor, where it counts calls together) for everybody.

        Returns how often the vendor rejected a call in the last 5 minutes, this one included.
        """
        scope = self._limits.penalty_scope(vendor, operation)
        block, strikes = self._key(vendor, scope, "blocked"), f"{self._prefix}:{vendor}:rejections"
        if self._may_ask_redis():
            try:
                state = self._state()
                args = [int(seconds * _MICRO), STRIKE_SECONDS * _MICRO]
                return int(await state.penalise(keys=[block, strikes], args=args))
            except (RedisError, OSError) as error:
                self._note_outage(error)
        return self._alone.penalise(block, strikes, seconds, time.monotonic())

    async def aclose(self) -> None:
        """Give the connections of this event loop back."""
        state = self._states.pop(asyncio.get_running_loop(), None)
        if state is not None and state.redis is not None:
            await state.redis.aclose()

    async def _ask(self, vendor: str, scopes: dict[str, tuple[Window, ...]]) -> float:
        blocks = [self._key(vendor, scope, "blocked") for scope in scopes]
        windows = [(self._key(vendor, scope, f"{w.seconds:g}"), w) for scope in scopes for w in scopes[scope]]
        if self._may_ask_redis():
            try:
                kept = [(key, _kept(window, self._headroom)) for key, window in windows]
                wait = await self._state().grant(
                    keys=[*blocks, *(key for key, _ in kept)],
                    args=[len(blocks), *(n for _, w in kept for n in (w.requests, int(w.seconds * _MICRO)))],
                )
                self._note_return()
                return float(wait) / _MICRO
            except (RedisError, OSError) as error:
                self._note_outage(error)
        lone = [(key, window.kept(self._headroom * self._lone_share)) for key, window in windows]
        return self._alone.grant(blocks, lone, time.monotonic())

    def _key(self, vendor: str, operation: str, window: str) -> str:
        return f"{self._prefix}:{vendor}:{operation}:{window}"

    def _state(self) -> _LoopState:
        """Connections and queues belong to an event loop, the governor may outlive several of them."""
        loop = asyncio.get_running_loop()
        if loop not in self._states:
            redis = None
            if self._url:
                redis = Redis.from_url(self._url, socket_timeout=2.0, socket_connect_timeout=2.0, decode_responses=True)
            grant = redis.register_script(_GRANT) if redis else None
            penalise = redis.register_script(_PENALISE) if redis else None
            self._states[loop] = _LoopState(redis, grant, penalise)
        return self._states[loop]

    def _queue(self, vendor: str, operation: str) -> asyncio.Lock:
        return self._state().queues.setdefault((vendor, operation), asyncio.Lock())

    def _may_ask_redis(self) -> bool:
        return self._url is not None and time.monotonic() >= self._away_until

    def _note_outage(self, error: Exception) -> None:
        self._away_until = time.monotonic() + _REDIS_REST
        if not self._is_away_known:
            self._is_away_known = True
            share = f"{self._lone_share:.0%}"
            _log.warning(
                "Redis is away (%s): this process keeps to %s of each rate window", type(error).__name__, share
            )

    def _note_return(self) -> None:
        if self._is_away_known:
            self._is_away_known = False
            _log.warning("Redis is back: rate windows are shared again")


def _kept(window: Window, headroom: float) -> Window:
    """Fewer calls where that leaves some, a longer span where the window holds a single call."""
    return window.kept(headroom) if window.requests > 1 else Window(requests=1, seconds=window.seconds / headroom)


class _LocalWindows:
    """The same windows inside one process; times are monotonic seconds."""

    def __init__(self) -> None:
        self._grants: dict[str, deque[float]] = {}
        self._blocked: dict[str, float] = {}

    def grant(self, blocks: Sequence[str], windows: Sequence[tuple[str, Window]], now: float) -> float:
        """0 and the slot is taken, or the seconds until there may be one."""
        waits = [self._blocked.get(block, now) - now for block in blocks]
        for key, window in windows:
            grants = self._grants.setdefault(key, deque())
            while grants and grants[0] + window.seconds < now:
                grants.popleft()
            if len(grants) >= window.requests:
                waits.append(grants[-window.requests] + window.seconds - now + 1e-6)
        wait = max(waits, default=0.0)
        if wait <= 0:
            for key, _ in windows:
                self._grants[key].append(now)
        return max(wait, 0.0)

    def penalise(self, block: str, strikes: str, seconds: float, now: float) -> int:
        """Close the scope and count the rejections that are still remembered."""
        self._blocked[block] = max(self._blocked.get(block, 0.0), now + seconds)
        remembered = self._grants.setdefault(strikes, deque())
        remembered.append(now)
        while remembered[0] < now - STRIKE_SECONDS:
            remembered.popleft()
        return len(remembered)
