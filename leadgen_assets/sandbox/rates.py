"""Rate windows as vendors count them: sliding, or fixed from the first request. No HTTP here."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LIMITS_FILE = Path(__file__).with_name("limits.yaml")

Limits = Mapping[str, Mapping[str, tuple["Window", ...]]]
"""Vendor → operation (`*` = all operations of the vendor together) → windows."""


@dataclass(frozen=True)
class Window:
    """At most `requests` in `seconds`."""

    requests: int
    seconds: float

    def enforced(self) -> Window:
        """The window a server counts with.

        One request per so many seconds is the pace of a client: measured at the server's door, network jitter
        alone would break it, so the same average is enforced over twenty paces with a fifth to spare.
        """
        return Window(24, self.seconds * 20) if self.requests == 1 else self


@dataclass(frozen=True)
class Rejection:
    """Why a request came too early: which window, and when it opens again."""

    operation: str
    window: Window
    wait: float

    @property
    def retry_after(self) -> int:
        """Whole seconds, at least 1, as Retry-After wants them."""
        return max(1, math.ceil(self.wait))


class Counter:
    """How full one window is."""

    def __init__(self, window: Window, is_sliding: bool) -> None:
        self.window = window.enforced()
        self._is_sliding = is_sliding
        self._times: deque[float] = deque()

    def _expire(self, now: float) -> None:
        times, seconds = self._times, self.window.seconds
        if self._is_sliding:
            while times and now - times[0] >= seconds:
                times.popleft()
        elif times and now - times[0] >= seconds:
            times.clear()

    def used(self, now: float) -> int:
        """Requests counted in the window that is open now."""
        self._expire(now)
        return len(self._times)

    def wait(self, now: float) -> float:
        """Seconds until one more request fits; 0 when it fits now."""
        self._expire(now)
        full = len(self._times) >= self.window.requests
        return self._times[0] + self.window.seconds - now if full else 0.0

    def take(self, now: float) -> None:
        """Count one request."""
        self._times.append(now)


class RateWindows:
    """All windows of one vendor account. Rejected requests do not count."""

    def __init__(
        self, table: Mapping[str, Sequence[Window]], clock: Callable[[], float], is_sliding: bool = True
    ) -> None:
        self._table = table
        self._clock = clock
        self._is_sliding = is_sliding
        self._counters: dict[str, list[Counter]] = {}
        self._admitted: dict[str, tuple[int, float, float]] = {}

    def counters(self, operation: str) -> list[Counter]:
        """The counters an operation has of its own, then those of the whole account."""
        found = self._counters.get(operation)
        if found is None:
            own = [] if operation == "*" else self._own(operation)
            shared = self._own("*") if operation == "*" else self.counters("*")
            found = self._counters[operation] = [*own, *shared]
        return found

    def _own(self, operation: str) -> list[Counter]:
        return [Counter(window, self._is_sliding) for window in self._table.get(operation, ())]

    def admit(self, operation: str) -> Rejection | None:
        """Count the request, or say why it came too early."""
        now = self._clock()
        counters = self.counters(operation)
        full = [(wait, counter.window) for counter in counters if (wait := counter.wait(now)) > 0]
        if full:
            wait, window = max(full, key=lambda each: each[0])
            return Rejection(operation, window, wait)
        for counter in counters:
            counter.take(now)
        number, first, _ = self._admitted.get(operation, (0, now, now))
        self._admitted[operation] = (number + 1, first, now)
        return None

    def admitted(self) -> dict[str, dict[str, float]]:
        """Requests let through by operation, and the seconds between the first and the last."""
        return {
            operation: {"requests": number, "seconds": last - first}
            for operation, (number, first, last) in self._admitted.items()
        }

    def usage(self, operation: str) -> list[tuple[Window, int]]:
        """Each window of the operation with the requests counted in it now."""
        now = self._clock()
        return [(counter.window, counter.used(now)) for counter in self.counters(operation)]

    def clear(self) -> None:
        """Forget every request."""
        self._counters.clear()


def parse_limits(content: Any, origin: str) -> dict[str, dict[str, tuple[Window, ...]]]:
    """Limits from parsed YAML. `ValueError` names the file and the key that is wrong."""
    limits: dict[str, dict[str, tuple[Window, ...]]] = {}
    if not isinstance(content, dict):
        raise ValueError(f"{origin}: expected vendors at the top level")
    for vendor, operations in content.items():
        limits[vendor] = {}
        for operation, windows in (operations or {}).items():
            try:
                limits[vendor][operation] = tuple(Window(int(w["requests"]), float(w["seconds"])) for w in windows)
            except (TypeError, KeyError, ValueError):
                raise ValueError(
                    f"{origin}: {vendor}.{operation}: expected a list of {{requests: n, seconds: s}}"
                ) from None
    return limits


def load_limits(override: Path | None = None) -> dict[str, dict[str, tuple[Window, ...]]]:
    """The documented limits (`limits.yaml`); an operation the override file names is replaced as a whole."""
    limits = parse_limits(yaml.safe_load(LIMITS_FILE.read_text(encoding="utf-8")), LIMITS_FILE.name)
    if override is not None:
        for vendor, operations in parse_limits(
            yaml.safe_load(override.read_text(encoding="utf-8")), str(override)
        ).items():
            limits[vendor] = {**limits.get(vendor, {}), **operations}
    return limits
