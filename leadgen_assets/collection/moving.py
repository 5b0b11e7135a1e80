"""Targets that move: what a segment cannot collect because its vendor is blocked goes to segments that can (PHX-04).

Pure decisions over figures; `stores.sprint_book` carries them out and keeps every move on record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """Where a segment stands. `blocked`: a `vendors.blocked.Block`. `is_exhausted`: its source has nobody else for its search."""

    segment: str
    target: int
    delivered: int
    blocked: str | None = None
    is_exhausted: bool = False
    is_paused: bool = False

    @property
    def missing(self) -> int:
        """Records it still has to collect."""
        return max(0, self.target - self.delivered)

    @property
    def may_take(self) -> bool:
        """Whether it could collect more than it is asked to."""
        return self.blocked is None and not self.is_exhausted and not self.is_paused


@dataclass(frozen=True)
class Move:
    """Leads that one segment gives and others take, {segment: leads}; the sum of all targets stays the same."""

    giver: str
    takers: Mapping[str, int]

    @property
    def leads(self) -> int:
        """How many leads change hands."""
        return sum(self.takers.values())


def moves_away(standings: Sequence[Standing]) -> list[Move]:
    """What blocked segments give, shared among those that may take in proportion to their targets, to the last lead."""
    takers = sorted((each for each in standings if each.may_take), key=lambda each: each.segment)
    if not takers:
        return []
    return [
        Move(each.segment, _shares(each.missing, {taker.segment: taker.target for taker in takers}))
        for each in standings
        if each.blocked and not each.is_paused and each.missing
    ]


def moves_back(standings: Sequence[Standing], past: Iterable[Move]) -> list[Move]:
    """What returns to segments whose vendor answers again: of what they gave, what its takers have not collected yet.

    A taker that is blocked or exhausted itself gives back to whoever lent to it, blocked or not, so that the leads may
    move on from there.
    """
    now = {each.segment: each for each in standings}
    missing = {each.segment: each.missing for each in standings}
    found: list[Move] = []
    for (giver, taker), leads in sorted(lent(past).items()):
        if giver not in now or taker not in now:
            continue
        is_wanted = now[giver].may_take or not now[taker].may_take
        returned = min(leads, missing[taker]) if is_wanted else 0
        if returned:
            missing[taker] -= returned
            found.append(Move(taker, {giver: returned}))
    return found


def lent(past: Iterable[Move]) -> dict[tuple[str, str], int]:
    """{(giver, taker): leads} that are still lent, from all moves so far: a move back is one in the other direction."""
    lent: dict[tuple[str, str], int] = {}
    for move in past:
        for taker, leads in move.takers.items():
            owed = lent.get((taker, move.giver), 0)
            repaid = min(owed, leads)
            if repaid:
                lent[taker, move.giver] = owed - repaid
            if leads > repaid:
                lent[move.giver, taker] = lent.get((move.giver, taker), 0) + leads - repaid
    return {pair: leads for pair, leads in lent.items() if leads}


def _shares(leads: int, weights: Mapping[str, int]) -> dict[str, int]:
    """The leads in proportion to the weights, by largest remainder; nobody gets none of them on record."""
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    exact = {name: leads * weight / sum(weights.values()) for name, weight in weights.items()}
    shares = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (shares[name] - exact[name], name))
    for name in by_remainder[: leads - sum(shares.values())]:
        shares[name] += 1
    return {name: share for name, share in shares.items() if share}
