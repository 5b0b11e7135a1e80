"""`leadgen bench db`: real writers beside real duplicate checks, and a table of what they did."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leadgen_assets.bench import database, sections
from leadgen_assets.bench.ground import KEY
from leadgen_assets.cli.main import app
from leadgen_assets.settings import Settings
from leadgen_assets.stores.opened import open_stores
from leadgen_tests.stores.samples import lead


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Settings:
    """Three writers and one batch size, on the session's servers, which the checking process finds in its environment."""
    monkeypatch.setattr(database, "WRITERS", (3,))
    monkeypatch.setattr(database, "BATCHES", (20,))
    monkeypatch.setattr(database, "IDLE_PAGES", 3)
    for name in ("leadgen_mongo_uri", "leadgen_redis_url", "leadgen_database", "leadgen_home"):
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))
    return settings


def test_writers_write_everything_while_duplicates_are_checked(small: Settings) -> None:
    """DE-05: inserts by many writers, batches timed; duplicate checks go on beside them and when nobody writes."""
    documents = [{**lead(number), "sprint": KEY} for number in range(100)]
    with open_stores(small) as stores:
        idle, load = database.measured(stores, documents, lambda text: None, [100])
        assert stores.leads.count(KEY) == 100

    assert (idle.records, idle.claims) == (0, 3)
    assert 0 < idle.claim_p50_ms <= idle.claim_p95_ms
    assert (load.records, load.writers, load.batch) == (100, 3, 20)
    assert 0 < load.batch_p50_ms <= load.batch_p95_ms
    assert load.per_second > 0
    assert database.row(idle)[:6] == ("–",) * 6
    assert database.row(load)[:3] == ("100", "3", "20")


def test_writes_that_were_refused_are_no_measurement(small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """DE-05: a fast benchmark of nothing would be a lie."""
    monkeypatch.setattr(database, "_claiming", lambda: nullcontext([]))
    twice = [{**lead(number % 50), "sprint": KEY} for number in range(100)]
    with open_stores(small) as stores, pytest.raises(RuntimeError, match="50 of 100 records are stored"):
        list(database.measured(stores, twice, lambda text: None, [100]))


def test_the_page_gets_the_table_and_keeps_the_other_figures(tmp_path: Path) -> None:
    """DE-05: both tables of the page are made by their own command and do not undo each other."""
    page = tmp_path / "benchmarks.md"
    begin, end = sections.marks("database")
    page.write_text(f"before\n{begin}\nNot measured yet.\n{end}\nafter\n")
    sections.keep(page, {"results": [1], "database": {"old": True}})
    load = database.Load(20_000, 50, 250, 2.5, 12.0, 40.0, 7, 3.0, 9.0)

    sections.replaced(page, "database", database.to_markdown([load], "Measured one day."))
    sections.keep(page, {"database": {"old": False}})

    assert page.read_text().startswith(f"before\n{begin}\nMeasured one day.\n\n| Records |")
    assert "| 20,000 | 50 | 250 | 8,000 | 12 | 40 | 7 | 3.0 | 9.0 |" in page.read_text()
    assert page.read_text().endswith(f"{end}\nafter\n")
    assert sections.on_record(page) == {"results": [1], "database": {"old": False}}


@pytest.mark.parametrize(("records", "told"), [("many", "whole numbers"), ("10", "at least 1,000")])
def test_a_number_of_records_that_makes_no_sense_is_refused(records: str, told: str) -> None:
    """House rule: say what to do, with exit code 2, before anything is started."""
    done = CliRunner().invoke(app, ["bench", "db", "--records", records])

    assert done.exit_code == 2
    assert told in " ".join(done.output.split())
