"""The pages: small shells from templates; every figure comes from the API and is put in by the page's own script."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from leadgen_assets.desk.dashboard.access import Door
from leadgen_assets.desk.dashboard.backing import backing
from leadgen_assets.desk.dashboard.runbook import MISSING, runbook_html

HERE = Path(__file__).parent
STATIC = HERE / "static"
NAVIGATION = (
    ("/", "Live"),
    ("/sprints", "Sprints"),
    ("/compare", "Compare"),
    ("/alerts", "Alerts"),
    ("/reports", "Reports"),
    ("/runbook", "Runbook"),
)


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """A rendered template."""
    door: Door = request.app.state.door
    common = {
        "navigation": NAVIGATION,
        "path": request.url.path,
        "has_token": door.is_locked,
        "me": backing(request).me,
    }
    return HTMLResponse(_templates().get_template(template).render({**common, **values}), status)


def live(request: Request) -> Response:
    """`/`: the latest sprint, or the one that `?sprint=` names."""
    return page(request, "live.html")


def sprints(request: Request) -> Response:
    """`/sprints`: every sprint on record."""
    return page(request, "sprints.html")


def compare(request: Request) -> Response:
    """`/compare`: two sprints side by side."""
    return page(request, "compare.html")


def alerts(request: Request) -> Response:
    """`/alerts`: every alert, and how long each step of its life took."""
    return page(request, "alerts.html")


def reports(request: Request) -> Response:
    """`/reports`: what was written, and to whom it went."""
    return page(request, "reports.html")


def runbook(request: Request) -> Response:
    """`/runbook`: what to do about each alert."""
    html = runbook_html(backing(request).places.runbook)
    if not html:
        return page(request, "runbook.html", content=MISSING, status=404)
    safe = Markup(html)  # nosec B704 # our own file, rendered with raw HTML switched off
    return page(request, "runbook.html", content=safe)


@cache
def _templates() -> Environment:
    return Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
