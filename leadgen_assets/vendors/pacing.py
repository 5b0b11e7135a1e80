"""How the governor reacts to a vendor in trouble: when it lets it rest, and how it slows down and recovers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Pacing:
    """Circuit breaker and adaptive pace; spans are seconds.

    failures: unanswered attempts in a row, over all processes, after which nobody calls the vendor for `rest` seconds.
    After a rest one call goes out as a probe, and others stay away for at most `probe` seconds: an answer closes the
    circuit, a failure doubles the rest up to `longest_rest`.
    A rejection (429) halves the pace, not below `slowest` and once in `settle`, which covers the calls that were on
    their way; it recovers by the share `recovery` of the documented rate a second (PHX-09). `memory`: how long a
    rejection counts as a strike (vendors.md §2.5).
    """

    failures: int = 8
    rest: float = 2.0
    longest_rest: float = 300.0
    probe: float = 45.0
    recovery: float = 0.02
    settle: float = 1.0
    slowest: float = 1 / 16
    memory: float = 300.0


class Word(StrEnum):
    """What stands behind a decision."""

    SOUND = "sound"
    AILING = "ailing"
    """Granted, but failures are on record: an answer should clear them."""
    WAITING = "waiting"
    """A window is full, or the vendor asked for a pause."""
    RESTING = "resting"
    """The circuit is open, or a probe is out."""


@dataclass(frozen=True)
class Decision:
    """`wait` is 0 when the call may be made now, else the seconds until it is worth asking again."""

    wait: float
    word: Word
    slot: int | None = None
    """Of a grant by the shared windows: its time in microseconds, by which it is known there."""
