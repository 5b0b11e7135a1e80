"""The matrix: what goes wrong, and at which moments of a sprint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from leadgen_assets.chaos import moments
from leadgen_assets.chaos.moments import Moment
from leadgen_assets.chaos.scene import Scene


@dataclass(frozen=True)
class Fault:
    """One row of the table. `strike` does it; what passes by itself passes while the sprint goes on."""

    name: str
    says: str
    moments: tuple[Moment, ...]
    strike: Callable[[Scene], None]
    storage: str = "sqlite"
    """Where Dagster stores in a sprint with this fault."""
    needs_disk: bool = False
    """Only where the suite's home is on a disk of its own."""


def _kill(server: str) -> Callable[[Scene], None]:
    return lambda scene: scene.kill_server(server)


def _freeze(server: str) -> Callable[[Scene], None]:
    return lambda scene: scene.freeze_server(server)


def _switch(vendor: str = "", **faults: float) -> Callable[[Scene], None]:
    return lambda scene: scene.switch(vendor, **faults)


def _storm(scene: Scene) -> None:
    """Fewer than what makes Bright Data block us for good."""
    scene.switch("", storm_429=scene.chance.randint(2, 8))


ALL, ASKING, JOBS = moments.ALL, moments.ASKING, moments.JOBS

FAULTS: tuple[Fault, ...] = (
    Fault("kill-command", "`kill -9` of the command", ALL, Scene.kill_command),
    Fault("kill-worker", "`kill -9` of the process that executes a run", ALL, Scene.kill_worker),
    Fault("kill-mongod", "`kill -9` of mongod", ALL, _kill("mongo")),
    Fault("kill-valkey", "`kill -9` of Valkey", ALL, _kill("redis")),
    Fault("kill-postgres", "`kill -9` of PostgreSQL (Dagster's storage)", ALL, _kill("postgres"), storage="postgres"),
    Fault("kill-stores", "`kill -9` of the stores' supervisor: all servers at once", ALL, Scene.kill_supervisor),
    Fault("freeze-mongod", "mongod does not answer for up to 3 s", ALL, _freeze("mongo")),
    Fault("freeze-valkey", "Valkey does not answer for up to 3 s", ALL, _freeze("redis")),
    Fault("flush-valkey", "Valkey loses everything (FLUSHALL)", ALL, Scene.flush_redis),
    Fault("disk-full", "the disk is full for up to 3 s", ALL, Scene.fill_disk, needs_disk=True),
    Fault("orphaned-job", "`kill -9` of the command while a job runs at a vendor", JOBS, Scene.kill_command),
    Fault("storm-429", "a vendor rejects calls for their rate (429)", ASKING, _storm),
    Fault("errors-500", "a vendor answers every second call with a server error", ASKING, _switch(error_rate=0.5)),
    Fault("cut-off", "answers break off in mid-body, paid ones too", ASKING, _switch(truncate_rate=0.4)),
    Fault("time-outs", "calls are carried out and never answered", ASKING, _switch(timeout_rate=0.3)),
    Fault("garbage", "answers are no JSON, paid ones too", ASKING, _switch(garbage_rate=0.4)),
    Fault("repeated-pages", "a vendor delivers a page twice", ASKING, _switch(repeat_rate=0.5)),
    Fault("expired-token", "a vendor refuses the credential", ASKING, _switch(expired_token=True)),
    Fault("credits-out", "a vendor's credits run out", moments.PAYING, _switch(credits_out=True)),
    Fault("vendor-down", "a vendor is away", ASKING, _switch(down=True)),
    Fault("crm-down", "HubSpot is away (503)", (moments.CRM,), _switch("hubspot", down=True)),
)
BY_NAME = {each.name: each for each in FAULTS}
