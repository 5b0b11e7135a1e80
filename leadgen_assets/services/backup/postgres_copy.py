"""Dagster's PostgreSQL storage without pg_dump: rows by COPY; Dagster itself makes the tables when they come back.

Restores only into a Dagster whose storage has the same schema revision, which is told otherwise.
"""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leadgen_assets.services.backup.errors import BackupFailed

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

DUMP = "dagster.copy.tar"
_INDEX = "tables.json"
_SPOOL = 32_000_000


def plain(url: str) -> str:
    """The address as psycopg2 wants it, without SQLAlchemy's driver name."""
    return url.replace("postgresql+psycopg2://", "postgresql://", 1)


def tables(connection: Connection) -> list[str]:
    """Tables of the schema public, by name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        return [str(row[0]) for row in cursor.fetchall()]


def dump_tables(connection: Connection, path: Path) -> None:
    """Every table's rows, as the connection's transaction sees them."""
    from psycopg2 import sql

    index: dict[str, Any] = {"revision": _revision(connection), "columns": {}}
    with tarfile.open(path, "w") as archive, connection.cursor() as cursor:
        for table in tables(connection):
            columns = _columns(connection, table)
            index["columns"][table] = columns
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            statement = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(table), names)
            with tempfile.SpooledTemporaryFile(_SPOOL) as rows:
                cursor.copy_expert(statement, rows)
                _add(archive, f"{table}.copy", rows)
        _add(archive, _INDEX, io.BytesIO(json.dumps(index).encode()))


def load_tables(url: str, path: Path) -> None:
    """Let Dagster make its tables at `url`, then fill them. `BackupFailed` when their revision is another."""
    import psycopg2
    from psycopg2 import sql

    _make_tables(url)
    connection = psycopg2.connect(plain(url), connect_timeout=10)
    try:
        with tarfile.open(path) as archive, connection, connection.cursor() as cursor:
            index = json.loads(_member(archive, _INDEX).read())
            if _revision(connection) != index["revision"]:
                raise BackupFailed(
                    f"{path.name} is of Dagster's storage revision {index['revision']}, this Dagster has "
                    f"{_revision(connection)}: restore with the version of the backup, then `dagster instance migrate`"
                )
            listed = sql.SQL(", ").join(map(sql.Identifier, index["columns"]))
            cursor.execute(sql.SQL("TRUNCATE {}").format(listed))
            for table, columns in index["columns"].items():
                names = sql.SQL(", ").join(map(sql.Identifier, columns))
                statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
                cursor.copy_expert(statement, _member(archive, f"{table}.copy"))
                _continue_numbers(cursor, table, columns)
    except psycopg2.Error as error:
        raise BackupFailed(
            f"Dagster's storage could not be restored: {type(error).__name__}, code {error.pgcode}"
        ) from None
    finally:
        connection.close()


def _make_tables(url: str) -> None:
    from dagster_postgres.event_log import PostgresEventLogStorage
    from dagster_postgres.run_storage import PostgresRunStorage
    from dagster_postgres.schedule_storage import PostgresScheduleStorage

    for storage in (PostgresRunStorage, PostgresEventLogStorage, PostgresScheduleStorage):
        storage(url, should_autocreate_tables=True).dispose()


def _continue_numbers(cursor: Any, table: str, columns: list[str]) -> None:
    """Let sequences go on after the restored rows."""
    from psycopg2 import sql

    for column in columns:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", (f'"{table}"', column))
        sequence = cursor.fetchone()[0]
        if sequence:
            highest = sql.SQL("SELECT setval(%s, GREATEST(1, (SELECT max({}) FROM {})), EXISTS (SELECT 1 FROM {}))")
            place = sql.Identifier(table)
            cursor.execute(highest.format(sql.Identifier(column), place, place), (sequence,))


def _revision(connection: Connection) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.alembic_version')")
        if (cursor.fetchone() or [None])[0] is None:
            return None
        cursor.execute("SELECT version_num FROM alembic_version")
        row = cursor.fetchone()
        return str(row[0]) if row else None


def _columns(connection: Connection, table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s "
            "ORDER BY ordinal_position",
            (table,),
        )
        return [str(row[0]) for row in cursor.fetchall()]


def _add(archive: tarfile.TarFile, name: str, content: Any) -> None:
    member = tarfile.TarInfo(name)
    member.size = content.seek(0, io.SEEK_END)
    member.mode = 0o600
    content.seek(0)
    archive.addfile(member, content)


def _member(archive: tarfile.TarFile, name: str) -> Any:
    try:
        found = archive.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise BackupFailed(f"{DUMP} lacks {name}")
    return found
