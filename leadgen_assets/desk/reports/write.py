"""Writes a report: one moment of the stores, content, HTML and PDF with stable names, and the record of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from leadgen_assets.desk.reports import periods, rollup
from leadgen_assets.desk.reports.document import Report
from leadgen_assets.desk.reports.final import edition, final_report
from leadgen_assets.desk.reports.hourly import hourly_report
from leadgen_assets.desk.reports.launch import launch_report
from leadgen_assets.desk.reports.page import render_page
from leadgen_assets.desk.reports.paper import render_paper
from leadgen_assets.desk.reports.periods import Period
from leadgen_assets.desk.reports.picture import Picture, picture
from leadgen_assets.desk.reports.rollup_figures import roll_up_figures
from leadgen_assets.stores.opened import OpenStores
from leadgen_assets.stores.reports import ReportKind, WrittenReport
from leadgen_assets.stores.snapshot import Moment, moment

_OF_SPRINT: dict[ReportKind, Callable[[Picture], Report]] = {
    "launch": launch_report,
    "hourly": hourly_report,
    "sprint": final_report,
}


@dataclass(frozen=True)
class _Content:
    report: Report
    period: Period
    edition: str
    at: datetime


def write_sprint_report(
    stores: OpenStores, kind: ReportKind, sprint: str, folder: Path, period: Period | None = None
) -> WrittenReport:
    """Write the launch, an hourly or the final report of a sprint; `period` is the hour (default: the present one).

    Again writes the same files anew. Raises `StoreMissing` when there is no such sprint.
    """
    with moment(stores) as now:
        content = _of_sprint(now, kind, sprint, period)
    written = _put(stores, kind, sprint, content, folder)
    if kind == "sprint":
        stores.book.record_result(sprint, {"report": str(folder / written.html)})
    return written


def write_roll_up(stores: OpenStores, kind: ReportKind, period: Period, folder: Path) -> WrittenReport:
    """Write the report of a day, week or month over all sprints. Again writes the same files anew."""
    with moment(stores) as now:
        figures = roll_up_figures(now, kind, period)
    content = _Content(rollup.roll_up_report(figures), period, rollup.edition(figures), now.at)
    return _put(stores, kind, None, content, folder)


def _of_sprint(now: Moment, kind: ReportKind, sprint: str, period: Period | None) -> _Content:
    if kind not in _OF_SPRINT:
        raise ValueError(f"{kind} is no report of a sprint; there are {', '.join(_OF_SPRINT)}")
    opened = now.stores.book.get(sprint)
    whole = Period(sprint, opened.opened_at, now.at)
    seen = picture(
        now, sprint, period or periods.hour_of(now.at) if kind == "hourly" else whole, with_lessons=kind == "sprint"
    )
    return _Content(_OF_SPRINT[kind](seen), seen.period, edition(seen) if kind == "sprint" else "", now.at)


def _put(stores: OpenStores, kind: ReportKind, sprint: str | None, content: _Content, folder: Path) -> WrittenReport:
    stem = periods.file_stem(kind, sprint, content.period)
    html, pdf = f"{stem}.html", f"{stem}.pdf"
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / html, render_page(content.report).encode())
    _replace(folder / pdf, render_paper(content.report))
    return stores.reports.record(
        WrittenReport(
            report_id=periods.report_id(kind, sprint, content.period),
            kind=kind,
            sprint=sprint,
            period_start=content.period.start,
            period_end=content.period.end,
            written_at=content.at,
            html=html,
            pdf=pdf,
            headline=content.report.verdict,
            edition=content.edition,
            is_bad=content.report.tone == "bad",
        )
    )


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all: a page that is being looked at never shows half a report."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
        draft.write(content)
    Path(draft.name).chmod(0o644)
    os.replace(draft.name, path)
