"""Leads as files: every row arrives, no cell is a formula, and a file is whole or not there."""

from __future__ import annotations

import csv
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadgen_assets.delivery.export import COLUMNS, export_leads, harmless


def stored(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "_id": f"L{number}",
        "lead_id": f"L{number}",
        "sprint": "autumn",
        "full_name": f"Zoë Müller{number}",
        "phone": "+16175550100",
        "data_quality_score": 87.5,
        "is_qualified": number % 2 == 0,
        "data_collected_date": datetime(2026, 11, 22, 9, tzinfo=UTC),
        "flags": ["needs_enrichment", "possible_duplicate"],
        "additional_data": {"never": "exported"},
        **changes,
    }


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_and_parquet_hold_the_same_leads(tmp_path: Path) -> None:
    """PHX-07: all columns, in either format, whatever the number of chunks."""
    leads = [stored(number) for number in range(5001)]
    assert export_leads(leads, tmp_path / "leads.csv", "csv") == 5001
    assert export_leads(leads, tmp_path / "leads.parquet", "parquet") == 5001
    rows, frame = read_csv(tmp_path / "leads.csv"), pd.read_parquet(tmp_path / "leads.parquet")
    assert list(rows[0]) == list(frame.columns) == list(COLUMNS)
    assert [row["lead_id"] for row in rows] == frame["lead_id"].tolist()
    assert rows[1]["full_name"] == frame["full_name"][1] == "Zoë Müller1"
    assert rows[0]["is_qualified"] == "yes"
    assert bool(frame["is_qualified"][0])
    assert rows[0]["flags"] == "needs_enrichment; possible_duplicate"
    assert pd.Timestamp(rows[0]["data_collected_date"]) == frame["data_collected_date"][0]


def test_a_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """NFR-011: personal data in a file nobody else reads, replaced files included."""
    path = tmp_path / "new" / "leads.csv"
    for _ in range(2):
        export_leads([stored(1)], path, "csv")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["leads.csv", "leads.parquet"])
def test_a_file_is_whole_or_not_there(tmp_path: Path, name: str) -> None:
    """NFR-007: a source that breaks off leaves the older file as it was and no rest behind."""
    path = tmp_path / name
    export_leads([stored(1)], path, "csv" if name.endswith("csv") else "parquet")
    before = path.read_bytes()

    def broken() -> Iterator[dict[str, Any]]:
        yield stored(2)
        raise ConnectionError("the database went away")

    with pytest.raises(ConnectionError):
        export_leads(broken(), path, "csv" if name.endswith("csv") else "parquet")
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [name]


CONTROL = [*range(32), *range(0x7F, 0xA0)]


@given(st.text(max_size=30))
@example('=HYPERLINK("https://example.com")')
@example(" @SUM(A1)")
@example("-2+3+cmd|' /C calc'!A0")
def test_no_cell_is_a_formula(text: str) -> None:
    """Issue "Trust", bad input: CSV output is safe to open in a spreadsheet."""
    cell = harmless(text)
    assert cell.removeprefix("'").split() == text.removeprefix("'").translate(dict.fromkeys(CONTROL, " ")).split()
    assert not cell.lstrip().startswith(("=", "@", "|", "%"))
    assert not cell.startswith(("\t", "\r", "\n"))
    if cell.lstrip().startswith(("+", "-")):
        float(cell)


def test_a_telephone_number_stays_as_it_is() -> None:
    """REQ-004: what people dial needs no repair."""
    assert harmless("+16175550100") == "+16175550100"
