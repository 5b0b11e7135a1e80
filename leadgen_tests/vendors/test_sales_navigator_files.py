"""Exported lists in every shape people bring: headers, preambles, delimiters, encodings, and files that are none."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadgen_assets.vendors.contracts import VendorBadRequest
from leadgen_assets.vendors.sales_navigator import REST_KEY, NotAnExport, drift, read_export, to_draft

PHANTOM = (
    "profileUrl,fullName,firstName,lastName,companyName,title,companyId,companyUrl,regularCompanyUrl,location,vmid,"
    "defaultProfileUrl,industry,timestamp,query\n"
    '"https://www.linkedin.com/sales/lead/ACwAAB1,NAME_SEARCH,x1",Maya Okafor,Maya,Okafor,Northwind Rail,Media Buyer,77,'
    "https://www.linkedin.com/sales/company/77,https://www.linkedin.com/company/northwind-rail,"
    '"Boston, Massachusetts, United States",ACwAAB1,https://www.linkedin.com/in/maya-okafor-x,Rail,2026-11-01T10:00:00Z,q\n'
)
CONNECTIONS = (
    "Notes:\n"
    '"When exporting your connection data, you may notice that some of the\nemail addresses are missing, because …"\n'
    "\n"
    "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
    "Maya,Okafor,https://www.linkedin.com/in/maya-okafor-x,,Northwind Rail,Media Buyer,15 Mar 2024\n"
)
OTHER_TOOL = (
    "Full Name;Current Job;Company Name;Company Domain;Company LinkedIn URL;LinkedIn URL Public;Sales Navigator URL;"
    "Email;Email Status;Matches Filters;Shoe Size\n"
    "Zoë Müller;PPC Manager;Łódź Ads;lodzads.example;https://www.linkedin.com/company/lodz-ads;"
    "https://www.linkedin.com/in/zoe-m;https://www.linkedin.com/sales/people/ACoAAC2,x;z@lodzads.example;valid;YES;38\n"
)


def saved(tmp_path: Path, text: str, encoding: str = "utf-8", name: str = "export.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def test_a_search_export_keeps_both_families_of_pages_apart(tmp_path: Path) -> None:
    """vendors.md §4.2: /sales/lead/ pages and /in/ profiles must not be one key."""
    (record,) = read_export(saved(tmp_path, PHANTOM))
    draft = to_draft(record)

    assert draft["linkedin_url"] == "https://www.linkedin.com/in/maya-okafor-x"
    assert draft["linkedin_member_url"] == "https://www.linkedin.com/sales/lead/ACwAAB1,NAME_SEARCH,x1"
    assert draft["vendor_id"] == "ACwAAB1"
    assert draft["company_linkedin"] == "https://www.linkedin.com/company/northwind-rail"
    assert draft["job_title"] == "Media Buyer"
    assert draft["observed_at"] == "2026-11-01T10:00:00Z"
    assert record["query"] == "q"


def test_a_connections_file_is_found_behind_its_preamble(tmp_path: Path) -> None:
    """vendors.md §4.2: a 3-line preamble with a quoted paragraph."""
    (record,) = read_export(saved(tmp_path, CONNECTIONS, "utf-8-sig"))
    draft = to_draft(record)

    assert (draft["first_name"], draft["company_name"], draft["email"]) == ("Maya", "Northwind Rail", None)
    assert draft["linkedin_url"] == "https://www.linkedin.com/in/maya-okafor-x"
    assert drift([record]).unexpected == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_and_encodings_make_no_difference(tmp_path: Path, encoding: str, delimiter: str) -> None:
    """vendors.md §4.2: `;` and tab delimiters, BOM and UTF-16."""
    rows = csv.reader(io.StringIO(OTHER_TOOL), delimiter=";")
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    (record,) = read_export(saved(tmp_path, text.getvalue(), encoding))

    assert record["Full Name"] == "Zoë Müller"
    assert record["Shoe Size"] == "38"
    assert to_draft(record)["company_website"] == "lodzads.example"
    assert to_draft(record)["linkedin_member_url"] == "https://www.linkedin.com/sales/people/ACoAAC2,x"
    assert drift([record]).unexpected == ("Shoe Size",)


def test_an_old_windows_encoding_is_recognised(tmp_path: Path) -> None:
    """vendors.md §4.2: files in whatever encoding a tool left them."""
    people = "".join(f"Zoë Müller,Directrice générale,Café Été {number}\n" for number in range(20))
    records = read_export(saved(tmp_path, f"Full Name,Title,Company\n{people}", "cp1252"))

    assert records[0]["Full Name"] == "Zoë Müller"
    assert records[0]["Title"] == "Directrice générale"


def test_nothing_a_row_holds_is_lost(tmp_path: Path) -> None:
    """NFR-007: repeated and missing column names, short and long rows, blank lines."""
    text = "Full Name,Title,Title,,Company\nA B,Buyer,Second,extra,Acme,more,still\n\n , ,\nC D,Seller\n"
    first, second = read_export(saved(tmp_path, text))

    assert first == {
        "Full Name": "A B",
        "Title": "Buyer",
        "Title (3)": "Second",
        "column 4": "extra",
        "Company": "Acme",
        REST_KEY: ["more", "still"],
    }
    assert to_draft(first)["job_title"] == "Buyer"
    assert second["Company"] == ""


def test_header_names_are_known_whatever_their_case_and_spacing(tmp_path: Path) -> None:
    """vendors.md §4.2: case-, space- and underscore-insensitive."""
    (record,) = read_export(saved(tmp_path, "FIRST_NAME,last name,Linkedin_Profile-URL\nA,B,linkedin.com/in/a-b\n"))

    assert to_draft(record)["linkedin_url"] == "linkedin.com/in/a-b"
    assert to_draft(record)["last_name"] == "B"


def test_a_company_column_with_a_site_is_no_linkedin_page() -> None:
    """vendors.md §4.2: tools mean different things by "Company Url"."""
    assert to_draft({"Full Name": "A", "Company Url": "https://acme.example"})["company_linkedin"] is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"  \n\n", "empty"),
        (b"PK\x03\x04rest", "Excel"),
        (b"%PDF-1.7", "PDF"),
        (b"<html><body>Please log in</body></html>", "no list of people"),
        (b"date,amount,currency\n2026-01-01,3,USD\n", "no list of people"),
        (b"Company,Website,Industry\nAcme,acme.example,Rail\n", "no list of people"),
        (b'Full Name,Title\n"A B,Buyer' + b"x" * 200_000, "broken CSV"),
    ],
)
def test_a_file_that_is_no_export_is_told_by_name(tmp_path: Path, content: bytes, told: str) -> None:
    """REQ-011: clear errors that name the file and say what to do."""
    path = tmp_path / "list.csv"
    path.write_bytes(content)

    with pytest.raises(NotAnExport, match=rf"list\.csv: .*{told}") as failed:
        read_export(path)

    assert isinstance(failed.value, VendorBadRequest)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """House rule: errors name the file."""
    with pytest.raises(NotAnExport, match=r"absent\.csv: cannot be read"):
        read_export(tmp_path / "absent.csv")


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8), delimiter=st.sampled_from(",;\t"))
def test_whatever_cells_hold_they_come_back(tmp_path: Path, rows: list[tuple[str, ...]], delimiter: str) -> None:
    """NFR-007: every row with content is read, cell by cell, and mapping never fails."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["Full Name", "Company Name", "LinkedIn URL"])
    writer.writerows(rows)
    records: list[dict[str, Any]] = read_export(saved(tmp_path, text.getvalue()))

    assert [tuple(record.values()) for record in records] == [row for row in rows if any(cell.strip() for cell in row)]
    for record in records:
        to_draft(record)
