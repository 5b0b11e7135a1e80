"""One case: a sprint, faults at moments of it, the recovery after each, and what does not hold in the end."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from dataclasses import dataclass, field

from leadgen_assets.chaos.evidence import gather
from leadgen_assets.chaos.faults import Fault
from leadgen_assets.chaos.ground import Ground
from leadgen_assets.chaos.invariants import violations
from leadgen_assets.chaos.moments import Moment
from leadgen_assets.chaos.scene import NoVictim, Scene
from leadgen_assets.sandbox.world import Sighting
from leadgen_assets.stores.suppressions import Suppressions

MOST_STARTS = 4
"""Of the command for one fault, the first one included: a person would not try more often."""
START_SECONDS = 240.0
"""After which a command that does not end counts as hanging."""
LOOK_SECONDS = 0.005


@dataclass(frozen=True)
class Step:
    """A fault at a moment."""

    fault: Fault
    moment: Moment

    def __str__(self) -> str:
        """For people."""
        return f"{self.fault.name} at {self.moment.name}"


@dataclass(frozen=True)
class Case:
    """A sprint of one seed that suffers one step or several, in the order of their moments."""

    seed: int
    number: int
    steps: tuple[Step, ...]

    @property
    def sprint(self) -> str:
        """The sprint's key, by which its logs are found too."""
        return f"chaos-{self.seed}-{self.number}"

    @property
    def crm(self) -> str:
        """The CRM that the steps need."""
        return next((each.moment.crm for each in self.steps if each.moment.crm), "hubspot")

    @property
    def storage(self) -> str:
        """Dagster's storage: PostgreSQL where a step is about it."""
        return next((each.fault.storage for each in self.steps if each.fault.storage != "sqlite"), "sqlite")

    @property
    def chance(self) -> random.Random:
        """Decides all that is left to chance; the same for the same seed and steps, in every process."""
        return random.Random(f"{self.seed}: {', '.join(map(str, self.steps))}")  # nosec B311 # a case that repeats itself

    def alone(self) -> list[Case]:
        """Each step in a sprint of its own, to tell which one it was."""
        return [Case(self.seed, self.number * 10 + at, (step,)) for at, step in enumerate(self.steps, start=1)]


@dataclass
class Outcome:
    """What came of a case."""

    case: Case
    struck: list[Step] = field(default_factory=list)
    """Steps whose moment came; in the others the sprint was over before, or the victim was gone."""
    starts: int = 1
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)


def run(ground: Ground, case: Case) -> Outcome:
    """Play a case. The ground is clean before and dirty afterwards."""
    began, chance, done = time.monotonic(), case.chance, Outcome(case)  # nosec B311 # repeatable
    ground.clear()
    barred = _suppress_some(ground, chance)
    _play(ground, case, chance, done)
    ground.wait_ready()
    done.violations += violations(gather(ground, case.sprint, case.crm, barred))
    done.seconds = time.monotonic() - began
    return done


def _play(ground: Ground, case: Case, chance: random.Random, done: Outcome) -> None:
    """Start the command, again whenever it ended without having delivered, and strike when a step's moment has come."""
    scene = Scene(ground, case.sprint, ground.start(case.sprint, case.crm, case.storage), chance)
    waiting = [(step, step.moment.reached(ground, case.sprint, chance)) for step in case.steps]
    started = time.monotonic()
    while True:
        scene.look()
        if waiting and waiting[0][1]():
            step = waiting.pop(0)[0]
            scene.vendor = chance.choice(step.moment.vendors)
            with suppress(NoVictim):
                step.fault.strike(scene)
                done.struck.append(step)
        if not scene.command.is_alive():
            scene.heal()
            if scene.command.exitcode == 0:
                return
            if done.starts >= MOST_STARTS * len(case.steps):
                done.violations.append(f"not delivered after {done.starts} starts")
                return
            ground.wait_ready()
            time.sleep(chance.choice((0.0, 0.7)))  # at once, as a supervisor does, or when the last worker is gone
            scene.command, started = ground.start(case.sprint, case.crm, case.storage), time.monotonic()
            done.starts += 1
        elif time.monotonic() - started > START_SECONDS:
            done.violations.append(f"start {done.starts} did not end within {START_SECONDS:.0f} s")
            scene.kill_command()
        _pause(scene, is_waiting=bool(waiting))


def _pause(scene: Scene, *, is_waiting: bool) -> None:
    """A moment; up to half a second where only the command's end is waited for."""
    if is_waiting or scene.passing:
        time.sleep(LOOK_SECONDS)
    else:
        scene.command.join(0.5)


def _suppress_some(ground: Ground, chance: random.Random) -> frozenset[str]:
    """Put three people whom vendors will deliver on the suppression list. Returns their keys."""
    apollo = [each for each in ground.world.pool("apollo-1", 40) if not each.junk]
    pages = [_page(each) for each in apollo if each.slug]
    addresses = [("email", str(each.email_key)) for each in apollo if each.email_key]
    keys = [*chance.sample(pages, 2), chance.choice(addresses)]
    Suppressions(ground.db).add_many(keys, "asked not to be contacted")
    return frozenset(f"{kind}:{key}" for kind, key in keys)


def _page(seen: Sighting) -> tuple[str, str]:
    return "linkedin", f"https://www.linkedin.com/in/{seen.slug}"
