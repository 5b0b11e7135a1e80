"""How often each fault was injected, and how often it was survived."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from leadgen_assets.chaos.case import Outcome


@dataclass
class Row:
    """One fault's figures."""

    injected: int = 0
    survived: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    """{moment: times injected}"""


@dataclass
class Tally:
    """Figures by fault."""

    rows: dict[str, Row] = field(default_factory=lambda: defaultdict(Row))
    sprints: int = 0
    starts: int = 0
    broken: list[str] = field(default_factory=list)
    """One line a violation: which case, and what did not hold."""

    def add(self, done: Outcome) -> None:
        """Count one case."""
        self.sprints += 1
        self.starts += done.starts
        for step in done.struck:
            row = self.rows[step.fault.name]
            row.injected += 1
            row.survived += not done.violations
            row.moments[step.moment.name] += 1
        self.tell(done)

    def tell(self, done: Outcome) -> None:
        """Keep what did not hold."""
        names = ", ".join(map(str, done.case.steps))
        self.broken += [f"seed {done.case.seed}, {names}: {each}" for each in done.violations]

    @property
    def is_survived(self) -> bool:
        """Whether everything was survived."""
        return not self.broken
