"""The process that owns the embedded servers of one `LEADGEN_HOME`.

Started by `lifecycle`, never by hand: `python -m leadgen_assets.services.supervisor LEADGEN_HOME`. It runs what the
live leases ask for, mends what dies and leaves when the last lease is gone. Killed with -9, it takes its servers with
it (`exec_shim`).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType

from filelock import Timeout

from leadgen_assets.redaction import logs
from leadgen_assets.services.home import EXIT_OWNED, ServiceHome, SupervisorState
from leadgen_assets.services.keeper import Keeper
from leadgen_assets.services.mongo import MongoServer
from leadgen_assets.services.postgres import PostgresServer
from leadgen_assets.services.processes import ProcessIdentity
from leadgen_assets.services.servers import Server
from leadgen_assets.services.valkey import ValkeyServer

SERVERS: dict[str, type[Server]] = {server.name: server for server in (MongoServer, ValkeyServer, PostgresServer)}
_QUIET_PAUSE, _BUSY_PAUSE = 0.25, 0.02
_LOG_LIMIT = 20_000_000


class Supervisor:
    """Runs in the main thread of its process; only slow waits use other threads."""

    def __init__(self, home: ServiceHome) -> None:
        self.home = home
        self.keepers: dict[str, Keeper] = {}
        self.pool = ThreadPoolExecutor(max_workers=len(SERVERS))
        self.told_to_stop = threading.Event()
        self.me = ProcessIdentity.current()
        self._published: SupervisorState | None = None

    def run(self) -> None:
        """Serve until told to stop or until nobody holds a lease."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._hear)
        self._end_strays()
        self._shorten_logs()
        self._publish("running")
        while not self.told_to_stop.is_set():
            if not self._adopt() and self._may_leave():
                break
            for keeper in self.keepers.values():
                keeper.step()
            self._publish("running")
            is_busy = any(keeper.is_busy for keeper in self.keepers.values())
            self.told_to_stop.wait(_BUSY_PAUSE if is_busy else _QUIET_PAUSE)
        self._publish("stopping")
        self._stop_servers()
        self.home.write_state(None)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self.told_to_stop.set()

    def _adopt(self) -> bool:
        """Take on every server that a lease asks for and that is not kept yet. False when there is no lease."""
        leases = list(self.home.leases())
        wanted = {name: binary for lease in leases for name, binary in lease.wanted.items()}
        for name, binary in wanted.items():
            if name not in self.keepers:
                self.keepers[name] = Keeper(SERVERS[name](self.home, Path(binary)), self.pool)
        for name in [name for name, keeper in self.keepers.items() if keeper.state.state == "failed"]:
            if name not in wanted:  # whoever asks next gets a fresh try instead of an old complaint
                self.keepers.pop(name).stop()
        return bool(leases)

    def _may_leave(self) -> bool:
        with self.home.join_lock:
            if any(self.home.leases()):
                return False
            self._publish("stopping")
            return True

    def _publish(self, phase: str) -> None:
        servers = {name: replace(keeper.state) for name, keeper in self.keepers.items()}
        state = SupervisorState(self.me, phase, servers)
        if state == self._published:
            return
        try:
            self.home.write_state(state)
            self._published = state
        except OSError as error:  # a full disk is no reason to take the databases down
            with suppress(OSError):  # the log is on the same disk
                sys.stderr.write(f"the state could not be written: {error}\n")
                sys.stderr.flush()

    def _end_strays(self) -> None:
        """Servers of a supervisor that was killed: on their way out, or, where no death signal exists, still there."""
        last = self.home.last_state()
        for server in last.servers.values() if last else ():
            if server.process is not None:
                server.process.end()

    def _shorten_logs(self) -> None:
        for log in self.home.logs.glob("*.log"):
            if log.stat().st_size > _LOG_LIMIT:
                log.replace(log.with_suffix(".log.1"))

    def _stop_servers(self) -> None:
        for keeper in self.keepers.values():
            keeper.ask_to_stop()
        for keeper in reversed(self.keepers.values()):
            keeper.stop()
        self.pool.shutdown(wait=True, cancel_futures=True)


def main(leadgen_home: str) -> int:
    """Own the home and serve; exit code 75 when another supervisor owns it."""
    os.umask(0o077)
    logs.install()
    home = ServiceHome(Path(leadgen_home))
    home.create()
    lock = home.owner_lock
    try:
        lock.acquire(timeout=0)
    except Timeout:
        owner = home.live_state()
        sys.stderr.write(f"{home.leadgen_home} is served by supervisor {owner.supervisor.pid if owner else '?'}\n")
        return EXIT_OWNED
    with lock:
        Supervisor(home).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
