"""Carries out what `moving` decides: targets of blocked segments go to others, and come back, all of it on record."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from leadgen_assets.collection.moving import Move, Standing, moves_away, moves_back
from leadgen_assets.collection.workbench import EXHAUSTED
from leadgen_assets.stores.lease import Lease
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.sprint_book import OpenSprint

_log = logging.getLogger(__name__)


def rebalance(stores: OpenStores, key: str) -> list[Move]:
    """Bring back what can be collected where it belongs, then move away what cannot. Run again, it moves nothing more.

    Returns the moves made. PHX-04: the sum of all targets stays the same.
    """
    opened = stores.book.get(key)
    back = moves_back(standings(stores, opened), past_moves(opened))
    for move in back:
        [taker] = move.takers
        opened = stores.book.move(key, move.giver, move.takers, f"{taker} collects again or {move.giver} has no more")
    away = moves_away(standings(stores, opened))
    for move in away:
        reason = blocked(opened).get(move.giver, "")
        stores.book.move(key, move.giver, move.takers, f"{move.giver}: {reason}")
    for move in (*back, *away):
        _log.warning("%s: %d leads move from %s to %s", key, move.leads, move.giver, ", ".join(sorted(move.takers)))
    return [*back, *away]


def conducting(stores: OpenStores, home: Path, key: str) -> Lease:
    """The right to move a sprint's targets and to start its segments: `leadgen sprint start` holds it while it runs."""
    return Lease(f"conducting-{key}", stores.redis, stores.db, home, seconds=60)


def standings(stores: OpenStores, opened: OpenSprint) -> list[Standing]:
    """Every segment, as it stands now."""
    counts = stores.counts(opened.key)
    stopped, barred = opened.result.get("stopped") or {}, blocked(opened)
    return [
        Standing(
            segment=each.id,
            target=each.leads,
            delivered=counts[each.id].delivered if each.id in counts else 0,
            blocked=barred.get(each.id),
            is_exhausted=str(stopped.get(each.id) or "").startswith(EXHAUSTED),
            is_paused=each.paused,
        )
        for each in opened.sprint.segments
    ]


def blocked(opened: OpenSprint) -> dict[str, str]:
    """{segment: why its vendor delivers nothing more}."""
    return {segment: why for segment, why in (opened.result.get("blocked") or {}).items() if why}


def blocked_sources(opened: OpenSprint) -> dict[str, str]:
    """{vendor: why it delivers nothing more}."""
    barred = blocked(opened)
    return {each.source: barred[each.id] for each in opened.sprint.segments if each.id in barred}


def answers_again(stores: OpenStores, key: str, sources: Collection[str]) -> None:
    """These vendors answer: their segments are blocked no more."""
    opened = stores.book.get(key)
    for each in opened.sprint.segments:
        if each.source in sources and each.id in blocked(opened):
            stores.book.record_stop(key, each.id, None)


def past_moves(opened: OpenSprint) -> list[Move]:
    """All moves on record, oldest first."""
    return [Move(each["segment"], each["takers"]) for each in opened.changes if each["what"] == "move"]
