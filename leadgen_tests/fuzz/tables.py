"""CSV files as tools and people save them, and files that only look like it."""

from __future__ import annotations

import csv
import io

from hypothesis import strategies as st

from leadgen_tests.fuzz.hostile import mangled, texts

ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1252",
    "latin-1",
    "cp1251",
    "shift_jis",
    "utf-32",
    "utf-7",
    "cp037",
)
NOT_TABLES = (
    b"", b"\n\n\n", b"\0\0\0\0", b"PK\x03\x04\x14\x00", b"%PDF-1.7", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b\x08",
    b"{\\rtf1",
    b"<html><table><tr><td>Full Name</td></tr></table></html>", b'{"people": []}', b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    b'Full Name,Title\n"open', b"Full Name,Title\n" + b'"' * 3001, b"Full Name,Title\r\r\n\nA B,C\r", b"," * 5000, b"\n" * 70_000,
    b"Full Name,Title\n" + b"x" * 140_000 + b",y\n", ("Full Name," * 2000 + "\n").encode(), b"\xff\xfeF",
    b"\xfe\xff\x00", b"\xef\xbb\xbf",
)  # fmt: skip
_PREAMBLES = (
    "",
    "",
    'Notes:\n"When exporting, you may\nnotice"\n\n',
    "sep=;\n",
    "\ufeff",
    "\n\n",
    "Exported by somebody\n" * 12,
)


@st.composite
def tables(draw: st.DrawFn, headers: tuple[str, ...]) -> bytes:
    """A file with some of these columns, doubled, empty and unknown ones, ragged rows, cells of any text."""
    kind = draw(st.integers(0, 19))
    if kind == 0:
        return draw(st.sampled_from(NOT_TABLES))
    header = draw(
        st.lists(st.sampled_from(headers) | texts.filter(lambda each: len(each) < 2000), min_size=1, max_size=8)
    )
    cells = texts | st.sampled_from(headers) | st.just("Maya Okafor")
    rows = draw(st.lists(st.lists(cells, max_size=len(header) + 2), max_size=6))
    written = io.StringIO(newline="")
    delimiter = draw(st.sampled_from(",;\t|"))
    ends = draw(st.sampled_from(("\n", "\r\n", "\r")))
    quoting = draw(st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)))
    csv.writer(written, delimiter=delimiter, lineterminator=ends, quoting=quoting).writerows([header, *rows])
    text = draw(st.sampled_from(_PREAMBLES)) + written.getvalue()
    content = text.encode(draw(st.sampled_from(ENCODINGS)), "replace")
    return draw(mangled(content)) if kind < 5 else content
