"""PHX-09: the size of a write follows what it costs, within what REQ-017 allows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.stores.batch_size import FIRST, LEAST, MOST, SLOW_SECONDS, STEP, BatchSize

TIMES = st.lists(st.floats(0.001, 30), max_size=60)


def after(times: list[float], size: BatchSize | None = None) -> BatchSize:
    size = size or BatchSize()
    for seconds in times:
        size = size.after(size.records, seconds)
    return size


@given(times=TIMES)
def test_a_size_is_always_allowed(times: list[float]) -> None:
    """REQ-017: 100 to 500, whatever is measured."""
    assert LEAST <= after(times).records <= MOST


@given(times=TIMES, slow=st.floats(SLOW_SECONDS * 1.01, 100))
def test_a_slow_batch_makes_the_next_one_smaller(times: list[float], slow: float) -> None:
    """PHX-09: leads are not kept from the desk."""
    before = after(times)
    assert before.after(before.records, slow).records == max(LEAST, before.records // 2)


@given(times=TIMES, each=st.floats(1e-6, SLOW_SECONDS / MOST / 2))
def test_steady_cheap_records_lead_to_the_largest_size(times: list[float], each: float) -> None:
    """PHX-09: grows while a record is no dearer, also after bad times."""
    size = after(times)
    for _ in range(60):
        size = size.after(size.records, each * size.records)
    assert size.records == MOST


def test_a_size_grows_in_steps_and_stays_where_records_become_dearer() -> None:
    """PHX-09: a step at a time; a record that costs clearly more than lately ends the growth."""
    grown = BatchSize().after(FIRST, 0.25)
    assert grown.records == FIRST + STEP
    assert grown.after(grown.records, 0.6).records == grown.records


def test_a_batch_that_was_not_full_says_nothing() -> None:
    """PHX-09: the last batch of a segment is small and dear."""
    size = BatchSize(400, 0.001)
    assert size.after(40, 1.0) == size
