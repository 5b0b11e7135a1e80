"""Folders into one tar file and back: lake, imports, reports, quality pages, sprint files.

The lake may be in an object store (fsspec); it comes back to wherever `LEADGEN_STORAGE` says then. SQLite files, which
somebody may be writing to, are copied by SQLite itself.
"""

from __future__ import annotations

import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import fsspec

from leadgen_assets.services.backup.digest import Content
from leadgen_assets.services.backup.errors import BackupFailed

LAKE = "lake"


@dataclass(frozen=True)
class Folders:
    """What goes into the tar file: local folders by name, and the lake by its URL."""

    local: dict[str, Path]
    lake: str


def dump_files(folders: Folders, path: Path) -> dict[str, dict[str, Any]]:
    """Write the tar file. Returns {folder: {count, sha256}} over names and contents."""
    found: dict[str, Content] = {}
    with tarfile.open(path, "w") as archive:
        for folder, root in folders.local.items():
            content = found.setdefault(folder, Content())
            for name, data in _local_files(root):
                _add(archive, f"{folder}/{name}", data, content)
        content = found.setdefault(LAKE, Content())
        for name, data in _lake_files(folders.lake):
            _add(archive, f"{LAKE}/{name}", data, content)
    return {name: each.to_json() for name, each in found.items()}


def load_files(path: Path, folders: Folders) -> int:
    """Write every file of the tar file to its place; others stay. Returns how many."""
    written = 0
    lake, lake_root = fsspec.core.url_to_fs(folders.lake)
    for folder, name, data in _members(path):
        if folder == LAKE:
            target = f"{str(lake_root).rstrip('/')}/{name}"
            lake.makedirs(target.rpartition("/")[0], exist_ok=True)
            lake.pipe_file(target, data)
        elif folder in folders.local:
            _write(folders.local[folder] / name, data)
        else:
            continue
        written += 1
    return written


def content_of_files(path: Path) -> dict[str, dict[str, Any]]:
    """{folder: {count, sha256}} of a tar file, all of it read."""
    found: dict[str, Content] = {}
    for folder, name, data in _members(path):
        found.setdefault(folder, Content()).add(_record(name, data))
    return {name: each.to_json() for name, each in found.items()}


def _members(path: Path) -> Iterator[tuple[str, str, bytes]]:
    """(folder, name inside it, content) of every file; a name that leads elsewhere is refused."""
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                folder, _, name = member.name.partition("/")
                parts = name.split("/")
                if not member.isfile() or not folder or not name or {"", ".", ".."} & set(parts) or "\\" in name:
                    raise BackupFailed(f"{path.name} holds {member.name!r}, which is no file of a backup")
                source = archive.extractfile(member)
                yield folder, name, source.read() if source else b""
    except (tarfile.TarError, OSError) as error:
        raise BackupFailed(f"{path.name} cannot be read: {type(error).__name__}") from None


def _local_files(root: Path) -> Iterator[tuple[str, bytes]]:
    for each in sorted(root.rglob("*")) if root.is_dir() else ():
        # what is being written has a name of its own until it is whole
        if each.is_file() and not each.is_symlink() and not each.name.endswith((".tmp", "-wal", "-shm", "-journal")):
            try:
                data = _sqlite_copy(each) if _is_sqlite(each) else each.read_bytes()
            except FileNotFoundError:
                continue  # it was taken away meanwhile
            yield each.relative_to(root).as_posix(), data


def _lake_files(url: str) -> Iterator[tuple[str, bytes]]:
    files, root = fsspec.core.url_to_fs(url)
    base = str(root).rstrip("/")
    if not files.exists(base):
        return
    for each in sorted(files.find(base)):
        if not each.endswith(".tmp"):
            try:
                yield each[len(base) + 1 :], files.cat_file(each)
            except FileNotFoundError:
                continue


def _add(archive: tarfile.TarFile, name: str, data: bytes, content: Content) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o600
    archive.addfile(member, io.BytesIO(data))
    content.add(_record(name.partition("/")[2], data))


def _record(name: str, data: bytes) -> bytes:
    return name.encode() + b"\0" + data


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.tmp")
    with _private(draft) as file:
        file.write(data)
    draft.replace(path)


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def _sqlite_copy(path: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        with (
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        return copy.read_bytes()
