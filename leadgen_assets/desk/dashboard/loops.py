"""What the dashboard does beside serving: each in a thread of its own, whose failure is shown and stops nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger(__name__)

STOP_SECONDS = 5.0


@dataclass
class Loop:
    """Does `tick` every `seconds`, and `at_end` once. `says` tells what is amiss, in people's words, while it fails."""

    name: str
    tick: Callable[[], object]
    seconds: float
    says: str
    at_end: Callable[[], object] = lambda: None
    problem: str = ""
    """What is wrong at present; empty while it works."""
    since: datetime | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until told to stop."""
        while not self._over.is_set():
            self.once()
            self._over.wait(self.seconds)
        try:
            self.at_end()
        except Exception as error:
            log.warning("the desk's part %s did not end in order: %s", self.name, type(error).__name__)

    def once(self) -> None:
        """One tick. A failure is logged by its type only, once until it works again."""
        try:
            self.tick()
        except Exception as error:
            kind = type(error).__name__
            if not self.problem:
                log.warning("the desk's part %s does not work: %s", self.name, kind)
                self.since = datetime.now(UTC)
            self.problem = f"{self.says} ({kind})"
        else:
            if self.problem:
                log.warning("the desk's part %s works again", self.name)
            self.problem, self.since = "", None

    def stop(self) -> None:
        """No further tick."""
        self._over.set()

    def to_json(self) -> dict[str, Any]:
        """As the state shows it."""
        since = f" since {self.since:%H:%M:%S} UTC" if self.since else ""
        return {
            "name": self.name,
            "ok": not self.problem,
            "says": f"{self.problem}{since}."[: 400 * bool(self.problem)],
        }


@contextmanager
def running(loops: list[Loop]) -> Iterator[None]:
    """The loops' threads, for as long as the block lasts."""
    threads = [threading.Thread(target=each.run, name=f"desk-{each.name}", daemon=True) for each in loops]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.stop()
        for each in threads:
            each.join(STOP_SECONDS)
