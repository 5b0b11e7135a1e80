"""What a report looks like as a file: one HTML page, one PDF, the same content, nothing from outside, nobody's data."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pypdfium2
import pytest

from leadgen_assets.desk.reports import periods
from leadgen_assets.desk.reports.document import Chart, Finding, Headline, Report, Section, Text, in_rows, table
from leadgen_assets.desk.reports.final import final_report
from leadgen_assets.desk.reports.launch import launch_report
from leadgen_assets.desk.reports.page import render_page
from leadgen_assets.desk.reports.paper import render_paper
from leadgen_assets.desk.reports.write import write_sprint_report
from leadgen_tests.desk.reports.conftest import Reported


class Tags(HTMLParser):
    """All tags with their attributes, and all text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def text_of(pdf: bytes | Path) -> str:
    """The words of a PDF, page by page."""
    return "\n".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))


@pytest.fixture(scope="module")
def files(reported: Reported) -> tuple[str, bytes]:
    """The page and the PDF of the sprint, as the asset wrote them."""
    folder = reported.office.home / "reports"
    return (folder / "reported.html").read_text(), (folder / "reported.pdf").read_bytes()


def test_the_page_needs_nothing_from_outside(files: tuple[str, bytes]) -> None:
    """OPS-06: one self-contained file: no script, no link, no address; every id once."""
    page = Tags(files[0])
    ids = [each["id"] for _, each in page.tags if "id" in each]

    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "base"}
    assert not [each for _, each in page.tags if "src" in each]
    assert all((each.get("href") or each.get("xlink:href") or "#").startswith("#") for _, each in page.tags)
    assert len(ids) == len(set(ids))
    assert "@import" not in files[0]
    assert not re.search(r"url\((?!#)", files[0])


def test_tables_and_drawings_can_be_read_aloud(files: tuple[str, bytes]) -> None:
    """OPS-06: captions, headers with a scope, an alternative text for each drawing."""
    page = Tags(files[0])
    tables = [tag for tag, _ in page.tags if tag == "table"]

    assert len(tables) == len([tag for tag, _ in page.tags if tag == "caption"]) > 5
    assert all(each.get("scope") in ("row", "col") for tag, each in page.tags if tag == "th")
    drawings = [each for _, each in page.tags if each.get("role") == "img"]
    assert len(drawings) == len([tag for tag, _ in page.tags if tag == "svg"]) > 2
    assert all(len(str(each["aria-label"])) > 20 for each in drawings)


def test_the_pdf_says_what_the_page_says(files: tuple[str, bytes], reported: Reported) -> None:
    """OPS-06: PDF from data: headline figures, each section, tables with their figures, page x of y."""
    report, words = final_report(reported.seen), " ".join(text_of(files[1]).split())
    pages = len(pypdfium2.PdfDocument(files[1]))

    assert all(each.title in words for each in report.shown())
    assert all(each.value in words for each in report.headlines)
    assert all(each.id in words for each in reported.seen.status.segments)
    assert all(f"page {at} of {pages}" in words for at in range(1, pages + 1))
    assert files[1].startswith(b"%PDF")


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    """NFR-010: every text is data, in HTML and in typst alike."""
    odd = '<b>#import "x"</b> *bold* $x$ @ref [a] \\ & "q"'
    blocks = (
        Text(odd), Finding(odd, odd), table(odd, "A | B>", [(odd, "1")] * 2, notes={0: odd}),
        Chart("c", '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>', "a drawing"),
    )  # fmt: skip
    report = Report(
        odd, "sub", odd, "warn", "now", (Headline("1", odd),), (Section(odd, blocks), Section("Empty", ())), odd
    )
    page, words = render_page(report), " ".join(text_of(render_paper(report)).split())

    assert "<b>" not in page
    assert page.count("&lt;b&gt;#import") >= 8
    assert '<b>#import "x"</b> *bold* $x$ @ref [a]' in words
    assert "Empty" not in page + words


def test_narrow_blocks_stand_side_by_side() -> None:
    """OPS-06: two at a time; a wide one has the page to itself."""
    narrow, wide = table("n", "A | B>", [("a", "1")]), table("w", "A | B> | C> | D>", [("a", "1", "2", "3")])
    assert [len(row) for row in in_rows((narrow, narrow, narrow, wide, narrow, Text("t"), narrow))] == [
        2,
        1,
        1,
        1,
        1,
        1,
    ]


def test_a_long_table_repeats_its_head_on_every_page() -> None:
    """OPS-06: tables with repeated headers."""
    rows = [(f"row {number}", "1", "2", "3") for number in range(150)]
    report = Report(
        "T", "s", "v", "good", "now", (), (Section("S", (table("Long", "Rare heading | B> | C> | D>", rows),)),)
    )
    paper = pypdfium2.PdfDocument(render_paper(report))

    assert len(paper) > 1
    assert all("Rare heading" in page.get_textpage().get_text_range() for page in paper)


def test_names_are_stable_and_writing_again_replaces_the_files(reported: Reported) -> None:
    """OPS-07: one name a sprint and period; again writes anew and adds no record."""
    office, folder = reported.office, reported.office.home / "reports"
    hour = periods.hour_named("2026-11-22T05")
    with office.at_work():
        first = write_sprint_report(office.stores, "hourly", reported.key, folder, hour)
        (folder / first.html).write_text("old")
        again = write_sprint_report(office.stores, "hourly", reported.key, folder, hour)

    assert (again.html, again.pdf) == ("reported.hour-2026-11-22T05.html", "reported.hour-2026-11-22T05.pdf")
    assert (folder / again.html).read_text().startswith("<!doctype html>")
    assert again.written_at > first.written_at
    known = [each.report_id for each in office.stores.reports.list("hourly", reported.key)]
    assert known.count(first.report_id) == 1
    assert not [each for each in folder.iterdir() if each.name.startswith(".")]


def test_no_report_names_anybody(reported: Reported) -> None:
    """NFR-011: neither page nor PDF holds an address, a name or a LinkedIn page of a lead."""
    folder = reported.office.home / "reports"
    words = {path: path.read_text() for path in folder.glob("*.html")}
    words |= {path: text_of(path) for path in folder.glob("*.pdf")}
    people = reported.office.rows(reported.key)

    assert len(words) >= 2
    for path, text in words.items():
        for field in ("email", "full_name", "phone", "linkedin_url"):
            told = [each["lead_id"] for each in people if each[field] and str(each[field]) in text]
            assert told == [], (path.name, field)


def test_the_launch_report_shows_the_plan(reported: Reported) -> None:
    """OPS-05: initial status report: what is asked of whom, by when, and what it will be judged by."""
    report = launch_report(reported.seen)
    segments = next(
        each
        for part in report.sections
        for each in part.blocks
        if getattr(each, "caption", "").startswith("What is coll")
    )

    assert [row[0] for row in segments.rows] == [each.id for each in reported.seen.opened.sprint.segments]
    assert segments.total[4] == "175"
    assert report.verdict.startswith("4 segments ask for 175 records to collect 175 by ")
    assert [each.title for each in report.shown()] == ["Segments", "Targets and gates", "Enrichment and delivery"]


@pytest.mark.parametrize(
    ("kind", "moment", "name", "file"),
    [
        ("daily", "2026-11-22T05:10", "2026-11-22", "daily.2026-11-22"),
        ("weekly", "2027-01-01T00:00", "2026-W53", "weekly.2026-W53"),
        ("monthly", "2026-12-31T23:59", "2026-12", "monthly.2026-12"),
    ],
)
def test_periods_are_calendar_days_weeks_and_months(kind: str, moment: str, name: str, file: str) -> None:
    """PHX-06: in UTC, from start up to the next one's start."""
    from datetime import datetime

    period = periods.roll_up(kind, datetime.fromisoformat(moment))
    following = periods.roll_up(kind, period.end)
    assert (period.name, periods.file_stem(kind, None, period)) == (name, file)
    assert following.start == period.end
    assert periods.before(kind, following) == period
    assert periods.days(period)[0].start == period.start
    assert periods.days(period)[-1].end == period.end
