"""NFR-011: Dagster's own storage is part of the search."""

from __future__ import annotations

import psycopg2

from leadgen_assets.privacy.erase import Office, erase
from leadgen_assets.privacy.identifiers import identified
from leadgen_tests.privacy.conftest import plain_url
from leadgen_tests.privacy.town import EMAIL, Town


def test_an_event_that_names_a_person_keeps_the_erasure_open(town: Town, pg_url: str) -> None:
    """Nothing writes personal data there; if something did, nobody would be told that she is gone."""
    office = Office(town.stores, town.home, town.open_crm, pg_url)
    with psycopg2.connect(plain_url(pg_url)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE planted (body text)")
        cursor.execute("INSERT INTO planted VALUES (%s), ('nobody')", (f"asked about {EMAIL.upper()}",))
    try:
        left = erase(office, identified(EMAIL))
        assert (left.state, left.left) == ("open", {"dagster:planted": 1})
    finally:
        with psycopg2.connect(plain_url(pg_url)) as connection, connection.cursor() as cursor:
            cursor.execute("DROP TABLE planted")
    assert erase(office, identified(EMAIL)).state == "done"
