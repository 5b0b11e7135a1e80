"""How the governor sees a vendor at this moment: is its circuit open, when is the next probe, how fast may it be called. Reads
without granting anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import redis

from leadgen_assets.vendors.pacing import Pacing
from leadgen_assets.vendors.rate_scripts import LOOK

_MICRO = 1_000_000


class Circuit(StrEnum):
    """Of one vendor, for all processes together."""

    CLOSED = "closed"
    OPEN = "open"
    """The vendor rests: nobody calls it before the next probe."""
    PROBING = "probing"
    """One call tries, or the next one will; the others wait for its answer."""


@dataclass(frozen=True)
class Condition:
    """One vendor. `next_probe`: seconds until the circuit lets a call through; 0 unless it is open."""

    circuit: Circuit = Circuit.CLOSED
    failures: int = 0
    """Unanswered calls in a row."""
    next_probe: float = 0.0
    pace: float = 1.0
    """Share of the documented rate that is used after rejections, 0..1."""

    @property
    def is_open(self) -> bool:
        """Whether calls are held back."""
        return self.circuit is not Circuit.CLOSED


class ConditionQuery:
    """Asks for some vendors' conditions as a part of somebody's pipeline: `queue`, then `parse` its one answer."""

    def __init__(self, vendors: Iterable[str], pacing: Pacing | None = None, prefix: str = "leadgen:rate") -> None:
        self._vendors = list(vendors)
        self._recovery = (pacing or Pacing()).recovery
        self._prefix = prefix

    def queue(self, pipeline: redis.client.Pipeline) -> None:
        """Add the command."""
        keys = [f"{self._prefix}:{each}:{what}" for each in self._vendors for what in ("circuit", "pace")]
        pipeline.eval(LOOK, len(keys), *keys, str(self._recovery))

    def parse(self, answers: Sequence[Any]) -> dict[str, Condition]:
        """{vendor: its condition}"""
        (numbers,) = answers
        return {each: _condition(numbers[4 * at : 4 * at + 4]) for at, each in enumerate(self._vendors)}


def _condition(numbers: Sequence[int]) -> Condition:
    failures, state, wait, pace = (int(each) for each in numbers)
    circuit = (Circuit.CLOSED, Circuit.OPEN, Circuit.PROBING)[state]
    return Condition(circuit, failures, wait / _MICRO, pace / _MICRO)
