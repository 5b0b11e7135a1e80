"""Where cases take place: the stores' servers, one world of simulated vendors, and a way to start the command."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import redis
from pymongo import MongoClient
from pymongo.database import Database

from leadgen_assets.chaos import small
from leadgen_assets.sandbox import beside
from leadgen_assets.sandbox.frame import FrameOptions, VendorSim
from leadgen_assets.sandbox.rates import load_limits
from leadgen_assets.sandbox.sales_navigator import write_exports
from leadgen_assets.sandbox.server import build_app
from leadgen_assets.sandbox.world import World
from leadgen_assets.services.home import ServiceHome
from leadgen_assets.settings import Settings
from leadgen_assets.sprint_file import dump_sprint
from leadgen_assets.stores.lead_schema import SIDE_INDEXES
from leadgen_assets.stores.migrations import migrate
from leadgen_assets.stores.mongo import LEADS

SPEED = 10
"""Sandbox seconds in a second: a snapshot that takes twenty is there after two."""
LATENCY_MS = {"apollo": 250, "zoominfo": 250, "brightdata": 40, "hunter": 40, "clearbit": 40, "hubspot": 250}
"""What a call takes at least, so that there is a moment to hit it."""
READY_SECONDS = 60.0
_PROJECT = Path(__file__).resolve().parents[2]
DAGSTER = {"sqlite": _PROJECT / "deploy" / "dagster.sqlite.yaml", "postgres": _PROJECT / "dagster.yaml"}
"""Configuration of Dagster by where it stores."""

StartCommand = Callable[[Path, Path, Mapping[str, str]], BaseProcess]
"""(sprint file, log, environment) -> the process of `leadgen sprint start`."""


class NotReady(RuntimeError):
    """Servers that do not come back, which no fault may cause."""


@dataclass
class Ground:
    """Servers and vendors that cases share, one after the other."""

    home: Path
    start_command: StartCommand
    world: World
    sims: dict[str, VendorSim]
    url: str
    mongo: MongoClient[dict[str, Any]]
    database: str
    redis: redis.Redis
    services: ServiceHome
    """The servers' processes and states."""
    sizes: Mapping[str, int]
    """Records asked of each paid source."""

    @property
    def db(self) -> Database[dict[str, Any]]:
        """The database of the cases; read with a client of our own."""
        return self.mongo[self.database]

    @property
    def logs(self) -> Path:
        """Where commands and workers write."""
        return self.home / "logs"

    def clear(self) -> None:
        """As on the first day: empty stores, vendors without a past, exports that were dropped long ago."""
        self.wait_ready()
        self.sweep()
        for name in (LEADS, *SIDE_INDEXES):
            self.db[name].delete_many({})
        self.redis.flushdb()
        for name, sim in self.sims.items():
            sim.reset()
            sim.faults.latency_ms = LATENCY_MS.get(name, 0)
        _settle(self.home / "imports")

    def sweep(self) -> None:
        """End Dagster's readers of log files, which a killed worker leaves behind."""
        for each in psutil.process_iter():
            with suppress(psutil.Error):
                if each.name() == "tail" and str(self.home) in " ".join(each.cmdline()):
                    each.kill()

    def start(self, sprint: str, crm: str, storage: str = "sqlite") -> BaseProcess:
        """`leadgen sprint start` for that sprint, as a process of its own, with Dagster's storage on SQLite, which costs
        half of the time, or in PostgreSQL."""
        path = self.home / f"{sprint}.yaml"
        path.write_text(dump_sprint(small.make_sprint(sprint, self.world, crm, self.sizes)))
        environment = {name: value for name, value in os.environ.items() if name.startswith(("LEADGEN_", "DAGSTER_"))}
        environment["DAGSTER_HOME"] = str(self.home / f"dagster-{storage}")
        return self.start_command(path, self.logs / f"{sprint}.log", environment)

    def server(self, name: str) -> int | None:
        """Process id of a store's server (mongo, redis, postgres); None while it is not ready."""
        state = self.services.live_state()
        server = state.servers.get(name) if state else None
        return server.process.pid if server and server.process and server.state == "ready" else None

    def wait_ready(self) -> None:
        """Return once every server is up again. Raises `NotReady`."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline:
                raise NotReady(f"servers are not back after {READY_SECONDS:.0f} s: {self.services.live_state()}")
            time.sleep(0.05)
        while True:
            try:
                self.mongo.admin.command("ping")
                self.redis.ping()
                return
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _is_ready(self) -> bool:
        state = self.services.live_state()
        return state is not None and all(each.state == "ready" for each in state.servers.values())


@contextmanager
def opened(
    home: Path,
    seed: int,
    start_command: StartCommand,
    *,
    services: Path | None = None,
    sizes: Mapping[str, int] = small.SIZES,
) -> Iterator[Ground]:
    """The ground of one seed's cases. The servers run already, in the home or in that of `services`; their addresses are
    in the environment."""
    home.mkdir(parents=True, exist_ok=True)
    limits = small.write_limits(home / "limits.yaml")
    fast = load_limits(small.write_limits(home / "sandbox-limits.yaml", SPEED, small.JITTER))
    settings = Settings()
    os.environ["LEADGEN_LIMITS"] = str(limits)
    world = small.make_world(seed)
    write_exports(world, home / "imports" / "sales_navigator")
    app = build_app(world, options=FrameOptions(limits=fast, seed=seed, clock=lambda: time.monotonic() * SPEED))
    with ExitStack() as stack:
        url = os.environ["LEADGEN_SANDBOX_URL"] = stack.enter_context(beside.serving(app))
        mongo: MongoClient[dict[str, Any]] = stack.enter_context(
            MongoClient(str(settings.leadgen_mongo_uri), tz_aware=True)
        )
        client = redis.Redis.from_url(str(settings.leadgen_redis_url))
        stack.callback(client.close)
        migrate(mongo[settings.leadgen_database])
        _lay_out_dagster(home)
        servers = ServiceHome(services or home)
        ground = Ground(
            home, start_command, world, app.state.sims, url, mongo, settings.leadgen_database, client, servers, sizes
        )  # fmt: skip
        stack.callback(ground.sweep)
        yield ground


def _settle(folder: Path) -> None:
    """Files that are still being written are left for later by the collectors."""
    then = time.time() - 60
    for each in folder.rglob("*.csv"):
        os.utime(each, (then, then))


def _lay_out_dagster(home: Path) -> None:
    """A Dagster home for each kind of storage; its tables are made now, because two processes cannot do it at once."""
    for storage, configuration in DAGSTER.items():
        own = home / f"dagster-{storage}"
        if not own.exists() and (storage == "sqlite" or os.environ.get("DAGSTER_PG_URL")):
            own.mkdir(parents=True)
            shutil.copyfile(configuration, own / "dagster.yaml")
            with dg.DagsterInstance.from_config(str(own)) as instance:
                instance.get_runs(limit=1)
                instance.get_dynamic_partitions("sprint")
