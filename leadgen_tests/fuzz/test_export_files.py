"""Exported lists in any state: records that become leads or go to quarantine, or a file that is refused by its name."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given

from leadgen_assets.collection.exports import collect_exports
from leadgen_assets.vendors.contracts import VendorBadRequest
from leadgen_assets.vendors.sales_navigator import REST_KEY, NotAnExport, SalesNavigator, blank_rows, read_export
from leadgen_tests.fuzz.contract import says
from leadgen_tests.fuzz.delivered import records
from leadgen_tests.fuzz.sizes import cases
from leadgen_tests.fuzz.tables import NOT_TABLES, tables
from leadgen_tests.fuzz.test_records_become_leads import comes_to_leads

HEADERS = tuple(dict.fromkeys(name for each in records("sales_navigator") for name in each))


@cases(quick=60, full=2000)
@given(content=tables(HEADERS))
@example(content=b"Full Name,Title\rMaya Okafor,Media Buyer\r")
@example(content="Full Name,Title\nMaya Okafor,Media Buyer\n".encode("utf-32"))
@example(content=b"Title,Title (3),Title,Full Name\na,b,c,d\n")
@example(content=b"Full Name|Title\nMaya Okafor|Media Buyer\n")
def test_an_export_is_read_or_refused_by_its_name(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Issue "Bad input": encodings, delimiters, preambles, ragged rows; every row with a cell is a record, no cell is lost."""
    path = tmp_path_factory.getbasetemp() / "hostile export.csv"
    path.write_bytes(content)
    if (reason := refusal(path)) is not None:
        assert path.name in reason
        return
    found = read_export(path)
    assert len({len(each) - (REST_KEY in each) for each in found}) <= 1
    comes_to_leads("sales_navigator", [dict(each) for each in found])
    if found:
        assert blank_rows(path, lambda each: each == found[0], "[erased]") >= 1
        assert len(read_export(path)) == len(found)


def refusal(path: Path) -> str | None:
    """Why a file is not read."""
    try:
        read_export(path)
    except NotAnExport as error:
        return says(error)
    return None


def test_what_used_to_be_lost_is_read(tmp_path: Path) -> None:
    """Line ends of old Macs, bars between cells, column names that collide when they are numbered."""
    path = tmp_path / "export.csv"
    path.write_bytes(b"Full Name,Title\rMaya Okafor,Media Buyer\r")
    assert [each["Full Name"] for each in read_export(path)] == ["Maya Okafor"]
    path.write_bytes(b"Full Name|Title\nMaya Okafor|Media Buyer\n")
    assert read_export(path)[0]["Title"] == "Media Buyer"
    path.write_bytes(b"Title,Title (3),Title,Full Name\na,b,c,d\n")
    assert list(read_export(path)[0].values()) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("content", NOT_TABLES, ids=range(len(NOT_TABLES)))
def test_what_is_no_table_is_refused(content: bytes, tmp_path: Path) -> None:
    """With what to do about it."""
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    assert (refusal(path) or "sales_navigator import: list.csv: ").startswith("sales_navigator import: list.csv: ")


class Hands:
    """Stands in for the intake: the real one needs a sprint that runs."""

    def __init__(self, wanted: int) -> None:
        self.left = wanted
        self.landed: list[int] = []
        self.rows: list[dict[str, Any]] = []
        self.progress = SimpleNamespace(stopped_because=None)
        segment = SimpleNamespace(files="*.csv")
        self.assignment = SimpleNamespace(segment=segment, entry=lambda operation, unit: f"{operation}/{unit}")
        self.bench = SimpleNamespace(jobs=self)

    def find(self, key: str) -> None:
        return None

    def remember(self, key: str, vendor: str, operation: str, job_id: str, request: dict[str, Any]) -> Any:
        return SimpleNamespace(job_id=job_id, request=request)

    def has(self, number: int) -> bool:
        return False

    async def wanted(self) -> int:
        return self.left

    async def land(self, number: int, rows: list[dict[str, Any]], request: Any, credits: Any) -> None:
        self.rows += rows
        self.left = max(0, self.left - len(rows))


def test_a_broken_file_does_not_keep_the_others_from_being_collected(tmp_path: Path) -> None:
    """REQ-011: it is told as why the segment stays short."""
    (tmp_path / "a.csv").write_bytes(b"PK\x03\x04 a workbook")
    (tmp_path / "b.csv").write_bytes(b"Full Name,Title\nMaya Okafor,Media Buyer\n")
    hands: Any = Hands(wanted=10)
    asyncio.run(collect_exports(SalesNavigator(), hands, tmp_path))

    assert [row["Full Name"] for row in hands.rows] == ["Maya Okafor"]
    assert "a.csv: this is an Excel or ZIP file; save it as CSV first" in hands.progress.stopped_because


def test_nothing_but_broken_files_is_an_error(tmp_path: Path) -> None:
    """So that the segment's target moves elsewhere, with the file's name in the reason."""
    (tmp_path / "a.csv").write_bytes(b"%PDF-1.7")
    hands: Any = Hands(wanted=10)
    with pytest.raises(VendorBadRequest, match=r"a\.csv: this is a PDF"):
        asyncio.run(collect_exports(SalesNavigator(), hands, tmp_path))
