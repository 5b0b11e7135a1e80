"""One sandbox vendor behind an in-process HTTP client, with a clock the test moves by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from leadgen_assets.sandbox.frame import FrameOptions, VendorSim
from leadgen_assets.sandbox.rates import Window
from leadgen_assets.sandbox.world import Company, Person, World


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Opened:
    """A vendor that answers."""

    sim: Any
    http: TestClient
    clock: Clock

    @property
    def world(self) -> World:
        world: World = self.sim.world
        return world


@cache
def small_world() -> World:
    """The world of these tests; nobody changes it."""
    made: World = World.generate(seed=7, people=600)
    return made


@contextmanager
def opened(
    build: Callable[[World, FrameOptions], VendorSim],
    headers: Mapping[str, str] | None = None,
    windows: Mapping[str, tuple[Window, ...]] | None = None,
) -> Iterator[Opened]:
    """The vendor over HTTP, below its prefix. `windows` are its rate limits; by default there are none."""
    clock = Clock()
    # The vendor's name is known only after it is built, so the limits say the same for every name.
    sim = build(small_world(), FrameOptions(limits=_SameForAll(windows or {}), clock=clock))
    base = f"http://sandbox.test{sim.prefix}"
    with TestClient(Starlette(routes=list(sim.routes())), base_url=base, headers=dict(headers or {})) as http:
        yield Opened(sim, http, clock)


class _SameForAll(dict[str, Mapping[str, tuple[Window, ...]]]):
    def __init__(self, windows: Mapping[str, tuple[Window, ...]]) -> None:
        super().__init__()
        self._windows = windows

    def get(self, key: str, default: Any = None) -> Any:
        return self._windows


def person_where(fits: Callable[[Person], bool]) -> Person:
    """A person of the small world that fits and can be told apart by name and company."""
    world = small_world()
    return next(
        each
        for each in world.people
        if fits(each) and world.person_by_name_domain(each.first_name, each.last_name, each.company.domain) is each
    )


def company_where(fits: Callable[[Company], bool]) -> Company:
    """A company of the small world that fits."""
    return next(each for each in small_world().companies if fits(each))
