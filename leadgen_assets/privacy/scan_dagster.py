"""Looking for a person in Dagster's storage: runs, events, tags, check results. None of them may name anybody."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from leadgen_assets.privacy.identifiers import Needles


def scan_dagster(url: str, needles: Needles) -> dict[str, int]:
    """{`dagster:<table>`: rows that name the person}; empty when there are none. `url` as in DAGSTER_PG_URL."""
    import psycopg2
    from psycopg2 import sql

    parts = urlsplit(url)
    plain = urlunsplit((parts.scheme.partition("+")[0], *parts[1:]))
    wanted = sorted(needles.texts)
    found = {}
    connection = psycopg2.connect(plain)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            for (table,) in cursor.fetchall():
                query = sql.SQL(
                    "SELECT count(*) FROM {} AS line"
                    " WHERE EXISTS (SELECT 1 FROM unnest(%s) AS word WHERE strpos(lower(line::text), word) > 0)"
                )
                cursor.execute(query.format(sql.Identifier(table)), (wanted,))
                (rows,) = cursor.fetchone()
                if rows:
                    found[f"dagster:{table}"] = int(rows)
    finally:
        connection.close()
    return found
