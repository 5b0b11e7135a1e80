"""A report as a PDF, set by typst from the same data as the page: no browser, no system library, the same everywhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from leadgen_assets.desk.reports.document import Chart, Report, Table, in_rows

_TEMPLATE = Path(__file__).with_name("templates") / "report.typ"


def render_paper(report: Report) -> bytes:
    """The PDF, tagged so that it can be read aloud. Raises `typst.TypstError` when the template is at fault."""
    import typst
    from matplotlib import get_data_path

    with TemporaryDirectory(prefix="leadgen-report-") as name:
        folder = Path(name)
        shutil.copyfile(_TEMPLATE, folder / "report.typ")
        (folder / "report.json").write_text(json.dumps(_data(report, folder), ensure_ascii=False), encoding="utf-8")
        paper = typst.compile(
            folder / "report.typ",
            root=folder,
            font_paths=[Path(get_data_path()) / "fonts" / "ttf"],
            ignore_system_fonts=True,
            format="pdf",
        )
    if not isinstance(paper, bytes):
        raise TypeError("typst made no single PDF of a report")
    return paper


def _data(report: Report, folder: Path) -> dict[str, Any]:
    """The report as plain values, with rows of blocks, and its drawings as files beside it."""
    content = report.as_data()
    for number, section in enumerate(report.shown()):
        rows: list[list[dict[str, Any]]] = []
        for at, row in enumerate(in_rows(section.blocks)):
            rows.append([])
            for beside, block in enumerate(row):
                plain = vars(block) | {"columns": [vars(each) for each in getattr(block, "columns", ())]}
                if isinstance(block, Chart):
                    plain["file"] = f"chart-{number}-{at}-{beside}.svg"
                    (folder / plain["file"]).write_text(block.svg, encoding="utf-8")
                    del plain["svg"]
                if isinstance(block, Table):
                    plain["stretched"] = _longest(block)
                rows[-1].append(plain)
        content["sections"][number] = {"title": section.title, "rows": rows}
    return content


def _longest(table: Table) -> int:
    """The column of words that needs most room: it takes what the others leave."""
    sizes = [
        0 if column.is_number else max((len(row[at]) for row in table.rows), default=0)
        for at, column in enumerate(table.columns)
    ]
    return sizes.index(max(sizes))
