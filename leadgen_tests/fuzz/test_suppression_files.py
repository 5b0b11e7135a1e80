"""Lists of people who want to be left alone, in any state: everybody who can be told is on the list, nobody else is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadgen_assets.privacy.identifiers import UnknownPerson, identified
from leadgen_assets.privacy.listing import Listing, SuppressionFileError, suppress_file
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import OpenStores, open_stores
from leadgen_tests.fuzz.contract import says
from leadgen_tests.fuzz.hostile import PLANTED_MARKS, texts
from leadgen_tests.fuzz.sizes import cases
from leadgen_tests.fuzz.tables import NOT_TABLES, tables

HEADERS = (
    "Email",
    "LinkedIn URL",
    "Domain",
    "ada@one.example",
    "https://www.linkedin.com/in/ada",
    "one.example",
    "Website",
)


@pytest.fixture
def stores(settings: Settings) -> Iterator[OpenStores]:
    with open_stores(settings) as opened:
        yield opened


def put(stores: OpenStores, path: Path) -> Listing | None:
    """What the file came to; None when it was refused, by its name and without anybody's."""
    try:
        return suppress_file(stores, stores.suppressions, path, "asked")
    except SuppressionFileError as error:
        told = says(error)
    assert path.name in told
    assert not any(mark in told for mark in PLANTED_MARKS)
    return None


@cases(quick=15, full=1000)
@given(content=tables(HEADERS))
@example(content=b"Email\rada@one.example\rbob@one.example\r")
@example(content=b"Email,Note\nada@one.example," + b"x" * 140_000 + b"\n")
def test_a_list_is_taken_or_refused_by_its_name(content: bytes, stores: OpenStores, tmp_path: Path) -> None:
    """NFR-011: every entry is stored, again is known; refused files name nobody."""
    path = tmp_path / "hostile list.csv"
    path.write_bytes(content)
    done = put(stores, path)
    if done is not None:
        assert done.added + done.known == sum(done.kinds.values()) > 0
        again = put(stores, path)
        assert again is not None
        assert (again.added, again.known) == (0, done.added + done.known)


@pytest.mark.parametrize("content", NOT_TABLES, ids=range(len(NOT_TABLES)))
def test_what_is_no_list_is_refused(content: bytes, stores: OpenStores, tmp_path: Path) -> None:
    """A workbook, a picture, a web page: with what to do about it."""
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    put(stores, path)


def test_line_ends_of_old_machines_end_lines(stores: OpenStores, tmp_path: Path) -> None:
    """NFR-011: one of the two would be collected again."""
    path = tmp_path / "list.csv"
    path.write_bytes(b"Email\rada@one.example\rbob@one.example\r")
    done = put(stores, path)
    assert done is not None
    assert done.added == 2


@cases(quick=30, full=1500)
@given(text=texts | st.text(max_size=60))
def test_any_text_names_somebody_or_nobody(text: str) -> None:
    """NFR-011: what `suppress`, `status`, `export` and `erase` are given."""
    try:
        found = identified(text)
    except UnknownPerson as error:
        told = says(error)
    else:
        assert found.value.encode()
        assert found.value.isprintable()
        return
    assert len(text) < 8 or text not in told
