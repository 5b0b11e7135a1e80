"""The matrix: what goes wrong, and at which moments of a sprint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from leadgen_assets.chaos import moments
from leadgen_assets.chaos.moments import Moment
from leadgen_assets.chaos.scene import Scene


@dataclass(frozen=True)
class Fault:
    """One row of the table. `strike` does it, and returns when whatever passes by itself has passed."""

    name: str
    says: str
    moments: tuple[Moment, ...]
    strike: Callable[[Scene], None]
    storage: str = "sqlite"
    """Where Dagster stores in a sprint with this fault."""


FAULTS: tuple[Fault, ...] = (Fault("kill-command", "`kill -9` of the command", moments.ALL, Scene.kill_command),)
BY_NAME = {each.name: each for each in FAULTS}
