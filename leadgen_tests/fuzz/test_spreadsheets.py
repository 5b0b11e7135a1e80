"""Files for people and programs: nothing in them is run when they are opened, and everything in them comes back."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadgen_assets.delivery.export import COLUMNS, export_leads, harmless
from leadgen_assets.vendors.salesforce_bulk import as_csv
from leadgen_tests.fuzz.hostile import texts
from leadgen_tests.fuzz.sizes import cases

STARTS = "=+-@|%＝＋－＠﹢﹣﹦﹫\t\r\n"
"""What begins a formula in some spreadsheet, full-width and small forms, which some convert, included."""
TEXT_FIELDS = [name for name, kind in COLUMNS.items() if kind == "string" and name != "flags"]

HALF = re.compile("[\ud800-\udfff]")

leads = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.none() | texts for name in TEXT_FIELDS},
        "flags": st.lists(texts, max_size=2),
        "email_verified": st.none() | st.booleans(),
        "data_quality_score": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "data_collected_date": st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)).map(
            lambda each: each.replace(tzinfo=UTC, microsecond=0)
        ),
    },
)


def is_a_formula(cell: str) -> bool:
    """Whether a spreadsheet might run the cell; plain numbers it may read as such."""
    if cell.startswith("'"):
        return False
    start = cell.lstrip(' \u00a0\u200b\u200c\u200d\ufeff\u2060"')
    return start[:1] in tuple(STARTS) and not start[1:].replace(".", "", 1).isdecimal()


@cases(quick=25, full=1500)
@given(rows=st.lists(leads, max_size=4))
@example(rows=[{"full_name": "＝1+1"}])
@example(rows=[{"full_name": "\u200b=1+1"}])
@example(rows=[{"full_name": "\x00=1+1"}])
@example(rows=[{"full_name": "a\ud800"}])
@example(rows=[{"job_title": '"=1+1'}])
def test_a_csv_file_is_safe_to_open_and_comes_back(
    rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """PHX-07, issue "Bad input": no cell is a formula or steers a program; every row and every visible letter is there."""
    path = tmp_path_factory.getbasetemp() / "leads.csv"
    assert export_leads(rows, path, "csv") == len(rows)
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *found = list(csv.reader(file))
    assert header == list(COLUMNS)
    assert len(found) == len(rows)
    for row, lead in zip(found, rows, strict=True):
        said = dict(zip(header, row, strict=True))
        for name in TEXT_FIELDS:
            cell = said[name]
            assert not is_a_formula(cell), ascii(cell)
            assert not any(ord(each) < 32 or 0x7F <= ord(each) < 0xA0 for each in cell), ascii(cell)
            assert visible(cell.removeprefix("'")) == visible((lead.get(name) or "").removeprefix("'"))


def visible(text: str) -> str:
    return "".join(each for each in text if each.isprintable() and not each.isspace() and each != "\ufffd")


@cases(quick=10, full=600)
@given(rows=st.lists(leads, max_size=4))
@example(rows=[{"full_name": "a\ud800"}])
def test_a_parquet_file_comes_back_as_it_was(
    rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """PHX-07: programs get the values themselves, half characters apart, which no file can hold."""
    from pyarrow import parquet

    path = tmp_path_factory.getbasetemp() / "leads.parquet"
    assert export_leads(rows, path, "parquet") == len(rows)
    found = parquet.ParquetFile(path).read().to_pylist()
    for row, lead in zip(found, rows, strict=True):
        for name in (*TEXT_FIELDS, "data_quality_score", "email_verified", "data_collected_date"):
            given_value = lead.get(name)
            if isinstance(given_value, str):
                assert row[name].encode("utf-8", "replace") == HALF.sub("\ufffd", given_value).encode()
            else:
                assert row[name] == given_value


@cases(quick=40, full=1500)
@given(text=texts | st.text(alphabet=STARTS + " '\"\u200b\u00a0\ufeff1a.", max_size=6))
@example(text="＝1+1")
@example(text="\u200b@x")
@example(text="' =1")
def test_no_cell_is_a_formula(text: str) -> None:
    """OWASP, CSV injection: whatever comes before it."""
    assert not is_a_formula(harmless(text)), ascii(harmless(text))
    assert harmless(harmless(text)) == harmless(text)


@cases(quick=10, full=600)
@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(("LastName", "Company", "Title")), texts, min_size=1), min_size=1, max_size=4
    )
)
def test_a_bulk_file_for_the_crm_comes_back(rows: list[dict[str, str]]) -> None:
    """TL-06: quotation marks, line ends and delimiters inside values move nothing into another column."""
    sent = [{"Id__c": f"L{number}", **row} for number, row in enumerate(rows)]
    content = as_csv(sent, "Id__c").decode()
    found = list(csv.DictReader(io.StringIO(content, newline="")))
    assert [each["Id__c"] for each in found] == [each["Id__c"] for each in sent]
    for row, given_row in zip(found, sent, strict=True):
        for name, value in given_row.items():
            assert row[name] == value.replace("\r", " ").encode("utf-8", "replace").decode()


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """PHX-07: an export that breaks off leaves the old file and no half of a new one."""
    path = tmp_path / "leads.csv"
    export_leads([{"full_name": "Maya"}], path, "csv")
    before = path.read_bytes()

    def broken() -> Any:
        yield {"full_name": "Noor"}
        raise RuntimeError

    with pytest.raises(RuntimeError):
        export_leads(broken(), path, "csv")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
