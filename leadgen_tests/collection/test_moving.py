"""Which targets move, where to, and what comes back: decisions over figures (PHX-04)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.collection.moving import Move, Standing, lent, moves_away, moves_back
from leadgen_assets.vendors.blocked import Block

STANDINGS = st.lists(
    st.builds(
        Standing,
        segment=st.sampled_from([f"s{number}" for number in range(6)]),
        target=st.integers(0, 5000),
        delivered=st.integers(0, 5000),
        blocked=st.sampled_from([None, None, *Block]),
        is_exhausted=st.booleans(),
        is_paused=st.booleans(),
    ),
    min_size=1, max_size=6, unique_by=lambda each: each.segment,
)  # fmt: skip


def after(standings: list[Standing], moves: list[Move]) -> list[Standing]:
    """The same segments with their new targets."""
    targets = {each.segment: each.target for each in standings}
    for move in moves:
        targets[move.giver] -= move.leads
        for taker, leads in move.takers.items():
            targets[taker] += leads
    return [
        Standing(each.segment, targets[each.segment], each.delivered, each.blocked, each.is_exhausted, each.is_paused)
        for each in standings
    ]


def test_what_a_blocked_segment_misses_is_shared_in_proportion() -> None:
    """PHX-04: to the last lead; what it has delivered stays with it."""
    standings = [
        Standing("apollo", 1000, 399, blocked="unavailable"),
        Standing("zoominfo", 3000, 10),
        Standing("brightdata", 1000, 1000),
        Standing("files", 500, 200, is_exhausted=True),
    ]
    assert moves_away(standings) == [Move("apollo", {"zoominfo": 451, "brightdata": 150})]


def test_it_comes_back_as_far_as_it_was_not_collected_meanwhile() -> None:
    """PHX-04: the taker keeps what it has collected of it."""
    lent_out = [Move("apollo", {"zoominfo": 400, "brightdata": 200})]
    standings = [
        Standing("apollo", 400, 400),
        Standing("zoominfo", 3400, 3100),
        Standing("brightdata", 1200, 1200),
    ]
    assert moves_back(standings, lent_out) == [Move("zoominfo", {"apollo": 300})]


def test_a_taker_without_anybody_left_gives_back_also_to_a_blocked_one() -> None:
    """PHX-04: from there it moves on to those who can still take it."""
    past = [Move("apollo", {"files": 100, "zoominfo": 100})]
    standings = [
        Standing("apollo", 0, 0, blocked="out of credits"),
        Standing("files", 200, 120, is_exhausted=True),
        Standing("zoominfo", 200, 50),
    ]
    back = moves_back(standings, past)
    assert back == [Move("files", {"apollo": 80})]
    assert moves_away(after(standings, back)) == [Move("apollo", {"zoominfo": 80})]


def test_takers_without_a_target_of_their_own_take_too() -> None:
    """PHX-04: alone in equal parts, beside others nothing; the sum holds either way."""
    giver = Standing("apollo", 5, 0, blocked="unavailable")
    relieved = [Standing("files", 0, 0), Standing("zoominfo", 0, 0)]
    assert moves_away([giver, *relieved]) == [Move("apollo", {"files": 3, "zoominfo": 2})]
    assert moves_away([giver, relieved[0], Standing("zoominfo", 2, 2)]) == [Move("apollo", {"zoominfo": 5})]


def test_nobody_healthy_means_nothing_moves() -> None:
    """PHX-04: the target stays where it is, short and with its reason."""
    standings = [Standing("apollo", 10, 0, blocked="unavailable"), Standing("zoominfo", 10, 0, is_paused=True)]
    assert moves_away(standings) == []


@given(standings=STANDINGS)
def test_moving_keeps_the_sum_and_no_target_falls_below_what_is_delivered(standings: list[Standing]) -> None:
    """PHX-04, whoever is blocked: same sum, all of what is missing, and doing it again moves nothing."""
    moves = moves_away(standings)
    now = after(standings, moves)
    assert sum(each.target for each in now) == sum(each.target for each in standings)
    assert all(new.target >= min(old.target, old.delivered) for old, new in zip(standings, now, strict=True))
    if any(each.may_take for each in standings):
        assert [each for each in now if each.blocked and not each.is_paused and each.missing] == []
    assert moves_away(now) == []
    assert all(move.leads and all(move.takers.values()) for move in moves)


@given(standings=STANDINGS, recovered=STANDINGS)
def test_what_comes_back_is_never_more_than_was_lent(standings: list[Standing], recovered: list[Standing]) -> None:
    """PHX-04: also when segments deliver, are blocked or exhausted meanwhile; all of it once."""
    away = moves_away(standings)
    now = after(standings, away)
    states = {each.segment: each for each in recovered}
    later = [
        Standing(
            each.segment, each.target, max(each.delivered, states[each.segment].delivered),
            states[each.segment].blocked, states[each.segment].is_exhausted,
        ) if each.segment in states else each
        for each in now
    ]  # fmt: skip
    back = moves_back(later, away)
    loans = lent(away)
    for move in back:
        for giver, leads in move.takers.items():
            assert 0 < leads <= loans[giver, move.giver]
    assert moves_back(after(later, back), [*away, *back]) == []
    assert all(each.target >= 0 for each in after(later, back))
