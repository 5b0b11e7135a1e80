"""What Redis says: a sprint's live counters, how full rate windows are, and the server's own figures, in one pipeline."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import redis
from redis.exceptions import RedisError

from leadgen_assets.stores.live_figures import LiveFigures, LiveQuery
from leadgen_assets.vendors.condition import Condition, ConditionQuery
from leadgen_assets.vendors.limits import Limits
from leadgen_assets.vendors.windows import WindowQuery, WindowUse


@dataclass(frozen=True)
class RedisSays:
    """One look at Redis."""

    is_up: bool = False
    problem: str = ""
    as_of: datetime | None = None
    live: LiveFigures = field(default_factory=LiveFigures)
    windows: dict[str, list[WindowUse]] = field(default_factory=dict)
    """{vendor: its rate windows}"""
    conditions: dict[str, Condition] = field(default_factory=dict)
    """{vendor: how the governor sees it}"""
    server: dict[str, Any] = field(default_factory=dict)
    """`INFO`, as the client parses it."""
    keys: int = 0
    gauges: dict[str, str] = field(default_factory=dict)
    """What processes say of themselves; see `measured`."""


class LiveReader:
    """Asks Redis once a look; keeps the last answer while it is away."""

    def __init__(self, client: redis.Redis, limits: Limits) -> None:
        self._redis = client
        self._limits = limits
        self._last: dict[str, RedisSays] = {}

    def read(self, sprint: str, segments: Iterable[str], vendors: Iterable[str]) -> RedisSays:
        """Never raises: while Redis is away the last figures come back, with `is_up` False and the reason."""
        try:
            found = self._read(sprint, list(segments), list(vendors))
        except (RedisError, OSError) as error:
            known = self._last.get(sprint, RedisSays())
            problem = f"Redis does not answer ({type(error).__name__}); live figures are the last known ones"
            return RedisSays(**{**vars(known), "is_up": False, "problem": problem})
        self._last[sprint] = found
        return found

    def marks(self, sprint: str) -> Mapping[str, str]:
        """The last values that were seen of a sprint."""
        return self._last[sprint].live.marks if sprint in self._last else {}

    def _read(self, sprint: str, segments: list[str], vendors: list[str]) -> RedisSays:
        pipeline = self._redis.pipeline(transaction=False)
        figures = LiveQuery(sprint, segments, vendors, time.time())
        windows, conditions = WindowQuery(self._limits, vendors), ConditionQuery(vendors)
        counted = figures.queue(pipeline)
        windows.queue(pipeline)
        conditions.queue(pipeline)
        pipeline.info()
        pipeline.dbsize()
        pipeline.hgetall("leadgen:gauges")
        answers = pipeline.execute()
        *of_windows, of_conditions, server, keys, gauges = answers[counted:]
        told = {_text(name): _text(value) for name, value in cast(dict[Any, Any], gauges).items()}
        return RedisSays(
            is_up=True,
            as_of=datetime.now(UTC),
            live=figures.parse(answers[:counted]),
            windows=windows.parse(of_windows),
            conditions=conditions.parse([of_conditions]),
            server=server,
            keys=keys,
            gauges=told,
        )


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
