"""A report as one HTML file: no script, nothing from outside, light and dark, printable, tables that can be read aloud."""

from __future__ import annotations

from pathlib import Path

from leadgen_assets.desk.reports.charts import COLOURS
from leadgen_assets.desk.reports.document import Report, in_rows

_TEMPLATES = Path(__file__).with_name("templates")


def render_page(report: Report) -> str:
    """The whole file."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["themed"] = themed
    environment.filters["in_rows"] = in_rows
    return environment.get_template("report.html").render(report=report, sections=report.shown(), colours=COLOURS)


def themed(svg: str) -> str:
    """A drawing whose colours follow the page's."""
    for name, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{name})")
    return svg
