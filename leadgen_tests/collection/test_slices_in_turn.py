"""A search that is cut into slices is walked page by page through all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leadgen_assets.collection.listed import in_turn
from leadgen_assets.vendors.contracts import SearchQuery


@given(totals=st.lists(st.integers(0, 90), max_size=6), page_size=st.integers(1, 25))
def test_every_page_comes_once_and_the_best_of_every_slice_first(totals: list[int], page_size: int) -> None:
    """vendors.md §8.3: nothing is missed by slicing, and a segment that stops half way has no slice to itself."""
    slices = [(SearchQuery((f"title {number}",)), total) for number, total in enumerate(totals)]
    walked = list(in_turn(slices, page_size))

    assert len(set(walked)) == len(walked)
    assert {(query, page) for query, page in walked} == {
        (query, page) for query, total in slices for page in range(1, -(-total // page_size) + 1)
    }
    assert [page for _, page in walked] == sorted(page for _, page in walked)
