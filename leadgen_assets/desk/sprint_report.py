"""The report of a sprint: one HTML file with its figures, written from the same status everybody sees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from leadgen_assets.desk import wording
from leadgen_assets.desk.status import SprintStatus, sprint_status
from leadgen_assets.stores.opened import OpenStores

TEMPLATES = Path(__file__).with_name("templates")


def write_sprint_report(stores: OpenStores, key: str, folder: Path) -> Path:
    """Write `<folder>/<sprint>.html` and put its place on record. Again writes the same file anew."""
    status = sprint_status(stores, key)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key}.html"
    draft = path.with_suffix(".tmp")
    draft.write_text(render(status, stores.leads.scores(key), spending(stores, key)), encoding="utf-8")
    draft.replace(path)
    stores.book.record_result(key, {"report": str(path)})
    return path


def spending(stores: OpenStores, key: str) -> list[tuple[str, float, int]]:
    """(vendor and operation, US dollars, calls), the dearest first."""
    found = stores.ledger.by(key, "source_operation")
    rows = [(name, float(each.usd), each.calls) for name, each in found.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def render(status: SprintStatus, scores: Mapping[int, int], costs: list[tuple[str, float, int]]) -> str:
    """The page. `scores` is {lower end: leads}."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.globals["say"] = wording
    tallest = max(scores.values(), default=1)
    bars = [(low, count, round(100 * count / tallest)) for low, count in sorted(scores.items())]
    template = environment.get_template("sprint_report.html")
    return template.render(status=status, bars=bars, costs=costs, written_at=datetime.now(UTC))
