"""LinkedIn Sales Navigator: files that people exported, read as they are. There is no API (vendors.md §4).

Nothing here logs in to LinkedIn; the operator answers for how a file was made.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Self

import yaml

from leadgen_assets.delimited_text import DELIMITERS, NotText, decoded, reader, rows
from leadgen_assets.vendors.contracts import Draft, Drift, HealthVerdict, Record, VendorBadRequest
from leadgen_assets.vendors.mapping import draft, first, text
from leadgen_assets.yaml_text import shown

REST_KEY = "_further_columns"
"""Values of a row that has more columns than the header."""

_HEADER_ROWS = 10
"""The header is among the first rows; LinkedIn's own export has three lines before it."""
_MOST_COLUMNS = 1000
_MEMBER_PAGE = re.compile(r"linkedin\.com/sales/|^AC[ow]AA", re.IGNORECASE)
_PROFILE_PAGE = re.compile(r"linkedin\.com/(in|pub)/", re.IGNORECASE)


class NotAnExport(VendorBadRequest):
    """A file that is no list of people; the message names it and says what to do."""

    def __init__(self, vendor: str, operation: str, detail: str, status: int | None = None) -> None:
        super().__init__(vendor, operation, detail, status)

    @classmethod
    def because(cls, path: Path, reason: str) -> NotAnExport:
        """The error for a file and a reason."""
        return cls("sales_navigator", "import", f"{shown(path.name)}: {reason}")


class SalesNavigator:
    """The file source. Opened like every other client, although there is nothing to connect to."""

    name = "sales_navigator"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        return None

    def read_export(self, path: Path) -> list[Record]:
        """Rows of an export in file order, by the file's own column names, unknown columns included.

        Raises `NotAnExport` for a file that cannot be read or has no header that names people.
        """
        return read_export(path)

    async def check(self) -> HealthVerdict:
        """Always well: there is no API that could be unreachable."""
        return HealthVerdict(self.name, True, "reads exported files; LinkedIn offers no API for this")


def read_export(path: Path) -> list[Record]:
    """See `SalesNavigator.read_export`. Comma, semicolon, tab or bar, with or without BOM, in whatever encoding."""
    found, header_at = _table(path, _decoded(path))
    header = _distinct(found[header_at])
    return [_record(header, row) for row in found[header_at + 1 :] if any(cell.strip() for cell in row)]


def blank_rows(path: Path, is_theirs: Callable[[Record], bool], mark: str) -> int:
    """Empty the rows whose record is theirs, leaving `mark` in the first cell, so that the other rows keep their places.

    Returns how many; the file is rewritten (UTF-8, same delimiter) only if any. Raises `NotAnExport`.
    """
    content = _decoded(path)
    found, header_at = _table(path, content)
    header = _distinct(found[header_at])
    hits = [
        at
        for at, row in enumerate(found[header_at + 1 :], start=header_at + 1)
        if any(cell.strip() for cell in row) and is_theirs(_record(header, row))
    ]
    if hits:
        for at in hits:
            found[at] = [mark, *[""] * (len(found[at]) - 1)]
        draft, text_file = path.with_name(f"{path.name}.tmp"), io.StringIO(newline="")
        csv.writer(text_file, delimiter=_delimiter(content), lineterminator="\r\n").writerows(found)
        draft.write_text(text_file.getvalue(), encoding="utf-8", newline="")
        draft.replace(path)
    return len(hits)


def to_draft(record: Record) -> Draft:
    """A row as a draft. Sales Navigator pages and public profiles are two families of keys, never mixed."""
    columns = _by_meaning(record)
    pages = [value for name in ("profile", "member") for value in columns.get(name, ())]
    members = [page for page in pages if _MEMBER_PAGE.search(page)]
    profiles = [page for page in pages if _PROFILE_PAGE.search(page)]
    others = [page for page in pages if page not in members and page not in profiles]
    named = {name: first(*columns.get(name, ())) for name in _aliases() if name not in ("profile", "member")}
    company_pages = [page for page in columns.get("company_linkedin", ()) if not _is_other_site(page)]
    named["company_linkedin"] = first(*company_pages)
    return draft(
        **named,
        vendor_id=vendor_id(record),
        linkedin_url=first(*profiles, *others),
        linkedin_member_url=first(*members),
    )


def drift(records: Sequence[Record]) -> Drift:
    """Columns whose meaning nobody has told yet; they are kept in the record."""
    names = {name for record in records for name in record}
    unknown = {name for name in names if _meanings().get(_folded(name)) is None}
    ignored = _ignored()
    return Drift("sales_navigator", tuple(sorted(name for name in unknown if _folded(name) not in ignored)))


def vendor_id(record: Record) -> str | None:
    """The exporter's stable member key, where the file has one (PhantomBuster's vmid)."""
    column = _member_key_column(tuple(record))
    return None if column is None else text(record[column])


@lru_cache(maxsize=1024)
def _member_key_column(names: tuple[str, ...]) -> str | None:
    return next((name for name in names if _folded(name) == "vmid"), None)


def _decoded(path: Path) -> str:
    try:
        return decoded(path)
    except NotText as error:
        raise NotAnExport.because(path, str(error)) from None


def _table(path: Path, content: str) -> tuple[list[list[str]], int]:
    """The rows under the delimiter that makes the best header, and where that header is."""
    best = _best_header(content)
    if best[0] < 2:
        wanted = "expected a header with a name or profile URL and further columns, e.g. firstName,lastName,profileUrl"
        raise NotAnExport.because(path, f"no list of people: {wanted}")
    try:
        found = rows(content, best[1])
    except NotText as error:
        raise NotAnExport.because(path, str(error)) from None
    if len(found[-best[2]]) > _MOST_COLUMNS:
        raise NotAnExport.because(path, f"more than {_MOST_COLUMNS:,} columns; export people, not a whole workbook")
    return found, -best[2]


def _best_header(content: str) -> tuple[int, str, int]:
    """Columns recognised, delimiter, and the header's row as a negative number."""
    best: tuple[int, str, int] = (0, ",", 0)
    for delimiter in DELIMITERS:
        for number, row in enumerate(_first_rows(reader(content, delimiter))):
            best = max(best, (_recognised(row), delimiter, -number))
    return best


def _delimiter(content: str) -> str:
    return _best_header(content)[1]


def _first_rows(lines: Iterable[list[str]]) -> Iterable[list[str]]:
    try:
        for row, _ in zip(lines, range(_HEADER_ROWS), strict=False):
            yield row
    except csv.Error:
        return


def _recognised(row: Sequence[str]) -> int:
    """How many different columns of a person the row names; none unless one of them tells who it is."""
    meanings = {_meanings().get(_folded(cell)) for cell in row} - {None}
    return len(meanings) if meanings & {"full_name", "first_name", "last_name", "profile", "member"} else 0


def _distinct(header: Sequence[str]) -> list[str]:
    """Column names, numbered where the file repeats or omits one, so that no value is lost."""
    names: dict[str, None] = {}
    for number, cell in enumerate(header, start=1):
        name = cell.strip().lstrip("\ufeff") or f"column {number}"
        while name in names or name == REST_KEY:
            name = f"{name} ({number})"
        names[name] = None
    return list(names)


def _record(header: Sequence[str], row: Sequence[str]) -> Record:
    record: Record = dict(zip(header, [*row, *[""] * (len(header) - len(row))], strict=False))
    if len(row) > len(header):
        record[REST_KEY] = list(row[len(header) :])
    return record


def _is_other_site(page: str) -> bool:
    """ "Company Url" is a LinkedIn page with one exporter and the company's own site with the next."""
    return "." in page and "linkedin.com" not in page.casefold()


def _by_meaning(record: Record) -> dict[str, list[str]]:
    """Values by draft field; several columns may mean the same, the alias table's order decides which comes first."""
    return {
        meaning: [value for names in columns if (value := text(_first_text(record, names)))]
        for meaning, columns in _columns_by_meaning(tuple(record)).items()
    }


def _first_text(record: Record, names: Iterable[str]) -> str | None:
    return next((record[name] for name in names if isinstance(record[name], str)), None)


@lru_cache(maxsize=1024)
def _columns_by_meaning(names: tuple[str, ...]) -> Mapping[str, list[list[str]]]:
    """For each draft field the columns that mean it: one entry an alias that the file has, with its spellings."""
    by_alias: dict[str, list[str]] = {}
    for name in names:
        by_alias.setdefault(_folded(name), []).append(name)
    return {
        meaning: [by_alias[each] for each in aliases if each in by_alias] for meaning, aliases in _aliases().items()
    }


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    return "".join(letter for letter in re.sub(r" \(\d+\)$", "", name).casefold() if letter.isalnum())


@cache
def _tables() -> Any:
    return yaml.safe_load(Path(__file__).with_name("sales_navigator.yaml").read_text(encoding="utf-8"))


@cache
def _aliases() -> Mapping[str, list[str]]:
    return {meaning: [_folded(name) for name in names] for meaning, names in _tables()["columns"].items()}


@cache
def _meanings() -> Mapping[str, str]:
    return {name: meaning for meaning, names in _aliases().items() for name in names}


@cache
def _ignored() -> frozenset[str]:
    return frozenset(_folded(name) for name in _tables()["known_but_unused"])
