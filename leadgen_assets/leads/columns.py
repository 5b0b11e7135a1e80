"""Columns as the frames of leads hold them: Arrow text, and lists per row built without a look at each row."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Codes = NDArray[np.int64]
"""Positions or codes, one a row; -1 where there is none."""

TEXT = pd.StringDtype(na_value=np.nan)
"""Text of every frame: Arrow memory, NaN where it is missing."""


def text_array(values: Sequence[str | None] | NDArray[Any]) -> pd.api.extensions.ExtensionArray:
    """Texts and None (or NaN) as a column; a third of the time that `pd.array` takes."""
    import pyarrow as pa

    column: Any = pa.array(values, type=pa.large_string(), from_pandas=True)
    return cast(pd.api.extensions.ExtensionArray, cast(Any, TEXT).__from_arrow__(column))


def give_back_memory() -> None:
    """Hand memory that is free again back to the system: Arrow and the C library would keep what a large step took."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def shared_lists(rows: pd.Series) -> pd.Series:
    """A column of lists in which equal lists are one object: where a few lists repeat in a million rows. Nobody changes
    a list of a frame in place; who needs another one makes it."""
    known: dict[tuple[str, ...], list[str]] = {}
    return pd.Series([known.setdefault(tuple(row), row) for row in rows.tolist()], index=rows.index, dtype=object)


def lists(values: Sequence[Any], owner: NDArray[np.int64], owners: int) -> pd.Series:
    """The values of each owner 0…owners-1 as a list, in their order. Owners without values have empty lists."""
    order = np.argsort(owner, kind="stable")
    given = list(values)
    sorted_values = given if np.array_equal(order, np.arange(len(order))) else [given[at] for at in order.tolist()]
    ends = np.cumsum(np.bincount(owner, minlength=owners)).tolist()
    with collector_paused():
        found = [sorted_values[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        return pd.Series(found, dtype=object)


@contextmanager
def settled_heap() -> Iterator[None]:
    """What is in memory now is no garbage for a while: the cycle collector looks only at what comes after."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def contiguous(values: pd.Series) -> pd.api.extensions.ExtensionArray:
    """A column of text in one piece: taking rows of one in pieces would join the pieces each time."""
    import pyarrow as pa

    pieces = pa.chunked_array(pa.array(values.astype("str"))).combine_chunks()
    return cast(pd.api.extensions.ExtensionArray, cast(Any, TEXT).__from_arrow__(pieces))


@contextmanager
def collector_paused() -> Iterator[None]:
    """Python's cycle collector off for a moment: it would walk over all lists again and again while many are built."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def positions(values: pd.Series, among: pd.Series) -> Codes:
    """Where each text stands among others that are all different; -1 for one that is not there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted, known = (pa.chunked_array(pa.array(each.astype("str"))) for each in (values, among))
    found = pc.index_in(wanted, value_set=known.combine_chunks())
    return np.asarray(pc.fill_null(found, -1).to_numpy(), dtype=np.int64)
