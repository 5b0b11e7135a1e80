"""Whether a run is alive, told by the run itself: for whoever cannot look at its process, because it is on another machine
or in another container (NFR-006, NFR-009).

Keys: `leadgen:pulse:{run id}`, gone by itself when it is not renewed, or `over` once somebody has taken the run for dead;
`leadgen:pulse:since`, since when Redis has been heard of by anybody without a gap. After a gap (Redis was away, or lost its
memory) pulses are missing that nobody could renew: until the gap is as long ago as a silence takes, no run is silent.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

PREFIX = "leadgen:pulse"
SINCE = f"{PREFIX}:since"
OVER = b"over"
OVER_SECONDS = 7 * 86_400
"""How long a run that was taken for dead is remembered: a machine may have slept for a weekend."""
BEATS = 6
"""In the time after which a run counts as silent, so that a few may be late."""

_BEAT = """
redis.call('SET', KEYS[2], redis.call('TIME')[1], 'NX')
redis.call('PEXPIRE', KEYS[2], ARGV[3])
if redis.call('GET', KEYS[1]) == ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
"""
_LISTENED_FOR = """
redis.call('SET', KEYS[1], redis.call('TIME')[1], 'NX')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return redis.call('TIME')[1] - redis.call('GET', KEYS[1])
"""


@cache
def machine() -> str:
    """This machine as processes see it: host name, boot, and which process ids mean the same.

    Two containers of one host are two machines, and so is a host before and after a restart.
    """
    facts = [socket.gethostname()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            facts.append(os.readlink(path) if "/ns/" in path else Path(path).read_text().strip())
        except OSError:  # not Linux
            continue
    return f"{facts[0]}-{hashlib.sha256('/'.join(facts).encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Pulses:
    """Pulses of runs in Redis. `silence`: seconds without one after which a run is dead."""

    client: redis.Redis
    silence: float

    @property
    def _milliseconds(self) -> int:
        return int(self.silence * 1000)

    def beat(self, run_id: str) -> bool:
        """Say that the run is alive. False when it was taken for dead: then somebody else does its work."""
        return bool(self.client.eval(_BEAT, 2, f"{PREFIX}:{run_id}", SINCE, machine(), OVER, self._milliseconds))

    def silent(self, run_ids: Collection[str]) -> set[str]:
        """Those of these runs, which had a pulse once, that have none. No run while that may be Redis's fault: the first
        look after a gap begins to listen, and the answer comes with a later look."""
        if not run_ids:
            return set()
        wanted = list(run_ids)
        try:
            if int(self.client.eval(_LISTENED_FOR, 1, SINCE, self._milliseconds)) <= self.silence:
                return set()
            found = self.client.mget([f"{PREFIX}:{each}" for each in wanted])
        except (RedisError, OSError):
            return set()
        return {run for run, pulse in zip(wanted, found, strict=True) if pulse is None or pulse == OVER}

    def end(self, run_id: str) -> None:
        """Take the run for dead: if its process lives after all, it ends itself at its next beat."""
        self.client.set(f"{PREFIX}:{run_id}", OVER, ex=OVER_SECONDS)

    @contextmanager
    def beating(self, run_id: str, taken_for_dead: Callable[[], None]) -> Iterator[None]:
        """Beat in a thread for as long as the block lasts; `taken_for_dead` is called there, at most once.

        The last pulse stays for a silence's length: the run is on record as running until Dagster has written how it ended.
        """
        over = threading.Event()

        def beat() -> bool:
            try:
                return self.beat(run_id)
            except (RedisError, OSError) as error:  # a run does not fail because Redis is away
                log.debug("no pulse of %s: %s", run_id, type(error).__name__)
                return True

        def keep_beating() -> None:
            while not over.wait(self.silence / BEATS):
                if not beat():
                    taken_for_dead()
                    return

        beat()
        thread = threading.Thread(target=keep_beating, name="pulse", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            beat()
