"""Text files that people and their tools save: whatever encoding and line ends, cells between delimiters."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from leadgen_assets.limited_read import CannotRead, read_at_most

LARGEST = 64 * 1024 * 1024
MOST_ROWS = 1_000_000
DELIMITERS = ",;\t|"

_BOMS = {
    b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32",
    b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16",
}  # fmt: skip
_OTHERS = {
    b"PK\x03\x04": "an Excel or ZIP file", b"%PDF": "a PDF", b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"\x1f\x8b": "a compressed file", b"{\\rtf": "a Word file",
}  # fmt: skip


class NotText(ValueError):
    """A file that cannot be read as text; says why and what to do, without the file's name or content."""


def decoded(path: Path) -> str:
    """The text of a file, by its byte order mark, as UTF-8, or as what it most likely is. Raises `NotText`."""
    try:
        content = read_at_most(path, LARGEST)
    except CannotRead as error:
        raise NotText(f"{error}; split it" if "larger" in str(error) else str(error)) from None
    for start, kind in _OTHERS.items():
        if content.startswith(start):
            raise NotText(f"this is {kind}; save it as CSV first")
    if not content.strip(b" \t\r\n\0"):
        raise NotText("the file is empty")
    encoding = next((name for bom, name in _BOMS.items() if content.startswith(bom)), None)
    try:
        text = content.decode(encoding or _wide(content) or "utf-8")
    except UnicodeDecodeError:
        text = _guessed(content)
    return text.replace("\0", "")


def rows(text: str, delimiter: str) -> list[list[str]]:
    """All rows, empty ones included. Raises `NotText`."""
    try:
        found = list(islice(reader(text, delimiter), MOST_ROWS + 1))
    except csv.Error as error:
        raise NotText(f"broken CSV ({error}); is a quotation mark left open?") from None
    if len(found) > MOST_ROWS:
        raise NotText(f"more than {MOST_ROWS:,} lines; split it")
    return found


def reader(text: str, delimiter: str) -> Iterator[list[str]]:
    """Row by row; lines may end as on any system."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _wide(content: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of a header in plain letters is zero."""
    head = content[:200]
    if head[1::2].count(0) > len(head) // 3:
        return "utf-16-le"
    return "utf-16-be" if head[0::2].count(0) > len(head) // 3 else None


def _guessed(content: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(content).best()
    if best is None:
        raise NotText("its character encoding cannot be told; save it as CSV in UTF-8")
    return str(best)
