"""Leads as files for other programs and people: CSV that is safe to open in a spreadsheet, and Parquet (PHX-07)."""

from __future__ import annotations

import csv
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

Format = Literal["csv", "parquet"]

COLUMNS: dict[str, str] = {
    "lead_id": "string", "sprint": "string", "segment": "string", "data_source": "string",
    "full_name": "string", "first_name": "string", "last_name": "string", "job_title": "string",
    "linkedin_url": "string", "email": "string", "email_verified": "bool", "phone": "string",
    "company_name": "string", "company_website": "string", "company_industry": "string", "company_size": "string",
    "location_city": "string", "location_state": "string", "location_country": "string",
    "data_quality_score": "double", "is_qualified": "bool", "crm_synced": "bool",
    "data_collected_date": "timestamp", "crm_sync_date": "timestamp", "flags": "string",
}  # fmt: skip
"""Exported fields by type. Times are UTC; flags are joined by "; "."""

_CHUNK = 5000
_STARTS_A_FORMULA = tuple("=+-@|%＝＋－＠｜％﹢﹣﹦﹫")
"""Full-width and small forms too: some spreadsheets and keyboards turn them into the plain ones."""
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def export_leads(leads: Iterable[Mapping[str, Any]], path: Path, file_format: Format) -> int:
    """Write lead documents to a file with `COLUMNS`; returns how many. The file appears whole or not at all, readable
    by its owner only (NFR-011), and replaces an older one. Memory does not grow with the number of leads.
    """
    rows = (_row(each) for each in leads)
    with _whole_or_not_at_all(path) as draft:
        return _write_csv(rows, draft) if file_format == "csv" else _write_parquet(rows, draft)


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before one that begins like a formula (OWASP,
    CSV injection), whatever blank, invisible or quotation mark is before it. Control characters become spaces. Plain
    numbers, E.164 among them, stay as they are."""
    if text.isascii() and text.isprintable() and text[:1].isalnum():
        return text
    shown = "".join(" " if unicodedata.category(each) == "Cc" else each for each in whole(text))
    start = next((at for at, each in enumerate(shown) if not _is_skipped(each)), len(shown))
    suspicious = shown.startswith(_STARTS_A_FORMULA, start)
    return f"'{shown}" if suspicious and not _PLAIN_NUMBER.fullmatch(shown) else shown


def whole(text: str) -> str:
    """Text without halves of characters, which no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if not _is_whole(text) else text


def _is_whole(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)


def _is_skipped(letter: str) -> bool:
    return letter == '"' or letter.isspace() or unicodedata.category(letter) == "Cf"


@contextmanager
def _whole_or_not_at_all(path: Path) -> Iterator[Path]:
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _row(lead: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: lead.get(name) for name in COLUMNS}
    row["flags"] = "; ".join(row["flags"] or ()) or None
    return {name: whole(value) if isinstance(value, str) else value for name, value in row.items()}


def _write_csv(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    count = 0
    # the byte order mark is how spreadsheets know that names are UTF-8
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow([_cell(each) for each in row.values()])
            count += 1
    return count


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, datetime) else harmless(str(value))


def _write_parquet(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    types = {"string": pa.string(), "bool": pa.bool_(), "double": pa.float64(), "timestamp": pa.timestamp("ms", "UTC")}
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    count = 0
    remaining = iter(rows)
    with parquet.ParquetWriter(path, schema) as writer:
        while chunk := list(islice(remaining, _CHUNK)):
            writer.write_table(pa.Table.from_pylist(chunk, schema=schema))
            count += len(chunk)
    return count
