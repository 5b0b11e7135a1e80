"""Which cases there are, and playing them one after the other."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from leadgen_assets.chaos import case as cases
from leadgen_assets.chaos.case import Case, Outcome, Step
from leadgen_assets.chaos.faults import Fault
from leadgen_assets.chaos.ground import Ground, StartCommand, opened
from leadgen_assets.chaos.tally import Tally


def planned(faults: Sequence[Fault], seeds: Sequence[int]) -> dict[int, list[Case]]:
    """{seed: its cases}: each fault once a seed, at a moment that changes from seed to seed.

    A sprint takes one fault while it collects, one while it refines and one while it loads the CRM, which makes the
    suite three times as fast; a sprint that does not survive is played again with each of its faults alone.
    """
    return {seed: _cases(seed, faults) for seed in seeds}


def _cases(seed: int, faults: Sequence[Fault]) -> list[Case]:
    chance = random.Random(seed)  # nosec B311 # repeatable
    steps = [Step(each, each.moments[(seed + at) % len(each.moments)]) for at, each in enumerate(faults)]
    chance.shuffle(steps)
    phases = [[each for each in steps if each.moment.phase == phase] for phase in (1, 2, 3)]
    rows = zip_longest(*phases)
    return [Case(seed, at, tuple(filter(None, row))) for at, row in enumerate(rows, start=1)]


def run(plan: dict[int, list[Case]], home: Path, start_command: StartCommand) -> Iterator[tuple[Outcome, Tally]]:
    """Play every case, and after each tell its outcome and the tally so far. Servers run, their addresses are in the
    environment."""
    tally = Tally()
    for seed, chosen in plan.items():
        with opened(home, seed, start_command) as ground:
            for each in chosen:
                done = cases.run(ground, each)
                if done.violations and len(each.steps) > 1:
                    yield done, tally
                    yield from _one_by_one(ground, done, tally)
                    continue
                tally.add(done)
                yield done, tally


def _one_by_one(ground: Ground, together: Outcome, tally: Tally) -> Iterator[tuple[Outcome, Tally]]:
    """Which of the faults it was; where it was none of them alone, that is told, too."""
    survived = True
    for alone in together.case.alone():
        done = cases.run(ground, alone)
        tally.add(done)
        survived = survived and not done.violations
        yield done, tally
    if survived:
        tally.tell(together)
