"""Files below LEADGEN_HOME: taking a person out of exports, logs and whatever else names them.

Databases keep their own files (`services/`), the lake is rewritten frame by frame, and backups are not rewritten: they
expire, and a restored one is swept (docs/privacy.md).
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from leadgen_assets.privacy.identifiers import Needles, traits_of_record
from leadgen_assets.stores.mongo import collection
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.raw_pages import ERASED_TEXT
from leadgen_assets.stores.suppressions import Key
from leadgen_assets.vendors import sales_navigator
from leadgen_assets.vendors.contracts import Record

NOT_OURS = ("services", "lake", "backups")
"""Below the home: database files, frames (done row by row), backups (expire)."""
COPIES = ("exports", "privacy", "reports")
"""Folders of files made for people: what cannot be edited row by row is deleted there, because it can be made again."""
_ROWS, _LINES = (".csv", ".tsv"), (".log", ".jsonl", ".txt", ".out", ".err")
LARGEST = 256 * 1024 * 1024


@dataclass
class FilesErasure:
    """How many files were changed or deleted, and rows or words taken out."""

    changed: int = 0
    deleted: int = 0
    erased: int = 0


def files_below(home: Path) -> Iterator[Path]:
    """Regular files that may hold text about people, by path."""
    for folder, names, files in os.walk(home):
        if Path(folder) == home:
            names[:] = [each for each in names if each not in NOT_OURS]
        names.sort()
        for name in sorted(files):
            path = Path(folder) / name
            if path.is_file() and not path.is_symlink():
                yield path


def erase_in_files(stores: OpenStores, home: Path, keys: frozenset[Key], needles: Needles) -> FilesErasure:
    """Take the person out of every file. What cannot be edited and is not ours to delete stays for the scan to find."""
    done = FilesErasure()
    for path in files_below(home):
        part = path.relative_to(home).parts[0]
        if part == "imports" and path.suffix.lower() in (".csv", ".tsv", ".txt"):
            rows = _erase_rows(stores, path, keys, needles)
            done.changed += bool(rows)
            done.erased += rows
            if rows:
                continue
        if path.stat().st_size > LARGEST or not names_them(path, needles):
            continue
        taken_out = _erase_from(path, needles, is_copy=part in COPIES)
        if taken_out:
            done.changed += 1
            done.erased += taken_out
        elif part in COPIES:
            path.unlink()
            done.deleted += 1
    return done


def names_them(path: Path, needles: Needles) -> int:
    """How often a file names the person: rows of a Parquet file, else 0 or 1."""
    if path.suffix.lower() == ".parquet":
        try:
            return int(naming(pd.read_parquet(path), needles).sum())
        except (OSError, ValueError):
            return 0
    return int(needles.are_in_bytes(path.read_bytes()))


def naming(frame: pd.DataFrame, needles: Needles) -> pd.Series:
    """Rows of a frame that name the person in any column of text or of lists; index as given."""
    mask = pd.Series(False, index=frame.index, dtype=bool)
    for name in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[name].dtype) or pd.api.types.is_datetime64_any_dtype(frame[name].dtype):
            continue
        known: dict[str, bool] = {}
        hits = []
        for value in frame[name].tolist():
            text = value if isinstance(value, str) else str(value)
            if text not in known:
                known[text] = needles.are_in(text)
            hits.append(known[text])
        mask |= pd.Series(hits, index=frame.index, dtype=bool)
    return mask


def _erase_rows(stores: OpenStores, path: Path, keys: frozenset[Key], needles: Needles) -> int:
    """Blank the person's rows of an export file; the others keep their places, so that no page is collected twice."""

    def is_theirs(record: Record) -> bool:
        if traits_of_record("sales_navigator", record).keys & keys:
            return True
        return any(needles.are_in(value) for value in record.values() if isinstance(value, str))

    former = _digest(path)
    try:
        rows = sales_navigator.blank_rows(path, is_theirs, ERASED_TEXT)
    except sales_navigator.NotAnExport:
        return 0
    if rows:
        _same_file(stores, former, _digest(path))
    return rows


def _same_file(stores: OpenStores, former: str, now: str) -> None:
    """Files are known by their content: the changed file takes over the former one's place in the numbering."""
    for job in list(collection(stores.db, "vendor_jobs").find({"vendor": "sales_navigator", "operation": "file"})):
        if job["_id"].endswith(f"/{former}"):
            key = job["_id"].removesuffix(former) + now
            stores.jobs.remember(key, job["vendor"], job["operation"], job["job_id"], job["request"])


def _erase_from(path: Path, needles: Needles, *, is_copy: bool) -> int:
    """Take the person out of one file: whole rows or lines where it has some, else word by word. 0: it cannot be done."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _erase_parquet(path, needles)
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return 0
    if "\0" in text:
        return 0
    if suffix in _ROWS:
        kept, found = _without_rows(text, needles)
    elif is_copy:
        return 0  # names may stand on other lines than what is known
    elif suffix in _LINES:
        lines = [ERASED_TEXT + "\n" if needles.are_in(line) else line for line in text.splitlines(keepends=True)]
        kept, found = "".join(lines), sum(line == ERASED_TEXT + "\n" for line in lines)
    else:
        kept, found = needles.hidden(text, ERASED_TEXT)
    if found:
        replace_file(path, kept.encode("utf-8"))
    return found


def _without_rows(text: str, needles: Needles) -> tuple[str, int]:
    """CSV without the rows that name the person; other rows as they were written."""
    lines = text.splitlines(keepends=True)
    kept, found, begin = [], 0, 0
    for row in _row_ends(text):
        piece = "".join(lines[begin:row])
        if needles.are_in(piece):
            found += 1
        else:
            kept.append(piece)
        begin = row
    return "".join([*kept, *lines[begin:]]), found


def _row_ends(text: str) -> Iterator[int]:
    """After which line each row ends: a quoted cell may hold line breaks."""
    reader = csv.reader(text.splitlines(keepends=True))
    try:
        for _ in reader:
            yield reader.line_num
    except csv.Error:
        return


def _erase_parquet(path: Path, needles: Needles) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(path.read_bytes()))
    except pa.ArrowException:
        return 0
    gone = naming(table.to_pandas(), needles).to_numpy(dtype=bool)
    if gone.any():
        buffer = io.BytesIO()
        pq.write_table(table.filter(pa.array(~gone)), buffer, compression="zstd")
        replace_file(path, buffer.getvalue())
    return int(gone.sum())


def replace_file(path: Path, content: bytes) -> None:
    """The former content or the new one, never half of it; mode and owner stay as they can."""
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        draft.write_bytes(content)
        draft.chmod(path.stat().st_mode & 0o777)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]
